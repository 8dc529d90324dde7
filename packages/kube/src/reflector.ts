/**
 * Follows all objects of a kind: a list in pages, then a watch from the list's version with bookmarks, for as long as it is
 * allowed to run. A closed or cut watch resumes from the last version; a compacted version (410, as HTTP status or as ERROR
 * event) or a malformed line leads to a new list; every failure waits with jitter and tries again. It never stops by itself.
 *
 * A list replaces everything: what is missing from it was deleted meanwhile, and is reported as deleted. Of each object only
 * what `keep` returns is held, so memory grows with what the program follows, not with what the cluster holds.
 * Follows: client-go tools/cache/reflector.go (order of list and watch, reaction to 410).
 * @module
 */
import { Backoff, systemClock, type Clock } from './clock.ts'
import type { KubeClient, ListPage } from './client.ts'
import { KubeError } from './errors.ts'
import { objectKey, type KubeObject, type Resource } from './resource.ts'
import { readWatchEvents, type WatchEvent } from './watch-events.ts'

const PAGE_SIZE = 500
/** The server ends a watch after this time, plus a part of it by chance, so that clients do not come back in step. */
const WATCH_SECONDS = 300
/** Bookmarks come about once a minute; a connection that is silent for so long is dead. */
const IDLE_MS = 180_000
/** A watch that ends sooner waits like a failure, so that no server can make us spin. */
const SHORT_WATCH_MS = 1000
const BACKOFF = { firstMs: 400, longestMs: 30_000 }
const PARTIAL = 'g=meta.k8s.io;v=v1'

export type ReflectorEvent<T> =
  | { readonly type: 'added' | 'deleted'; readonly key: string; readonly object: T }
  | { readonly type: 'modified'; readonly key: string; readonly object: T; readonly previous: T }
  /** A list is complete: everything that is not held is not there. */
  | { readonly type: 'synced' }

export interface ReflectorOptions<T> {
  readonly client: KubeClient
  readonly resource: Resource
  /** Absent: all namespaces. */
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  /** Only metadata is transferred; `keep` sees objects without spec and data. */
  readonly metadataOnly?: boolean
  /** What is held of an object; undefined: it is not followed, and reported as deleted if it was. */
  readonly keep: (object: KubeObject) => T | undefined
  /** Must not throw: it notes what is to be done, and does nothing itself. */
  readonly onEvent: (event: ReflectorEvent<T>) => void
  /** Told about every failure, before the wait. */
  readonly onError: (error: unknown) => void
  readonly pageSize?: number
  readonly idleMs?: number
  readonly clock?: Clock
  readonly random?: () => number
}

interface Held<T> {
  readonly version: string
  readonly object: T
}

export class Reflector<T> {
  readonly #options: ReflectorOptions<T>
  readonly #clock: Clock
  readonly #random: () => number
  readonly #held = new Map<string, Held<T>>()
  readonly #firstList = Promise.withResolvers<void>()
  #synced = false

  constructor(options: ReflectorOptions<T>) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? Math.random
  }

  /** Whether a list has been completed; stays true. */
  get synced(): boolean {
    return this.#synced
  }

  /** Resolves when a list has been completed. */
  untilSynced(): Promise<void> {
    return this.#firstList.promise
  }

  get size(): number {
    return this.#held.size
  }

  get(key: string): T | undefined {
    return this.#held.get(key)?.object
  }

  keys(): IterableIterator<string> {
    return this.#held.keys()
  }

  /** Runs until the signal aborts. Never throws. */
  async run(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff({ ...BACKOFF, random: this.#random })
    let version = '' // '': list first
    while (!signal.aborted) {
      try {
        if (version === '') version = await this.#list(signal)
        const startedAt = this.#clock.now()
        for await (const event of this.#watch(version, signal)) {
          this.#apply(event)
          version = event.resourceVersion
          backoff.reset()
        }
        if (this.#clock.now() - startedAt < SHORT_WATCH_MS) await this.#clock.sleep(backoff.next(), signal)
        else backoff.reset()
      } catch (error) {
        if (signal.aborted) return
        if (needsList(error)) version = ''
        this.#options.onError(error)
        await this.#clock.sleep(Math.max(backoff.next(), retryAfter(error)), signal)
      }
    }
  }

  /** @returns the version to watch from */
  async #list(signal: AbortSignal): Promise<string> {
    const { pageSize = PAGE_SIZE } = this.#options
    const missing = new Set(this.#held.keys())
    let [next, limit] = ['', pageSize]
    for (;;) {
      const page = await this.#page(next, limit, signal)
      if (page === 'too large') {
        limit = Math.ceil(limit / 8)
        continue
      }
      for (const object of page.items) {
        missing.delete(objectKey(object))
        this.#put(object)
      }
      next = page.next
      if (next !== '') continue
      for (const key of missing) this.#remove(key)
      this.#synced = true
      this.#firstList.resolve()
      this.#options.onEvent({ type: 'synced' })
      return page.resourceVersion
    }
  }

  async #page(next: string, limit: number, signal: AbortSignal): Promise<ListPage<KubeObject> | 'too large'> {
    const { client, resource, namespace, labelSelector, metadataOnly } = this.#options
    const accept = metadataOnly ? { accept: `application/json;as=PartialObjectMetadataList;${PARTIAL}` } : {}
    try {
      return await client.list(resource, { namespace }, { query: { labelSelector, limit, continue: next }, ...accept, signal })
    } catch (error) {
      if (error instanceof KubeError && error.reason === 'TooLarge' && limit > 1) return 'too large'
      throw error
    }
  }

  async *#watch(version: string, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const { client, resource, namespace, labelSelector, metadataOnly, idleMs = IDLE_MS } = this.#options
    const timeoutSeconds = Math.round(WATCH_SECONDS * (1 + this.#random()))
    const watchdog = new Watchdog(idleMs, signal)
    const query = { labelSelector, resourceVersion: version, allowWatchBookmarks: true, timeoutSeconds }
    const accept = metadataOnly ? { accept: `application/json;as=PartialObjectMetadata;${PARTIAL}` } : {}
    try {
      const chunks = client.watch(resource, { namespace }, { query, ...accept, signal: watchdog.signal })
      yield* readWatchEvents(chunks, () => watchdog.feed())
    } catch (error) {
      throw watchdog.barked ? new KubeError(`the watch was silent for ${idleMs / 1000} s`, { status: 0, reason: 'Silent' }) : error
    } finally {
      watchdog.stop()
    }
  }

  #apply(event: WatchEvent): void {
    if (event.type === 'DELETED') this.#remove(objectKey(event.object), event.object)
    else if (event.type !== 'BOOKMARK') this.#put(event.object)
  }

  #put(object: KubeObject): void {
    const key = objectKey(object)
    const { resourceVersion = '' } = object.metadata
    const old = this.#held.get(key)
    if (old?.version === resourceVersion) return
    const kept = this.#options.keep(object)
    if (kept === undefined) {
      this.#remove(key)
      return
    }
    this.#held.set(key, { version: resourceVersion, object: kept })
    this.#options.onEvent(old ? { type: 'modified', key, object: kept, previous: old.object } : { type: 'added', key, object: kept })
  }

  /** @param last - the object as the watch last saw it: it may be one that was not held */
  #remove(key: string, last?: KubeObject): void {
    const kept = (last && this.#options.keep(last)) ?? this.#held.get(key)?.object
    this.#held.delete(key)
    if (kept !== undefined) this.#options.onEvent({ type: 'deleted', key, object: kept })
  }
}

function needsList(error: unknown): boolean {
  return error instanceof KubeError ? error.isGone || error.reason === 'Malformed' || (error.status >= 400 && error.status < 500 && error.status !== 429) : true
}

function retryAfter(error: unknown): number {
  return error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0
}

/** Aborts a connection that has been silent for too long, or when the outer signal does. */
class Watchdog {
  readonly #controller = new AbortController()
  readonly #outer: AbortSignal
  readonly #idleMs: number
  readonly #abort = (): void => this.#controller.abort()
  #timer: NodeJS.Timeout
  barked = false

  constructor(idleMs: number, outer: AbortSignal) {
    this.#idleMs = idleMs
    this.#outer = outer
    this.#timer = this.#start()
    if (outer.aborted) this.#abort()
    outer.addEventListener('abort', this.#abort)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  feed(): void {
    this.#timer.refresh()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#outer.removeEventListener('abort', this.#abort)
  }

  #start(): NodeJS.Timeout {
    return setTimeout(() => {
      this.barked = true
      this.#abort()
    }, this.#idleMs)
  }
}
