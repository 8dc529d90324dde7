/**
 * Go's literals: quoted strings, characters and numbers.
 * Follows: Go strconv.Unquote, text/template/parse newNumber.
 * @module
 */
import { runeBytes, runes } from './values.ts'

const SIMPLE: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\' }

/** @param quoted - with its quotes, as a Go string. @returns undefined when it is not a literal */
export function unquote(quoted: string): string | undefined {
  const quote = quoted[0] ?? ''
  const body = quoted.slice(1, -1)
  if (quote === '`') return body.replaceAll('\r', '')
  let out = ''
  let i = 0
  while (i < body.length) {
    const c = body[i] as string
    if (c !== '\\') {
      if (c === quote || c === '\n') return undefined
      out += c
      i++
      continue
    }
    const e = body[i + 1] ?? ''
    const simple = SIMPLE[e] ?? (e === quote ? e : undefined)
    const digits = e === 'x' ? 2 : e === 'u' ? 4 : e === 'U' ? 8 : 0
    if (simple !== undefined) {
      out += simple
      i += 2
    } else if (digits > 0) {
      const hex = body.slice(i + 2, i + 2 + digits)
      if (hex.length !== digits || !/^[0-9a-fA-F]+$/.test(hex)) return undefined
      const code = parseInt(hex, 16)
      if (digits > 2 && (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))) return undefined
      out += digits === 2 ? String.fromCharCode(code) : runeBytes(code)
      i += 2 + digits
    } else {
      const octal = /^[0-7]{3}/.exec(body.slice(i + 1))?.[0]
      if (octal === undefined || parseInt(octal, 8) > 255) return undefined
      out += String.fromCharCode(parseInt(octal, 8))
      i += 4
    }
  }
  return out
}

/** The rune of a character constant, or undefined. */
export function unquoteChar(quoted: string): number | undefined {
  const found = [...runes(unquote(quoted) ?? '')]
  // An escaped byte above 0x7f is a rune of its own value.
  const byte = /^'\\(?:x([0-9a-fA-F]{2})|([0-7]{3}))'$/.exec(quoted)
  if (byte) return byte[1] ? parseInt(byte[1], 16) : parseInt(byte[2] ?? '', 8)
  return found.length === 1 ? found[0]?.[0] : undefined
}

/** Go's strconv.ParseInt(text, 0, 64) without the range check. */
export function parseGoInt(text: string): bigint | undefined {
  const m = /^([+-]?)(0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|0[0-7_]*|[1-9][0-9_]*)$/.exec(text)
  if (!m || /__|_$/.test(text)) return undefined
  const digits = (m[2] ?? '').replaceAll('_', '')
  const value = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits)
  return m[1] === '-' ? -value : value
}

export function parseGoFloat(text: string): number | undefined {
  if (/_$|__|^_|[._eE+-]_|_[.eE]/.test(text)) return undefined
  const plain = text.replaceAll('_', '')
  if (/^[+-]?(\d+(?:\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(plain)) {
    const value = Number(plain)
    return Number.isFinite(value) ? value : undefined
  }
  const hex = /^([+-]?)0[xX]([0-9a-fA-F]{0,13})\.?([0-9a-fA-F]{0,13})[pP]([+-]?\d{1,4})$/.exec(plain)
  if (!hex || (hex[2] === '' && hex[3] === '')) return undefined
  const fraction = hex[3] ?? ''
  const mantissa = parseInt(hex[2] || '0', 16) + (fraction ? parseInt(fraction, 16) / 16 ** fraction.length : 0)
  return (hex[1] === '-' ? -1 : 1) * mantissa * 2 ** Number(hex[4])
}
