/**
 * Go's times, durations and zones.
 * Follows: Go time/time.go, time/zoneinfo.go.
 * @module
 */
import { FunctionError } from './errors.ts'
import { Time, type Zone } from './values.ts'
import { zoneName } from './zone-names.ts'

const NS = 1_000_000_000n
const SECONDS_A_DAY = 86_400n

/** The zero time of Go: year 1. */
export const ZERO_TIME = new Time(-62135596800n * NS)

/** Package time quotes texts in a simpler way than strconv. */
export function quotedInTime(text: string): string {
  return `"${text.replace(/["\\]|[^ -\x7f]/g, (c) => (c === '"' || c === '\\' ? `\\${c}` : `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`))}"`
}

export interface Shown {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly ns: number
  readonly weekday: number
  readonly yearDay: number
  /** Seconds east of UTC. */
  readonly offset: number
  readonly abbreviation: string
}

/** Division that rounds down. */
export function floorDiv(a: bigint, b: bigint): bigint {
  return a / b - (a % b < 0n ? 1n : 0n)
}

/** `+0530`, and `-03` where minutes are none: how zones without a name of their own are called. */
function numericName(offset: number): string {
  const two = (n: number): string => String(Math.floor(n)).padStart(2, '0')
  const minutes = Math.abs(offset) / 60
  return (offset < 0 ? '-' : '+') + two(minutes / 60) + (minutes % 60 >= 1 ? two(minutes % 60) : '')
}

/** English speakers' names of zones: each knows some that the others do not. */
const LOCALES = ['en-GB', 'en-US', 'en-AU', 'en-IN', 'en-ZA', 'en-NZ', 'en-CA']

/** Seconds east of UTC and the zone's abbreviation at a moment. undefined: no such zone. */
export function zoneAt(zone: Zone, unixSeconds: number): { offset: number; abbreviation: string } | undefined {
  if (typeof zone !== 'string') return { offset: zone.offset, abbreviation: zone.name || numericName(zone.offset).padEnd(5, '0') }
  if (zone === 'UTC' || zone === '' || zone === 'Local') return { offset: 0, abbreviation: 'UTC' }
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(zone)) return undefined
  const date = new Date(Math.max(-8.64e12, Math.min(8.64e12, unixSeconds)) * 1000)
  const named = (locale: string, timeZoneName: 'longOffset' | 'short'): string =>
    new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName }).formatToParts(date).find((p) => p.type === 'timeZoneName')?.value ?? ''
  try {
    const m = /^GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(named('en-GB', 'longOffset'))
    if (!m) return undefined
    const offset = (m[1] === '-' ? -1 : 1) * (Number(m[2] ?? 0) * 3600 + Number(m[3] ?? 0) * 60 + Number(m[4] ?? 0))
    const name = LOCALES.map((locale) => named(locale, 'short')).find((found) => /^[A-Z]{3,5}$/.test(found))
    return { offset, abbreviation: zoneName(zone, numericName(offset)) ?? name ?? numericName(offset) }
  } catch {
    return undefined
  }
}

/** The date of a day that may be further away than JavaScript's dates reach; 400 years have 146,097 days. */
function dateOf(days: bigint): Date {
  const cycles = floorDiv(days, 146_097n)
  return new Date(Number(days - cycles * 146_097n) * 86_400_000)
}

export function shownTime(time: Time): Shown {
  const unix = floorDiv(time.unixNs, NS)
  const zone = zoneAt(time.zone, Number(unix)) ?? { offset: 0, abbreviation: 'UTC' }
  const local = unix + BigInt(zone.offset)
  const days = floorDiv(local, SECONDS_A_DAY)
  const inDay = Number(local - days * SECONDS_A_DAY)
  const date = dateOf(days)
  return {
    year: date.getUTCFullYear() + Number(floorDiv(days, 146_097n)) * 400,
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: Math.floor(inDay / 3600),
    minute: Math.floor(inDay / 60) % 60,
    second: inDay % 60,
    ns: Number(time.unixNs - unix * NS),
    weekday: date.getUTCDay(),
    yearDay: (date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000 + 1,
    ...zone,
  }
}

const UNITS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n], ['us', 1000n], ['\xc2\xb5s', 1000n], ['\xce\xbcs', 1000n], ['ms', 1_000_000n], ['s', NS], ['m', 60n * NS], ['h', 3600n * NS],
])

/** What a duration may be; the smallest is written with a sign only. */
const DURATION_LIMIT = 2n ** 63n

/** time.ParseDuration in nanoseconds. @throws FunctionError with Go's text */
export function parseDuration(text: string): bigint {
  const wrong = (problem: string): never => {
    throw new FunctionError(`time: ${problem} ${quotedInTime(text)}`)
  }
  const isNegative = text.startsWith('-')
  let rest = /^[+-]/.test(text) ? text.slice(1) : text
  if (rest === '0') return 0n
  if (rest === '') wrong('invalid duration')
  let total = 0n
  while (rest) {
    const [number = '', whole = '', fraction = ''] = /^(\d*)(?:\.(\d*))?/.exec(rest) ?? []
    if (whole === '' && fraction === '') wrong('invalid duration')
    const unit = /^[^\d.]*/.exec(rest.slice(number.length))?.[0] ?? ''
    if (unit === '') wrong('missing unit in duration')
    const scale = UNITS.get(unit) ?? wrong(`unknown unit ${quotedInTime(unit)} in duration`)
    const digits = fraction.slice(0, 18)
    total += BigInt(whole.slice(0, 20) || '0') * scale + (BigInt(digits || '0') * scale) / 10n ** BigInt(digits.length)
    if (total > DURATION_LIMIT) wrong('invalid duration')
    rest = rest.slice(number.length + unit.length)
  }
  if (isNegative) return -total
  return total === DURATION_LIMIT ? wrong('invalid duration') : total
}

/** time.Duration's own text: `1h2m3.5s`. */
export function durationText(ns: bigint): string {
  if (ns === 0n) return '0s'
  const sign = ns < 0n ? '-' : ''
  const abs = ns < 0n ? -ns : ns
  const decimal = (value: bigint, unit: bigint): string => {
    const fraction = String(value % unit).padStart(String(unit).length - 1, '0').replace(/0+$/, '')
    return `${value / unit}${fraction && unit > 1n ? `.${fraction}` : ''}`
  }
  if (abs < 1000n) return `${sign}${abs}ns`
  if (abs < 1_000_000n) return `${sign}${decimal(abs, 1000n)}\xc2\xb5s`
  if (abs < NS) return `${sign}${decimal(abs, 1_000_000n)}ms`
  const minutes = abs / (60n * NS)
  const seconds = `${decimal(abs % (60n * NS), NS)}s`
  if (minutes === 0n) return sign + seconds
  return minutes < 60n ? `${sign}${minutes}m${seconds}` : `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}`
}
