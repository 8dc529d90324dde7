/**
 * The text of a file, and errors that name a place in it, never its content.
 * @module
 */
import { isUtf8 } from 'node:buffer'
import { CodedError, type ErrorCode } from '@waxseal/core'

/** A byte order mark stays a character of the text. @throws CodedError PARSE_ENCODING */
export function decodeText(source: Uint8Array): string {
  if (!isUtf8(source)) throw new CodedError('PARSE_ENCODING', 'the file is not UTF-8 text', { hint: 'convert it, or treat it as binary' })
  return Buffer.from(source.buffer, source.byteOffset, source.byteLength).toString('utf8')
}

export function encodeText(text: string): Uint8Array {
  return Buffer.from(text, 'utf8')
}

export interface Problem {
  readonly code?: ErrorCode
  readonly hint?: string
}

/** @param offset - in UTF-16 units */
export function errorAt(text: string, offset: number, problem: string, { code = 'PARSE_FAILED', hint }: Problem = {}): CodedError {
  let line = 1
  let lineStart = 0
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) {
    line += 1
    lineStart = at + 1
  }
  const column = Array.from(text.slice(lineStart, offset)).length + 1
  return new CodedError(code, `line ${line}, column ${column}: ${problem}`, hint === undefined ? { line, column } : { line, column, hint })
}
