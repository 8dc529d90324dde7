/**
 * A dotenv file by lines: `KEY=value`, taken literally but for `\n`, which stands for a line break; `#` comments at the start of a
 * line; empty lines. Metadata are the lines whose key starts with `sops_`. Lines that no edit names keep their bytes.
 * Follows: getsops/sops stores/dotenv/store.go.
 * @module
 */
import {
  CodedError, type CommentNode, type Document, type Edit, type Entry, type LeafNode, type MapNode, type Node, type PlainMap,
} from '@waxseal/core'
import { byteText, bytesOf, decodeComment, decodePiece, encodeComment, encodePiece } from '../byte-text.ts'
import { type FlatEntry, flatten, unflatten } from '../flat-metadata.ts'
import { type Replacement, splice } from '../splice.ts'
import { refuseTooMany } from '../value-limit.ts'
import { entryLine, escapedValue, METADATA_PREFIX, valueText } from './emit.ts'

/** A line with its line break, and in it the place of the value or of the comment's text. A file that ends without one is read as if it had it. */
interface Line {
  readonly start: number
  readonly contentStart: number
  readonly contentEnd: number
  readonly end: number
  readonly item: Entry | CommentNode
}

/** @throws CodedError PARSE_FAILED, PARSE_ENCODING, METADATA_INVALID */
export function parse(source: Uint8Array): Document {
  const found = byteText(source)
  const unfinished = found !== '' && !found.endsWith('\n')
  const text = unfinished ? `${found}\n` : found
  const lines = readLines(text)
  const isMetadata = ({ item }: Line): boolean => item.kind === 'entry' && item.key.startsWith(METADATA_PREFIX)
  const data = lines.filter((line) => !isMetadata(line))
  const block = lines.filter(isMetadata)
  const map: MapNode = { kind: 'map', items: data.map(({ item }) => item) }
  return {
    tree: [map],
    metadata: block.length === 0 ? undefined : unflatten(block.map(flatEntry)),
    shifted: new Map(),
    apply(edits, metadata) {
      const changes = new Changes(data)
      for (const edit of edits) changes.add(edit)
      if (metadata !== undefined) changes.setMetadata(block, metadata)
      const result = splice(text, changes.replacements(text.length))
      return bytesOf(unfinished && result !== '' ? result.slice(0, -1) : result)
    },
  }
}

function readLines(text: string): Line[] {
  const lines: Line[] = []
  for (let start = 0, number = 1; start < text.length; number += 1) {
    const lineBreak = text.indexOf('\n', start)
    if (lineBreak > start) lines.push(readLine(text, start, lineBreak, number))
    refuseTooMany(lines.length)
    start = lineBreak + 1
  }
  return lines
}

function readLine(text: string, start: number, contentEnd: number, number: number): Line {
  const end = contentEnd + 1
  if (text[start] === '#') {
    const comment: CommentNode = { kind: 'comment', text: decodeComment(text.slice(start + 1, contentEnd)), inline: false }
    return { start, contentStart: start + 1, contentEnd, end, item: comment }
  }
  const content = text.slice(start, contentEnd)
  const equals = content.indexOf('=')
  if (equals === -1) {
    throw new CodedError('PARSE_FAILED', `line ${number}, column 1: invalid dotenv input line: it has no "="`, {
      line: number,
      column: 1,
      hint: 'a line is empty, a comment that starts with # in the first column, or KEY=value',
    })
  }
  const value: LeafNode = { kind: 'leaf', value: decodePiece(content.slice(equals + 1).replaceAll('\\n', '\n')) }
  return { start, contentStart: start + equals + 1, contentEnd, end, item: { kind: 'entry', key: keyOf(content.slice(0, equals), number), value } }
}

function keyOf(piece: string, number: number): string {
  const decoded = decodePiece(piece)
  if (typeof decoded === 'string') return decoded
  throw new CodedError('PARSE_ENCODING', `line ${number}: the key is not UTF-8 text`, { line: number })
}

function flatEntry({ item }: Line): FlatEntry {
  const { key, value } = item as Entry
  const text = (value as LeafNode).value as string | Uint8Array
  return [key.slice(METADATA_PREFIX.length), typeof text === 'string' ? text : Buffer.from(text).toString('utf8')]
}

/** The edits of one `apply`. */
class Changes {
  readonly #data: readonly Line[]
  readonly #places = new Map<Entry | Node, Line>()
  readonly #replacements: Replacement[] = []
  readonly #removed = new Set<Line>()
  readonly #added: string[] = []
  #metadata: readonly string[] = []

  constructor(data: readonly Line[]) {
    this.#data = data
    for (const line of data) {
      this.#places.set(line.item, line)
      if (line.item.kind === 'entry') this.#places.set(line.item.value, line)
    }
  }

  add(edit: Edit): void {
    switch (edit.do) {
      case 'token':
        this.#setContent(this.#placeOf(edit.node), edit.token)
        break
      case 'value':
        this.#setContent(this.#placeOf(edit.node), escapedValue(edit.value))
        break
      case 'comment':
        this.#setContent(this.#placeOf(edit.node), encodeComment(edit.text))
        break
      case 'replace': {
        const line = this.#placeOf(edit.node)
        this.#setContent(line, valueText((line.item as Entry).key, edit.by))
        break
      }
      case 'remove':
        this.#removed.add(this.#placeOf(edit.item))
        break
      case 'append':
        if ('entry' in edit) this.#added.push(entryLine(edit.entry))
    }
  }

  /** Line by line as long as the keys stay. */
  setMetadata(found: readonly Line[], metadata: PlainMap | null): void {
    const wanted = new Map(flatten(metadata ?? {}).map(([key, value]) => [METADATA_PREFIX + key, escapedValue(value)]))
    const keys = found.map(({ item }) => (item as Entry).key)
    if (keys.length === wanted.size && keys.every((key) => wanted.has(key))) {
      for (const [at, line] of found.entries()) this.#setContent(line, wanted.get(keys[at]!)!)
      return
    }
    for (const line of found) this.#removed.add(line)
    this.#metadata = [...wanted].map(([key, value]) => `${encodePiece(key)}=${value}`)
  }

  /** @param end - of the file */
  replacements(end: number): Replacement[] {
    const last = this.#data.findLast((line) => !this.#removed.has(line))
    const removals = [...this.#removed].map((line) => ({ start: line.start, end: line.end, text: '' }))
    return [...this.#replacements, ...removals, insertion(last?.end ?? 0, this.#added), insertion(end, this.#metadata)]
  }

  #placeOf(node: Entry | Node): Line {
    const line = this.#places.get(node)
    if (line === undefined) throw new TypeError('an edit names a node of another document')
    return line
  }

  #setContent({ contentStart, contentEnd }: Line, content: string): void {
    this.#replacements.push({ start: contentStart, end: contentEnd, text: content })
  }
}

function insertion(at: number, lines: readonly string[]): Replacement {
  return { start: at, end: at, text: lines.map((line) => `${line}\n`).join('') }
}
