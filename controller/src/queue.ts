/**
 * The work queue: names, never events. A name waits once however often it is added; it is worked on by one worker at a
 * time; one that is added while it is worked on runs once more afterwards. A failed name comes back after a wait that
 * doubles with every failure, for ever. Namespaces take turns, and none has all the workers: templates can take long.
 * Follows: client-go util/workqueue (dirty and processing sets).
 * @module
 */
import { Backoff, systemClock, type Clock } from '@waxseal/kube'
import { splitKey } from './observe.ts'
import { Waiting } from './waiting.ts'

const BACKOFF = { firstMs: 500, longestMs: 300_000 }
/** Of the workers, for one namespace. */
const SHARE = 3 / 4

/** What the work on a name ended with. */
export type Outcome =
  | { readonly type: 'done' }
  /** Failed: again after the name's own back-off, but not before `atLeastMs`. */
  | { readonly type: 'retry'; readonly atLeastMs?: number | undefined }
  /** Nothing failed, but look again then. */
  | { readonly type: 'again'; readonly afterMs: number }

export interface QueueOptions {
  readonly work: (key: string) => Promise<Outcome>
  /** Told what `work` throws; the name is tried again. */
  readonly onError: (key: string, error: unknown) => void
  readonly concurrency: number
  readonly clock?: Clock
  readonly random?: () => number
}

export class WorkQueue {
  readonly #options: QueueOptions
  readonly #clock: Clock
  readonly #waiting = new Waiting()
  readonly #working = new Map<string, Promise<void>>()
  /** Added while they were worked on. */
  readonly #dirty = new Set<string>()
  readonly #backoffs = new Map<string, Backoff>()
  /** Names that will come back: when, and what ends their wait. */
  readonly #delayed = new Map<string, { readonly atMs: number; readonly wait: AbortController }>()
  #running = false

  constructor(options: QueueOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  /** Names waiting or being worked on, without those that wait for a retry. */
  get length(): number {
    return this.#waiting.size + this.#working.size
  }

  /** Names that wait for a retry or another look. */
  get delayed(): number {
    return this.#delayed.size
  }

  /** How often a name has failed since it last succeeded. */
  failures(key: string): number {
    return this.#backoffs.get(key)?.failures ?? 0
  }

  /** At once, whatever wait it is in. */
  add(key: string): void {
    this.#endWait(key)
    if (this.#working.has(key)) {
      this.#dirty.add(key)
      return
    }
    this.#waiting.add(key)
    this.#fill()
  }

  /** After a while, if it does not come sooner. */
  addLater(key: string, ms: number): void {
    const comesSooner = (this.#delayed.get(key)?.atMs ?? Infinity) <= this.#clock.now() + ms
    if (!this.#waiting.has(key) && !comesSooner) void this.#addAfter(key, ms)
  }

  start(): void {
    this.#running = true
    this.#fill()
  }

  /** Starts nothing new; resolves when what runs has ended. Names keep waiting. */
  async pause(): Promise<void> {
    this.#running = false
    await Promise.all(this.#working.values())
  }

  /** As `pause`, for good. */
  async stop(): Promise<void> {
    for (const key of this.#delayed.keys()) this.#endWait(key)
    await this.pause()
  }

  #fill(): void {
    const { concurrency } = this.#options
    const most = Math.ceil(concurrency * SHARE)
    while (this.#running && this.#working.size < concurrency) {
      const key = this.#waiting.take((namespace) => this.#workersIn(namespace) < most)
      if (key === undefined) return
      this.#working.set(key, this.#run(key))
    }
  }

  #workersIn(namespace: string): number {
    return [...this.#working.keys()].filter((key) => splitKey(key).namespace === namespace).length
  }

  async #run(key: string): Promise<void> {
    let outcome: Outcome
    try {
      outcome = await this.#options.work(key)
    } catch (error) {
      this.#options.onError(key, error)
      outcome = { type: 'retry' }
    }
    this.#working.delete(key)
    this.#settle(key, outcome)
    this.#fill()
  }

  #settle(key: string, outcome: Outcome): void {
    if (outcome.type !== 'retry') this.#backoffs.delete(key)
    if (this.#dirty.delete(key)) {
      this.#waiting.add(key)
    } else if (outcome.type === 'retry') {
      const backoff = this.#backoffs.get(key) ?? new Backoff({ ...BACKOFF, ...(this.#options.random ? { random: this.#options.random } : {}) })
      this.#backoffs.set(key, backoff)
      void this.#addAfter(key, Math.max(backoff.next(), outcome.atLeastMs ?? 0))
    } else if (outcome.type === 'again') {
      void this.#addAfter(key, outcome.afterMs)
    }
  }

  async #addAfter(key: string, ms: number): Promise<void> {
    this.#endWait(key)
    const wait = new AbortController()
    this.#delayed.set(key, { atMs: this.#clock.now() + ms, wait })
    await this.#clock.sleep(ms, wait.signal)
    if (!wait.signal.aborted) this.add(key)
  }

  #endWait(key: string): void {
    this.#delayed.get(key)?.wait.abort()
    this.#delayed.delete(key)
  }
}
