/**
 * Fresh JSON: in the reference's layout for whole files, in a document's own for what is inserted there.
 * Follows: getsops/sops stores/json/store.go; Go encoding/json (escapes, numbers, Indent).
 * @module
 */
import { CodedError, type EmitOptions, type Entry, type Node, type PlainMap, Timestamp, type Tree, type Value, type ValueNode } from '@waxseal/core'
import { METADATA_KEY, refuseReservedKeys } from '../metadata-key.ts'
import { withEntry } from '../plain.ts'
import { encodeText } from '../source-text.ts'

/** A rule file may come from anybody, and the reference takes whatever fits into memory. */
const MAX_INDENT = 100

export interface JsonStyle {
  /** Undefined: everything on one line. */
  readonly lineEnd: string | undefined
  readonly unit: string
  /** Behind a key, with its blank. */
  readonly colon: string
  /** Behind an item on the same line, with its blank. */
  readonly comma: string
  readonly quote: (text: string) => string
}

export function emit(tree: Tree, metadata?: PlainMap, { indent = -1 }: EmitOptions = {}): Uint8Array {
  if (metadata !== undefined) refuseReservedKeys(tree)
  const [map = { kind: 'map', items: [] }] = tree // the reference writes the first document only
  return encodeText(`${formatJson(metadata === undefined ? map : withEntry(map, METADATA_KEY, metadata), referenceStyle(indent))}\n`)
}

export function emitValue(value: ValueNode, { indent = -1 }: EmitOptions = {}): Uint8Array {
  return encodeText(formatJson(value, referenceStyle(indent)))
}

/** On one line, without any blanks but those behind the colons of maps. */
export function emitCompactValue(value: ValueNode): Uint8Array {
  return encodeText(formatJson(value, { lineEnd: undefined, unit: '', colon: ':', comma: ',', quote: quoteForHtml }))
}

/** What one level is indented by. @param indent - columns, -1 for a tab. @throws CodedError EMIT_FAILED */
export function indentUnit(indent: number): string {
  if (indent < -1) throw new CodedError('EMIT_FAILED', 'JSON Indentation parameter smaller than -1 is not accepted')
  if (indent > MAX_INDENT) throw new CodedError('EMIT_FAILED', `JSON indentation of more than ${MAX_INDENT} columns`)
  return indent === -1 ? '\t' : ' '.repeat(indent)
}

function referenceStyle(indent: number): JsonStyle {
  return { lineEnd: '\n', unit: indentUnit(indent), colon: ': ', comma: ',', quote: quoteForHtml }
}

interface Level {
  readonly items: readonly (Entry | ValueNode)[]
  next: number
  readonly closing: string
}

/**
 * Without recursion. Comments are left out: JSON has none.
 * @param indentation - of the line that the value starts on
 * @throws CodedError EMIT_FAILED for infinite numbers
 */
export function formatJson(root: ValueNode, style: JsonStyle, indentation = ''): string {
  const { lineEnd, unit } = style
  const out: string[] = []
  const levels: Level[] = []
  const breakLine = (depth: number): void => {
    if (lineEnd !== undefined) out.push(lineEnd, indentation, unit.repeat(depth))
  }
  write(root)
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const item = level.items[level.next]
    if (item === undefined) {
      levels.pop()
      breakLine(levels.length)
      out.push(level.closing)
      continue
    }
    if (level.next > 0) out.push(lineEnd === undefined ? style.comma : ',')
    level.next += 1
    breakLine(levels.length)
    if (item.kind === 'entry') out.push(style.quote(item.key), style.colon)
    write(item.kind === 'entry' ? item.value : item)
  }
  return out.join('')

  function write(node: ValueNode): void {
    if (node.kind === 'leaf') {
      out.push(literal(node.value, style.quote))
      return
    }
    const items = (node.items as readonly (Entry | Node)[]).filter((item) => item.kind !== 'comment')
    const brackets = node.kind === 'map' ? '{}' : '[]'
    if (items.length === 0) {
      out.push(brackets)
    } else {
      out.push(brackets.charAt(0))
      levels.push({ items, next: 0, closing: brackets.charAt(1) })
    }
  }
}

export function literal(value: Value, quote: (text: string) => string = quoteShortest): string {
  if (typeof value === 'string') return quote(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new CodedError('EMIT_FAILED', 'unsupported value: JSON has no infinite numbers and no NaN')
    return Object.is(value, -0) ? '-0' : String(value)
  }
  if (value instanceof Timestamp) return quote(value.text)
  if (value instanceof Uint8Array) return quote(Buffer.from(value).toString('utf8')).replaceAll('\ufffd', '\\ufffd')
  return String(value)
}

export function quoteShortest(text: string): string {
  return JSON.stringify(text)
}

/** Go's default: also safe inside HTML and JavaScript. */
export function quoteForHtml(text: string): string {
  return JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
