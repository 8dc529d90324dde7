/**
 * INI text into sections, keys and comments that remember their place.
 * Follows: gopkg.in/ini.v1 v1.67.3 parser.go with its default options but non-unique sections: quoting, continuation lines, inline
 * comments at the first `#` or `;` of an unquoted value, one comment gathered from all lines above a key and the one beside it.
 * Offsets are those of byte text.
 * @module
 */
import { decodePiece } from '../byte-text.ts'
import { errorAt } from '../source-text.ts'
import { refuseTooMany } from '../value-limit.ts'
import { skipSpace, trim, trimEnd } from './space.ts'

export const DEFAULT_SECTION = 'DEFAULT'
const QUOTES = ['"', "'"] as const
const DELIMITER = /[=:]/
const COMMENT = /[#;]/

export type Dress = 'plain' | '"' | "'" | '`' | '"""'

export interface Range {
  readonly start: number
  readonly end: number
}

/** From the marker to the last character. */
export interface IniComment {
  /** Without the first line's markers; further lines have theirs. Byte text. */
  readonly text: string
  /** Where `text` starts in the first part. */
  readonly contentStart: number
  readonly above: readonly Range[]
  readonly beside: Range | undefined
}

export interface IniValue {
  /** Byte text. */
  readonly text: string
  /** With its quotes. */
  readonly place: Range
  readonly dress: Dress
  readonly beside: Range | undefined
  /** What stands behind a closing quote and is read by nobody, with the blanks before it. */
  readonly junk: Range | undefined
  /** Of the next line. */
  readonly next: number
}

export interface IniKey {
  readonly name: string
  /** With all lines of the value, without the comment above. */
  readonly lines: Range
  readonly nameStart: number
  readonly delimiter: number
  readonly value: IniValue
  readonly comment: IniComment | undefined
}

export interface IniSection {
  readonly name: string
  /** The header's line; undefined for the keys before any header. */
  readonly header: Range | undefined
  readonly comment: IniComment | undefined
  readonly junk: Range | undefined
  /** A name may occur several times. */
  readonly keys: readonly IniKey[]
}

export interface IniFile {
  /** The first one is that of the keys before any header. */
  readonly sections: readonly IniSection[]
  /** After the last key; nobody reads it. */
  readonly trailing: IniComment | undefined
}

/**
 * @param sourceEnd - where the file ends; a line break that was added behind it makes no quote of three marks
 * @throws CodedError PARSE_FAILED, PARSE_ENCODING
 */
export function readIni(text: string, sourceEnd = text.length): IniFile {
  const sections: (IniSection & { keys: IniKey[] })[] = [{ name: DEFAULT_SECTION, header: undefined, comment: undefined, junk: undefined, keys: [] }]
  let above: Range[] = []
  let unnamed = 0
  let items = 0
  for (let at = text.startsWith('\xef\xbb\xbf') ? 3 : 0; at < text.length; ) {
    const lineEnd = endOfLine(text, at)
    const start = skipSpace(text, at, lineEnd)
    if (start === lineEnd) {
      at = lineEnd
      continue
    }
    items += 1
    refuseTooMany(items)
    if (COMMENT.test(text[start]!)) {
      above.push({ start, end: trimEnd(text, start, lineEnd) })
      at = lineEnd
    } else if (text[start] === '[') {
      sections.push({ ...readHeader(text, { start: at, end: lineEnd }, start, above), keys: [] })
      above = []
      unnamed = 0
      at = lineEnd
    } else {
      const { name, delimiter } = readName(text, start, lineEnd, sourceEnd)
      if (name === '-') unnamed += 1
      const value = readValue(text, delimiter + 1, lineEnd, sourceEnd)
      const key = { name: name === '-' ? `#${unnamed}` : name, lines: { start: at, end: value.next }, nameStart: start, delimiter, value }
      sections.at(-1)!.keys.push({ ...key, comment: gather(text, above, value.beside) })
      above = []
      at = value.next
    }
  }
  return { sections, trailing: gather(text, above, undefined) }
}

function endOfLine(text: string, at: number): number {
  const lineBreak = text.indexOf('\n', at)
  return lineBreak === -1 ? text.length : lineBreak + 1
}

function readHeader(text: string, header: Range, start: number, above: readonly Range[]): Omit<IniSection, 'keys'> {
  const closing = findLast(text, ']', start, header.end)
  if (closing === -1) throw errorAt(text, start, 'unclosed section')
  if (closing === start + 1) throw errorAt(text, start, 'empty section name')
  const rest = skipSpace(text, closing + 1, header.end)
  const end = trimEnd(text, closing + 1, header.end)
  const marker = find(text, COMMENT, closing + 1, header.end)
  const beside = marker === -1 ? undefined : { start: marker, end }
  const junkEnd = beside?.start ?? end
  return {
    name: utf8(text, start, text.slice(start + 1, closing)),
    header,
    comment: gather(text, above, beside),
    junk: rest < junkEnd ? { start: closing + 1, end: trimEnd(text, rest, junkEnd) } : undefined,
  }
}

function readName(text: string, start: number, lineEnd: number, sourceEnd: number): { name: string; delimiter: number } {
  const quote = keyQuote(text, start, Math.min(lineEnd, sourceEnd))
  const nameStart = start + quote.length
  const nameEnd = quote === '' ? find(text, DELIMITER, start, lineEnd) : text.indexOf(quote, nameStart)
  if (quote !== '' && (nameEnd === -1 || nameEnd >= lineEnd)) throw errorAt(text, start, 'missing closing key quote')
  const delimiter = quote === '' ? nameEnd : find(text, DELIMITER, nameEnd + quote.length, lineEnd)
  if (delimiter === -1) throw errorAt(text, start, 'key-value delimiter not found', { hint: 'a line is a comment, a [section] or key = value' })
  const name = trim(text.slice(nameStart, nameEnd))
  if (name === '') throw errorAt(text, start, 'empty key name')
  return { name: utf8(text, start, name), delimiter }
}

function keyQuote(text: string, start: number, lineEnd: number): string {
  if (text[start] === '`') return '`'
  if (text[start] !== '"') return ''
  return text.startsWith('"""', start) && lineEnd - start > 6 ? '"""' : '"'
}

/** @param from - behind the delimiter. @throws CodedError PARSE_FAILED if a quote is not closed */
export function readValue(text: string, from: number, lineEnd: number, sourceEnd = text.length): IniValue {
  const start = skipSpace(text, from, lineEnd)
  const end = trimEnd(text, start, lineEnd)
  if (start === lineEnd) {
    const place = endOfContent(text, from, lineEnd)
    return { text: '', place: { start: place, end: place }, dress: 'plain', beside: undefined, junk: undefined, next: lineEnd }
  }
  const quote = text.startsWith('"""', start) && Math.min(lineEnd, sourceEnd) - start > 3 ? '"""' : text[start] === '`' ? '`' : undefined
  if (quote !== undefined) return readQuoted(text, start, lineEnd, quote)
  if (text[end - 1] === '\\') return readContinued(text, start, end - 1, lineEnd)
  const marker = find(text, COMMENT, start, end)
  const valueEnd = marker === -1 ? end : trimEnd(text, start, marker)
  const written = text.slice(start, valueEnd)
  const dress = QUOTES.find((mark) => written.startsWith(mark) && written.length > 1 && written.indexOf(mark, 1) === written.length - 1) ?? 'plain'
  return {
    text: dress === 'plain' ? written : written.slice(1, -1),
    place: { start, end: valueEnd },
    dress,
    beside: marker === -1 ? undefined : { start: marker, end },
    junk: undefined,
    next: lineEnd,
  }
}

function readQuoted(text: string, start: number, lineEnd: number, quote: '"""' | '`'): IniValue {
  const contentStart = start + quote.length
  const closing = findLast(text, quote, contentStart, lineEnd)
  if (closing !== -1) {
    const place = { start, end: closing + quote.length }
    const junk = notEmpty(place.end, trimEnd(text, place.end, lineEnd))
    return { text: text.slice(contentStart, closing), place, dress: quote, beside: undefined, junk, next: lineEnd }
  }
  for (let at = lineEnd; at < text.length; ) {
    const next = endOfLine(text, at)
    const last = findLast(text, quote, at, next)
    const end = trimEnd(text, at, next)
    if (last !== -1 && text[end - 1] !== '\\') {
      const place = { start, end: last + quote.length }
      const marker = find(text, COMMENT, place.end, next)
      const beside = marker === -1 ? undefined : { start: marker, end }
      const junk = notEmpty(place.end, trimEnd(text, place.end, marker === -1 ? next : marker))
      return { text: text.slice(contentStart, last), place, dress: quote, beside, junk, next }
    }
    at = next
  }
  throw errorAt(text, start, 'missing closing quote')
}

/** A backslash at the end joins the next line, up to an empty one. */
function readContinued(text: string, start: number, firstEnd: number, lineEnd: number): IniValue {
  const parts = [text.slice(start, firstEnd)]
  let end = firstEnd + 1
  let next = lineEnd
  for (let goesOn = true; goesOn && next < text.length; ) {
    const at = next
    next = endOfLine(text, at)
    const partStart = skipSpace(text, at, next)
    if (partStart === next) break
    end = trimEnd(text, partStart, next)
    goesOn = text[end - 1] === '\\'
    parts.push(text.slice(partStart, goesOn ? end - 1 : end))
  }
  return { text: parts.join(''), place: { start, end }, dress: 'plain', beside: undefined, junk: undefined, next }
}

function gather(text: string, above: readonly Range[], beside: Range | undefined): IniComment | undefined {
  const parts = beside === undefined ? above : [...above, beside]
  const first = parts[0]
  if (first === undefined) return undefined
  const gathered = parts.map(({ start, end }, at) => text.slice(start, at === parts.length - 1 ? end : endOfLine(text, end))).join('')
  const content = gathered.replace(gathered.startsWith(';') ? /^[; ]+/ : /^[# ]+/, '')
  return { text: content, contentStart: Math.min(first.start + gathered.length - content.length, first.end), above, beside }
}

function find(text: string, pattern: RegExp, from: number, end: number): number {
  const at = text.slice(from, end).search(pattern)
  return at === -1 ? -1 : from + at
}

function findLast(text: string, part: string, from: number, end: number): number {
  const at = text.slice(from, end).lastIndexOf(part)
  return at === -1 ? -1 : from + at
}

function utf8(text: string, offset: number, piece: string): string {
  const decoded = decodePiece(piece)
  if (typeof decoded === 'string') return decoded
  throw errorAt(text, offset, 'a name is not UTF-8 text', { code: 'PARSE_ENCODING' })
}

function endOfContent(text: string, from: number, lineEnd: number): number {
  let end = lineEnd
  while (end > from && (text[end - 1] === '\n' || text[end - 1] === '\r')) end -= 1
  return end
}

function notEmpty(start: number, end: number): Range | undefined {
  return start < end ? { start, end } : undefined
}
