/**
 * Time as a parameter: what waits takes a clock, so that tests decide how long a second is.
 * @module
 */

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Waits; comes back early, without throwing, when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) {
        resolve()
        return
      }
      const done = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal?.addEventListener('abort', done)
    }),
}

export interface BackoffOptions {
  readonly firstMs: number
  readonly longestMs: number
  /** From 0 up to 1; the wait is spread over its upper half, so that clients do not come back in step. */
  readonly random?: () => number
}

/** Doubling waits with jitter. */
export class Backoff {
  readonly #options: BackoffOptions
  #failures = 0

  constructor(options: BackoffOptions) {
    this.#options = options
  }

  get failures(): number {
    return this.#failures
  }

  next(): number {
    const { firstMs, longestMs, random = Math.random } = this.#options
    const full = Math.min(longestMs, firstMs * 2 ** Math.min(this.#failures++, 30))
    return Math.round(full * (0.5 + random() / 2))
  }

  reset(): void {
    this.#failures = 0
  }
}
