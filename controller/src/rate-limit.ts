/**
 * Limit of requests by GCRA: `rate` a second on average, `burst` more at once; one bucket a caller and path.
 * Follows: throttled/throttled rate.go (quota of rate and burst, meaning of limit, remaining, reset and retry).
 * @module
 */

/** Callers choose the name of their bucket, so their number is bounded; the one unused for longest goes first. */
const MAX_BUCKETS = 65_536

export interface RateDecision {
  readonly isLimited: boolean
  readonly limit: number
  readonly remaining: number
  /** Whole seconds until the bucket is full again, and until the next request may come. */
  readonly resetSeconds: number
  readonly retryAfterSeconds: number
}

export class GcraLimiter {
  readonly #stepMs: number
  readonly #limit: number
  readonly #now: () => number
  /** When each bucket will be full again. */
  readonly #buckets = new Map<string, number>()

  /** @param rate - requests a second; 0 or less means one a minute */
  constructor(rate: number, burst: number, now: () => number) {
    this.#stepMs = rate > 0 ? 1000 / rate : 60_000
    this.#limit = Math.max(0, burst) + 1
    this.#now = now
  }

  ask(bucket: string): RateDecision {
    const now = this.#now()
    const full = Math.max(now, this.#buckets.get(bucket) ?? 0)
    const next = full + this.#stepMs
    const tolerance = this.#limit * this.#stepMs
    const waitMs = next - tolerance - now
    const isLimited = waitMs > 0
    if (!isLimited) this.#note(bucket, next)
    const untilFull = (isLimited ? full : next) - now
    return {
      isLimited,
      limit: this.#limit,
      remaining: Math.max(0, Math.floor((tolerance - untilFull) / this.#stepMs)),
      resetSeconds: Math.ceil(untilFull / 1000),
      retryAfterSeconds: isLimited ? Math.ceil(waitMs / 1000) : 0,
    }
  }

  #note(bucket: string, fullAt: number): void {
    this.#buckets.delete(bucket)
    this.#buckets.set(bucket, fullAt)
    const [oldest] = this.#buckets.keys()
    if (this.#buckets.size > MAX_BUCKETS && oldest !== undefined) this.#buckets.delete(oldest)
  }
}
