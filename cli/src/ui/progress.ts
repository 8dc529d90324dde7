/**
 * How far work on many files is: a line on the terminal that comes when it takes a while and goes when it ends. The cursor stays before it,
 * so that what others write there takes its place.
 * @module
 */
import type { Context } from '../context.ts'

const AFTER_MS = 500
const AGAIN_MS = 100
const CLEAR_LINE = '\u001B[K'

/** Takes the line away; undefined while there is none. */
let clearShown: (() => void) | undefined
let questions = 0

export class Progress {
  readonly #context: Context
  readonly #total: number
  readonly #isWanted: boolean
  readonly #startedMs: number
  #drawnMs = -Infinity
  #done = 0

  constructor(context: Context, total: number) {
    this.#context = context
    this.#total = total
    this.#isWanted = total > 1 && context.env['TERM'] !== 'dumb' && context.stderr.isTerminal
    this.#startedMs = context.now().getTime()
  }

  /** One more file is done. */
  advance(): void {
    this.#done++
    const nowMs = this.#context.now().getTime()
    if (!this.#isWanted || questions > 0 || nowMs - this.#startedMs < AFTER_MS || nowMs - this.#drawnMs < AGAIN_MS) return
    this.#drawnMs = nowMs
    const { stderr } = this.#context
    clearShown = () => stderr.write(CLEAR_LINE)
    stderr.write(`${this.#done} of ${this.#total} files${CLEAR_LINE}\r`)
  }
}

export function clearProgress(): void {
  clearShown?.()
  clearShown = undefined
}

/** While somebody is asked something the terminal is theirs. @returns what ends that */
export function hideProgress(): () => void {
  questions++
  clearProgress()
  return () => void questions--
}
