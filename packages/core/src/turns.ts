/**
 * A limit to what is under way at once; who comes then waits, in the order of their coming.
 * @module
 */
import { CodedError } from './errors.ts'

export class Turns {
  readonly #limit: number
  /** Calls who waits. */
  readonly #waiting = new Set<() => void>()
  #running = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** @param signal - ends the wait, not the work. @throws CodedError CANCELED, and what the work throws */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#running < this.#limit) this.#running++
    else await this.#turn(signal)
    try {
      return await work()
    } finally {
      // The next one takes this one's place, so that nobody can slip in between.
      const [next] = this.#waiting
      if (next) next()
      else this.#running--
    }
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = (): void => {
        this.#waiting.delete(start)
        reject(cancelled(signal))
      }
      const start = (): void => {
        this.#waiting.delete(start)
        signal?.removeEventListener('abort', cancel)
        resolve()
      }
      if (signal?.aborted) return cancel()
      this.#waiting.add(start)
      signal?.addEventListener('abort', cancel)
    })
  }
}

/** What a signal's end is told as. */
export function cancelled(signal: AbortSignal | undefined): CodedError {
  const reason: unknown = signal?.reason
  return reason instanceof CodedError ? reason : new CodedError('CANCELED', 'the run was cancelled')
}
