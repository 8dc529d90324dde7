/**
 * Whether a plain scalar reads back as a string.
 * Follows: go-yaml v3.0.4 resolve.go; Go strconv (base 0, underscores), time.Parse.
 * @module
 */

const WORDS = new Set([
  '', '~', 'null', 'Null', 'NULL', 'true', 'True', 'TRUE', 'false', 'False', 'FALSE', '.nan', '.NaN', '.NAN',
  '.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF', '-.inf', '-.Inf', '-.INF',
])
const DOT_FLOAT = /^\.\d+(?:_\d+)*(?:[eE][+-]?\d+(?:_\d+)*)?$/
const INTEGER = /^([+-]?)(?:0[xX]0*([\da-fA-F]+)|0[bB]0*([01]+)|0[oO]?0*([0-7]+)|(\d|[1-9]\d*))$/
const SIGNED_AFTER_PREFIX = /^0(?:b[+-][01]{1,64}|o[+-][0-7]{1,22})$/ // read by Go as base 2 or 8 with a sign
const FLOAT = /^[+-]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][+-]?\d+)?$/
const TIMESTAMP = /^(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt](\d\d?):(\d\d?):(\d\d?)(?:[.,]\d+)?(?:Z|[+-](\d\d):(\d\d)))|(?: *(\d\d?):(\d\d?):(\d\d?)(?:[.,]\d+)?))?$/
const MAX_DIGITS = 64

export function readsAsString(text: string): boolean {
  if (WORDS.has(text)) return false
  const first = text.charCodeAt(0)
  if (first === 0x2e) return !(DOT_FLOAT.test(text) && Number.isFinite(Number(text.replaceAll('_', ''))))
  const signed = first === 0x2b || first === 0x2d
  if (!signed && (first < 0x30 || first > 0x39)) return true
  if (isTimestamp(text)) return false
  const number = text.replaceAll('_', '')
  return !isInteger(number) && !(FLOAT.test(number) && Number.isFinite(Number(number)))
}

function isInteger(text: string): boolean {
  if (SIGNED_AFTER_PREFIX.test(text)) return true
  const match = INTEGER.exec(text)
  if (match === null) return false
  const [, sign = '', hex, binary, octal, decimal] = match
  const digits = hex ?? binary ?? octal ?? decimal ?? ''
  if (digits.length > MAX_DIGITS) return false
  const value = BigInt(hex !== undefined ? `0x${hex}` : binary !== undefined ? `0b${binary}` : octal !== undefined ? `0o${octal}` : digits)
  return value < (sign === '' ? 2n ** 64n : sign === '+' ? 2n ** 63n : 2n ** 63n + 1n)
}

function isTimestamp(text: string): boolean {
  const match = TIMESTAMP.exec(text)
  if (match === null) return false
  const [year = 0, month = 0, day = 0] = match.slice(1, 4).map(Number)
  const [hour = 0, minute = 0, second = 0] = match.slice(match[4] === undefined ? 9 : 4).map((part) => Number(part ?? 0))
  const days = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate()
  if (month < 1 || month > 12 || day < 1 || day > days || hour > 23 || minute > 59 || second > 59) return false
  return Number(match[7] ?? 0) <= 24 && Number(match[8] ?? 0) <= 60
}
