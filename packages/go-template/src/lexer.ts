/**
 * Splits a template into text and the tokens of its actions.
 * Follows: Go text/template/parse/lex.go (trim markers, comments, when a token ends).
 * @module
 */
import { bytesOf, runeAt, runeBytes, textOf } from './values.ts'

export type TokenType =
  | 'text' | 'left' | 'right' | 'eof' | 'space' | 'identifier' | 'field' | 'variable' | 'dot' | 'string' | 'rawString' | 'number' | 'char'
  | 'bool' | 'nil' | 'keyword' | 'pipe' | 'assign' | 'declare' | '(' | ')' | 'char,'
  | 'error' // the last token; its text is the message

export interface Token {
  readonly type: TokenType
  readonly text: string
  /** Byte offset in the template. */
  readonly at: number
  readonly line: number
}

const KEYWORDS = new Set(['block', 'break', 'continue', 'define', 'else', 'end', 'if', 'range', 'template', 'with'])
const SPACE = new Set([' ', '\t', '\r', '\n'])

const isDigit = (c: string): boolean => c >= '0' && c <= '9'
/** Letters of ASCII, `_`, and any letter or digit beyond it. */
function alphaNumericAt(s: string, i: number): number {
  const c = s[i]
  if (c === undefined) return 0
  if (c === '_' || isDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return 1
  if (c < '\x80') return 0
  const [rune, size] = runeAt(s, i)
  return /^[\p{L}\p{Nd}]$/u.test(String.fromCodePoint(rune)) ? size : 0
}

/** Ends the lexing; what came before is parsed first, so that an earlier error wins, as in Go. */
class LexError extends Error {}

/** @param source - as a Go string */
export function lex(source: string): Token[] {
  const tokens: Token[] = []
  let line = 1
  let at = 0
  const fail = (message: string): never => {
    throw new LexError(message)
  }
  const push = (type: TokenType, start: number, end: number): void => {
    const text = source.slice(start, end)
    tokens.push({ type, text, at: start, line })
    skipLines(start, end)
  }
  const skipLines = (start: number, end: number): void => {
    const text = source.slice(start, end) // whoever looked for line ends in the source would look to its end each time
    for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) line++
    at = end
  }

  try {
    lexAll()
  } catch (error) {
    if (!(error instanceof LexError)) throw error
    tokens.push({ type: 'error', text: error.message, at, line })
  }
  return tokens

  function lexAll(): void {
    for (;;) {
      const open = source.indexOf('{{', at)
      if (open < 0) {
        if (at < source.length) push('text', at, source.length)
        tokens.push({ type: 'eof', text: '', at: source.length, line })
        return
      }
      const trimsLeft = source[open + 2] === '-' && SPACE.has(source[open + 3] ?? '')
      let textEnd = open
      if (trimsLeft) while (textEnd > at && SPACE.has(source[textEnd - 1] ?? '')) textEnd--
      if (textEnd > at) push('text', at, textEnd)
      skipLines(at, open)
      let body = open + 2 + (trimsLeft ? 2 : 0)
      if (source.startsWith('/*', body)) {
        const end = source.indexOf('*/', body + 2)
        if (end < 0) fail('unclosed comment')
        let after = end + 2
        const trimsRight = SPACE.has(source[after] ?? '') && source[after + 1] === '-'
        if (trimsRight) after += 2
        if (!source.startsWith('}}', after)) fail('comment ends before closing delimiter')
        skipLines(at, after + 2)
        if (trimsRight) skipSpace()
        continue
      }
      push('left', open, open + 2)
      skipLines(open + 2, body)
      at = body
      lexAction()
      body = at
    }
  }

  function skipSpace(): void {
    let end = at
    while (SPACE.has(source[end] ?? '')) end++
    skipLines(at, end)
  }

  function lexAction(): void {
    let depth = 0
     for (;;) {
      const trims = SPACE.has(source[at] ?? '') && source[at + 1] === '-' && source.startsWith('}}', at + 2)
      if (trims || source.startsWith('}}', at)) {
        if (depth > 0) fail('unclosed left paren')
        if (trims) skipLines(at, at + 2)
        push('right', at, at + 2)
        if (trims) skipSpace()
        return
      }
      const c = source[at]
      if (c === undefined) return fail('unclosed action')
      if (SPACE.has(c)) {
        let end = at
        // A space that begins a trim marker belongs to it.
        while (SPACE.has(source[end] ?? '') && !(source[end + 1] === '-' && source.startsWith('}}', end + 2))) end++
        push('space', at, end)
      } else if (c === '=') push('assign', at, at + 1)
      else if (c === ':') {
        if (source[at + 1] !== '=') fail('expected :=')
        push('declare', at, at + 2)
      } else if (c === '|') push('pipe', at, at + 1)
      else if (c === '"') lexQuoted()
      else if (c === '`') {
        const end = source.indexOf('`', at + 1)
        if (end < 0) fail('unterminated raw quoted string')
        push('rawString', at, end + 1)
      } else if (c === '$') lexName('variable')
      else if (c === "'") lexChar()
      else if (c === '.' && !isDigit(source[at + 1] ?? '')) lexName('field')
      else if (c === '.' || c === '+' || c === '-' || isDigit(c)) lexNumber()
      else if (alphaNumericAt(source, at) > 0) lexIdentifier()
      else if (c === '(') {
        push('(', at, at + 1)
        depth++
      } else if (c === ')') {
        if (--depth < 0) fail('unexpected right paren')
        push(')', at, at + 1)
      } else if (c > ' ' && c < '\x7f') push('char,', at, at + 1)
      else {
        const [rune] = runeAt(source, at)
        fail(`unrecognized character in action: ${runeName(rune)}`)
      }
    }
  }

  function lexQuoted(): void {
    let end = at + 1
     for (;;) {
      const c = source[end]
      if (c === undefined || c === '\n') fail('unterminated quoted string')
      if (c === '"') break
      end += c === '\\' && source[end + 1] !== '\n' && source[end + 1] !== undefined ? 2 : 1
    }
    push('string', at, end + 1)
  }

  function lexChar(): void {
    let end = at + 1
     for (;;) {
      const c = source[end]
      if (c === undefined || c === '\n') fail('unterminated character constant')
      if (c === "'") break
      end += c === '\\' && source[end + 1] !== '\n' && source[end + 1] !== undefined ? 2 : 1
    }
    push('char', at, end + 1)
  }

  function nameEnd(start: number): number {
    let end = start
    for (let n = alphaNumericAt(source, end); n > 0; n = alphaNumericAt(source, end)) end += n
    return end
  }

  function atTerminator(end: number): boolean {
    const c = source[end]
    return c === undefined || SPACE.has(c) || '.,|:)('.includes(c) || source.startsWith('}}', end)
  }

  function badCharacter(end: number): never {
    const [rune] = runeAt(source, end)
    return fail(`bad character ${runeName(rune)}`)
  }

  function lexName(type: 'field' | 'variable'): void {
    const end = nameEnd(at + 1)
    if (end === at + 1) {
      if (type === 'field') {
        push('dot', at, end)
        return
      }
      if (!atTerminator(end)) badCharacter(end)
      push('variable', at, end)
      return
    }
    if (!atTerminator(end)) badCharacter(end)
    push(type, at, end)
  }

  function lexIdentifier(): void {
    const end = nameEnd(at)
    const word = source.slice(at, end)
    if (!atTerminator(end)) badCharacter(end)
    push(KEYWORDS.has(word) ? 'keyword' : word === 'true' || word === 'false' ? 'bool' : word === 'nil' ? 'nil' : 'identifier', at, end)
  }

  function lexNumber(): void {
    const m = /^[+-]?(?:0[xX][0-9a-fA-F_]*|0[bB][01_]*|0[oO][0-7_]*|[0-9_]*)(?:\.[0-9a-fA-F_]*)?(?:[eE][+-]?[0-9_]+)?(?:[pP][+-]?[0-9_]+)?i?/.exec(source.slice(at, at + 400))
    const end = at + (m?.[0].length ?? 0)
    if (end === at || alphaNumericAt(source, end) > 0) fail(`bad number syntax: ${quoteForError(source.slice(at, end + Math.max(1, alphaNumericAt(source, end))))}`)
    push('number', at, end)
  }
}

function runeName(rune: number): string {
  const hex = rune.toString(16).toUpperCase().padStart(4, '0')
  return rune >= 0x20 && rune !== 0x7f ? `U+${hex} '${runeBytes(rune)}'` : `U+${hex}`
}

/** @param text - a Go string, and so is what comes back */
export function quoteForError(text: string): string {
  return bytesOf(JSON.stringify(textOf(text)))
}
