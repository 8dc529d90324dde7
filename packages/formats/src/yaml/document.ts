/**
 * A parsed YAML file, whose untouched bytes stay.
 * @module
 */
import { CodedError, type Document, type Edit, type LeafNode, type ParseOptions, type PlainMap, type Value, type ValueNode } from '@waxseal/core'
import { refuseReservedKeys } from '../metadata-key.ts'
import { encodeText } from '../source-text.ts'
import { splice } from '../splice.ts'
import { aliasSpelling } from './alias.ts'
import { Changes } from './changes.ts'
import { isBreak } from './characters.ts'
import { composeStream } from './compose.ts'
import { Cursor } from './cursor.ts'
import type { Dressing } from './dress.ts'
import { stepOf } from './emit.ts'
import { beforeBreak, layoutOf, lineEnd, lineStart, type Layout } from './lines.ts'
import { readMetadata, removeMetadata, withPlaceholder, writeMetadata } from './metadata-block.ts'
import type { PlacedLeaf, PlacedStream, PlacedValue } from './nodes.ts'
import { itemEnd } from './reshape.ts'
import { scanBlockScalar } from './scan-scalar.ts'
import { readSource, sourceOf, type Source } from './source.ts'
import { spellings } from './spelling.ts'
import { buildStream } from './tree.ts'

/** @throws CodedError PARSE_*, KEY_NOT_STRING, METADATA_INVALID */
export function parseYaml(bytes: Uint8Array, { indent = 0 }: ParseOptions = {}): Document {
  if (bytes.length === 0) throw new CodedError('PARSE_EMPTY', 'the file is empty')
  const file = readFile(readSource(bytes), stepOf(Math.max(indent, 0)))
  const { source, stream, hasPlaceholder } = file
  const [block] = stream.documents[0]!.metadata
  const isPlain = block === undefined || hasPlaceholder
  const shifted = shiftedLeaf(source, stream)
  return {
    tree: stream.documents.map(({ map }) => map),
    metadata: isPlain ? undefined : readMetadata(source, block),
    shifted: isPlain && shifted !== null && shifted.leaf.value !== '' ? new Map([[shifted.leaf, shifted.later]]) : new Map<LeafNode, Value>(),
    spellings: (edits) => spellingsIn(file, edits),
    apply: (edits, metadata) => apply(file, stepOf(indent), edits, metadata),
  }
}

/** What a plain document will have behind it. */
const NEW_BLOCK: PlainMap = {}

interface YamlFile {
  readonly source: Source
  readonly stream: PlacedStream
  readonly layout: Layout
  /** The `sops` entries are not in the file, they only show where the block will stand. */
  readonly hasPlaceholder: boolean
}

function readFile(source: Source, step: number): YamlFile {
  const syntax = composeStream(source)
  if (syntax.documents.length === 0) throw new CodedError('PARSE_FAILED', 'the file holds no document', { hint: 'write {} for an empty one' })
  const stream = buildStream(source, syntax)
  const layout = layoutOf(source, syntax.documents.map(({ root }) => root), step)
  const isPlain = stream.documents.every(({ metadata }) => metadata.length === 0)
  const placeholder = isPlain ? withPlaceholder(source, syntax, layout) : null
  if (placeholder === null) return { source, stream, layout, hasPlaceholder: false }
  const later = sourceOf(placeholder)
  return { source: later, stream: buildStream(later, composeStream(later)), layout: { ...layout, text: later.text, length: later.length }, hasPlaceholder: true }
}

function apply(file: YamlFile, blockStep: number, edits: readonly Edit[], metadata?: PlainMap | null): Uint8Array {
  const { source, stream, hasPlaceholder } = file
  const { documents } = stream
  const block = hasPlaceholder ? (metadata ?? null) : metadata
  const dressing = dressingOf(file, block)
  const changes = new Changes(stream, dressing, [...edits, ...keepEmptyString(source, stream, block, edits)])
  if (block === null) removeMetadata(changes, documents, dressing)
  if (block) {
    const isNew = hasPlaceholder || documents[0]!.metadata.length === 0
    if (isNew && !hasPlaceholder) refuseReservedKeys(documents.map(({ metadata: items }) => ({ kind: 'map', items })))
    writeMetadata(changes, documents, block, dressing, blockStep, isNew)
  }
  return encodeText(splice(source.text.slice(0, source.length), changes.replacements()))
}

function spellingsIn(file: YamlFile, edits: readonly Edit[]): ReadonlyMap<ValueNode, string> {
  const encrypting = dressingOf(file, NEW_BLOCK)
  const found = new Map<ValueNode, string>(spellings(edits, encrypting, dressingOf(file, null)))
  for (const site of file.stream.aliases.length === 0 ? [] : new Changes(file.stream, encrypting, edits).expandedAliases()) {
    const spelling = aliasSpelling(site, encrypting.text)
    if (site.node !== null && spelling !== undefined) found.set(site.node, spelling)
  }
  return found
}

function dressingOf({ source, stream, layout }: YamlFile, metadata: PlainMap | null | undefined): Dressing {
  return { ...layout, bareEnd: bareEnd(source, stream, metadata) }
}

/** An empty string has no token that could carry it: as a block scalar at the end of the text it would gain a line break. */
function keepEmptyString(source: Source, stream: PlacedStream, block: PlainMap | null | undefined, edits: readonly Edit[]): Edit[] {
  const node = block ? shiftedLeaf(source, stream)?.leaf : undefined
  if (node?.value !== '' || edits.some((edit) => 'node' in edit && edit.node === node)) return []
  return [{ do: 'value', node, value: '' }]
}

/** Where the result will end without a line break; -1 if it ends with one. */
function bareEnd({ text, length }: Source, { documents }: PlacedStream, metadata: PlainMap | null | undefined): number {
  if (length === 0 || isBreak(text.charCodeAt(length - 1))) return -1
  const block = documents.at(-1)!.metadata.at(-1)
  if (block === undefined) return metadata ? -1 : length
  if (metadata !== null || lineEnd(text, itemEnd(block.parent, block.index)) < length) return length
  return beforeBreak(text, lineStart(text, block.parent.starts[block.index]!))
}

interface ShiftedLeaf {
  readonly leaf: PlacedLeaf
  readonly later: string
}

/** A block scalar that ends the text gains the line break that a block behind it brings. */
function shiftedLeaf({ text, length }: Source, { documents }: PlacedStream): ShiftedLeaf | null {
  if (isBreak(text.charCodeAt(length - 1))) return null
  const leaf = lastLeaf(documents.at(-1)!.map)
  if (leaf === null || leaf.alias !== null || leaf.syntax.block === null || leaf.value !== leaf.syntax.text) return null
  const cursor = new Cursor(sourceOf(`${text.slice(leaf.syntax.start, length)}\n`))
  const { text: later } = scanBlockScalar(cursor, leaf.syntax.parent?.column ?? -1, skipComment)
  return later === leaf.value ? null : { leaf, later }

  function skipComment(): void {
    cursor.at = lineEnd(cursor.text, cursor.at)
  }
}

function lastLeaf(root: PlacedValue): PlacedLeaf | null {
  let node: PlacedValue | undefined = root
  while (node !== undefined && node.kind !== 'leaf') {
    const item: PlacedStream['documents'][number]['map']['items'][number] | PlacedValue | undefined = node.items.findLast(({ kind }) => kind !== 'comment')
    node = item?.kind === 'entry' ? item.value : (item as PlacedValue | undefined)
  }
  return node ?? null
}

