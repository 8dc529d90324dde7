/**
 * Client-side limit of requests, first come, first served: `qps` a second on average, `burst` at once.
 * Follows: client-go util/flowcontrol (token bucket).
 * @module
 */
import type { Clock } from './clock.ts'

export interface RateLimiter {
  /** Waits for its turn; comes back early when the signal aborts. */
  acquire(signal?: AbortSignal): Promise<void>
}

export function createRateLimiter(qps: number, burst: number, clock: Clock): RateLimiter {
  if (!(qps > 0) || !(burst >= 1)) throw new RangeError('rate limit: want qps above 0 and a burst of at least 1')
  const stepMs = 1000 / qps
  let fullAt = clock.now() // when the bucket would be full again if nobody asked
  return {
    async acquire(signal) {
      const now = clock.now()
      fullAt = Math.max(fullAt, now) + stepMs
      const waitMs = fullAt - now - burst * stepMs
      if (waitMs > 0) await clock.sleep(waitMs, signal)
    },
  }
}
