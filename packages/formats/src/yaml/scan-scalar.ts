/**
 * Scalars in their five styles: plain, single- and double-quoted, literal and folded.
 * Follows: YAML 1.1 chapter 9 as libyaml and go.yaml.in/yaml/v3 read it (line folding, chomping, what ends a plain scalar).
 * @module
 */
import { breakText, hexValue, isBlank, isBreak, isBreakOrEnd, isDigit, isFlowIndicator, isGap, SPACE, TAB } from './characters.ts'
import type { Cursor } from './cursor.ts'
import { Token, TokenKind, type BlockScalar } from './token.ts'

const HASH = 0x23
const SINGLE_QUOTE = 0x27
const DOUBLE_QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const ESCAPES: Readonly<Record<string, string>> = {
  0: '\0', a: '\x07', b: '\b', t: '\t', '\t': '\t', n: '\n', v: '\v', f: '\f', r: '\r', e: '\x1b', ' ': ' ', '"': '"', "'": "'", '\\': '\\',
  N: '\x85', _: '\xa0', L: '\u2028', P: '\u2029',
}
const CODE_LENGTHS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }

/** `---` or `...` at the start of a line, which ends every document. */
export function atDocumentMarker(cursor: Cursor): boolean {
  if (cursor.at !== cursor.lineStart) return false
  const c = cursor.peek()
  return (c === 0x2d || c === 0x2e) && cursor.peek(1) === c && cursor.peek(2) === c && isGap(cursor.peek(3))
}

/**
 * Ends behind the white space after the scalar: `cursor.breaks` tells whether lines ended there.
 * @param indent - of the enclosing block
 */
export function scanPlain(cursor: Cursor, indent: number, inFlow: boolean): Token {
  const token = new Token(TokenKind.scalar, cursor.at, cursor.at, cursor.column)
  const { text } = cursor
  let value = ''
  for (;;) {
    const start = cursor.at
    let at = start
    for (let c = text.charCodeAt(at); !isGap(c); c = text.charCodeAt(at)) {
      if (c === COLON ? isGap(text.charCodeAt(at + 1)) : inFlow && isFlowIndicator(c)) break
      at += 1
    }
    value = value === '' ? text.slice(start, at) : value + text.slice(start, at)
    cursor.at = token.end = at
    cursor.breaks = 0
    const gap = scanPlainGap(cursor, indent)
    if ((cursor.breaks > 0 && !inFlow && cursor.column <= indent) || endsPlain(cursor, inFlow)) break
    value += gap
  }
  token.text = value
  return token
}

/** @returns what the white space is worth if more text follows */
function scanPlainGap(cursor: Cursor, indent: number): string {
  const { text } = cursor
  const start = cursor.at
  let firstBreak = ''
  let moreBreaks = ''
  for (let c = text.charCodeAt(start); isBlank(c) || isBreak(c); c = text.charCodeAt(cursor.at)) {
    if (isBreak(c)) {
      if (firstBreak === '') firstBreak = breakText(c)
      else moreBreaks += breakText(c)
      cursor.skipBreak()
    } else {
      if (c === TAB && firstBreak !== '' && cursor.column <= indent) throw cursor.fail('a tab stands where indentation is expected')
      cursor.at += 1
    }
  }
  if (firstBreak === '') return text.slice(start, cursor.at)
  return folded(firstBreak, moreBreaks)
}

/** One break becomes a space, more lose one; the two that stand for themselves stay. */
function folded(firstBreak: string, moreBreaks: string): string {
  if (firstBreak !== '\n') return firstBreak + moreBreaks
  return moreBreaks === '' ? ' ' : moreBreaks
}

/** Whether nothing of a plain scalar stands here, after white space. */
function endsPlain(cursor: Cursor, inFlow: boolean): boolean {
  const c = cursor.peek()
  if (c === 0 || c === HASH || atDocumentMarker(cursor)) return true
  return c === COLON ? isGap(cursor.peek(1)) : inFlow && isFlowIndicator(c)
}

export function scanSingleQuoted(cursor: Cursor): Token {
  const token = startQuoted(cursor, 'single')
  for (;;) {
    checkInsideQuotes(cursor, token.start)
    const start = cursor.at
    while (!isGap(cursor.peek()) && cursor.peek() !== SINGLE_QUOTE) cursor.at += 1
    addChunk(token, cursor, start)
    if (cursor.peek() !== SINGLE_QUOTE) {
      token.text += scanQuotedGap(cursor, false)
    } else if (cursor.peek(1) === SINGLE_QUOTE) {
      token.text += "'"
      cursor.skip(2)
    } else {
      return endQuoted(token, cursor)
    }
  }
}

export function scanDoubleQuoted(cursor: Cursor): Token {
  const token = startQuoted(cursor, 'double')
  for (;;) {
    checkInsideQuotes(cursor, token.start)
    const start = cursor.at
    let c = cursor.peek()
    while (!isGap(c) && c !== DOUBLE_QUOTE && c !== BACKSLASH) {
      cursor.at += 1
      c = cursor.peek()
    }
    addChunk(token, cursor, start)
    if (c === DOUBLE_QUOTE) {
      return endQuoted(token, cursor)
    } else if (c !== BACKSLASH) {
      token.text += scanQuotedGap(cursor, false)
    } else if (isBreak(cursor.peek(1))) {
      cursor.skip()
      cursor.skipBreak()
      token.text += scanQuotedGap(cursor, true)
    } else {
      token.text += scanEscape(cursor, token.start)
    }
  }
}

function startQuoted(cursor: Cursor, style: 'single' | 'double'): Token {
  const token = new Token(TokenKind.scalar, cursor.at, cursor.at, cursor.column)
  token.style = style
  cursor.skip()
  return token
}

function addChunk(token: Token, cursor: Cursor, start: number): void {
  if (cursor.at === start) return
  const chunk = cursor.text.slice(start, cursor.at)
  token.text = token.text === '' ? chunk : token.text + chunk
  cursor.breaks = 0
}

function endQuoted(token: Token, cursor: Cursor): Token {
  cursor.skip()
  token.end = cursor.at
  return token
}

/** White space inside quotes; blanks count only within a line. */
function scanQuotedGap(cursor: Cursor, escapedBreak: boolean): string {
  const start = cursor.at
  let broken = escapedBreak
  let firstBreak = ''
  let moreBreaks = ''
  for (let c = cursor.peek(); isBlank(c) || isBreak(c); c = cursor.peek()) {
    if (!isBreak(c)) {
      cursor.at += 1
      continue
    }
    if (broken) moreBreaks += breakText(c)
    else firstBreak = breakText(c)
    broken = true
    cursor.skipBreak()
  }
  return broken ? folded(firstBreak, moreBreaks) : cursor.text.slice(start, cursor.at)
}


function checkInsideQuotes(cursor: Cursor, start: number): void {
  if (atDocumentMarker(cursor)) throw cursor.fail('a document marker stands inside quotes')
  if (cursor.peek() === 0) throw cursor.fail('this quote is never closed', start)
}

function scanEscape(cursor: Cursor, start: number): string {
  const name = cursor.text.charAt(cursor.at + 1)
  const simple = ESCAPES[name]
  if (simple !== undefined) {
    cursor.skip(2)
    return simple
  }
  const length = CODE_LENGTHS[name]
  if (length === undefined) throw cursor.fail('unknown escape inside double quotes')
  let code = 0
  for (let ahead = 2; ahead < 2 + length; ahead += 1) {
    const digit = hexValue(cursor.peek(ahead))
    if (digit < 0) throw cursor.fail('an escape needs more hexadecimal digits', start)
    code = code * 16 + digit
  }
  if ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) throw cursor.fail('an escape is not a Unicode character')
  cursor.skip(2 + length)
  return String.fromCodePoint(code)
}

/**
 * @param indent - of the enclosing block, -1 at the top
 * @param onHeaderEnd - is called behind the header's indicators and blanks, for a comment that stands there
 */
export function scanBlockScalar(cursor: Cursor, indent: number, onHeaderEnd: (token: Token) => void): Token {
  const token = new Token(TokenKind.scalar, cursor.at, cursor.at, cursor.column)
  const literal = cursor.peek() === 0x7c
  token.style = literal ? 'literal' : 'folded'
  cursor.skip()
  const { chomping, indicator } = scanBlockHeader(cursor)
  const headerEnd = cursor.at
  cursor.skipBlanks()
  if (cursor.peek() === HASH) onHeaderEnd(token)
  if (!isBreakOrEnd(cursor.peek())) throw cursor.fail('only a comment may follow the header of a block scalar')
  if (cursor.peek() !== 0) cursor.skipBreak()
  const bodyStart = cursor.at

  const state = { columns: indicator > 0 ? Math.max(indent, 0) + indicator : 0, breaks: '', end: bodyStart }
  let value = ''
  let lineBreak = ''
  let bodyEnd = bodyStart
  let afterBlank = false
  scanBlockBreaks(cursor, indent, state, token.start)
  while (cursor.column === state.columns && cursor.peek() !== 0) {
    const startsBlank = isBlank(cursor.peek())
    if (!literal && lineBreak === '\n' && !afterBlank && !startsBlank) value += state.breaks === '' ? ' ' : ''
    else value += lineBreak
    value += state.breaks
    state.breaks = ''
    afterBlank = startsBlank
    const start = cursor.at
    while (!isBreakOrEnd(cursor.peek())) cursor.at += 1
    const line = cursor.text.slice(start, cursor.at)
    if (!isAllBlank(line)) cursor.breaks = 0
    value += line
    bodyEnd = cursor.at
    lineBreak = cursor.peek() === 0 ? '' : breakText(cursor.peek())
    if (lineBreak !== '') cursor.skipBreak()
    scanBlockBreaks(cursor, indent, state, token.start)
  }
  if (chomping !== '-') value += lineBreak
  if (chomping === '+') {
    value += state.breaks
    bodyEnd = Math.max(bodyEnd, lastBreakBefore(cursor.text, state.end, bodyStart))
  }
  token.end = value !== '' || bodyEnd > bodyStart ? bodyEnd : headerEnd
  const block: BlockScalar = { headerEnd, bodyStart, bodyEnd, indent: state.columns, indicator, chomping }
  token.block = block
  token.text = value
  return token
}

function scanBlockHeader(cursor: Cursor): { chomping: '' | '-' | '+'; indicator: number } {
  let chomping: '' | '-' | '+' = ''
  let indicator = 0
  for (let count = 0; count < 2; count += 1) {
    const c = cursor.peek()
    if ((c === 0x2b || c === 0x2d) && chomping === '') chomping = c === 0x2b ? '+' : '-'
    else if (isDigit(c) && indicator === 0) indicator = c - 0x30
    else break
    if (c === 0x30) throw cursor.fail('the indentation indicator of a block scalar is 0')
    cursor.skip()
  }
  return { chomping, indicator }
}

interface BlockState {
  /** 0 until the first line with content shows it. */
  columns: number
  breaks: string
  end: number
}

/** Indentation and empty lines before the next line of content. */
function scanBlockBreaks(cursor: Cursor, indent: number, state: BlockState, start: number): void {
  state.end = cursor.at
  let deepest = 0
  for (;;) {
    while ((state.columns === 0 || cursor.column < state.columns) && cursor.peek() === SPACE) cursor.at += 1
    deepest = Math.max(deepest, cursor.column)
    const c = cursor.peek()
    if (c === TAB && (state.columns === 0 || cursor.column < state.columns)) {
      throw cursor.fail('a tab stands where the indentation of a block scalar is expected', start)
    }
    if (!isBreak(c)) break
    state.breaks += breakText(c)
    cursor.skipBreak()
    state.end = cursor.at
  }
  if (state.columns === 0) state.columns = Math.max(deepest, indent + 1, 1)
}

function isAllBlank(line: string): boolean {
  for (let at = 0; at < line.length; at += 1) if (!isBlank(line.charCodeAt(at))) return false
  return true
}

/** Start of the break that ends right before `end`. */
function lastBreakBefore(text: string, end: number, start: number): number {
  if (end <= start || !isBreak(text.charCodeAt(end - 1))) return start
  return text.charCodeAt(end - 1) === 0x0a && text.charCodeAt(end - 2) === 0x0d ? Math.max(end - 2, start) : end - 1
}
