/**
 * Go's time: layouts, durations and zones.
 * Follows: Go time/format.go, time/time.go.
 * @module
 */
import { FunctionError } from './errors.ts'
import { quote } from './quote.ts'
import { Time, type Int } from './values.ts'

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December']
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const NS = 1_000_000_000n

/** The zero time of Go: year 1. */
export const ZERO_TIME = new Time(-62135596800n * NS)

/** The pieces of a layout, longest first where one begins another. */
const PIECE = /January|Jan|Monday|Mon|MST|2006|Z070000|Z07:00:00|Z0700|Z07:00|Z07|-070000|-07:00:00|-0700|-07:00|-07|[.,]0+(?!\d)|[.,]9+(?!\d)|002|__2|_2006|_2|01|02|03|04|05|06|15|PM|pm|1|2|3|4|5/g

interface Shown {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly ns: number
  readonly weekday: number
  readonly yearDay: number
  readonly offset: number
  readonly abbreviation: string
}

function floorDiv(a: bigint, b: bigint): bigint {
  return a / b - (a % b < 0n ? 1n : 0n)
}

/** Seconds east of UTC and the zone's abbreviation at a moment. undefined: no such zone. */
export function zoneAt(zone: string, unixSeconds: number): { offset: number; abbreviation: string } | undefined {
  if (zone === 'UTC' || zone === '') return { offset: 0, abbreviation: 'UTC' }
  const fixed = /^([+-])(\d\d):(\d\d)$/.exec(zone)
  if (fixed) {
    const offset = (fixed[1] === '-' ? -1 : 1) * (Number(fixed[2]) * 3600 + Number(fixed[3]) * 60)
    return { offset, abbreviation: `${fixed[1]}${fixed[2]}${fixed[3]}` }
  }
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(zone)) return undefined
  try {
    const date = new Date(unixSeconds * 1000)
    const part = (options: Intl.DateTimeFormatOptions): string =>
      new Intl.DateTimeFormat('en-GB', { timeZone: zone, ...options }).formatToParts(date).find((p) => p.type === 'timeZoneName')?.value ?? ''
    const m = /^GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(part({ timeZoneName: 'longOffset' }))
    if (!m) return undefined
    const offset = (m[1] === '-' ? -1 : 1) * (Number(m[2] ?? 0) * 3600 + Number(m[3] ?? 0) * 60 + Number(m[4] ?? 0))
    const short = part({ timeZoneName: 'short' })
    const american = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'short' }).formatToParts(date).find((p) => p.type === 'timeZoneName')?.value ?? ''
    return { offset, abbreviation: [short, american].find((name) => /^[A-Z]{3,5}$/.test(name)) ?? m[0].slice(3).replace(':', '') }
  } catch {
    return undefined
  }
}

export function shownTime(time: Time): Shown {
  const seconds = floorDiv(time.unixNs, NS)
  const zone = zoneAt(time.zone, Number(seconds)) ?? { offset: 0, abbreviation: 'UTC' }
  const date = new Date(Number(seconds + BigInt(zone.offset)) * 1000)
  const yearStart = new Date(0)
  yearStart.setUTCFullYear(date.getUTCFullYear(), 0, 1)
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    ns: Number(time.unixNs - seconds * NS),
    weekday: date.getUTCDay(),
    yearDay: Math.floor((date.getTime() - yearStart.getTime()) / 86_400_000) + 1,
    ...zone,
  }
}

function offsetText(offset: number, colon: boolean, seconds: boolean, minutes: boolean): string {
  const two = (n: number): string => String(Math.trunc(n)).padStart(2, '0')
  const abs = Math.abs(offset)
  const parts = [two(abs / 3600)]
  if (minutes) parts.push(two((abs % 3600) / 60))
  if (seconds) parts.push(two(abs % 60))
  return (offset < 0 ? '-' : '+') + parts.join(colon ? ':' : '')
}

export function formatTime(time: Time, layout: string): string {
  const t = shownTime(time)
  const two = (n: number): string => String(n).padStart(2, '0')
  return layout.replace(PIECE, (piece, at: number) => {
    switch (piece) {
      case 'January': return MONTHS[t.month - 1] ?? ''
      case 'Jan': return (MONTHS[t.month - 1] ?? '').slice(0, 3)
      case 'Monday': return DAYS[t.weekday] ?? ''
      case 'Mon': return (DAYS[t.weekday] ?? '').slice(0, 3)
      case 'MST': return t.abbreviation
      case '2006': return String(t.year).padStart(4, '0')
      case '_2006': return `_${String(t.year).padStart(4, '0')}`
      case '06': return two(t.year % 100)
      case '01': return two(t.month)
      case '1': return String(t.month)
      case '02': return two(t.day)
      case '_2': return String(t.day).padStart(2, ' ')
      case '2': return String(t.day)
      case '002': return String(t.yearDay).padStart(3, '0')
      case '__2': return String(t.yearDay).padStart(3, ' ')
      case '15': return two(t.hour)
      case '03': return two(t.hour % 12 || 12)
      case '3': return String(t.hour % 12 || 12)
      case '04': return two(t.minute)
      case '4': return String(t.minute)
      case '05': return two(t.second)
      case '5': return String(t.second)
      case 'PM': return t.hour >= 12 ? 'PM' : 'AM'
      case 'pm': return t.hour >= 12 ? 'pm' : 'am'
      default: {
        if (/^[.,]/.test(piece)) {
          // A fraction follows the seconds or stands by itself; text such as "1.2" has digits around it.
          if (at > 0 && !/(05|5)$/.test(layout.slice(0, at)) && piece.length < 2) return piece
          const digits = String(t.ns).padStart(9, '0').slice(0, piece.length - 1)
          if (piece[1] === '0') return piece[0] + digits
          const trimmed = digits.replace(/0+$/, '')
          return trimmed ? piece[0] + trimmed : ''
        }
        if (piece.startsWith('Z') && t.offset === 0) return 'Z'
        const body = piece.slice(1)
        return offsetText(t.offset, body.includes(':'), body.length > 5 || body === '070000', body.length > 2)
      }
    }
  })
}

/** time.ParseInLocation. @throws FunctionError with Go's text */
export function parseTime(layout: string, text: string, zone = 'UTC'): Time {
  let rest = text
  let last = 0
  const fail = (piece: string): never => {
    throw new FunctionError(`parsing time ${quote(text)} as ${quote(layout)}: cannot parse ${quote(rest)} as ${quote(piece)}`)
  }
  const outOfRange = (what: string): never => {
    throw new FunctionError(`parsing time ${quote(text)}: ${what} out of range`)
  }
  const literal = (part: string): void => {
    if (!rest.startsWith(part)) fail(part)
    rest = rest.slice(part.length)
  }
  const digits = (pattern: RegExp, piece: string): number => {
    const m = pattern.exec(rest)
    if (!m) return fail(piece)
    rest = rest.slice(m[0].length)
    return Number(m[0])
  }
  const word = (words: readonly string[], piece: string): number => {
    const found = words.findIndex((w) => rest.slice(0, w.length).toLowerCase() === w.toLowerCase())
    if (found < 0) return fail(piece)
    rest = rest.slice(words[found]?.length)
    return found
  }
  let year = 0
  let month = 1
  let day = 1
  let yearDay = 0
  let hour = 0
  let minute = 0
  let second = 0
  let ns = 0
  let pm: boolean | undefined
  let offset: number | undefined
  for (const m of layout.matchAll(PIECE)) {
    literal(layout.slice(last, m.index))
    const piece = m[0]
    last = m.index + piece.length
    switch (piece) {
      case 'January': month = word(MONTHS, piece) + 1; break
      case 'Jan': month = word(MONTHS.map((name) => name.slice(0, 3)), piece) + 1; break
      case 'Monday': word(DAYS, piece); break
      case 'Mon': word(DAYS.map((name) => name.slice(0, 3)), piece); break
      case 'MST': {
        const name = /^(?:UTC|[A-Z]{3,4}|GMT[+-]\d{1,2})/.exec(rest)?.[0] ?? fail(piece)
        rest = rest.slice(name.length)
        offset ??= 0
        break
      }
      case '2006': year = digits(/^\d{4}/, piece); break
      case '06': { const short = digits(/^\d\d/, piece); year = short >= 69 ? 1900 + short : 2000 + short; break }
      case '01': month = digits(/^\d\d/, piece); break
      case '1': month = digits(/^\d\d?/, piece); break
      case '02': day = digits(/^\d\d/, piece); break
      case '_2':
      case '2': rest = rest.replace(/^ /, ''); day = digits(/^\d\d?/, piece); break
      case '002': yearDay = digits(/^\d{3}/, piece); break
      case '15': hour = digits(/^\d\d/, piece); break
      case '03': hour = digits(/^\d\d/, piece); break
      case '3': hour = digits(/^\d\d?/, piece); break
      case '04': minute = digits(/^\d\d/, piece); break
      case '4': minute = digits(/^\d\d?/, piece); break
      case '05':
      case '5': {
        second = digits(piece === '05' ? /^\d\d/ : /^\d\d?/, piece)
        const fraction = /^[.,](\d+)/.exec(rest)
        if (fraction && !/^[.,][09]/.test(layout.slice(last))) {
          ns = Number((fraction[1] ?? '').slice(0, 9).padEnd(9, '0'))
          rest = rest.slice(fraction[0].length)
        }
        break
      }
      case 'PM':
      case 'pm': pm = word(piece === 'PM' ? ['AM', 'PM'] : ['am', 'pm'], piece) === 1; break
      default: {
        if (/^[.,]/.test(piece)) {
          const fraction = /^[.,](\d+)/.exec(rest)
          if (!fraction) { if (piece[1] === '0') fail(piece); break }
          ns = Number((fraction[1] ?? '').slice(0, 9).padEnd(9, '0'))
          rest = rest.slice(fraction[0].length)
          break
        }
        if (piece.startsWith('Z') && rest.startsWith('Z')) {
          rest = rest.slice(1)
          offset = 0
          break
        }
        const zoneText = (piece.includes(':') ? /^([+-])(\d\d):(\d\d)/ : piece.length > 4 ? /^([+-])(\d\d)(\d\d)/ : /^([+-])(\d\d)()/).exec(rest)
        if (!zoneText) { fail(piece); break }
        rest = rest.slice(zoneText[0].length)
        offset = (zoneText[1] === '-' ? -1 : 1) * (Number(zoneText[2]) * 3600 + Number(zoneText[3] || 0) * 60)
      }
    }
  }
  literal(layout.slice(last))
  if (rest) throw new FunctionError(`parsing time ${quote(text)}: extra text: ${quote(rest)}`)
  if (month < 1 || month > 12) outOfRange('month')
  if (hour > 23 || (pm !== undefined && hour > 12)) outOfRange('hour')
  if (minute > 59) outOfRange('minute')
  if (second > 59) outOfRange('second')
  if (pm && hour < 12) hour += 12
  else if (pm === false && hour === 12) hour = 0
  const date = new Date(0)
  date.setUTCFullYear(year, yearDay ? 0 : month - 1, yearDay || day)
  if (yearDay ? yearDay > 366 : date.getUTCMonth() !== month - 1 || day < 1) outOfRange('day')
  date.setUTCHours(hour, minute, second)
  const seconds = Math.floor(date.getTime() / 1000)
  const shift = offset ?? zoneAt(zone, seconds)?.offset ?? 0
  const shownZone = offset ? offsetText(offset, true, false, true) : zone
  return new Time((BigInt(seconds) - BigInt(shift)) * NS + BigInt(ns), offset === 0 ? 'UTC' : shownZone)
}

const UNITS: Readonly<Record<string, bigint>> = { ns: 1n, us: 1000n, 'µs': 1000n, 'μs': 1000n, ms: 1_000_000n, s: NS, m: 60n * NS, h: 3600n * NS }

/** time.ParseDuration in nanoseconds. @throws FunctionError with Go's text. @param text - JavaScript text */
export function parseDuration(text: string): bigint {
  const invalid = (): never => {
    throw new FunctionError(`time: invalid duration ${quote(text)}`)
  }
  const m = /^([+-]?)(.*)$/s.exec(text)
  let rest = m?.[2] ?? ''
  if (rest === '0') return 0n
  if (rest === '') return invalid()
  let total = 0n
  while (rest) {
    const part = /^(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)?/.exec(rest)
    const [all = '', whole = '', fraction = '', unit] = part ?? []
    if (whole === '' && fraction === '') return invalid()
    if (unit === undefined) {
      const name = /^[^\d.]*/.exec(rest.slice(all.length))?.[0] ?? ''
      throw new FunctionError(name === '' ? `time: missing unit in duration ${quote(text)}` : `time: unknown unit ${quote(name)} in duration ${quote(text)}`)
    }
    const scale = UNITS[unit] ?? 1n
    const digits = fraction.slice(0, 18)
    total += BigInt(whole || '0') * scale + (BigInt(digits || '0') * scale) / 10n ** BigInt(digits.length)
    if (total > 2n ** 63n - 1n) return invalid()
    rest = rest.slice(all.length)
  }
  return m?.[1] === '-' ? -total : total
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

/** The String method of times, durations, months and weekdays. */
export function timeText(value: Time | Int): string {
  if (value instanceof Time) return formatTime(value, '2006-01-02 15:04:05.999999999 -0700 MST')
  if (value.type === 'time.Duration') return durationText(value.value)
  if (value.type === 'time.Month') return MONTHS[Number(value.value) - 1] ?? `%!Month(${value.value})`
  if (value.type === 'time.Weekday') return DAYS[Number(value.value)] ?? `%!Weekday(${value.value})`
  return String(value.value)
}
