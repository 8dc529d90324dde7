/**
 * Go's values, as far as templates meet them.
 *
 * A Go string is a JavaScript string whose characters are its bytes (0 to 255), so that lengths, slices and invalid UTF-8 are Go's.
 * bool = boolean, int = bigint, float64 = number; nil in an interface = null; no value at all (reflect's zero Value) = undefined.
 * Everything else is one of the classes below.
 * @module
 */

/** An integer of another type than int. */
export class Int {
  readonly type: 'int64' | 'uint8' | 'uint32' | 'uint64' | 'int32' | 'time.Duration' | 'time.Month' | 'time.Weekday'
  readonly value: bigint
  constructor(type: Int['type'], value: bigint) {
    this.type = type
    this.value = value
  }
}

export class Complex {
  readonly re: number
  readonly im: number
  constructor(re: number, im: number) {
    this.re = re
    this.im = im
  }
}

export class List {
  /** Element type. */
  readonly of: 'interface {}' | 'string' | 'int' | '[]interface {}'
  readonly items: readonly GoValue[]
  /** Go's nil slice: an empty list that JSON calls null. */
  readonly isNil: boolean
  constructor(items: readonly GoValue[], of: List['of'] = 'interface {}', isNil = false) {
    this.items = items
    this.of = of
    this.isNil = isNil
  }

  /** The list of what was found; nil if nothing was. */
  static ofFound(items: readonly GoValue[], of: List['of'] = 'interface {}'): List {
    return new List(items, of, items.length === 0)
  }
}

/** A map with string keys. Shared and changed in place by `set`, `unset` and `merge`, as in Go. */
export class Dict {
  readonly of: 'interface {}' | 'string'
  readonly entries: Map<string, GoValue>
  constructor(entries: Map<string, GoValue> = new Map(), of: Dict['of'] = 'interface {}') {
    this.entries = entries
    this.of = of
  }
}

/** A zone by its name in the tz database, or an offset (seconds east of UTC) with or without a name. */
export type Zone = string | { readonly name: string; readonly offset: number }

/** A moment: nanoseconds since 1970 and the zone it is shown in. */
export class Time {
  readonly unixNs: bigint
  readonly zone: Zone
  constructor(unixNs: bigint, zone: Zone = 'UTC') {
    this.unixNs = unixNs
    this.zone = zone
  }
}

/** A struct or pointer with named fields and methods: semantic versions, certificates. */
export class Struct {
  readonly type: string
  readonly fields: ReadonlyMap<string, GoValue>
  readonly methods: ReadonlyMap<string, (args: readonly GoValue[]) => GoValue>
  /** How print shows it. */
  readonly text: string
  constructor(type: string, text: string, fields: ReadonlyMap<string, GoValue>, methods: ReadonlyMap<string, (args: readonly GoValue[]) => GoValue> = new Map()) {
    this.type = type
    this.text = text
    this.fields = fields
    this.methods = methods
  }
}

export type GoValue = undefined | null | boolean | string | bigint | number | Int | Complex | List | Dict | Time | Struct

export function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** A Go string as JavaScript text; invalid UTF-8 becomes U+FFFD, one for each byte, as Go's range does. */
export function textOf(bytes: string): string {
  let out = ''
  for (const [rune] of runes(bytes)) out += String.fromCodePoint(rune)
  return out
}

const REPLACEMENT = 0xfffd

/** Runes with their byte offsets and lengths; a byte that is no UTF-8 is U+FFFD of length 1. */
export function* runes(s: string): Generator<readonly [rune: number, at: number, bytes: number]> {
  let i = 0
  while (i < s.length) {
    const [rune, size] = runeAt(s, i)
    yield [rune, i, size]
    i += size
  }
}

export function runeAt(s: string, i: number): readonly [rune: number, bytes: number] {
  const a = s.charCodeAt(i)
  if (a < 0x80) return [a, 1]
  const size = a >= 0xf0 && a < 0xf5 ? 4 : a >= 0xe0 && a < 0xf0 ? 3 : a >= 0xc2 && a < 0xe0 ? 2 : 1
  if (size === 1 || i + size > s.length) return [REPLACEMENT, 1]
  let rune = a & (0xff >> (size + 1))
  for (let k = 1; k < size; k++) {
    const b = s.charCodeAt(i + k)
    if ((b & 0xc0) !== 0x80) return [REPLACEMENT, 1]
    rune = (rune << 6) | (b & 0x3f)
  }
  const least = size === 2 ? 0x80 : size === 3 ? 0x800 : 0x10000
  if (rune < least || rune > 0x10ffff || (rune >= 0xd800 && rune < 0xe000)) return [REPLACEMENT, 1]
  return [rune, size]
}

export function runeBytes(rune: number): string {
  return bytesOf(rune > 0x10ffff || rune < 0 || (rune >= 0xd800 && rune < 0xe000) ? '\ufffd' : String.fromCodePoint(rune))
}

/** Go's name of a value's dynamic type, as %T prints it. */
export function typeName(value: GoValue): string {
  if (value === undefined || value === null) return '<nil>'
  switch (typeof value) {
    case 'boolean':
      return 'bool'
    case 'string':
      return 'string'
    case 'bigint':
      return 'int'
    case 'number':
      return 'float64'
    default:
      if (value instanceof Int) return value.type
      if (value instanceof Complex) return 'complex128'
      if (value instanceof List) return `[]${value.of}`
      if (value instanceof Dict) return `map[string]${value.of}`
      return value instanceof Time ? 'time.Time' : value.type
  }
}

/** Go's reflect.Kind name. */
export function kindName(value: GoValue): string {
  if (value === undefined || value === null) return 'invalid'
  if (value instanceof List) return 'slice'
  if (value instanceof Dict) return 'map'
  if (value instanceof Time) return 'struct'
  if (value instanceof Struct) return value.type.startsWith('*') ? 'ptr' : 'struct'
  if (value instanceof Int) {
    if (value.type === 'time.Duration') return 'int64'
    return value.type === 'time.Month' || value.type === 'time.Weekday' ? 'int' : value.type
  }
  return typeName(value)
}

/** text/template's truth, and (negated) what sprig calls empty for everything but structs. */
export function isTrue(value: GoValue): boolean {
  if (value === undefined || value === null) return false
  switch (typeof value) {
    case 'boolean':
      return value
    case 'string':
      return value.length > 0
    case 'bigint':
      return value !== 0n
    case 'number':
      return value !== 0
    default:
      if (value instanceof Int) return value.value !== 0n
      if (value instanceof Complex) return value.re !== 0 || value.im !== 0
      if (value instanceof List) return value.items.length > 0
      if (value instanceof Dict) return value.entries.size > 0
      return true
  }
}

export function sortedKeys(dict: Dict): string[] {
  return [...dict.entries.keys()].toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
}

/** Wraps around as Go's int64 does. */
export function int64(value: bigint): bigint {
  return BigInt.asIntN(64, value)
}

/** The same moment shown in the same zone. */
export function sameTime(a: Time, b: Time): boolean {
  const [x, y] = [a.zone, b.zone]
  return a.unixNs === b.unixNs && (typeof x === 'string' || typeof y === 'string' ? x === y : x.name === y.name && x.offset === y.offset)
}

/** reflect.DeepEqual. */
export function deepEqual(a: GoValue, b: GoValue): boolean {
  if (a instanceof Int && b instanceof Int) return a.type === b.type && a.value === b.value
  if (a instanceof List && b instanceof List) {
    return a.of === b.of && a.isNil === b.isNil && a.items.length === b.items.length && a.items.every((item, i) => deepEqual(item, b.items[i]))
  }
  if (a instanceof Dict && b instanceof Dict) {
    if (a.of !== b.of || a.entries.size !== b.entries.size) return false
    return [...a.entries].every(([key, value]) => b.entries.has(key) && deepEqual(value, b.entries.get(key)))
  }
  if (a instanceof Time && b instanceof Time) return sameTime(a, b)
  if (a instanceof Struct && b instanceof Struct) return a.type === b.type && a.text === b.text
  return (a ?? null) === (b ?? null)
}
