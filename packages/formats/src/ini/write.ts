/**
 * INI lines as go-ini writes them.
 * Follows: gopkg.in/ini.v1 v1.67.3 file.go (writeToBuffer).
 *
 * Departures: a value that would read back as something else takes the next quotes that can hold it (`a\` would join the next
 * line, `"a"` would lose its quotes), or is refused; so do keys that would be taken for a comment or a section.
 * @module
 */
import { CodedError, type CommentNode, type Entry, type MapNode, type Value, type ValueNode } from '@waxseal/core'
import { encodeComment, encodePiece } from '../byte-text.ts'
import { scalarString } from '../scalar-string.ts'
import { DEFAULT_SECTION, type Dress, readIni, readValue } from './read.ts'
import { trim } from './space.ts'

const LINE_BREAK = /\r\n|\n|\r/
const ORDINARY_KEY = /^[A-Za-z0-9_.-]{2,}$/
const FALLBACKS: readonly Dress[] = ['plain', '"', "'", '`', '"""']

/** A comment with its key or section, or at the end of a section. Byte text, without line breaks at the end. */
export function sectionText({ key: name, value: section }: Entry, isFirst: boolean, lineEnd: string): string {
  if (section.kind !== 'map') throw new CodedError('EMIT_FAILED', 'Error marshaling to INI: Error encoding section: Section values should always be TreeBranches', { path: name })
  if (name === '') throw new CodedError('EMIT_FAILED', 'empty section name')
  refuseLineBreak(name)
  const { own, keys } = arrange(section)
  const header = isFirst && name.toUpperCase() === DEFAULT_SECTION ? [] : [`[${encodePiece(name)}]`]
  return [...own.flatMap(sectionCommentLines), ...header, ...keyLines(keys)].map((line) => line + lineEnd).join('')
}

interface KeyWithComments {
  readonly key: string
  value: ValueNode
  readonly comments: CommentNode[]
}

/** A comment belongs to the key before it, those before the first key to the section. Of two keys with one name the last value counts. */
function arrange({ items }: MapNode): { own: CommentNode[]; keys: KeyWithComments[] } {
  const own: CommentNode[] = []
  const keys = new Map<string, KeyWithComments>()
  let comments = own
  for (const item of items) {
    if (item.kind === 'comment') {
      if (item.text !== '') comments.push(item)
      continue
    }
    const key = keys.get(item.key) ?? { key: item.key, value: item.value, comments: [] }
    key.value = item.value
    keys.set(item.key, key)
    comments = key.comments
  }
  return { own, keys: [...keys.values()] }
}

function keyLines(keys: readonly KeyWithComments[]): string[] {
  const width = Math.max(0, ...keys.map(({ key }) => keyText(key).length))
  return keys.flatMap(({ key, value, comments }) => [...comments.flatMap(({ text }) => commentLines(text)), `${keyText(key).padEnd(width)} = ${nodeText(key, value)}`])
}

/** Each line behind a marker. */
export function commentLines(text: string): string[] {
  return linesOf(text).map((line) => markedLine(line) ?? `; ${trim(line)}`)
}

/** Blanks at the start of a line without a marker stay. */
function sectionCommentLines({ text }: CommentNode): string[] {
  return linesOf(text).map((line) => markedLine(line) ?? `; ${line}`)
}

function linesOf(text: string): string[] {
  return encodeComment(text).split(LINE_BREAK)
}

function markedLine(line: string): string | undefined {
  return /^[#;]/.test(line) ? `${line.charAt(0)} ${trim(line.slice(1))}` : undefined
}

/** @throws CodedError EMIT_FAILED if no quotes can hold the key */
export function keyText(key: string): string {
  if (key === '') throw new CodedError('EMIT_FAILED', 'error creating new key: empty key name')
  refuseLineBreak(key)
  const text = encodePiece(key)
  if (ORDINARY_KEY.test(text)) return text
  const quoted = [`\`${text}\``, `"""${text}"""`]
  const written = (/["=:`]|^[#;[]/.test(text) ? quoted : [text, ...quoted]).find((candidate) => readsBackAsKey(candidate, text))
  if (written === undefined) throw new CodedError('EMIT_FAILED', 'a key cannot be written to an INI file', { path: key, hint: 'it has quotes of every kind, or blanks at its ends' })
  return written
}

function readsBackAsKey(candidate: string, text: string): boolean {
  try {
    const { sections: [first, second] } = readIni(`${candidate} = x\n`)
    return second === undefined && encodePiece(first?.keys[0]?.name ?? '') === text && first?.keys[0]?.value.text === 'x'
  } catch {
    return false
  }
}

/** @throws CodedError EMIT_FAILED */
export function nodeText(key: string, node: ValueNode): string {
  if (node.kind === 'leaf') return valueText(node.value)
  throw new CodedError('EMIT_FAILED', `an INI file has no place for maps and lists inside sections; offending key ${key}`, { path: key })
}

/**
 * @param found - the quotes that stood there; they stay if they can hold the value
 * @param besideComment - one follows on the line; behind quotes that close on the first line nobody would read it
 * @throws CodedError EMIT_FAILED if no quotes can
 */
export function valueText(value: Value, found: Dress = 'plain', besideComment = false): string {
  const text = encodePiece(scalarString(value))
  const preferred = found === 'plain' ? [referenceDress(text)] : [found, referenceDress(text)]
  const dressed = [...preferred, ...FALLBACKS].map((dress) => (dress === 'plain' ? text : dress + text + dress))
  const written = dressed.find((candidate) => readsBack(candidate, text, besideComment))
  if (written === undefined) throw new CodedError('EMIT_FAILED', 'a value cannot be written to an INI file', { hint: 'it holds quotes of every kind' })
  return written
}

function referenceDress(text: string): Dress {
  if (/[\n`]/.test(text)) return '"""'
  if (/[#;]/.test(text)) return '`'
  return trim(text) === text ? 'plain' : '"'
}

function readsBack(candidate: string, text: string, besideComment: boolean): boolean {
  const line = ` ${candidate}${besideComment ? ' #' : ''}\n`
  try {
    const value = readValue(line, 0, line.indexOf('\n') + 1)
    return value.text === text && (value.beside !== undefined) === besideComment && value.junk === undefined && value.next === line.length
  } catch {
    return false
  }
}

function refuseLineBreak(name: string): void {
  if (LINE_BREAK.test(name)) throw new CodedError('EMIT_FAILED', 'a name with a line break cannot be written to an INI file')
}
