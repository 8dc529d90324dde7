/**
 * Go's predefined template functions.
 * Follows: Go text/template/funcs.go.
 * @module
 */
import { FunctionError } from '../errors.ts'
import { printed, sprint, sprintf } from '../format.ts'
import { deep, fn, type GoFunction } from '../signature.ts'
import { Complex, Dict, Int, isTrue, kindName, List, runes, sameTime, Time, typeName, type GoValue } from '../values.ts'

/** Room for one printf; the rendering's own bound comes on top. */
const MAX_PRINTED_BYTES = 4 << 20

/** `string` or the texts of all values, as html, js and urlquery see their arguments. */
function evaluated(args: readonly GoValue[]): string {
  const [only] = args
  return args.length === 1 && typeof only === 'string' ? only : sprint(args.map((arg) => arg ?? '<no value>'))
}

const HTML: Readonly<Record<string, string>> = { '"': '&#34;', "'": '&#39;', '&': '&amp;', '<': '&lt;', '>': '&gt;', '\0': '\xef\xbf\xbd' }

function html(text: string): string {
  return text.replace(/["'&<>\0]/g, (c) => HTML[c] ?? c)
}

function js(text: string): string {
  const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', "'": "\\'", '"': '\\"', '<': '\\u003C', '>': '\\u003E', '&': '\\u0026', '=': '\\u003D' }
  let out = ''
  for (const [rune, at, size] of runes(text)) {
    const c = text.slice(at, at + size)
    if (escapes[c]) out += escapes[c]
    else if (rune < 0x20) out += `\\u00${rune.toString(16).toUpperCase().padStart(2, '0')}`
    else if (rune < 0x80 || size === 1) out += c
    else out += /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(String.fromCodePoint(rune)) ? c : `\\u${rune.toString(16).toUpperCase().padStart(4, '0')}`
  }
  return out
}

export function queryEscape(text: string): string {
  return text.replace(/[^A-Za-z0-9_.~-]/g, (c) => (c === ' ' ? '+' : `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`))
}

type Basic = 'bool' | 'complex' | 'int' | 'uint' | 'float' | 'string'

function basicKind(value: Exclude<GoValue, undefined | null>): Basic | undefined {
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'number') return 'float'
  if (typeof value === 'bigint') return 'int'
  if (value instanceof Complex) return 'complex'
  if (value instanceof Int) return value.type.startsWith('uint') ? 'uint' : 'int'
  return undefined
}

const integer = (value: GoValue): bigint => (value instanceof Int ? value.value : (value as bigint))

function comparable(value: Exclude<GoValue, undefined | null>): boolean {
  return !(value instanceof List || value instanceof Dict)
}

const isNil = (value: GoValue): boolean => value === undefined || value === null || (value instanceof List && value.isNil)
const shown = (verb: '%s' | '%v', value: GoValue): string => sprintf(verb, [value], MAX_PRINTED_BYTES)

function equal(a: GoValue, others: readonly GoValue[]): boolean {
  if (others.length === 0) throw new FunctionError('missing argument for comparison')
  return others.some((b) => equals(a, b))
}

function equals(a: GoValue, b: GoValue): boolean {
  if (a === undefined || a === null || b === undefined || b === null) return isNil(a) && isNil(b)
  const [ka, kb] = [basicKind(a), basicKind(b)]
  const isWhole = (kind: Basic | undefined): boolean => kind === 'int' || kind === 'uint'
  if (isWhole(ka) && isWhole(kb)) return integer(a) === integer(b)
  if (ka !== kb) throw new FunctionError(`incompatible types for comparison: ${typeName(a)} and ${typeName(b)}`)
  if (a instanceof Complex && b instanceof Complex) return a.re === b.re && a.im === b.im
  if (ka !== undefined) return a === b
  if (kindName(a) !== kindName(b)) throw new FunctionError(`non-comparable types ${shown('%s', a)}: ${typeName(a)}, ${typeName(b)}: ${shown('%v', b)}`)
  if (isNil(a) || isNil(b)) return isNil(a) && isNil(b)
  if (!comparable(b)) throw new FunctionError(`non-comparable type ${shown('%s', b)}: ${typeName(b)}`)
  return a instanceof Time && b instanceof Time ? sameTime(a, b) : a === b
}

function less(a: GoValue, b: GoValue): boolean {
  const kind = (v: GoValue): Basic => {
    const found = v === undefined || v === null ? undefined : basicKind(v)
    if (found === undefined) throw new FunctionError('invalid type for comparison')
    return found
  }
  const [ka, kb] = [kind(a), kind(b)]
  const whole = (k: Basic): boolean => k === 'int' || k === 'uint'
  if (ka !== kb && !(whole(ka) && whole(kb))) throw new FunctionError(`incompatible types for comparison: ${typeName(a)} and ${typeName(b)}`)
  if (ka === 'bool' || ka === 'complex') throw new FunctionError('invalid type for comparison')
  if (whole(ka)) return integer(a) < integer(b)
  return ka === 'float' ? (a as number) < (b as number) : (a as string) < (b as string)
}

function indexArgument(value: GoValue, length: number): number {
  if (value === undefined || value === null) throw new FunctionError('cannot index slice/array with nil')
  if (typeof value !== 'bigint' && !(value instanceof Int)) throw new FunctionError(`cannot index slice/array with type ${typeName(value)}`)
  const at = integer(value)
  if (at < 0n || at > BigInt(length)) throw new FunctionError(`index out of range: ${at}`)
  return Number(at)
}

function index(item: GoValue, keys: readonly GoValue[]): GoValue {
  if (item === undefined || item === null) throw new FunctionError('index of untyped nil')
  let value: GoValue = item
  for (const key of keys) {
    if (value === undefined || value === null) throw new FunctionError('index of nil pointer')
    if (value instanceof List || typeof value === 'string') {
      const length = value instanceof List ? value.items.length : value.length
      const at = indexArgument(key, length)
      if (at >= length) throw new FunctionError(value instanceof List ? `index out of range: ${at}` : 'reflect: string index out of range')
      value = value instanceof List ? value.items[at] : new Int('uint8', BigInt(value.charCodeAt(at)))
    } else if (value instanceof Dict) {
      if (key === undefined || key === null) throw new FunctionError('value is nil; should be of type string')
      if (typeof key !== 'string') throw new FunctionError(`value has type ${typeName(key)}; should be string`)
      value = value.entries.has(key) ? value.entries.get(key) : value.of === 'string' ? '' : null
    } else throw new FunctionError(`can't index item of type ${typeName(value)}`)
  }
  return value
}

function length(value: GoValue): bigint {
  if (value === undefined || value === null) throw new FunctionError('reflect: call of reflect.Value.Type on zero Value')
  if (typeof value === 'string') return BigInt(value.length)
  if (value instanceof List) return BigInt(value.items.length)
  if (value instanceof Dict) return BigInt(value.entries.size)
  throw new FunctionError(`len of type ${typeName(value)}`)
}

export const BUILTINS: Readonly<Record<string, GoFunction>> = {
  and: fn('any ...any', ([first]: readonly GoValue[]) => first),
  or: fn('any ...any', ([first]: readonly GoValue[]) => first),
  not: fn('any', ([value]: readonly GoValue[]) => !isTrue(value)),
  len: fn('any', ([value]: readonly GoValue[]) => length(value)),
  index: fn('any ...any', ([item, ...keys]: readonly GoValue[]) => index(item, keys)),
  print: deep(fn('...any', (args: readonly GoValue[]) => sprint(args))),
  println: deep(fn('...any', (args: readonly GoValue[]) => `${args.map((arg) => printed(arg)).join(' ')}\n`)),
  printf: deep(fn('string ...any', ([format, ...args]: readonly [string, ...GoValue[]]) => sprintf(format, args, MAX_PRINTED_BYTES))),
  html: deep(fn('...any', (args: readonly GoValue[]) => html(evaluated(args)))),
  js: deep(fn('...any', (args: readonly GoValue[]) => js(evaluated(args)))),
  urlquery: deep(fn('...any', (args: readonly GoValue[]) => queryEscape(evaluated(args)))),
  call: fn('any ...any', () => undefined),
  eq: fn('any ...any', ([a, ...others]: readonly GoValue[]) => equal(a, others)),
  ne: fn('any any', ([a, b]: readonly GoValue[]) => !equal(a, [b])),
  lt: fn('any any', ([a, b]: readonly GoValue[]) => less(a, b)),
  le: fn('any any', ([a, b]: readonly GoValue[]) => less(a, b) || equal(a, [b])),
  gt: fn('any any', ([a, b]: readonly GoValue[]) => !less(a, b) && !equal(a, [b])),
  ge: fn('any any', ([a, b]: readonly GoValue[]) => !less(a, b)),
}
