/**
 * sprig's dates. Go's local zone is UTC here, as in a container.
 * Follows: Masterminds/sprig v3.3.0 date.go.
 * @module
 */
import { FunctionError } from '../errors.ts'
import { fn, type Environment, type GoFunction } from '../signature.ts'
import { formatTime, parseTime } from '../layout.ts'
import { durationText, floorDiv, parseDuration, zoneAt, ZERO_TIME } from '../time.ts'
import { Int, int64, Time, type GoValue } from '../values.ts'

const NS = 1_000_000_000n

function nowOf({ now }: Environment): Time {
  return new Time(BigInt(now().getTime()) * 1_000_000n, 'Local')
}

/** Times, and integers as seconds since 1970; everything else is now. */
function moment(value: GoValue, environment: Environment): Time {
  if (value instanceof Time) return value
  if (typeof value === 'bigint') return new Time(value * NS)
  if (value instanceof Int && value.type !== 'time.Duration') return new Time(value.value * NS)
  return nowOf(environment)
}

function inZone(layout: string, value: GoValue, zone: string, environment: Environment): string {
  const time = moment(value, environment)
  return formatTime(new Time(time.unixNs, zoneAt(zone, 0) ? zone : 'UTC'), layout)
}

function modified(duration: string, time: Time): Time {
  return new Time(time.unixNs + parseDuration(duration), time.zone)
}

function roundedToSecond(ns: bigint): bigint {
  const rest = ns % NS
  return ns - rest + (rest * 2n >= NS ? NS : rest * -2n >= NS ? -NS : 0n)
}

/** Seconds from an int64 or a decimal text, as nanoseconds that wrap; everything else is none. */
function durationOf(value: GoValue): bigint {
  if (value instanceof Int && value.type === 'int64') return int64(value.value * NS)
  if (typeof value !== 'string' || !/^[+-]?\d{1,400}$/.test(value)) return 0n
  const seconds = BigInt(value.replace('+', ''))
  const largest = 2n ** 63n - 1n
  return int64((seconds > largest ? largest : seconds < -largest - 1n ? -largest - 1n : seconds) * NS)
}

/** The largest unit that fits: years of 365 days, months of 30. */
function rounded(value: GoValue, environment: Environment): string {
  let ns = 0n
  if (typeof value === 'string') {
    try {
      ns = parseDuration(value)
    } catch (error) {
      if (!(error instanceof FunctionError)) throw error
    }
  } else if (value instanceof Int && value.type === 'int64') ns = value.value
  else if (value instanceof Time) ns = nowOf(environment).unixNs - value.unixNs
  const seconds = ns < 0n ? -ns / NS : ns / NS
  const day = 86400n
  for (const [unit, size] of [['y', 365n * day], ['mo', 30n * day], ['d', day], ['h', 3600n], ['m', 60n], ['s', 1n]] as const) {
    if (seconds >= size) return `${seconds / size}${unit}`
  }
  return '0s'
}

const modify = fn('string time', ([duration, time]: readonly [string, Time]) => {
  try {
    return modified(duration, time)
  } catch (error) {
    if (error instanceof FunctionError) return time
    throw error
  }
})
const mustModify = fn('string time', ([duration, time]: readonly [string, Time]) => modified(duration, time))
const dateInZone = fn('string any string', ([layout, value, zone]: readonly [string, GoValue, string], env) => inZone(layout, value, zone, env))

export const DATES: Readonly<Record<string, GoFunction>> = {
  now: fn('', (_: readonly GoValue[], env) => nowOf(env)),
  date: fn('string any', ([layout, value]: readonly [string, GoValue], env) => inZone(layout, value, 'UTC', env)),
  dateInZone,
  date_in_zone: dateInZone,
  htmlDate: fn('any', ([value]: readonly GoValue[], env) => inZone('2006-01-02', value, 'UTC', env)),
  htmlDateInZone: fn('any string', ([value, zone]: readonly [GoValue, string], env) => inZone('2006-01-02', value, zone, env)),
  dateModify: modify,
  date_modify: modify,
  mustDateModify: mustModify,
  must_date_modify: mustModify,
  toDate: fn('string string', ([layout, text]: readonly [string, string]) => {
    try {
      return parseTime(layout, text)
    } catch (error) {
      if (error instanceof FunctionError) return ZERO_TIME
      throw error
    }
  }),
  mustToDate: fn('string string', ([layout, text]: readonly [string, string]) => parseTime(layout, text)),
  unixEpoch: fn('time', ([time]: readonly [Time]) => String(floorDiv(time.unixNs, NS))),
  ago: fn('any', ([value]: readonly GoValue[], env) => durationText(roundedToSecond(nowOf(env).unixNs - moment(value, env).unixNs))),
  duration: fn('any', ([value]: readonly GoValue[]) => durationText(durationOf(value))),
  durationRound: fn('any', ([value]: readonly GoValue[], env) => rounded(value, env)),
}
