/**
 * Manifests as people and tools write them: one JSON object after another, or YAML documents between `---` lines.
 * Follows: k8s.io/apimachinery util/yaml (YAMLOrJSONDecoder, YAMLReader); YAML 1.1 scalars, as sigs.k8s.io/yaml reads them.
 * @module
 */
import type { Scalar, ScalarTag, Tags } from 'yaml'
import { CodedError } from '@waxseal/core'
import { decodeTolerantBase64 } from '@waxseal/sealed'

const MARK = '---'
const BEGINS_WITH_MARK = /^\s*\n---/
const INTEGER = /^([-+]?)(?:0[oO]?([0-7]+)|(0|[1-9][0-9]*|0[xX][0-9a-fA-F]+|0[bB][01]+))$/
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/
const NOT_A_NUMBER = /^\.(?:nan|NaN|NAN)$/
const INFINITE = /^[-+]?\.(?:inf|Inf|INF)$/
/** What stands behind the tag is the value, as a string. */
const BINARY: ScalarTag = { tag: 'tag:yaml.org,2002:binary', resolve: (text) => decodeTolerantBase64(text, 'PARSE_FAILED').toString('utf8') }
const MERGE = 'tag:yaml.org,2002:merge'
/** Manifests are flat; aliases must not unfold without end. */
const MAX_DEPTH = 64
const MAX_NODES = 1_000_000

/** A part of a stream: a document, or what stands between two. */
export interface Slice {
  readonly text: string
  readonly isDocument: boolean
}

/** The texts of the documents in a stream, empty ones left out. Text behind JSON that is broken comes as one more. */
export function splitManifests(text: string): string[] {
  return sliceManifests(text).flatMap((slice) => (slice.isDocument ? [slice.text] : []))
}

/** All of a stream: the slices one after another are the text. */
export function sliceManifests(text: string): Slice[] {
  const start = text.startsWith('\ufeff') ? 1 : 0
  const slices = isJson(text.slice(start)) ? sliceJson(text, start) : sliceYaml(text.slice(start))
  return start === 0 ? slices : [{ text: text.slice(0, start), isDocument: false }, ...slices]
}

export function isJson(text: string): boolean {
  return text.trimStart().startsWith('{')
}

/** Objects end where their braces do; whether they are JSON is for the parser. YAML may follow the first, behind a mark. */
function sliceJson(text: string, from: number): Slice[] {
  const slices: Slice[] = []
  let start = from
  let depth = 0
  let inString = false
  let isFirst = true
  for (let at = from; at < text.length; at++) {
    const char = text[at]
    if (inString) {
      if (char === '\\') at++
      else if (char === '"') inString = false
    } else if (char === '"') inString = true
    else if (char === '{') depth++
    else if (char === '}' && --depth <= 0) {
      slices.push(...withoutMargin(text.slice(start, at + 1)))
      start = at + 1
      depth = 0
      if (isFirst && BEGINS_WITH_MARK.test(text.slice(start))) return [...slices, ...sliceYaml(text.slice(start))]
      isFirst = false
    }
  }
  return [...slices, ...withoutMargin(text.slice(start))]
}

/** White space around a document is none of it, nor is a `null` before it. */
function withoutMargin(text: string): Slice[] {
  const start = /^(?:\s|null(?![\w"]))*/.exec(text)?.[0].length ?? 0
  const document = text.slice(start).trimEnd()
  const slices = [
    { text: text.slice(0, start), isDocument: false },
    { text: document, isDocument: true },
    { text: text.slice(start + document.length), isDocument: false },
  ]
  return slices.filter((slice) => slice.text !== '')
}

function sliceYaml(text: string): Slice[] {
  const slices: Slice[] = []
  let start = 0
  const end = (at: number): void => {
    const document = text.slice(start, at)
    if (document !== '') slices.push({ text: document, isDocument: document.trim() !== '' })
    start = at
  }
  for (let line = 0; line < text.length; ) {
    const next = text.indexOf('\n', line) + 1 || text.length
    if (text.startsWith(MARK, line) && /^\s*(?:#|$)/.test(text.slice(line + MARK.length, next))) {
      end(line)
      slices.push({ text: text.slice(line, next), isDocument: false })
      start = next
    }
    line = next
  }
  end(text.length)
  return slices
}

export interface ParseOptions {
  /** As lenient as Kubernetes' Go tools: of equal keys in a map the last counts, and floats come as the texts that Go gives them. */
  readonly asGo?: boolean
}

/**
 * One document as plain JSON. Own keys only; the map's prototype is the ordinary one.
 * @throws CodedError PARSE_FAILED, PARSE_LIMIT
 */
export async function parseManifest(text: string, options: ParseOptions = {}): Promise<unknown> {
  return isJson(text) ? parseJson(text) : parseYaml(text, options)
}

function parseJson(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // The parser's own message quotes the text.
    throw new CodedError('PARSE_FAILED', 'the manifest is not JSON', { hint: 'it starts with a brace, so it is read as JSON' })
  }
  checkDepth(value, 0)
  return value
}

function checkDepth(value: unknown, depth: number): void {
  if (depth > MAX_DEPTH) throw tooDeep()
  if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) checkDepth(item, depth + 1)
}

function tooDeep(): CodedError {
  return new CodedError('PARSE_LIMIT', 'the manifest is nested too deep or unfolds too far')
}

async function parseYaml(text: string, { asGo = false }: ParseOptions): Promise<unknown> {
  const { parseDocument } = await import('./yaml-library.ts')
  const document = parseDocument(text, {
    version: '1.1',
    customTags: (tags) => (asGo ? mergingInPlace(kubernetesTags(tags, readGoNumber)) : kubernetesTags(tags, readNumber)),
    uniqueKeys: !asGo,
  })
  const [error] = document.errors
  if (error) throw yamlError(error.code, error.linePos?.[0].line, error.linePos?.[0].col)
  let value: unknown
  try {
    value = document.toJS({ mapAsMap: true })
  } catch {
    throw new CodedError('PARSE_LIMIT', 'the manifest has aliases that cannot be unfolded')
  }
  return toPlain(value, { nodes: 0 }, 0)
}

/** Numbers and binary data are ours; times are strings to Kubernetes. */
function kubernetesTags(tags: Tags, resolve: (text: string) => unknown): Tags {
  const number: ScalarTag = { tag: 'tag:yaml.org,2002:float', default: true, test: /^[-+.0-9]/, resolve }
  return [number, BINARY, ...tags.filter((tag) => typeof tag === 'string' || !/:(?:int|float|timestamp|binary)$/.test(tag.tag))]
}

/** To Go's tools a merge replaces what stands before it in the map; elsewhere what stands in the map wins, wherever. */
function mergingInPlace(tags: Tags): Tags {
  const merge = tags.find((tag): tag is ScalarTag => typeof tag === 'object' && tag.tag === MERGE)
  if (!merge) return tags
  const resolve: ScalarTag['resolve'] = (...given) => inPlace(merge.resolve(...given) as Scalar)
  return [{ ...merge, resolve }, ...tags.filter((tag) => tag !== merge)]
}

function inPlace(key: Scalar): Scalar {
  const merge = key.addToJSMap
  key.addToJSMap = (context, map, value) => {
    const merged = new Map<unknown, unknown>()
    merge?.(context, merged, value)
    if (map instanceof Map) for (const [name, item] of merged) map.set(name, item)
  }
  return key
}

/** What Go takes for a number: with underscores between, unless it starts with a dot. Others stay text. */
function readNumber(text: string): unknown {
  const plain = text.startsWith('.') ? text : text.replaceAll('_', '')
  const [, sign = '', octal, integer] = INTEGER.exec(plain) ?? []
  if (octal === undefined && integer === undefined) return FLOAT.test(plain) && Number.isFinite(Number(plain)) ? Number(plain) : text
  const value = Number(octal === undefined ? integer : `0o${octal}`) * (sign === '-' ? -1 : 1)
  return Number.isSafeInteger(value) ? value : text
}

/** A string takes a float in Go's form: `1e+06`, `NaN`. An integer that 64 bits do not hold is a float. */
function readGoNumber(text: string): unknown {
  if (NOT_A_NUMBER.test(text)) return 'NaN'
  if (INFINITE.test(text)) return text.startsWith('-') ? '-Inf' : '+Inf'
  const value = readNumber(text)
  const digits = text.replaceAll('_', '')
  if (INTEGER.test(digits)) return isBeyond64Bits(digits) ? floatText(Number(digits)) : value
  return typeof value === 'number' ? floatText(value) : value
}

function isBeyond64Bits(decimal: string): boolean {
  if (!/^[-+]?[1-9]\d{18,400}$/.test(decimal)) return false
  const value = BigInt(decimal.replace('+', ''))
  return value >= 2n ** 64n || value < -(2n ** 63n)
}

/** Go's tools write these floats with the digits of 32 bits. */
function floatText(double: number): string {
  const value = Math.fround(double)
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  const shortest = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((digits) => value.toExponential(digits - 1)).find((text) => Math.fround(Number(text)) === value) ?? ''
  const [digits = '', exponent = '0'] = shortest.split('e')
  const power = Number(exponent)
  if (power >= -4 && power < 6) return Object.is(value, -0) ? '-0' : String(Number(shortest))
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}

/** In the words of Go's library where users may look for them. */
function yamlError(code: string, line = 0, column = 0): CodedError {
  const problem =
    code === 'BLOCK_AS_IMPLICIT_KEY' || code === 'MULTILINE_IMPLICIT_KEY' ? 'mapping values are not allowed in this context'
    : code === 'BAD_ALIAS' ? 'unknown anchor'
    : code === 'DUPLICATE_KEY' ? 'key already set in map'
    : 'could not be read'
  return new CodedError('PARSE_FAILED', `yaml: ${problem}`, { line, column })
}

function toPlain(value: unknown, count: { nodes: number }, depth: number): unknown {
  if (++count.nodes > MAX_NODES || depth > MAX_DEPTH) throw tooDeep()
  if (Array.isArray(value)) return value.map((item) => toPlain(item, count, depth + 1))
  if (!(value instanceof Map)) return value
  return Object.fromEntries([...value].map(([key, item]) => [keyText(key), toPlain(item, count, depth + 1)]))
}

/** @throws CodedError PARSE_FAILED - a key that JSON cannot have: nothing, a list, a map */
function keyText(key: unknown): string {
  if (typeof key === 'string' || typeof key === 'number' || typeof key === 'boolean') return String(key)
  throw new CodedError('PARSE_FAILED', 'error converting YAML to JSON: unsupported map key')
}
