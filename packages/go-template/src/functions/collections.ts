/**
 * sprig's lists, dicts, defaults and reflection.
 * Follows: Masterminds/sprig v3.3.0 list.go, dict.go, defaults.go, reflect.go; imdario/mergo (merge).
 * @module
 */
import { toInt64 } from '../convert.ts'
import { FunctionError } from '../errors.ts'
import { deep, fn, type Budget, type Environment, type GoFunction } from '../signature.ts'
import { deepEqual, Dict, isTrue, kindName, List, sortedKeys, Struct, Time, typeName, type GoValue } from '../values.ts'
import { strval } from './strings.ts'

/** sprig's empty: every struct is full. */
const empty = (value: GoValue): boolean => !(value instanceof Struct || value instanceof Time) && !isTrue(value)

/** The items of a list; what is none is Go's error for the verb. */
function items(value: GoValue, verb: string): readonly GoValue[] {
  if (isList(value)) return value.items
  throw new FunctionError(`Cannot ${verb} on type ${kindOfType(value)}`)
}

/** Of nothing Go cannot tell even the type. */
function isList(value: GoValue): value is List {
  if (value === undefined || value === null) throw new FunctionError('runtime error: invalid memory address or nil pointer dereference')
  return value instanceof List
}

function kindOfType(value: GoValue): string {
  return kindName(value)
}

function chunk(size: bigint, list: GoValue): List {
  if (!isList(list)) throw new FunctionError(`Cannot chunk type ${kindOfType(list)}`)
  const [step, { items: all }] = [Number(size), list]
  const count = Math.floor((all.length - 1) / step) + 1
  const lengths = count >= 0 && step !== 0 ? Array.from({ length: count }, (_, i) => (i === count - 1 ? all.length % step || step : step)) : [-1]
  if (lengths.some((length) => length < 0)) throw new FunctionError('runtime error: makeslice: len out of range')
  return new List(lengths.map((length, i) => new List(all.slice(i * step, i * step + length))), '[]interface {}')
}

function sliceList(list: GoValue, indices: readonly GoValue[]): GoValue {
  if (!isList(list)) throw new FunctionError(`list should be type of slice or array but ${kindOfType(list)}`)
  if (list.items.length === 0) return null
  const at = indices.map((index) => Number(toInt64(index)))
  const from = at[0] ?? 0
  const to = at[1] ?? list.items.length
  if (from < 0 || to > list.items.length || from > to) throw new FunctionError('reflect.Value.Slice: slice index out of bounds')
  return new List(list.items.slice(from, to), list.of)
}

function without(list: GoValue, drop: readonly GoValue[], { budget }: Environment): List {
  return new List(items(list, 'find without').filter((item) => !isAmong(item, drop, budget)))
}

function has(needle: GoValue, haystack: GoValue): boolean {
  if (haystack === undefined || haystack === null) return false
  return items(haystack, 'find has').some((item) => deepEqual(needle, item))
}

function uniq(list: GoValue, { budget }: Environment): List {
  const found: GoValue[] = []
  for (const item of items(list, 'find uniq')) if (!isAmong(item, found, budget)) found.push(item)
  return new List(found)
}

const COMPARED_A_STEP = 8

/** Whoever asks for each item of a list does work that grows with its square. */
function isAmong(item: GoValue, others: readonly GoValue[], budget: Budget): boolean {
  budget.tick(1 + Math.floor(others.length / COMPARED_A_STEP))
  return others.some((other) => deepEqual(item, other))
}

function concat(lists: readonly GoValue[], { budget }: Environment): List {
  const all: GoValue[] = []
  for (const list of lists) {
    if (!isList(list)) throw new FunctionError(`Cannot concat type ${kindOfType(list)} as list`)
    budget.allow(8 * (all.length + list.items.length))
    for (const item of list.items) all.push(item)
  }
  return List.ofFound(all)
}

function added(list: GoValue, value: GoValue, where: 'front' | 'back', { budget }: Environment): List {
  const all = items(list, where === 'back' ? 'push' : 'prepend')
  budget.allow(8 * all.length)
  return new List(where === 'back' ? [...all, value ?? null] : [value ?? null, ...all])
}

function dict(pairs: readonly GoValue[]): Dict {
  const made = new Dict()
  for (let i = 0; i < pairs.length; i += 2) made.entries.set(strval(pairs[i]), i + 1 < pairs.length ? (pairs[i + 1] ?? null) : '')
  return made
}

const MAX_COPY_DEPTH = 200

function deepCopy(value: GoValue, environment: Environment, depth = 0): GoValue {
  if (depth > MAX_COPY_DEPTH) throw new FunctionError('value is nested too deeply')
  if (value instanceof List) {
    environment.budget.allow(8 * value.items.length)
    return new List(value.items.map((item) => deepCopy(item, environment, depth + 1)), value.of)
  }
  if (value instanceof Dict) {
    environment.budget.allow(16 * value.entries.size)
    return new Dict(new Map([...value.entries].map(([key, item]) => [key, deepCopy(item, environment, depth + 1)])), value.of)
  }
  return value
}

/** mergo.Merge: what is empty in the target is filled; with `overwrite` the source wins, empty values too. Maps in both are merged. */
function merge(into: Dict, from: Dict, overwrite: boolean, environment: Environment, depth = 0): void {
  if (depth > MAX_COPY_DEPTH) throw new FunctionError('value is nested too deeply')
  for (const [key, value] of from.entries) {
    environment.budget.tick()
    const old = into.entries.get(key)
    const isNothing = value === null || value === undefined
    if (isNothing && !overwrite) continue
    if (old instanceof Dict && value instanceof Dict) {
      merge(old, value, overwrite, environment, depth + 1)
      if (old.entries.size > 0) continue
    }
    if (!overwrite && into.entries.has(key) && !empty(old)) continue
    if (into.of === 'string' && typeof value !== 'string') throw new FunctionError('reflect.Value.SetMapIndex: value of type interface {} is not assignable to type string')
    into.entries.set(key, isNothing ? null : value)
  }
}

function merged([into, ...others]: readonly Dict[], overwrite: boolean, environment: Environment): GoValue {
  for (const other of others) if (other) merge(into as Dict, other, overwrite, environment)
  return into
}

function dig(args: readonly GoValue[]): GoValue {
  if (args.length < 3) throw new FunctionError('dig needs at least three arguments')
  let value: GoValue = args.at(-1)
  const fallback = args.at(-2)
  for (const key of args.slice(0, -2)) {
    if (!(value instanceof Dict && value.of === 'interface {}')) throw new FunctionError(`interface conversion: interface {} is ${value === null || value === undefined ? 'nil' : typeName(value)}, not map[string]interface {}`)
    if (typeof key !== 'string') throw new FunctionError(`interface conversion: interface {} is ${typeName(key)}, not string`)
    if (!value.entries.has(key)) return fallback
    value = value.entries.get(key)
  }
  return value
}

/** @param isKept - whether the entries with these keys are kept, or the others */
function picked(source: Dict, keys: ReadonlySet<string>, isKept: boolean): Dict {
  return new Dict(new Map([...source.entries].filter(([key]) => keys.has(key) === isKept)))
}

function until(start: bigint, stop: bigint, step: bigint, { budget }: Environment): List {
  const up = stop >= start
  if (step === 0n || up !== step > 0n) return new List([], 'int')
  const count = (stop - start) / step
  budget.allow(8 * Number(count < 0n ? -count : count))
  const all: bigint[] = []
  for (let i = start; up ? i < stop : i > stop; i += step) all.push(i)
  return new List(all, 'int')
}

const first = (list: GoValue): GoValue => items(list, 'find first')[0] ?? null
const last = (list: GoValue): GoValue => items(list, 'find last').at(-1) ?? null
/** Of an empty list nil is left, of one item an empty list. */
const part = (all: readonly GoValue[], from: number, to: number): List => (all.length === 0 ? List.ofFound([]) : new List(all.slice(from, to)))
const rest = (list: GoValue): GoValue => part(items(list, 'find rest'), 1, Infinity)
const initial = (list: GoValue): GoValue => part(items(list, 'find initial'), 0, -1)
const reverse = (list: GoValue): GoValue => new List(items(list, 'find reverse').toReversed())
const compact = (list: GoValue): GoValue => new List(items(list, 'compact').filter((item) => !empty(item)))

type V = readonly GoValue[]
const one = (run: (value: GoValue, environment: Environment) => GoValue): GoFunction => fn('any', ([value]: V, env) => run(value, env))
const append = fn('any any', ([list, value]: V, env) => added(list, value, 'back', env))
const prepend = fn('any any', ([list, value]: V, env) => added(list, value, 'front', env))
const listOf = fn('...any', (args: V) => new List(args.map((arg) => arg ?? null)))
const slice = fn('any ...any', ([list, ...indices]: V) => sliceList(list, indices))
const withoutFn = deep(fn('any ...any', ([list, ...drop]: V, env) => without(list, drop, env)))
const hasFn = deep(fn('any any', ([needle, haystack]: V) => has(needle, haystack)))
const chunkFn = fn('int any', ([size, list]: readonly [bigint, GoValue]) => chunk(size, list))
const deepCopyFn = one((value, env) => {
  if (value === null || value === undefined) throw new FunctionError('reflect: call of reflect.Value.Type on zero Value')
  return deepCopy(value, env)
})
const mergeFn = fn('dict ...dict', (args: readonly Dict[], env) => merged(args, false, env))
const mergeOverwriteFn = fn('dict ...dict', (args: readonly Dict[], env) => merged(args, true, env))

export const COLLECTIONS: Readonly<Record<string, GoFunction>> = {
  list: listOf,
  tuple: listOf,
  first: one(first),
  mustFirst: one(first),
  last: one(last),
  mustLast: one(last),
  rest: one(rest),
  mustRest: one(rest),
  initial: one(initial),
  mustInitial: one(initial),
  reverse: one(reverse),
  mustReverse: one(reverse),
  compact: one(compact),
  mustCompact: one(compact),
  uniq: deep(one(uniq)),
  mustUniq: deep(one(uniq)),
  append,
  push: append,
  mustAppend: append,
  mustPush: append,
  prepend,
  mustPrepend: prepend,
  concat: fn('...any', (args: V, env) => concat(args, env)),
  without: withoutFn,
  mustWithout: withoutFn,
  has: hasFn,
  mustHas: hasFn,
  slice,
  mustSlice: slice,
  chunk: chunkFn,
  mustChunk: chunkFn,
  until: fn('int', ([n]: readonly [bigint], env) => until(0n, n, n < 0n ? -1n : 1n, env)),
  untilStep: fn('int int int', ([from, to, step]: readonly [bigint, bigint, bigint], env) => until(from, to, step, env)),
  seq: fn('...int', (args: readonly bigint[], env) => {
    const [a = 0n, b = 0n, c = 0n] = args
    if (args.length === 0 || args.length > 3) return ''
    const [from, to] = args.length === 1 ? [1n, a] : [a, args.length === 2 ? b : c]
    const direction = to < from ? -1n : 1n
    return until(from, to + direction, args.length === 3 ? b : direction, env).items.map(strval).join(' ')
  }),
  all: fn('...any', (args: V) => args.every((arg) => !empty(arg))),
  any: fn('...any', (args: V) => args.some((arg) => !empty(arg))),

  dict: deep(fn('...any', (args: V) => dict(args))),
  get: fn('dict string', ([d, key]: readonly [Dict, string]) => (d.entries.has(key) ? d.entries.get(key) : '')),
  set: fn('dict string any', ([d, key, value]: readonly [Dict, string, GoValue], { budget }) => {
    budget.allow(16 * d.entries.size)
    d.entries.set(key, value ?? null)
    return d
  }),
  unset: fn('dict string', ([d, key]: readonly [Dict, string]) => {
    d.entries.delete(key)
    return d
  }),
  hasKey: fn('dict string', ([d, key]: readonly [Dict, string]) => d.entries.has(key)),
  keys: fn('...dict', (dicts: readonly Dict[]) => new List(dicts.flatMap((d) => sortedKeys(d)), 'string')),
  values: fn('dict', ([d]: readonly [Dict]) => new List(sortedKeys(d).map((key) => d.entries.get(key)))),
  pluck: fn('string ...dict', ([key, ...dicts]: readonly [string, ...Dict[]]) => new List(dicts.filter((d) => d.entries.has(key)).map((d) => d.entries.get(key)))),
  pick: fn('dict ...string', ([d, ...keys]: readonly [Dict, ...string[]]) => picked(d, new Set(keys), true)),
  omit: fn('dict ...string', ([d, ...keys]: readonly [Dict, ...string[]]) => picked(d, new Set(keys), false)),
  merge: mergeFn,
  mustMerge: mergeFn,
  mergeOverwrite: mergeOverwriteFn,
  mustMergeOverwrite: mergeOverwriteFn,
  deepCopy: deepCopyFn,
  mustDeepCopy: deepCopyFn,
  dig: fn('...any', (args: V) => dig(args)),

  default: fn('any ...any', ([fallback, value]: V) => (empty(value) ? fallback : value)),
  empty: one(empty),
  coalesce: fn('...any', (args: V) => args.find((arg) => !empty(arg)) ?? null),
  ternary: fn('any any bool', ([yes, no, condition]: readonly [GoValue, GoValue, boolean]) => (condition ? yes : no)),
  fail: fn('string', ([message]: readonly [string]) => {
    throw new FunctionError(message)
  }),

  typeOf: one(typeName),
  typeIs: fn('string any', ([type, value]: readonly [string, GoValue]) => typeName(value) === type),
  typeIsLike: fn('string any', ([type, value]: readonly [string, GoValue]) => typeName(value) === type || typeName(value) === `*${type}`),
  kindOf: one(kindName),
  kindIs: fn('string any', ([kind, value]: readonly [string, GoValue]) => kindName(value) === kind),
  deepEqual: deep(fn('any any', ([a, b]: V) => deepEqual(a, b))),
}
