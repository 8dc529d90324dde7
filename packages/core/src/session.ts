/**
 * What is needed to ask a key service, made when it is first asked. Where it cannot be made, or where its credentials are refused after a
 * while, it is made anew for the next question: somebody may have signed in meanwhile, and a program that serves keys runs for weeks.
 * @module
 */
import { CodedError, type ErrorCode } from './errors.ts'

const REFUSALS: ReadonlySet<ErrorCode> = new Set(['KEY_ACCESS_DENIED', 'CREDENTIALS_MISSING'])
/** Reading credentials can take a second, and a run over many files may be refused the same key in each. */
const KEPT_MS = 60_000

interface Made<Needed> {
  readonly needed: Promise<Needed>
  readonly atMs: number
  isRefused: boolean
}

export class Session<Needed> {
  readonly #start: () => Promise<Needed>
  readonly #now: () => number
  #last: Made<Needed> | undefined

  /**
   * @param start - reads settings and credentials
   * @param now - milliseconds of a clock that only goes forward
   */
  constructor(start: () => Promise<Needed>, now: () => number = () => performance.now()) {
    this.#start = start
    this.#now = now
  }

  /** @throws what `start` and the work throw */
  async use<T>(work: (needed: Needed) => Promise<T>): Promise<T> {
    const made = this.#last && !this.#last.isRefused ? this.#last : { needed: this.#start(), atMs: this.#now(), isRefused: false }
    this.#last = made
    const needed = await made.needed.catch((error: unknown) => {
      made.isRefused = true
      throw error
    })
    try {
      return await work(needed)
    } catch (error) {
      if (error instanceof CodedError && REFUSALS.has(error.code)) made.isRefused = this.#now() - made.atMs >= KEPT_MS
      throw error
    }
  }

  /** What the last question was asked with; undefined if there was none. */
  async last(): Promise<Needed | undefined> {
    return await this.#last?.needed.catch(() => undefined)
  }
}
