/**
 * Layouts: how Go writes and reads a time by the example of Mon Jan 2 15:04:05 -0700 2006.
 * Follows: Go time/format.go.
 * @module
 */
import { FunctionError } from './errors.ts'
import { durationText, quotedInTime, shownTime } from './time.ts'
import { Time, type Int, type Zone } from './values.ts'

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December']
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const short = (names: readonly string[]): string[] => names.map((name) => name.slice(0, 3))

const NS = 1_000_000_000n

/** What stands for something in a layout, longest first where one begins another. `_2006` is an underscore and a year. */
const PIECE =
  /January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|2006|15|PM|pm|002|0[1-6]|__2|_2(?!006)|[1-5]|Z07(?:0000|:00:00|00|:00)?|-07(?:0000|:00:00|00|:00)?|[.,](?:0+|9+)(?!\d)/g

const two = (n: number): string => String(n).padStart(2, '0')

function yearText(year: number): string {
  return (year < 0 ? '-' : '') + String(Math.abs(year)).padStart(4, '0')
}

/** @param form - the piece behind its sign: `07`, `0700`, `07:00:00`, ... */
function offsetText(offset: number, form: string): string {
  const seconds = Math.abs(offset)
  const parts = [two(Math.floor(seconds / 3600))]
  if (form.length > 2) parts.push(two(Math.floor(seconds / 60) % 60))
  if (form.length > 5) parts.push(two(seconds % 60))
  return (offset < 0 ? '-' : '+') + parts.join(form.includes(':') ? ':' : '')
}

export function formatTime(time: Time, layout: string): string {
  const t = shownTime(time)
  return layout.replace(PIECE, (piece) => {
    switch (piece) {
      case 'January': return MONTHS[t.month - 1] ?? ''
      case 'Jan': return short(MONTHS)[t.month - 1] ?? ''
      case 'Monday': return DAYS[t.weekday] ?? ''
      case 'Mon': return short(DAYS)[t.weekday] ?? ''
      case 'MST': return t.abbreviation
      case '2006': return yearText(t.year)
      case '06': return two(Math.max(t.year, 0) % 100)
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
      default:
    }
    if (piece.startsWith('Z') && t.offset === 0) return 'Z'
    if (/^[Z-]/.test(piece)) return offsetText(t.offset, piece.slice(1))
    const digits = String(t.ns).padStart(9, '0').slice(0, piece.length - 1).padEnd(piece.length - 1, '0')
    const shown = piece[1] === '9' ? digits.replace(/0+$/, '') : digits
    return shown && (piece[0] ?? '') + shown
  })
}

/** The name of a zone at the start of a text, as `MST` reads it. */
function zoneName(text: string): string | undefined {
  const numeric = /^(GMT)?[+-](\d{1,18})/.exec(text)
  if (numeric && Number(numeric[2]) <= 23) return numeric[0]
  return /^(?:ChST|MeST|GMT|(?:[A-Z]{4}T|[A-Z]{3}T|WITA|[A-Z]{3})(?![A-Z]))/.exec(text)?.[0]
}

/** The text of a time, read from its start. Each step takes what it reads away; a step that finds nothing is false. */
class Reader {
  rest: string
  constructor(text: string) {
    this.rest = text
  }

  take(pattern: RegExp): string | undefined {
    const found = pattern.exec(this.rest)?.[0]
    if (found !== undefined) this.rest = this.rest.slice(found.length)
    return found
  }

  /** One or two digits, or exactly two. */
  number(isPadded = false): number | undefined {
    const found = this.take(isPadded ? /^\d\d/ : /^\d\d?/)
    return found === undefined ? undefined : Number(found)
  }

  word(words: readonly string[]): number | undefined {
    const found = words.findIndex((word) => this.rest.slice(0, word.length).toLowerCase() === word.toLowerCase())
    if (found < 0) return undefined
    this.rest = this.rest.slice(words[found]?.length)
    return found
  }

  /** A blank in the layout stands for any number of them, also at the end of the text. @returns what of the layout did not fit */
  literal(text: string): string | undefined {
    for (let at = 0; at < text.length; at++) {
      if (text[at] === ' ') {
        if (this.rest !== '' && !this.rest.startsWith(' ')) return text.slice(at)
        while (text[at + 1] === ' ') at++
        this.take(/^ +/)
      } else {
        if (this.rest === '' || this.rest[0] !== text[at]) return text.slice(at)
        this.rest = this.rest.slice(1)
      }
    }
    return undefined
  }
}

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
const daysIn = (month: number, year: number): number => (month === 2 && isLeap(year) ? 29 : ([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0))

/** time.ParseInLocation with the local zone. @throws FunctionError with Go's text */
export function parseTime(layout: string, text: string): Time {
  const reader = new Reader(text)
  const cannot = (element: string, at: string): never => {
    throw new FunctionError(`parsing time ${quotedInTime(text)} as ${quotedInTime(layout)}: cannot parse ${quotedInTime(at)} as ${quotedInTime(element)}`)
  }
  const wrong = (what: string): never => {
    throw new FunctionError(`parsing time ${quotedInTime(text)}: ${what}`)
  }
  let [year, hour, minute, second, ns] = [0, 0, 0, 0, 0]
  let month: number | undefined
  let day: number | undefined
  let yearDay: number | undefined
  let afternoon: boolean | undefined
  let isUtc = false
  let offset: number | undefined
  let name = ''

  const checked = (value: number, from: number, to: number, what: string): number => (value < from || value > to ? wrong(`${what} out of range`) : value)
  const fraction = (digits: string): number => Number(digits.slice(1, 10).padEnd(9, '0'))

  function read(piece: string, after: string): boolean {
    const ok = <T>(value: T | undefined, set: (value: T) => void): boolean => {
      if (value !== undefined) set(value)
      return value !== undefined
    }
    switch (piece) {
      case 'January': return ok(reader.word(MONTHS), (v) => (month = v + 1))
      case 'Jan': return ok(reader.word(short(MONTHS)), (v) => (month = v + 1))
      case 'Monday': return reader.word(DAYS) !== undefined
      case 'Mon': return reader.word(short(DAYS)) !== undefined
      case 'MST': {
        isUtc = reader.take(/^UTC/) !== undefined
        return isUtc || ok(zoneName(reader.rest), (v) => {
          name = v
          reader.rest = reader.rest.slice(v.length)
        })
      }
      case '2006': return ok(reader.take(/^\d{4}/), (v) => (year = Number(v)))
      case '06': return ok(reader.take(/^(?:\d\d|[+-]\d)/), (v) => (year = Number(v) + (Number(v) >= 69 ? 1900 : 2000)))
      case '01': case '1': return ok(reader.number(piece === '01'), (v) => (month = checked(v, 1, 12, 'month')))
      case '02': case '2': return ok(reader.number(piece === '02'), (v) => (day = v))
      case '_2':
        reader.take(/^ /)
        return ok(reader.number(), (v) => (day = v))
      case '002': return ok(reader.take(/^\d{3}/), (v) => (yearDay = Number(v)))
      case '__2':
        reader.take(/^ {1,2}/)
        return ok(reader.take(/^\d{1,3}/), (v) => (yearDay = Number(v)))
      case '15': return ok(reader.number(), (v) => (hour = checked(v, 0, 23, 'hour')))
      case '03': case '3': return ok(reader.number(piece === '03'), (v) => (hour = checked(v, 0, 12, 'hour')))
      case '04': case '4': return ok(reader.number(piece === '04'), (v) => (minute = checked(v, 0, 59, 'minute')))
      case '05': case '5': return ok(reader.number(piece === '05'), (v) => {
        second = checked(v, 0, 59, 'second')
        const next = after.match(PIECE)?.[0] ?? ''
        if (!/^[.,]/.test(next)) ns = fraction(reader.take(/^[.,]\d+/) ?? '.')
      })
      case 'PM': case 'pm': return ok(reader.take(piece === 'PM' ? /^[AP]M/ : /^[ap]m/), (v) => (afternoon = /^p/i.test(v)))
      default:
    }
    if (piece.startsWith('Z') && reader.take(/^Z/)) {
      isUtc = true
      return true
    }
    if (/^[Z-]/.test(piece)) {
      return ok(reader.take(new RegExp(`^[+-]${piece.slice(1).replace(/\d/g, '\\d')}`)), (v) => {
        const [hours = 0, minutes = 0, seconds = 0] = (v.match(/\d\d/g) ?? []).map(Number)
        checked(hours, 0, 24, 'time zone offset hour')
        checked(minutes, 0, 60, 'time zone offset minute')
        checked(seconds, 0, 60, 'time zone offset second')
        offset = (v.startsWith('-') ? -1 : 1) * ((hours * 60 + minutes) * 60 + seconds)
      })
    }
    if (piece[1] === '0') return ok(reader.take(new RegExp(`^[.,]\\d{${piece.length - 1}}`)), (v) => (ns = fraction(v)))
    ns = fraction(reader.take(/^[.,]\d+/) ?? '.')
    return true
  }

  let last = 0
  for (const found of layout.matchAll(PIECE)) {
    const [piece] = found
    const before = layout.slice(last, found.index)
    if (reader.literal(before) !== undefined) cannot(before, reader.rest)
    last = found.index + piece.length
    const held = reader.rest
    if (!read(piece, layout.slice(last))) cannot(piece, held)
  }
  const end = layout.slice(last)
  if (reader.literal(end) !== undefined) cannot(end, reader.rest)
  if (reader.rest) wrong(`extra text: ${quotedInTime(reader.rest)}`)

  if (afternoon && hour < 12) hour += 12
  else if (afternoon === false && hour === 12) hour = 0
  if (yearDay !== undefined) {
    if (yearDay < 1 || yearDay > (isLeap(year) ? 366 : 365)) wrong('day-of-year out of range')
    const date = new Date(0)
    date.setUTCFullYear(year, 0, yearDay)
    if (month !== undefined && month !== date.getUTCMonth() + 1) wrong('day-of-year does not match month')
    if (day !== undefined && day !== date.getUTCDate()) wrong('day-of-year does not match day')
    month = date.getUTCMonth() + 1
    day = date.getUTCDate()
  }
  checked(day ?? 1, 1, daysIn(month ?? 1, year), 'day')
  const date = new Date(0)
  date.setUTCFullYear(year, (month ?? 1) - 1, day ?? 1)
  date.setUTCHours(hour, minute, second)
  const unixNs = BigInt(date.getTime()) * 1_000_000n + BigInt(ns)
  if (isUtc) return new Time(unixNs)
  if (offset !== undefined) return new Time(unixNs - BigInt(offset) * NS, offset === 0 && name === '' ? 'Local' : { name, offset })
  // A name alone does not tell the offset, except GMT+3.
  const zone: Zone = name === '' ? 'Local' : { name, offset: name.startsWith('GMT') ? Number(name.slice(3)) * 3600 : 0 }
  return new Time(unixNs - (typeof zone === 'string' ? 0n : BigInt(zone.offset) * NS), zone)
}

/** How JSON writes a time: RFC 3339 with as many digits as there are. @throws FunctionError for years that it cannot write */
export function jsonTime(time: Time): string {
  const { year } = shownTime(time)
  if (year < 0 || year > 9999) throw new FunctionError('json: error calling MarshalJSON for type time.Time: Time.MarshalJSON: year outside of range [0,9999]')
  return formatTime(time, '2006-01-02T15:04:05.999999999Z07:00')
}

/** %#v of a time. */
export function timeSyntax(time: Time): string {
  const t = shownTime(time)
  const zone = typeof time.zone === 'string' ? `time.${time.zone}` : `time.Location("${time.zone.name}")`
  return `time.Date(${t.year}, time.${MONTHS[t.month - 1] ?? ''}, ${t.day}, ${t.hour}, ${t.minute}, ${t.second}, ${t.ns}, ${zone})`
}

/** The String method of times, durations, months and weekdays. */
export function timeText(value: Time | Int): string {
  if (value instanceof Time) return formatTime(value, '2006-01-02 15:04:05.999999999 -0700 MST')
  if (value.type === 'time.Duration') return durationText(value.value)
  if (value.type === 'time.Month') return MONTHS[Number(value.value) - 1] ?? `%!Month(${value.value})`
  if (value.type === 'time.Weekday') return DAYS[Number(value.value)] ?? `%!Weekday(${value.value})`
  return String(value.value)
}
