/**
 * JSON text into nodes that remember their range.
 * Follows: RFC 8259, strictly; what getsops/sops stores/json/store.go and Go encoding/json make of it: integers of 64 bits are ints,
 * other numbers floats, duplicate keys stay, what follows the closing brace is not read.
 * @module
 */
import { CodedError, type Entry, isInt64, type LeafNode, type ListNode, type MapNode } from '@waxseal/core'
import { errorAt } from '../source-text.ts'
import { refuseTooMany } from '../value-limit.ts'

const MAX_DEPTH = 10_000 // Go's
const MAX_INT_CHARS = 20
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y

/** Offsets into the text, in UTF-16 units; an entry reaches from its key to its value. */
export interface Range {
  readonly start: number
  readonly end: number
}
export interface JsonLeaf extends LeafNode, Range {}
export interface JsonList extends ListNode, Range {
  readonly items: readonly JsonValue[]
}
export interface JsonMap extends MapNode, Range {
  readonly items: readonly JsonEntry[]
}
export interface JsonEntry extends Entry, Range {
  readonly value: JsonValue
}
export type JsonValue = JsonLeaf | JsonList | JsonMap

interface OpenMap {
  readonly kind: 'map'
  readonly start: number
  end: number
  readonly items: JsonEntry[]
}
interface OpenList {
  readonly kind: 'list'
  readonly start: number
  end: number
  readonly items: JsonValue[]
}
interface OpenKey {
  readonly key: string
  readonly start: number
}

/** Without recursion. @throws CodedError PARSE_FAILED, PARSE_ROOT, PARSE_LIMIT */
export function parseJson(text: string): JsonMap {
  let at = 0
  let values = 0
  const containers: (OpenMap | OpenList)[] = []
  const keys: (OpenKey | undefined)[] = [] // of the containers; undefined in lists
  let key: OpenKey | undefined
  let value: JsonValue | undefined

  checkRoot(text)
  for (;;) {
    skipBlank()
    value = readValue()
    while (value !== undefined) {
      const container = containers.at(-1)
      if (container === undefined) return value as JsonMap
      if (container.kind === 'map') container.items.push({ kind: 'entry', key: key!.key, value, start: key!.start, end: value.end })
      else container.items.push(value)
      value = afterItem(container)
    }
  }

  /** @returns undefined behind an opening bracket that something follows */
  function readValue(): JsonValue | undefined {
    const start = at
    values += 1
    refuseTooMany(values)
    switch (text.charCodeAt(at)) {
      case 0x22: return { kind: 'leaf', value: readString(), start, end: at }
      case 0x7b: return open({ kind: 'map', start, end: start, items: [] }, 0x7d)
      case 0x5b: return open({ kind: 'list', start, end: start, items: [] }, 0x5d)
      case 0x74: return readWord('true', true)
      case 0x66: return readWord('false', false)
      case 0x6e: return readWord('null', null)
      default: return readNumber()
    }
  }

  function open(container: OpenMap | OpenList, closing: number): JsonValue | undefined {
    at += 1
    skipBlank()
    if (text.charCodeAt(at) === closing) {
      at += 1
      container.end = at
      return container
    }
    if (containers.length >= MAX_DEPTH) throw errorAt(text, at, `more than ${MAX_DEPTH} levels`, { code: 'PARSE_LIMIT' })
    containers.push(container)
    keys.push(key)
    if (container.kind === 'map') readKey()
    return undefined
  }

  /** Behind a finished item: the next one, or the container's end. @returns the container if it is finished */
  function afterItem(container: OpenMap | OpenList): JsonValue | undefined {
    skipBlank()
    const c = text.charCodeAt(at)
    at += 1
    if (c === 0x2c) {
      skipBlank()
      if (container.kind === 'map') readKey()
      return undefined
    }
    if (c !== (container.kind === 'map' ? 0x7d : 0x5d)) {
      throw errorAt(text, at - 1, at > text.length ? 'unexpected end of file' : `expected "," or the end of the ${container.kind}`)
    }
    container.end = at
    containers.pop()
    key = keys.pop()
    return container
  }

  function readKey(): void {
    const start = at
    if (text.charCodeAt(at) !== 0x22) throw errorAt(text, at, at === text.length ? 'unexpected end of file' : 'expected a key in double quotes')
    key = { key: readString(), start }
    skipBlank()
    if (text.charCodeAt(at) !== 0x3a) throw errorAt(text, at, 'expected ":" after the key')
    at += 1
  }

  function readString(): string {
    const start = at
    let escaped = false
    let end = start + 1
    for (let c = text.charCodeAt(end); c !== 0x22; c = text.charCodeAt(end)) {
      if (c === 0x5c) {
        escaped = true
        end += 1
      } else if (!(c >= 0x20)) {
        throw errorAt(text, end, end >= text.length ? 'unexpected end of file' : 'a string holds a control character that is not escaped')
      }
      end += 1
    }
    at = end + 1
    return escaped ? unescape(text.slice(start, at), start) : text.slice(start + 1, end)
  }

  function unescape(literal: string, start: number): string {
    try {
      return (JSON.parse(literal) as string).toWellFormed()
    } catch {
      throw errorAt(text, start, 'a string holds an unknown escape sequence')
    }
  }

  function readWord(word: string, meaning: boolean | null): JsonLeaf {
    const start = at
    if (!text.startsWith(word, at)) throw errorAt(text, at, 'expected a value')
    at += word.length
    return { kind: 'leaf', value: meaning, start, end: at }
  }

  function readNumber(): JsonLeaf {
    const start = at
    NUMBER.lastIndex = at
    const match = NUMBER.exec(text)
    if (match === null) throw errorAt(text, at, at >= text.length ? 'unexpected end of file' : 'expected a value')
    const [literal, fraction, exponent] = match
    at += literal.length
    return { kind: 'leaf', value: numberOf(literal, fraction === undefined && exponent === undefined, start), start, end: at }
  }

  function numberOf(literal: string, isInteger: boolean, start: number): bigint | number {
    if (isInteger && literal.length <= MAX_INT_CHARS) {
      const int = BigInt(literal)
      if (isInt64(int)) return int
    }
    const float = Number(literal)
    if (!Number.isFinite(float)) throw errorAt(text, start, 'a number is out of range')
    return float
  }

  function skipBlank(): void {
    for (let c = text.charCodeAt(at); c === 0x20 || c === 0x0a || c === 0x09 || c === 0x0d; c = text.charCodeAt(at)) at += 1
  }
}

function checkRoot(text: string): void {
  const at = text.search(/[^ \t\n\r]/)
  if (at === -1) throw new CodedError('PARSE_FAILED', 'could not unmarshal input data: EOF', { line: 1, column: 1 })
  const first = text[at]!
  if (first === '{') return
  if (first === '\ufeff') throw errorAt(text, at, 'the file starts with a byte order mark', { hint: 'remove it: JSON files have none' })
  const only = "SOPS only supports JSON files with a top-level object (starting with '{')"
  const hint = 'to encrypt this file, wrap it in an object, e.g., {"data": [...]}'
  if (first === '[') throw new CodedError('PARSE_ROOT', `${only}, not arrays or other types`, { line: 1, column: 1, hint })
  if (/["\-\dtfn]/.test(first)) throw new CodedError('PARSE_ROOT', `${only}, not other JSON types`, { line: 1, column: 1, hint })
  throw errorAt(text, at, 'expected "{"')
}
