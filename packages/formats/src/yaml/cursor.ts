/**
 * A place in the source, moving forward.
 * @module
 */
import type { CodedError } from '@waxseal/core'
import { CR, isBlank, LF } from './characters.ts'
import { syntaxError, type Source } from './source.ts'

export class Cursor {
  readonly source: Source
  readonly text: string
  at: number
  /** Counted from 0. */
  line = 0
  lineStart: number
  /** Line breaks since the last character that was not blank: comments are attached by it. */
  breaks = 0

  constructor(source: Source) {
    this.source = source
    this.text = source.text
    this.at = source.start
    this.lineStart = source.start
  }

  get column(): number {
    return this.at - this.lineStart
  }

  peek(ahead = 0): number {
    return this.text.charCodeAt(this.at + ahead)
  }

  /** Over characters that are neither blank nor a break. */
  skip(count = 1): void {
    this.at += count
    this.breaks = 0
  }

  /** Over the break that stands here; CR LF is one. */
  skipBreak(): void {
    this.at += this.peek() === CR && this.peek(1) === LF ? 2 : 1
    this.line += 1
    this.lineStart = this.at
    this.breaks += 1
  }

  skipBlanks(): void {
    while (isBlank(this.peek())) this.at += 1
  }

  fail(problem: string, offset = this.at): CodedError {
    return syntaxError(this.source, offset, problem)
  }
}
