/**
 * What a scalar means: the typed value of its text and tag.
 * Follows: the resolver of go.yaml.in/yaml/v3 (YAML 1.1 octals and dates, 1.2 booleans and `0o`, no base 60), Go's strconv and time.Parse.
 * @module
 */
import { Timestamp, type Value } from '@waxseal/core'
import type { ScalarSyntax } from './syntax.ts'

const WORDS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['false', 'False', 'FALSE'].map((word) => [word, false] as const),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map((word) => [word, Infinity] as const),
  ...['-.inf', '-.Inf', '-.INF'].map((word) => [word, -Infinity] as const),
  ...['.nan', '.NaN', '.NAN'].map((word) => [word, NaN] as const),
])
/** First characters of words and numbers: everything else is a string at once. */
const HINTS = new Set('~nNtTfF.+-0123456789')
const INTEGER = /^([-+]?)(?:(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+)|0([0-7]+)|(0|[1-9][0-9]*))$/
/** Signs inside, as Go's ParseInt reads what follows the prefix. */
const SIGNED_INSIDE = /^(-?)(0[bo])([-+]?)([0-7]+)$/
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/
/** What starts with a dot keeps Go's rule for underscores: only between digits. */
const DOT_FLOAT = /^\.[0-9](?:_?[0-9])*(?:[eE][-+]?[0-9](?:_?[0-9])*)?$/
const TIMESTAMP =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:([Tt])(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,](\d+))?(Z|[-+]\d\d:\d\d)| +(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,](\d+))?)?$/
const MAX_UINT64 = 2n ** 64n - 1n
const MIN_INT64 = -(2n ** 63n)

/** Tags that name a type; every other one leaves a string. */
const TYPE_TAGS = new Set(['!!null', '!!bool', '!!int', '!!float', '!!timestamp'])

/** Of one type, and the same. */
export function isSame(a: Value | undefined, b: Value): boolean {
  if (a instanceof Timestamp) return b instanceof Timestamp && a.text === b.text
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.from(a).equals(b)
  return Object.is(a, b)
}

/** @returns undefined if the text is not of the type that its tag names */
export function scalarValue({ text, style, properties: { tagName } }: ScalarSyntax): Value | undefined {
  if (tagName === '') return style === 'plain' ? resolvePlain(text) : text
  if (tagName === '!!binary') return decodeBinary(text)
  if (!TYPE_TAGS.has(tagName)) return text
  const value = resolvePlain(text, tagName === '!!timestamp')
  if (tagName === '!!float' && typeof value === 'bigint') return value >= MIN_INT64 && value < 2n ** 63n ? Number(value) : undefined
  return typeTag(value) === tagName ? value : undefined
}

/** @param dates - whether dates are looked for; a tag of another type turns that off */
export function resolvePlain(text: string, dates = true): Value {
  const first = text.charAt(0)
  if (first !== '' && !HINTS.has(first)) return text
  const word = WORDS.get(text)
  if (word !== undefined) return word
  if (first === '.') return DOT_FLOAT.test(text) ? finite(Number(text.replaceAll('_', '')), text) : text
  if (first > '9') return text
  return (dates ? parseDate(text) : null) ?? parseNumber(text)
}

function parseNumber(text: string): Value {
  const digits = text.includes('_') ? text.replaceAll('_', '') : text
  const value = parseInteger(digits)
  if (value !== null) return value
  if (FLOAT.test(digits)) return finite(Number(digits), text)
  return parseSignedInside(digits) ?? text
}

/** Signed 64 bits, or unsigned if it has no sign. */
function parseInteger(digits: string): bigint | null {
  const match = INTEGER.exec(digits)
  if (match === null) return null
  const [, sign, prefixed, octal, decimal] = match
  const size = BigInt(prefixed?.toLowerCase() ?? (octal === undefined ? decimal! : `0o${octal}`))
  const value = sign === '-' ? -size : size
  return value >= MIN_INT64 && value <= (sign === '' ? MAX_UINT64 : MAX_UINT64 >> 1n) ? value : null
}

function parseSignedInside(digits: string): bigint | null {
  const [, outer, prefix, inner, rest] = SIGNED_INSIDE.exec(digits) ?? []
  if (prefix === undefined || inner === '' || outer !== '' || (prefix === '0b' && /[2-7]/.test(rest!))) return null
  const size = BigInt(prefix + rest!)
  const value = inner === '-' ? -size : size
  return value >= MIN_INT64 && value < 2n ** 63n ? value : null
}

/** A number too large for a float is a string. */
function finite(value: number, text: string): Value {
  return Number.isFinite(value) ? value : text
}

function parseDate(text: string): Timestamp | null {
  if (text.charAt(4) !== '-') return null
  const match = TIMESTAMP.exec(text)
  if (match === null) return null
  const [, year, month, day, separator] = match
  const [hour = '0', minute = '0', second = '0', fraction = ''] = separator === undefined ? match.slice(10, 14) : match.slice(5, 9)
  const days = new Date(Date.UTC(2000 + (Number(year) % 400), Number(month), 0)).getUTCDate()
  if (Number(month) < 1 || Number(month) > 12 || Number(day) < 1 || Number(day) > days) return null
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null
  const zone = formatZone(match[9] ?? 'Z')
  if (zone === null) return null
  const pad = (part: string): string => part.padStart(2, '0')
  const nanoseconds = withoutFinalZeros(fraction.slice(0, 9))
  const time = `${pad(hour)}:${pad(minute)}:${pad(second)}${nanoseconds === '' ? '' : `.${nanoseconds}`}`
  return new Timestamp(`${year}-${pad(month!)}-${pad(day!)}T${time}${zone}`)
}

/** Go admits 24 hours and 60 minutes. */
function formatZone(zone: string): string | null {
  if (zone === 'Z') return zone
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(4))]
  if (hours > 24 || minutes > 60) return null
  const total = hours * 60 + minutes
  if (total === 0) return 'Z'
  return `${zone.charAt(0)}${String(Math.trunc(total / 60)).padStart(2, '0')}:${String(total % 60).padStart(2, '0')}`
}

function withoutFinalZeros(digits: string): string {
  let end = digits.length
  while (end > 0 && digits.charAt(end - 1) === '0') end -= 1
  return digits.slice(0, end)
}

function typeTag(value: Value): string {
  if (value === null) return '!!null'
  if (typeof value === 'boolean') return '!!bool'
  if (typeof value === 'bigint') return '!!int'
  if (typeof value === 'number') return '!!float'
  return value instanceof Timestamp ? '!!timestamp' : '!!str'
}

/** Padded base64 over any number of lines. Bytes that are UTF-8 text become a string. */
function decodeBinary(text: string): Value | undefined {
  const base64 = text.replace(/[\r\n]/g, '')
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) return undefined
  const bytes = Buffer.from(base64, 'base64')
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return new Uint8Array(bytes)
  }
}
