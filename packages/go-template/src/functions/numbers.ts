/**
 * sprig's arithmetic: 64-bit integers that wrap, floats through decimal arithmetic.
 * Follows: Masterminds/sprig v3.3.0 numeric.go; shopspring/decimal (16 digits of division).
 * @module
 */
import { randomInt } from 'node:crypto'
import { toFloat64, toInt64 } from '../convert.ts'
import { FunctionError } from '../errors.ts'
import { printed, shortestFloat } from '../format.ts'
import { deep, fn, type GoFunction } from '../signature.ts'
import { Int, int64, type GoValue } from '../values.ts'

const long = (value: bigint): Int => new Int('int64', int64(value))

/** An exact decimal: coefficient * 10^-scale. */
interface Decimal {
  readonly coefficient: bigint
  readonly scale: number
}

function decimal(value: number): Decimal {
  if (!Number.isFinite(value)) throw new FunctionError(`Cannot create a Decimal from ${shortestFloat(value, 'f')}`)
  const [whole = '', fraction = ''] = shortestFloat(value, 'f').split('.')
  return { coefficient: BigInt(whole + fraction), scale: fraction.length }
}

function aligned(a: Decimal, b: Decimal): [bigint, bigint, number] {
  const scale = Math.max(a.scale, b.scale)
  return [a.coefficient * 10n ** BigInt(scale - a.scale), b.coefficient * 10n ** BigInt(scale - b.scale), scale]
}

const OPERATIONS: Readonly<Record<string, (a: Decimal, b: Decimal) => Decimal>> = {
  addf: (a, b) => {
    const [x, y, scale] = aligned(a, b)
    return { coefficient: x + y, scale }
  },
  subf: (a, b) => {
    const [x, y, scale] = aligned(a, b)
    return { coefficient: x - y, scale }
  },
  mulf: (a, b) => ({ coefficient: a.coefficient * b.coefficient, scale: a.scale + b.scale }),
  divf: (a, b) => {
    if (b.coefficient === 0n) throw new FunctionError('decimal division by 0')
    const [x, y] = aligned(a, b)
    const scaled = x * 10n ** 17n
    const quotient = scaled / y
    const rounded = quotient / 10n + (quotient % 10n >= 5n ? 1n : quotient % 10n <= -5n ? -1n : 0n)
    return { coefficient: rounded, scale: 16 }
  },
}

function decimalNumber({ coefficient, scale }: Decimal): number {
  return Number(`${coefficient}e-${scale}`)
}

function folded(operation: string, first: GoValue, rest: readonly GoValue[]): number {
  const apply = OPERATIONS[operation] as (a: Decimal, b: Decimal) => Decimal
  return decimalNumber(rest.reduce((sum: Decimal, value) => apply(sum, decimal(toFloat64(value))), decimal(toFloat64(first))))
}

function divide(a: GoValue, b: GoValue): [bigint, bigint] {
  const [x, y] = [toInt64(a), toInt64(b)]
  if (y === 0n) throw new FunctionError('runtime error: integer divide by zero')
  return [x / y, x % y]
}

function round(value: GoValue, places: bigint, on = 0.5): number {
  const number = toFloat64(value)
  const power = 10 ** Number(places)
  const digit = power * number
  const fraction = digit % 1
  return (fraction >= on ? Math.ceil(digit) : Math.floor(digit)) / power
}

function most(args: readonly GoValue[], better: (a: bigint, b: bigint) => boolean): Int {
  return long(args.map(toInt64).reduce((best, value) => (better(value, best) ? value : best)))
}

type V = readonly GoValue[]
const max = fn('any ...any', (args: V) => most(args, (a, b) => a > b))

export const NUMBERS: Readonly<Record<string, GoFunction>> = {
  int: fn('any', ([value]: V) => toInt64(value)),
  int64: fn('any', ([value]: V) => long(toInt64(value))),
  float64: fn('any', ([value]: V) => toFloat64(value)),
  atoi: fn('string', ([s]: readonly [string]) => (/^[+-]?\d{1,19}$/.test(s) && BigInt(s.replace('+', '')) === int64(BigInt(s.replace('+', ''))) ? BigInt(s.replace('+', '')) : 0n)),
  toDecimal: deep(fn('any', ([value]: V) => {
    const text = printed(value)
    return long(/^[+-]?[0-7]{1,21}$/.test(text) ? (text.startsWith('-') ? -BigInt(`0o${text.slice(1)}`) : BigInt(`0o${text.replace('+', '')}`)) : 0n)
  })),
  add: fn('...any', (args: V) => long(args.map(toInt64).reduce((a, b) => a + b, 0n))),
  add1: fn('any', ([value]: V) => long(toInt64(value) + 1n)),
  sub: fn('any any', ([a, b]: V) => long(toInt64(a) - toInt64(b))),
  mul: fn('any ...any', (args: V) => long(args.map(toInt64).reduce((a, b) => int64(a * b)))),
  div: fn('any any', ([a, b]: V) => long(divide(a, b)[0])),
  mod: fn('any any', ([a, b]: V) => long(divide(a, b)[1])),
  addf: fn('...any', (args: V) => (args.length ? folded('addf', args[0], args.slice(1)) : 0)),
  add1f: fn('any', ([value]: V) => folded('addf', value, [1])),
  subf: fn('any ...any', ([first, ...rest]: V) => folded('subf', first, rest)),
  mulf: fn('any ...any', ([first, ...rest]: V) => folded('mulf', first, rest)),
  divf: fn('any ...any', ([first, ...rest]: V) => folded('divf', first, rest)),
  max,
  biggest: max,
  min: fn('any ...any', (args: V) => most(args, (a, b) => a < b)),
  maxf: fn('any ...any', (args: V) => Math.max(...args.map(toFloat64))),
  minf: fn('any ...any', (args: V) => Math.min(...args.map(toFloat64))),
  ceil: fn('any', ([value]: V) => Math.ceil(toFloat64(value))),
  floor: fn('any', ([value]: V) => Math.floor(toFloat64(value))),
  round: fn('any int ...float64', ([value, places, on]: readonly [GoValue, bigint, number?]) => round(value, places, on)),
  randInt: fn('int int', ([from, to]: readonly [bigint, bigint]) => {
    if (to <= from) throw new FunctionError('invalid argument to Intn')
    return from + BigInt(randomInt(Number(to - from > 2n ** 47n ? 2n ** 47n : to - from)))
  }),
}
