/**
 * sprig's string functions. Bytes and runes are kept apart as in Go: `trunc` and `substr` cut bytes.
 * Follows: Masterminds/sprig v3.3.0 strings.go; Go strings.
 * @module
 */
import { randomInt } from 'node:crypto'
import { FunctionError } from '../errors.ts'
import { printed } from '../format.ts'
import { isSpace, toLower, toUpper } from '../letters.ts'
import { quote } from '../quote.ts'
import { deep, fn, type Environment, type GoFunction } from '../signature.ts'
import { bytesOf, Dict, List, runeBytes, runes, textOf, type GoValue } from '../values.ts'

/** strings.TrimSpace. */
export function trimSpace(s: string): string {
  return bytesOfTrim(s, (rune) => isSpace(String.fromCodePoint(rune)))
}

function bytesOfTrim(s: string, drop: (rune: number) => boolean): string {
  const all = [...runes(s)]
  let from = 0
  let to = all.length
  while (from < to && drop(all[from]?.[0] ?? 0)) from++
  while (to > from && drop(all[to - 1]?.[0] ?? 0)) to--
  return all.slice(from, to).map(([, at, size]) => s.slice(at, at + size)).join('')
}

function trimAll(cutset: string, s: string): string {
  const set = new Set([...runes(cutset)].map(([rune]) => rune))
  return bytesOfTrim(s, (rune) => set.has(rune))
}

export function strval(value: GoValue): string {
  return printed(value)
}

function repeat(count: bigint, s: string, { budget }: Environment): string {
  if (count < 0n) throw new FunctionError('strings: negative Repeat count')
  budget.allow(Number(count) * s.length)
  return s.repeat(Number(count))
}

function substr(start: bigint, end: bigint, s: string): string {
  const bounds = (from: bigint, to: bigint): string => {
    if (to > BigInt(s.length)) throw new FunctionError(`runtime error: slice bounds out of range [:${to}] with length ${s.length}`)
    if (from > to) throw new FunctionError(`runtime error: slice bounds out of range [${start < 0n ? '' : from}:${to}]`)
    return s.slice(Number(from), Number(to))
  }
  if (start < 0n) return bounds(0n, end)
  return end < 0n || end > BigInt(s.length) ? bounds(start, BigInt(s.length)) : bounds(start, end)
}

function trunc(count: bigint, s: string): string {
  if (count < 0n && BigInt(s.length) + count > 0n) return s.slice(s.length + Number(count))
  return count >= 0n && BigInt(s.length) > count ? s.slice(0, Number(count)) : s
}

function randomText(alphabet: string, count: bigint, { budget }: Environment): string {
  if (count <= 0n) return ''
  budget.allow(Number(count) * 8)
  return Array.from({ length: Number(count) }, () => alphabet[randomInt(alphabet.length)]).join('')
}

const ALPHA = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const DIGITS = '0123456789'
const ASCII = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('')

function quoted(args: readonly GoValue[], wrapText: (s: string) => string): string {
  return args.filter((arg) => arg !== undefined && arg !== null).map((arg) => wrapText(strval(arg))).join(' ')
}

function indent(spaces: bigint, s: string, { budget }: Environment): string {
  if (spaces < 0n) throw new FunctionError('strings: negative Repeat count')
  budget.allow((s.split('\n').length) * Number(spaces) + s.length)
  const pad = ' '.repeat(Number(spaces))
  return pad + s.replaceAll('\n', `\n${pad}`)
}

function splitBytes(s: string, separator: string, limit = Infinity): string[] {
  const parts = separator === '' ? [...runes(s)].map(([, at, size]) => s.slice(at, at + size)) : s.split(separator)
  if (parts.length <= limit) return parts
  return [...parts.slice(0, limit - 1), parts.slice(limit - 1).join(separator)]
}

function numbered(parts: readonly string[]): Dict {
  return new Dict(new Map(parts.map((part, i) => [`_${i}`, part])), 'string')
}

export function strings(value: GoValue): string[] {
  if (value instanceof List) return value.items.filter((item) => item !== undefined && item !== null).map(strval)
  return value === undefined || value === null ? [] : [strval(value)]
}

type S = readonly [string]
type SS = readonly [string, string]
type IS = readonly [bigint, string]

export const STRINGS: Readonly<Record<string, GoFunction>> = {
  hello: fn('', () => 'Hello!'),
  trim: fn('string', ([s]: S) => trimSpace(s)),
  trimAll: fn('string string', ([set, s]: SS) => trimAll(set, s)),
  trimall: fn('string string', ([set, s]: SS) => trimAll(set, s)),
  trimPrefix: fn('string string', ([prefix, s]: SS) => (s.startsWith(prefix) ? s.slice(prefix.length) : s)),
  trimSuffix: fn('string string', ([suffix, s]: SS) => (suffix && s.endsWith(suffix) ? s.slice(0, -suffix.length) : s)),
  upper: fn('string', ([s]: S) => bytesOf([...textOf(s)].map(toUpper).join(''))),
  lower: fn('string', ([s]: S) => bytesOf([...textOf(s)].map(toLower).join(''))),
  repeat: fn('int string', ([n, s]: IS, env) => repeat(n, s, env)),
  substr: fn('int int string', ([from, to, s]: readonly [bigint, bigint, string]) => substr(from, to, s)),
  trunc: fn('int string', ([n, s]: IS) => trunc(n, s)),
  contains: fn('string string', ([part, s]: SS) => s.includes(part)),
  hasPrefix: fn('string string', ([part, s]: SS) => s.startsWith(part)),
  hasSuffix: fn('string string', ([part, s]: SS) => s.endsWith(part)),
  quote: deep(fn('...any', (args: readonly GoValue[]) => quoted(args, (s) => quote(s)))),
  squote: deep(fn('...any', (args: readonly GoValue[]) => quoted(args, (s) => `'${s}'`))),
  cat: deep(fn('...any', (args: readonly GoValue[]) => args.filter((arg) => arg !== undefined && arg !== null).map((arg) => printed(arg)).join(' '))),
  indent: fn('int string', ([n, s]: IS, env) => indent(n, s, env)),
  nindent: fn('int string', ([n, s]: IS, env) => `\n${indent(n, s, env)}`),
  replace: fn('string string string', ([old, by, s]: readonly [string, string, string], { budget }) => {
    if (old === '') {
      budget.allow(s.length + (s.length + 1) * by.length)
      return by + [...runes(s)].map(([, at, size]) => s.slice(at, at + size) + by).join('')
    }
    const parts = s.split(old)
    budget.allow(s.length + parts.length * by.length)
    return parts.join(by)
  }),
  plural: fn('string string int', ([one, many, n]: readonly [string, string, bigint]) => (n === 1n ? one : many)),
  shuffle: fn('string', ([s]: S) => {
    const all = [...runes(s)].map(([rune]) => runeBytes(rune))
    for (let i = all.length - 1; i > 0; i--) {
      const k = randomInt(i + 1)
      ;[all[i], all[k]] = [all[k] as string, all[i] as string]
    }
    return all.join('')
  }),
  toString: deep(fn('any', ([value]: readonly GoValue[]) => strval(value))),
  toStrings: deep(fn('any', ([value]: readonly GoValue[]) => new List(strings(value), 'string'))),
  join: deep(fn('string any', ([separator, value]: readonly [string, GoValue]) => strings(value).join(separator))),
  split: fn('string string', ([separator, s]: SS) => numbered(splitBytes(s, separator))),
  splitn: fn('string int string', ([separator, n, s]: readonly [string, bigint, string]) => numbered(n === 0n ? [] : splitBytes(s, separator, n < 0n ? Infinity : Number(n)))),
  splitList: fn('string string', ([separator, s]: SS) => new List(splitBytes(s, separator), 'string')),
  sortAlpha: deep(fn('any', ([value]: readonly GoValue[]) => {
    if (value instanceof List) return new List(strings(value).toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)), 'string')
    return new List([strval(value)], 'string')
  })),
  randAlpha: fn('int', ([n]: readonly [bigint], env) => randomText(ALPHA, n, env)),
  randAlphaNum: fn('int', ([n]: readonly [bigint], env) => randomText(ALPHA + DIGITS, n, env)),
  randNumeric: fn('int', ([n]: readonly [bigint], env) => randomText(DIGITS, n, env)),
  randAscii: fn('int', ([n]: readonly [bigint], env) => randomText(ASCII, n, env)),
}
