/**
 * The objects of all resources under one revision counter, with the history that watches and old lists need.
 * Everything is synchronous, so every read sees a consistent state and no two writes can interleave.
 * @module
 */
import { keyOf, withMeta, type KubeObject } from './objects.ts'

/** Events kept before the oldest are forgotten; watches from before them get 410. */
const HISTORY_LIMIT = 20_000

export interface StoreEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly revision: number
  /** `secrets`, `sealedsecrets.bitnami.com`. */
  readonly resource: string
  /** For a deletion the last state under the deletion's revision. */
  readonly object: KubeObject
  readonly previous: KubeObject | undefined
}

export class Store {
  revision = 1
  /** Revisions below this one can no longer be watched from or listed at. */
  compacted = 0
  readonly #collections = new Map<string, Map<string, KubeObject>>()
  readonly #sorted = new Map<string, readonly KubeObject[]>()
  readonly #byUid = new Map<string, KubeObject>()
  #history: StoreEvent[] = []
  readonly #listeners = new Set<(event: StoreEvent) => void>()

  get(resource: string, key: string): KubeObject | undefined {
    return this.#collections.get(resource)?.get(key)
  }

  byUid(uid: string): KubeObject | undefined {
    return this.#byUid.get(uid)
  }

  /** All objects of a resource in key order. */
  list(resource: string): readonly KubeObject[] {
    let sorted = this.#sorted.get(resource)
    if (!sorted) {
      sorted = [...(this.#collections.get(resource) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object)
      this.#sorted.set(resource, sorted)
    }
    return sorted
  }

  /** The list as it was at a revision that is not compacted. */
  listAt(resource: string, revision: number): readonly KubeObject[] {
    const later = this.eventsAfter(revision).filter((event) => event.resource === resource)
    if (later.length === 0) return this.list(resource)
    const state = new Map(this.#collections.get(resource))
    for (const event of later.reverse()) {
      const key = keyOf(event.object)
      if (event.previous) state.set(key, event.previous)
      else state.delete(key)
    }
    return [...state].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object)
  }

  resources(): Iterable<string> {
    return this.#collections.keys()
  }

  /** Stores a new or changed object under the next revision and tells the watchers. */
  put(resource: string, object: KubeObject): KubeObject {
    const collection = this.#collection(resource)
    const key = keyOf(object)
    const previous = collection.get(key)
    this.revision++
    const stored = withMeta(object, { resourceVersion: String(this.revision) })
    collection.set(key, stored)
    if (stored.metadata.uid !== undefined) this.#byUid.set(stored.metadata.uid, stored)
    this.#emit({ type: previous ? 'MODIFIED' : 'ADDED', revision: this.revision, resource, object: stored, previous })
    return stored
  }

  delete(resource: string, key: string): KubeObject | undefined {
    const collection = this.#collection(resource)
    const previous = collection.get(key)
    if (!previous) return undefined
    this.revision++
    collection.delete(key)
    if (previous.metadata.uid !== undefined) this.#byUid.delete(previous.metadata.uid)
    const object = withMeta(previous, { resourceVersion: String(this.revision) })
    this.#emit({ type: 'DELETED', revision: this.revision, resource, object, previous })
    return object
  }

  /** @param revision - not below `compacted` */
  eventsAfter(revision: number): StoreEvent[] {
    let low = 0
    let high = this.#history.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#history[middle]?.revision ?? 0) <= revision) low = middle + 1
      else high = middle
    }
    return this.#history.slice(low)
  }

  /** Forgets all history and moves on by one revision, so that every version given out before is too old. */
  compact(): void {
    this.#history = []
    this.revision++
    this.compacted = this.revision
  }

  /** @returns a function that ends the subscription */
  subscribe(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #collection(resource: string): Map<string, KubeObject> {
    let collection = this.#collections.get(resource)
    if (!collection) this.#collections.set(resource, (collection = new Map()))
    return collection
  }

  #emit(event: StoreEvent): void {
    this.#sorted.delete(event.resource)
    this.#history.push(event)
    if (this.#history.length > 2 * HISTORY_LIMIT) {
      this.#history = this.#history.slice(-HISTORY_LIMIT)
      this.compacted = (this.#history[0]?.revision ?? 1) - 1
    }
    for (const listener of this.#listeners) listener(event)
  }
}
