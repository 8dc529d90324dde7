/**
 * Fresh dotenv lines.
 * Follows: getsops/sops stores/dotenv/store.go. Refused in addition: keys that would read back as something else.
 * @module
 */
import { CodedError, type Entry, type PlainMap, Timestamp, type Tree, type Value, type ValueNode } from '@waxseal/core'
import { bytesOf, encodeComment, encodePiece } from '../byte-text.ts'
import { flatten } from '../flat-metadata.ts'
import { scalarString } from '../scalar-string.ts'

export const METADATA_PREFIX = 'sops_'
const LINE_BREAK = /\r\n|\r|\n/

export function isReservedKey(key: string): boolean {
  return key.startsWith(METADATA_PREFIX)
}

/** The reference writes the first document only. @throws CodedError EMIT_FAILED */
export function emit([map, ...others]: Tree, metadata?: PlainMap): Uint8Array {
  const items = map?.items ?? []
  if (metadata !== undefined) refuseReservedKeys(others.flatMap((other) => other.items).concat(items))
  const lines = items.map((item) => (item.kind === 'comment' ? commentLines(item.text) : entryLine(item)))
  const block = metadata === undefined ? [] : flatten(metadata).map(([key, value]) => `${encodePiece(METADATA_PREFIX + key)}=${escapedValue(value)}`)
  return bytesOf([...lines, ...block].map((line) => `${line}\n`).join(''))
}

export function emitValue(node: ValueNode): Uint8Array {
  if (node.kind !== 'leaf' || typeof node.value !== 'string') throw new CodedError('EMIT_FAILED', `the dotenv store only supports emitting strings, got ${typeName(node)}`)
  return bytesOf(encodePiece(node.value))
}

/** As Go calls it. */
function typeName(node: ValueNode): string {
  if (node.kind !== 'leaf') return node.kind
  const { value } = node
  if (value === null) return '<nil>'
  if (value instanceof Timestamp) return 'time.Time'
  return typeof value === 'bigint' ? 'int' : typeof value === 'number' ? 'float64' : typeof value === 'boolean' ? 'bool' : '[]byte'
}

/** As byte text, without its line break. @throws CodedError EMIT_FAILED */
export function entryLine({ key, value }: Entry): string {
  if (key.startsWith('#') || key.includes('=') || LINE_BREAK.test(key)) {
    throw new CodedError('EMIT_FAILED', 'a key with "=", a line break or "#" at its start cannot be written to a dotenv file', { path: key, hint: 'rename the entry' })
  }
  return `${encodePiece(key)}=${valueText(key, value)}`
}

/** As byte text. @throws CodedError EMIT_FAILED for maps and lists */
export function valueText(key: string, value: ValueNode): string {
  if (value.kind === 'leaf') return escapedValue(value.value)
  throw new CodedError('EMIT_FAILED', `cannot use complex value in dotenv file; offending key ${key}`, { path: key })
}

export function escapedValue(value: Value): string {
  return encodePiece(scalarString(value)).replaceAll('\n', '\\n')
}

/** A comment of several lines comes from INI. */
function commentLines(text: string): string {
  return encodeComment(text.split('\n').map((line) => `#${line}`).join('\n'))
}

function refuseReservedKeys(items: Tree[number]['items']): void {
  const reserved = items.some((item) => item.kind === 'entry' && isReservedKey(item.key))
  if (reserved) throw new CodedError('EMIT_FAILED', `a key starts with "${METADATA_PREFIX}", which is reserved for SOPS metadata`, { hint: 'rename the entry' })
}
