/**
 * Tags and `%TAG` directives. Follows: YAML 1.1 6.8 and 6.9.1 as libyaml reads them; percent escapes are decoded.
 * @module
 */
import { hexValue, isGap, isBlank, isNameCharacter } from './characters.ts'
import type { Cursor } from './cursor.ts'
import { Token, TokenKind } from './token.ts'

const EXCLAMATION = 0x21
const URI_CHARACTERS = ";/?:@&=+$,.!~*'()[]"

/** `!`, `!name`, `!handle!name` or `!<uri>`: the token's text is the handle (empty: the suffix is the whole tag). */
export function scanTag(cursor: Cursor): Token {
  const token = new Token(TokenKind.tag, cursor.at, cursor.at, cursor.column)
  if (cursor.peek(1) === 0x3c) {
    cursor.skip(2)
    token.suffix = scanUri(cursor, '', token.start)
    if (cursor.peek() !== 0x3e) throw cursor.fail("a tag without its closing '>'", token.start)
    cursor.skip()
  } else {
    const handle = scanHandle(cursor)
    if (handle.length > 1 && handle.endsWith('!')) {
      token.text = handle
      token.suffix = scanUri(cursor, '', token.start)
    } else {
      token.text = '!'
      token.suffix = scanUri(cursor, handle, token.start)
      if (token.suffix === '') {
        token.text = ''
        token.suffix = '!'
      }
    }
  }
  if (!isGap(cursor.peek())) throw cursor.fail('white space must follow a tag', token.start)
  token.end = cursor.at
  return token
}

/** `%TAG !handle! prefix`, from behind the name. */
export function scanTagDirective(cursor: Cursor, start: number): Token {
  const token = new Token(TokenKind.tagDirective, start, start, 0)
  cursor.skipBlanks()
  if (cursor.peek() !== EXCLAMATION) throw cursor.fail('a %TAG directive without a handle', start)
  token.text = scanHandle(cursor)
  if (token.text !== '!' && !token.text.endsWith('!')) throw cursor.fail("the handle of a %TAG directive must end with '!'", start)
  if (!isBlank(cursor.peek())) throw cursor.fail('a %TAG directive without a prefix', start)
  cursor.skipBlanks()
  token.suffix = scanUri(cursor, '', start)
  if (!isGap(cursor.peek())) throw cursor.fail('white space must follow a %TAG directive', start)
  return token
}

function scanHandle(cursor: Cursor): string {
  const start = cursor.at
  cursor.skip()
  while (isNameCharacter(cursor.peek())) cursor.skip()
  if (cursor.peek() === EXCLAMATION) cursor.skip()
  return cursor.text.slice(start, cursor.at)
}

/** @param handle - what was read already: its "!" is no part of the URI */
function scanUri(cursor: Cursor, handle: string, start: number): string {
  const parts = [handle.slice(1)]
  const begin = cursor.at
  for (;;) {
    const c = cursor.peek()
    if (c === 0x25) {
      parts.push(scanPercentEscape(cursor, start))
    } else if (isNameCharacter(c) || (c !== 0 && URI_CHARACTERS.includes(String.fromCharCode(c)))) {
      parts.push(String.fromCharCode(c))
      cursor.skip()
    } else {
      break
    }
  }
  if (cursor.at === begin && handle === '') throw cursor.fail('a tag without a name', start)
  return parts.join('')
}

/** One character as its UTF-8 bytes. */
function scanPercentEscape(cursor: Cursor, start: number): string {
  const bytes: number[] = []
  let length = 1
  while (bytes.length < length) {
    const octet = hexValue(cursor.peek(1)) * 16 + hexValue(cursor.peek(2))
    if (cursor.peek() !== 0x25 || hexValue(cursor.peek(1)) < 0 || hexValue(cursor.peek(2)) < 0) throw cursor.fail('a tag with a bad percent escape', start)
    if (bytes.length === 0) length = octet < 0x80 ? 1 : octet >> 5 === 6 ? 2 : octet >> 4 === 14 ? 3 : octet >> 3 === 30 ? 4 : 0
    if (length === 0 || (bytes.length > 0 && octet >> 6 !== 2)) throw cursor.fail('a tag with a percent escape that is not UTF-8', start)
    bytes.push(octet)
    cursor.skip(3)
  }
  return Buffer.from(bytes).toString()
}
