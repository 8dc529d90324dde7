/**
 * JSON, Base64, Base32 and hashes.
 * Follows: Go encoding/json, encoding/base64, encoding/base32; Masterminds/sprig v3.3.0 defaults.go, strings.go, crypto.go.
 * @module
 */
import { createHash } from 'node:crypto'
import { FunctionError } from '../errors.ts'
import { shortestFloat } from '../format.ts'
import { deep, fn, type Environment, type GoFunction } from '../signature.ts'
import { jsonTime } from '../layout.ts'
import { bytesOf, Dict, Int, List, runes, sortedKeys, Struct, Time, type GoValue } from '../values.ts'

const MAX_DEPTH = 500

function jsonString(s: string, escapeHtml: boolean): string {
  let out = '"'
  for (const [rune, at, size] of runes(s)) {
    const c = s.slice(at, at + size)
    if (rune === 0xfffd && size === 1) out += '\\ufffd'
    else if (rune === 0x22 || rune === 0x5c) out += `\\${c}`
    else if (rune === 8) out += '\\b'
    else if (rune === 9) out += '\\t'
    else if (rune === 10) out += '\\n'
    else if (rune === 12) out += '\\f'
    else if (rune === 13) out += '\\r'
    else if (rune < 0x20 || rune === 0x2028 || rune === 0x2029 || (escapeHtml && (rune === 0x3c || rune === 0x3e || rune === 0x26))) out += `\\u${rune.toString(16).padStart(4, '0')}`
    else out += c
  }
  return `${out}"`
}

function jsonNumber(value: number): string {
  if (!Number.isFinite(value)) throw new FunctionError(`json: unsupported value: ${shortestFloat(value, 'g')}`)
  if (Object.is(value, -0)) return '-0'
  const text = String(value)
  return text.replace(/e\+?(-?)(\d)$/, (_, sign: string, digit: string) => `e${sign || '+'}${sign ? digit : digit}`)
}

function toJson(value: GoValue, escapeHtml: boolean, indent: string, { budget }: Environment): string {
  const write = (v: GoValue, level: number): string => {
    budget.tick()
    if (level > MAX_DEPTH) throw new FunctionError('json: value is nested too deeply')
    if (v === undefined || v === null) return 'null'
    switch (typeof v) {
      case 'string':
        return jsonString(v, escapeHtml)
      case 'boolean':
      case 'bigint':
        return String(v)
      case 'number':
        return jsonNumber(v)
      default:
    }
    const block = (open: string, parts: readonly string[], close: string): string => {
      if (parts.length === 0) return open + close
      if (!indent) return open + parts.join(',') + close
      const pad = `\n${indent.repeat(level + 1)}`
      return `${open}${pad}${parts.join(`,${pad}`)}\n${indent.repeat(level)}${close}`
    }
    if (v instanceof Int) return String(v.value)
    if (v instanceof List) return v.isNil ? 'null' : block('[', v.items.map((item) => write(item, level + 1)), ']')
    if (v instanceof Dict) {
      return block('{', sortedKeys(v).map((key) => `${jsonString(key, escapeHtml)}:${indent ? ' ' : ''}${write(v.entries.get(key), level + 1)}`), '}')
    }
    if (v instanceof Time) return jsonString(jsonTime(v), escapeHtml)
    if (v instanceof Struct) {
      if (v.type === '*semver.Version') return jsonString(v.text, escapeHtml)
      return block('{', [...v.fields].map(([key, field]) => `${jsonString(key, escapeHtml)}:${indent ? ' ' : ''}${write(field, level + 1)}`), '}')
    }
    throw new FunctionError('json: unsupported type: complex128')
  }
  return write(value, 0)
}

/** encoding/json's Unmarshal into interface{}: numbers are float64, objects are maps, the last of equal keys wins. */
function fromJson(source: string, { budget }: Environment): GoValue {
  let at = 0
  const shown = (c: string): string => (c === "'" ? `'\\''` : c === '"' ? `'"'` : `'${c}'`)
  const fail = (context: string): never => {
    const c = source[at]
    throw new FunctionError(c === undefined ? 'unexpected end of JSON input' : `invalid character ${bytesOf(shown(c))} ${context}`)
  }
  const space = (): void => {
    while (source[at] === ' ' || source[at] === '\n' || source[at] === '\r' || source[at] === '\t') at++
  }
  const word = (text: string, value: GoValue): GoValue => {
    for (const [i, c] of [...text].entries()) {
      if (source[at] !== c) fail(`in literal ${text} (expecting ${shown(text[i] ?? '')})`)
      at++
    }
    return value
  }
  const string = (): string => {
    at++
    let out = ''
    for (;;) {
      const c = source[at]
      if (c === undefined) return fail('')
      if (c === '"') {
        at++
        return out
      }
      if (c < ' ') fail('in string literal')
      if (c !== '\\') {
        out += c
        at++
        continue
      }
      const e = source[++at] ?? fail('')
      const simple: Readonly<Record<string, string>> = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }
      if (simple[e] !== undefined) {
        out += simple[e]
        at++
      } else if (e === 'u') {
        const unit = (): number => {
          const hex = source.slice(at + 1, at + 5)
          if (!/^[0-9a-fA-F]{4}$/.test(hex)) {
            at += 1 + (/^[0-9a-fA-F]*/.exec(hex)?.[0].length ?? 0)
            return fail('in \\u hexadecimal character escape')
          }
          at += 5
          return parseInt(hex, 16)
        }
        const high = unit()
        if (high >= 0xd800 && high < 0xdc00 && source.startsWith('\\u', at)) {
          const back = at
          at++
          const low = unit()
          if (low >= 0xdc00 && low < 0xe000) {
            out += bytesOf(String.fromCharCode(high, low))
            continue
          }
          at = back
        }
        out += bytesOf(high >= 0xd800 && high < 0xe000 ? '\ufffd' : String.fromCharCode(high))
      } else fail('in string escape code')
    }
  }
  const value = (depth: number): GoValue => {
    budget.tick()
    if (depth > MAX_DEPTH) throw new FunctionError('json: exceeded max depth')
    space()
    const c = source[at]
    switch (c) {
      case '{': {
        const dict = new Dict()
        at++
        space()
        if (source[at] === '}') {
          at++
          return dict
        }
        for (;;) {
          space()
          if (source[at] !== '"') fail(dict.entries.size ? 'looking for beginning of object key string' : 'looking for beginning of object key string')
          const key = string()
          space()
          if (source[at] !== ':') fail('after object key')
          at++
          dict.entries.set(key, value(depth + 1))
          space()
          if (source[at] === '}') {
            at++
            return dict
          }
          if (source[at] !== ',') fail('after object key:value pair')
          at++
        }
      }
      case '[': {
        const items: GoValue[] = []
        at++
        space()
        if (source[at] === ']') {
          at++
          return new List(items)
        }
        for (;;) {
          items.push(value(depth + 1))
          space()
          if (source[at] === ']') {
            at++
            return new List(items)
          }
          if (source[at] !== ',') fail('after array element')
          at++
        }
      }
      case '"':
        return string()
      case 't':
        return word('true', true)
      case 'f':
        return word('false', false)
      case 'n':
        return word('null', null)
      default: {
        const m = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/.exec(source.slice(at, at + 400))
        if (!m) {
          if (c === '-') at++
          return fail(c === '-' ? 'in numeric literal' : 'looking for beginning of value')
        }
        at += m[0].length
        const number = Number(m[0])
        if (!Number.isFinite(number)) throw new FunctionError(`json: cannot unmarshal number ${m[0]} into Go value of type float64`)
        return number
      }
    }
  }
  const result = value(0)
  space()
  if (at < source.length) fail('after top-level value')
  return result
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

function base32(s: string): string {
  let out = ''
  for (let i = 0; i < s.length; i += 5) {
    const group = s.slice(i, i + 5)
    let bits = 0n
    for (let k = 0; k < 5; k++) bits = (bits << 8n) | BigInt(k < group.length ? group.charCodeAt(k) : 0)
    const used = Math.ceil((group.length * 8) / 5)
    for (let k = 0; k < 8; k++) out += k < used ? BASE32[Number((bits >> BigInt(35 - 5 * k)) & 31n)] : '='
  }
  return out
}

/** base32.StdEncoding.DecodeString, with Go's places for what is wrong. An error is the result, as in sprig. */
function unbase32(text: string): string {
  const s = text.replace(/[\r\n]/g, '')
  const illegal = (at: number): string => `illegal base32 data at input byte ${at}`
  let out = ''
  for (let i = 0; i < s.length; i += 8) {
    const quantum = s.slice(i, i + 8)
    const found = quantum.indexOf('=', 2)
    const pad = s.length - (i + found) <= 8 ? found : -1 // padding ends the text, and what stands behind it is not looked at
    const used = pad < 0 ? quantum.length : pad
    const bad = Array.from(quantum.slice(0, used)).findIndex((c) => !BASE32.includes(c))
    if (bad >= 0) return illegal(i + bad)
    if (quantum.length < 8) return illegal(pad < 0 ? s.length - used : s.length)
    const junk = /[^=]/.exec(quantum.slice(used))
    if (pad >= 0 && junk) return illegal(i + used + junk.index - 1)
    if (used === 3 || used === 6) return illegal(i + used)
    let bits = 0n
    for (const c of quantum) bits = (bits << 5n) | BigInt(Math.max(0, BASE32.indexOf(c)))
    for (let k = 0; k < Math.floor((used * 5) / 8); k++) out += String.fromCharCode(Number((bits >> BigInt(32 - 8 * k)) & 255n))
    if (pad >= 0) break
  }
  return out
}

/** base64.StdEncoding.DecodeString: CR and LF are skipped, padding is compulsory. @throws FunctionError with Go's text */
export function decodeBase64(text: string): string {
  let quantum = ''
  let out = ''
  const corrupt = (at: number): never => {
    throw new FunctionError(`illegal base64 data at input byte ${at}`)
  }
  let i = 0
  const skip = (): void => {
    while (text[i] === '\r' || text[i] === '\n') i++
  }
  for (;;) {
    skip()
    if (i >= text.length) {
      if (quantum === '') return out
      return corrupt(i - quantum.length)
    }
    const at = i
    const c = text[i++] as string
    if (/[A-Za-z0-9+/]/.test(c)) {
      quantum += c
      if (quantum.length === 4) {
        out += Buffer.from(quantum, 'base64').toString('latin1')
        quantum = ''
      }
      continue
    }
    if (c !== '=' || quantum.length < 2) return corrupt(at)
    if (quantum.length === 2) {
      skip()
      if (i >= text.length) return corrupt(text.length)
      if (text[i++] !== '=') return corrupt(i - 2)
    }
    skip()
    if (i < text.length) return corrupt(i)
    return out + Buffer.from(quantum, 'base64').toString('latin1')
  }
}

const toBuffer = (s: string): Buffer => Buffer.from(s, 'latin1')

/** A function's error as its result: sprig's forms without `must`. */
function orText(run: () => string): string {
  try {
    return run()
  } catch (error) {
    if (error instanceof FunctionError) return error.message
    throw error
  }
}

function adler32(s: string): string {
  let a = 1
  let b = 0
  for (let i = 0; i < s.length; i++) {
    a = (a + s.charCodeAt(i)) % 65521
    b = (b + a) % 65521
  }
  return String(b * 65536 + a)
}

type V = readonly GoValue[]
type S = readonly [string]
const quiet = (run: (value: GoValue, environment: Environment) => string): GoFunction =>
  deep(fn('any', ([value]: V, env) => {
    try {
      return run(value, env)
    } catch (error) {
      if (error instanceof FunctionError) return ''
      throw error
    }
  }))
const json = (value: GoValue, env: Environment): string => toJson(value, true, '', env)
const pretty = (value: GoValue, env: Environment): string => toJson(value, true, '  ', env)
const raw = (value: GoValue, env: Environment): string => toJson(value, false, '', env)
const hash = (name: string): GoFunction => fn('string', ([s]: S) => createHash(name).update(toBuffer(s)).digest('hex'))

export const ENCODING: Readonly<Record<string, GoFunction>> = {
  toJson: quiet(json),
  mustToJson: deep(fn('any', ([value]: V, env) => json(value, env))),
  toPrettyJson: quiet(pretty),
  mustToPrettyJson: deep(fn('any', ([value]: V, env) => pretty(value, env))),
  toRawJson: deep(fn('any', ([value]: V, env) => raw(value, env))),
  mustToRawJson: deep(fn('any', ([value]: V, env) => raw(value, env))),
  fromJson: fn('string', ([s]: S, env) => {
    try {
      return fromJson(s, env)
    } catch (error) {
      if (error instanceof FunctionError) return null
      throw error
    }
  }),
  mustFromJson: fn('string', ([s]: S, env) => fromJson(s, env)),
  b64enc: fn('string', ([s]: S) => toBuffer(s).toString('base64')),
  b64dec: fn('string', ([s]: S) => orText(() => decodeBase64(s))),
  b32enc: fn('string', ([s]: S) => base32(s)),
  b32dec: fn('string', ([s]: S) => unbase32(s)),
  sha1sum: hash('sha1'),
  sha256sum: hash('sha256'),
  sha512sum: hash('sha512'),
  adler32sum: fn('string', ([s]: S) => adler32(s)),
}
