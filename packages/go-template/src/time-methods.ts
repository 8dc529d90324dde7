/**
 * Methods of Go's times and durations that templates call as fields.
 * @module
 */
import { FunctionError } from './errors.ts'
import { formatTime, timeText } from './layout.ts'
import { floorDiv, shownTime, ZERO_TIME } from './time.ts'
import { Int, Time, typeName, type GoValue } from './values.ts'

type Method = (args: readonly GoValue[]) => GoValue

function text(value: GoValue): string {
  if (typeof value !== 'string') throw new FunctionError(`wrong type for value; expected string; got ${typeName(value)}`)
  return value
}

function other(value: GoValue): Time {
  if (!(value instanceof Time)) throw new FunctionError(`wrong type for value; expected time.Time; got ${typeName(value)}`)
  return value
}

function whole(value: GoValue): number {
  if (typeof value !== 'bigint') throw new FunctionError(`wrong type for value; expected int; got ${typeName(value)}`)
  return Number(value)
}

function added(time: Time, years: number, months: number, days: number): Time {
  const shown = shownTime(time)
  const date = new Date(0)
  date.setUTCFullYear(shown.year + years, shown.month - 1 + months, shown.day + days)
  date.setUTCHours(shown.hour, shown.minute, shown.second)
  return new Time(BigInt(date.getTime() - shown.offset * 1000) * 1_000_000n + BigInt(shown.ns), time.zone)
}

const TIME_METHODS: Readonly<Record<string, (time: Time) => Method>> = {
  Year: (t) => () => BigInt(shownTime(t).year),
  Month: (t) => () => new Int('time.Month', BigInt(shownTime(t).month)),
  Day: (t) => () => BigInt(shownTime(t).day),
  Hour: (t) => () => BigInt(shownTime(t).hour),
  Minute: (t) => () => BigInt(shownTime(t).minute),
  Second: (t) => () => BigInt(shownTime(t).second),
  Nanosecond: (t) => () => BigInt(shownTime(t).ns),
  YearDay: (t) => () => BigInt(shownTime(t).yearDay),
  Weekday: (t) => () => new Int('time.Weekday', BigInt(shownTime(t).weekday)),
  Unix: (t) => () => new Int('int64', floorDiv(t.unixNs, 1_000_000_000n)),
  UnixMilli: (t) => () => new Int('int64', floorDiv(t.unixNs, 1_000_000n)),
  UnixNano: (t) => () => new Int('int64', t.unixNs),
  UnixMicro: (t) => () => new Int('int64', floorDiv(t.unixNs, 1000n)),
  UTC: (t) => () => new Time(t.unixNs),
  Local: (t) => () => new Time(t.unixNs, 'Local'),
  String: (t) => () => timeText(t),
  IsZero: (t) => () => t.unixNs === ZERO_TIME.unixNs,
  Format: (t) => (args) => formatTime(t, text(args[0])),
  AddDate: (t) => (args) => added(t, whole(args[0]), whole(args[1]), whole(args[2])),
  Add: (t) => (args) => new Time(t.unixNs + (args[0] instanceof Int ? args[0].value : BigInt(whole(args[0]))), t.zone),
  Sub: (t) => (args) => new Int('time.Duration', t.unixNs - other(args[0]).unixNs),
  Before: (t) => (args) => t.unixNs < other(args[0]).unixNs,
  After: (t) => (args) => t.unixNs > other(args[0]).unixNs,
  Compare: (t) => (args) => (t.unixNs < other(args[0]).unixNs ? -1n : t.unixNs > other(args[0]).unixNs ? 1n : 0n),
  Equal: (t) => (args) => t.unixNs === other(args[0]).unixNs,
}

const INT_METHODS: Readonly<Record<string, (value: Int) => Method>> = {
  String: (v) => () => timeText(v),
  Hours: (v) => () => Number(v.value) / 3.6e12,
  Minutes: (v) => () => Number(v.value) / 6e10,
  Seconds: (v) => () => Number(v.value) / 1e9,
  Microseconds: (v) => () => new Int('int64', v.value / 1000n),
  Milliseconds: (v) => () => new Int('int64', v.value / 1_000_000n),
  Nanoseconds: (v) => () => new Int('int64', v.value),
}

export function timeField(receiver: Time | Int, name: string): Method | undefined {
  if (receiver instanceof Time) return Object.hasOwn(TIME_METHODS, name) ? TIME_METHODS[name]?.(receiver) : undefined
  if (!receiver.type.startsWith('time.') || !Object.hasOwn(INT_METHODS, name)) return undefined
  return name === 'String' || receiver.type === 'time.Duration' ? INT_METHODS[name]?.(receiver) : undefined
}

