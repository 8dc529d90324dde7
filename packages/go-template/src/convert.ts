/**
 * Lenient conversions of sprig's arithmetic.
 * Follows: github.com/spf13/cast (ToInt64E, ToFloat64E).
 * @module
 */
import { parseGoFloat, parseGoInt } from './literals.ts'
import { Int, int64, type GoValue } from './values.ts'

const INT64_MAX = 2n ** 63n - 1n

/** What cannot be converted is 0. */
export function toInt64(value: GoValue): bigint {
  switch (typeof value) {
    case 'bigint':
      return value
    case 'number':
      if (!Number.isFinite(value) || Math.abs(value) >= 2 ** 63) return -(2n ** 63n)
      return BigInt(Math.trunc(value))
    case 'boolean':
      return value ? 1n : 0n
    case 'string': {
      const parsed = parseGoInt(/^[+-]?[0-9]+\.0*$/.test(value) ? value.slice(0, value.indexOf('.')) : value)
      return parsed === undefined || parsed > INT64_MAX || parsed < -INT64_MAX - 1n ? 0n : parsed
    }
    default:
      return value instanceof Int ? int64(value.value) : 0n
  }
}

export function toFloat64(value: GoValue): number {
  switch (typeof value) {
    case 'bigint':
      return Number(value)
    case 'number':
      return value
    case 'boolean':
      return value ? 1 : 0
    case 'string':
      return /^nan$/i.test(value) ? NaN : /^[+-]?inf(?:inity)?$/i.test(value) ? (value.startsWith('-') ? -Infinity : Infinity) : (parseGoFloat(value) ?? 0)
    default:
      return value instanceof Int ? Number(value.value) : 0
  }
}
