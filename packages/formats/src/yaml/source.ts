/**
 * The text of a YAML file: UTF-8 (a byte order mark is kept, not read), without control characters. UTF-16 is read too, and written as UTF-8.
 * Follows: YAML 1.1 5.1 (character set), as go.yaml.in/yaml/v3 reads it.
 * @module
 */
import { CodedError, type ErrorCode } from '@waxseal/core'
import { decodeText } from '../source-text.ts'
import { BYTE_ORDER_MARK, CR, isBreak, LF } from './characters.ts'

// oxlint-disable-next-line no-control-regex -- the characters that YAML refuses
const REFUSED = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]/
/** Longer than any look-ahead, so that no reader of the text needs to ask for its end. */
const END = '\0\0\0\0'

export interface Source {
  /** With NULs behind its end. */
  readonly text: string
  readonly length: number
  /** Offset of the first character: 1 behind a byte order mark. */
  readonly start: number
}

/** Whether a file may hold this text outside of escapes. */
export function isReadable(text: string): boolean {
  return !REFUSED.test(text)
}

/** @throws CodedError PARSE_ENCODING, PARSE_FAILED for control characters */
export function readSource(bytes: Uint8Array): Source {
  const decoded = decodeUtf16(bytes) ?? decodeText(bytes)
  const source = sourceOf(decoded)
  const refused = REFUSED.exec(decoded)
  if (refused !== null) throw syntaxError(source, refused.index, 'control characters are not allowed')
  return source
}

/** @returns undefined without a byte order mark of UTF-16 */
function decodeUtf16(bytes: Uint8Array): string | undefined {
  const [first, second] = bytes
  const encoding = first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : undefined
  if (encoding === undefined) return undefined
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new CodedError('PARSE_ENCODING', 'the file begins as UTF-16 text and is not', { cause, hint: 'convert it to UTF-8, or treat it as binary' })
  }
}

/** A text that is known to be readable. */
export function sourceOf(text: string): Source {
  return { text: text + END, length: text.length, start: text.charCodeAt(0) === BYTE_ORDER_MARK ? 1 : 0 }
}

/** An error that names the place, never the text. */
export function syntaxError(source: Source, offset: number, problem: string, code: ErrorCode = 'PARSE_FAILED', hint?: string): CodedError {
  const { line, column } = lineAndColumn(source, offset)
  return new CodedError(code, `line ${line}, column ${column}: ${problem}`, hint === undefined ? { line, column } : { line, column, hint })
}

function lineAndColumn({ text, start }: Source, offset: number): { line: number; column: number } {
  let line = 1
  let lineStart = start
  for (let at = start; at < offset; at += 1) {
    const c = text.charCodeAt(at)
    if (isBreak(c) && !(c === CR && text.charCodeAt(at + 1) === LF)) {
      line += 1
      lineStart = at + 1
    }
  }
  return { line, column: Array.from(text.slice(lineStart, offset)).length + 1 }
}
