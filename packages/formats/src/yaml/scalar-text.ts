/**
 * How SOPS spells a typed value in YAML: canonical numbers, and for strings the first of plain, single quotes, double quotes and
 * literal block that go-yaml's emitter picks. Serves fresh text (emit.ts) and values put back into a document (splice.ts).
 * Follows: go-yaml v3.0.4 encode.go (stringv, isBase60Float, isOldBool), emitterc.go (analyze_scalar, select_scalar_style).
 *
 * Departures, where the reference writes what it cannot read back: the indentation indicator of a block is the true one, also
 * inside list items; text over several lines that starts with a tab goes into double quotes. So does one that ends in U+2028 or
 * U+2029, which YAML 1.2 does not take for the end of a line.
 * @module
 */
import { Timestamp, type Value } from '@waxseal/core'
import { floatG } from '../number-text.ts'
import { isBlank, isBreak } from './characters.ts'
import { resolvePlain } from './resolve.ts'

/** Where a scalar will stand. */
export interface ScalarPlace {
  /** Column at which the lines of a block scalar, and the further lines of a quoted one, will stand. */
  readonly body: number
  /** Column of the map or list that holds the scalar; the indentation indicator counts from there. A scalar that is the whole document: 0. */
  readonly parent: number
  /** Inside `[...]` or `{...}`. */
  readonly flow?: boolean
  /** A key that stands before its `:` on one line. */
  readonly key?: boolean
  readonly lineEnd?: string
}

export type ScalarStyle = 'plain' | 'single' | 'double' | 'literal'

const MAX_SIMPLE_KEY_BYTES = 128
const BINARY_LINE = 70
const OLD_BOOL = new Set(['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON', 'n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF'])
const BASE_60 = /^[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?$/
const LINE_BREAK = /[\n\r\u0085\u2028\u2029]/
const STARTS_BLANK = /^[ \n\r\u0085\u2028\u2029]/
const ESCAPES = new Map([
  [0x00, '\\0'], [0x07, '\\a'], [0x08, '\\b'], [0x09, '\\t'], [0x0a, '\\n'], [0x0b, '\\v'], [0x0c, '\\f'], [0x0d, '\\r'], [0x1b, '\\e'],
  [0x22, '\\"'], [0x5c, '\\\\'], [0x85, '\\N'], [0xa0, '\\_'], [0x2028, '\\L'], [0x2029, '\\P'],
])

/**
 * SOPS's own spelling of a value. Lines are separated by `lineEnd`; the line break that ends the scalar's last line is not included.
 * A block scalar's header stands on the first line.
 */
export function scalarText(value: Value, place: ScalarPlace): string {
  if (value === null) return 'null'
  switch (typeof value) {
    case 'boolean': return value ? 'true' : 'false'
    case 'bigint': return value.toString()
    case 'number': return floatG(value)
    case 'string': return stringText(value, place)
    default: return value instanceof Timestamp ? value.text : binaryText(value, place)
  }
}

/** A string in SOPS's own style. */
export function stringText(text: string, place: ScalarPlace): string {
  if (text === '<<') return '!!merge <<' // go-yaml resolves the plain text and then states the tag
  switch (stringStyle(text, place)) {
    case 'single': return singleQuoted(text, place)
    case 'double': return doubleQuoted(text)
    case 'literal': return literalBlock(text, place)
    default: return text
  }
}

/** Bytes that are not UTF-8. */
function binaryText(bytes: Uint8Array, place: ScalarPlace): string {
  const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
  if (base64.length < BINARY_LINE || place.flow || place.key) return `!!binary ${base64}`
  const lines = base64.match(new RegExp(`.{1,${BINARY_LINE}}`, 'g')) ?? []
  return `!!binary ${literalBlock(`${lines.join('\n')}\n`, place)}`
}

export function stringStyle(text: string, { flow = false, key = false }: Pick<ScalarPlace, 'flow' | 'key'> = {}): ScalarStyle {
  const shape = analyze(text)
  if (text.includes('\n')) return flow || key || !shape.block ? 'double' : 'literal'
  if (!readsBackAsString(text)) return 'double'
  if (flow ? shape.flowPlain : shape.blockPlain) return 'plain'
  return shape.single && !(key && shape.multiline) ? 'single' : 'double'
}

/** The text reads back as this very string without any quotes. */
export function canBePlain(text: string, { flow = false }: { readonly flow?: boolean } = {}): boolean {
  const shape = analyze(text)
  return (flow ? shape.flowPlain : shape.blockPlain) && readsBackAsString(text)
}

export function canBeSingleQuoted(text: string): boolean {
  const shape = analyze(text)
  return shape.single && !shape.multiline
}

export function canBeLiteral(text: string): boolean {
  return analyze(text).block
}

/** Whether SOPS writes the key before its `:`, not behind a `?`. */
export function isSimpleKey(key: string): boolean {
  if (LINE_BREAK.test(key)) return false
  const tagBytes = key === '<<' ? '!!merge'.length : 0
  return key.length <= MAX_SIMPLE_KEY_BYTES && Buffer.byteLength(key) + tagBytes <= MAX_SIMPLE_KEY_BYTES
}

/** @param place - needed if the text contains U+2028 or U+2029, which are line breaks in YAML 1.1 and are written raw */
export function singleQuoted(text: string, { body }: Pick<ScalarPlace, 'body'> = { body: 0 }): string {
  return `'${indentBreaks(text.replaceAll("'", "''"), body)}'`
}

/** With go-yaml's escapes: what is not printable, and everything in a text that starts with a byte order mark. */
export function doubleQuoted(text: string): string {
  const everything = text.startsWith('\ufeff')
  let quoted = '"'
  for (const char of text) {
    const code = char.codePointAt(0)!
    quoted += everything || !isPrintable(code) || isBreak(code) || code === 0x22 || code === 0x5c ? escape(code) : char
  }
  return `${quoted}"`
}

/** Only for text that `canBeLiteral`. */
export function literalBlock(text: string, { body, parent, lineEnd = '\n' }: Pick<ScalarPlace, 'body' | 'parent' | 'lineEnd'>): string {
  const indicator = STARTS_BLANK.test(text) ? String(body - parent) : ''
  const ended = text.endsWith('\n')
  const chomping = !ended ? '-' : text.length === 1 || isBreak(text.charCodeAt(text.length - 2)) ? '+' : ''
  const content = ended ? text.slice(0, -1) : text
  const pad = ' '.repeat(body)
  const lines = content.split('\n').map((line) => (line === '' || isBreak(line.charCodeAt(0)) ? '' : pad) + indentBreaks(line, body))
  return `|${indicator}${chomping}${lineEnd}${lines.join(lineEnd)}`
}

interface Shape {
  readonly multiline: boolean
  readonly blockPlain: boolean
  readonly flowPlain: boolean
  readonly single: boolean
  readonly block: boolean
}

const EMPTY: Shape = { multiline: false, blockPlain: true, flowPlain: false, single: true, block: false }
/** Most values: nothing in it means anything anywhere. */
const WORD = /^[A-Za-z0-9_][A-Za-z0-9_./+=-]*$/
const WORD_SHAPE: Shape = { multiline: false, blockPlain: true, flowPlain: true, single: true, block: true }

/** Which styles can carry a text. */
function analyze(text: string): Shape {
  if (text === '') return EMPTY
  if (WORD.test(text)) return WORD_SHAPE
  const marker = text.startsWith('---') || text.startsWith('...')
  let blockIndicator = marker
  let flowIndicator = marker
  let breaks = false
  let tabs = false
  let special = false
  let breakThenSpace = false
  let spaceThenBreak = false
  let previous = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    const beforeBlank = at + 1 === text.length || isBlank(text.charCodeAt(at + 1))
    switch (code) {
      case 0x23: // #
        if (at === 0 || isBlankOrBreak(previous)) blockIndicator = flowIndicator = true
        break
      case 0x2c: case 0x5b: case 0x5d: case 0x7b: case 0x7d: // , [ ] { }
        flowIndicator = true
        if (at === 0) blockIndicator = true
        break
      case 0x26: case 0x2a: case 0x21: case 0x7c: case 0x3e: case 0x27: case 0x22: case 0x25: case 0x40: case 0x60: // & * ! | > ' " % @ `
        if (at === 0) blockIndicator = flowIndicator = true
        break
      case 0x3f: // ?
        flowIndicator = true
        if (at === 0 && beforeBlank) blockIndicator = true
        break
      case 0x3a: // :
        flowIndicator = true
        if (beforeBlank) blockIndicator = true
        break
      case 0x2d: // -
        if (at === 0 && beforeBlank) blockIndicator = flowIndicator = true
        break
    }
    if (code === 0x09) tabs = true
    else if (!isPrintable(code)) special = true
    if (code === 0x20) {
      if (isBreak(previous)) breakThenSpace = true
    } else if (isBreak(code)) {
      breaks = true
      if (previous === 0x20) spaceThenBreak = true
    }
    previous = code
  }
  const first = text.charCodeAt(0)
  const spaceAtEnd = previous === 0x20
  const edges = first === 0x20 || isBreak(first) || spaceAtEnd || isBreak(previous)
  const plain = !edges && !breakThenSpace && !spaceThenBreak && !tabs && !special && !breaks
  return {
    multiline: breaks,
    blockPlain: plain && !blockIndicator,
    flowPlain: plain && !flowIndicator,
    single: !breakThenSpace && !spaceThenBreak && !tabs && !special,
    block: !spaceAtEnd && !spaceThenBreak && !special && first !== 0x09 && previous !== 0x2028 && previous !== 0x2029,
  }
}

/** Without quotes it would be a string, for readers of YAML 1.1 too. */
function readsBackAsString(text: string): boolean {
  return typeof resolvePlain(text) === 'string' && !OLD_BOOL.has(text) && !(text.includes(':') && BASE_60.test(text))
}

/** Code units of astral characters are not printable: go-yaml escapes them. */
function isPrintable(code: number): boolean {
  return code === 0x0a || (code >= 0x20 && code <= 0x7e) || (code >= 0xa0 && code <= 0xd7ff) || (code >= 0xe000 && code <= 0xfffd && code !== 0xfeff)
}

function isBlankOrBreak(code: number): boolean {
  return isBlank(code) || isBreak(code) || code === 0
}

function escape(code: number): string {
  const short = ESCAPES.get(code)
  if (short !== undefined) return short
  const hex = code.toString(16).toUpperCase()
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}

/** U+2028 and U+2029 end a line: what follows is indented. */
function indentBreaks(text: string, body: number): string {
  if (!/[\u2028\u2029]/.test(text)) return text
  return text.replace(/[\u2028\u2029](?=[^\u2028\u2029\n])/g, `$&${' '.repeat(body)}`)
}
