/**
 * Go's quoted strings and runes.
 * Follows: Go strconv (Quote, QuoteToASCII, QuoteRune).
 * @module
 */
import { runeBytes, runes } from './values.ts'

/** strconv.Quote and its ASCII form, on bytes. */
export function quote(s: string, ascii = false, mark = '"'): string {
  let out = mark
  for (const [rune, at, size] of runes(s)) {
    if (size === 1 && rune === 0xfffd) {
      out += `\\x${s.charCodeAt(at).toString(16).padStart(2, '0')}`
      continue
    }
    out += quotedRune(rune, ascii, mark)
  }
  return out + mark
}

const ESCAPES: Readonly<Record<number, string>> = { 7: '\\a', 8: '\\b', 12: '\\f', 10: '\\n', 13: '\\r', 9: '\\t', 11: '\\v' }

export function quotedRune(rune: number, ascii: boolean, mark: string): string {
  if (rune === mark.charCodeAt(0) || rune === 0x5c) return `\\${String.fromCharCode(rune)}`
  if (ascii ? rune >= 0x20 && rune < 0x7f : isPrint(rune)) return runeBytes(rune)
  const escape = ESCAPES[rune]
  if (escape) return escape
  if (rune < 0x20 || rune === 0x7f) return `\\x${rune.toString(16).padStart(2, '0')}`
  return rune < 0x10000 ? `\\u${rune.toString(16).padStart(4, '0')}` : `\\U${rune.toString(16).padStart(8, '0')}`
}

/** unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the ASCII space. */
function isPrint(rune: number): boolean {
  if (rune < 0x7f) return rune >= 0x20
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(String.fromCodePoint(rune))
}
