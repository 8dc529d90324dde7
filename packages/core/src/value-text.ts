/**
 * The canonical text of a typed value: what a token encrypts and what the MAC hashes.
 * Follows: getsops/sops sops.go (ToBytes), aes/cipher.go (type tags); Go strconv. Vectors: test/value-text.test.ts
 *
 * Only canonical text is ever encrypted. The reference reuses the nonce of a value that it takes for unchanged, so another
 * text of the same value would meet the same nonce, and two texts under one nonce give GCM's authentication key away.
 * @module
 */
import { isUtf8 } from 'node:buffer'
import { canonicalTimestamp } from './timestamp.ts'
import { Timestamp, type Value } from './tree.ts'

export type ValueType = 'str' | 'int' | 'float' | 'bool' | 'time'

const INT_MIN = -(2n ** 63n)
const INT_MAX = 2n ** 63n - 1n
const INT_DIGITS = 19
const INT = /^[+-]?(\d+)$/
const FLOAT = /^[+-]?(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?[\d_]+)?$/
const FLOAT_UNDERSCORE = /^_|_$|_\D|\D_/ // an underscore stands between digits only
const INFINITY = /^([+-]?)inf(?:inity)?$/i
const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True'])
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False'])

export function valueType(value: Exclude<Value, null>): ValueType {
  switch (typeof value) {
    case 'string': return 'str'
    case 'bigint': return 'int'
    case 'number': return 'float'
    case 'boolean': return 'bool'
    default: return value instanceof Timestamp ? 'time' : 'str'
  }
}

/** @returns text, or the bytes of a string that is not UTF-8 */
export function valueText(value: Exclude<Value, null>): string | Uint8Array {
  switch (typeof value) {
    case 'string': return value
    case 'bigint': return value.toString()
    case 'number': return floatText(value)
    case 'boolean': return value ? 'True' : 'False'
    default: return value instanceof Timestamp ? value.text : value
  }
}

/**
 * The value of a token's plaintext, as leniently as the reference reads it.
 * @param bytes - kept if it is not UTF-8, else copied
 * @returns undefined for an unknown type or a text that is not of its type
 */
export function readValue(type: string, bytes: Buffer): Value | undefined {
  if (type === 'str' || type === 'bytes') return isUtf8(bytes) ? bytes.toString('utf8') : bytes
  const text = bytes.toString('latin1')
  switch (type) {
    case 'int': return readInt(text)
    case 'float': return readFloat(text)
    case 'bool': return TRUE.has(text) ? true : FALSE.has(text) ? false : undefined
    case 'time': return readTimestamp(text)
    default: return undefined
  }
}

export function isInt64(value: bigint): boolean {
  return value >= INT_MIN && value <= INT_MAX
}

/** Shortest digits that read back as the same number, never with an exponent. Go: `FormatFloat(value, 'f', -1, 64)`. */
export function floatText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
  if (Object.is(value, -0)) return '-0'
  const text = String(value)
  const e = text.indexOf('e')
  if (e === -1) return text
  const exponent = Number(text.slice(e + 1))
  const sign = value < 0 ? '-' : ''
  const [whole = '', fraction = ''] = text.slice(sign.length, e).split('.')
  const digits = whole + fraction
  // ECMAScript uses exponents from 1e21 and below 1e-6 only, so the point falls outside the digits
  return exponent < 0 ? `${sign}0.${'0'.repeat(-exponent - 1)}${digits}` : sign + digits.padEnd(exponent + 1, '0')
}

function readInt(text: string): bigint | undefined {
  const digits = INT.exec(text)?.[1]?.replace(/^0+/, '')
  if (digits === undefined || digits.length > INT_DIGITS) return undefined
  const value = text[0] === '-' ? -BigInt(digits) : BigInt(digits) // of no digits: 0
  return isInt64(value) ? value : undefined
}

function readFloat(text: string): number | undefined {
  const infinity = INFINITY.exec(text)
  if (infinity !== null) return infinity[1] === '-' ? -Infinity : Infinity
  if (text.toLowerCase() === 'nan') return NaN
  if (!FLOAT.test(text) || FLOAT_UNDERSCORE.test(text)) return undefined
  const value = Number(text.replaceAll('_', ''))
  return Number.isFinite(value) ? value : undefined // Go reports a range error
}

function readTimestamp(text: string): Timestamp | undefined {
  const canonical = canonicalTimestamp(text)
  return canonical === null ? undefined : new Timestamp(canonical)
}
