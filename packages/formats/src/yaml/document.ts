/**
 * A parsed YAML file, whose untouched bytes stay.
 * @module
 */
import { CodedError, type Document, type Edit, type LeafNode, type ParseOptions, type PlainMap, type Value } from '@waxseal/core'
import { refuseReservedKeys } from '../metadata-key.ts'
import { encodeText } from '../source-text.ts'
import { splice } from '../splice.ts'
import { Changes } from './changes.ts'
import { isBreak } from './characters.ts'
import { composeStream } from './compose.ts'
import { Cursor } from './cursor.ts'
import { stepOf } from './emit.ts'
import { beforeBreak, layoutOf, lineEnd, lineStart, type Layout } from './lines.ts'
import { readMetadata, removeMetadata, writeMetadata } from './metadata-block.ts'
import type { PlacedLeaf, PlacedStream, PlacedValue } from './nodes.ts'
import { itemEnd } from './reshape.ts'
import { scanBlockScalar } from './scan-scalar.ts'
import { readSource, sourceOf, type Source } from './source.ts'
import { buildStream } from './tree.ts'

/** @throws CodedError PARSE_*, KEY_NOT_STRING, METADATA_INVALID */
export function parseYaml(bytes: Uint8Array, { indent = 0 }: ParseOptions = {}): Document {
  if (bytes.length === 0) throw new CodedError('PARSE_EMPTY', 'the file is empty')
  const source = readSource(bytes)
  const syntax = composeStream(source)
  if (syntax.documents.length === 0) throw new CodedError('PARSE_FAILED', 'the file holds no document', { hint: 'write {} for an empty one' })
  const stream = buildStream(source, syntax)
  const [block] = stream.documents[0]!.metadata
  return {
    tree: stream.documents.map(({ map }) => map),
    metadata: block === undefined ? undefined : readMetadata(source, block),
    shifted: block === undefined ? shiftedLeaves(source, stream) : new Map<LeafNode, Value>(),
    apply: (edits, metadata) => apply(source, stream, stepOf(indent), edits, metadata),
  }
}

function apply(source: Source, stream: PlacedStream, blockStep: number, edits: readonly Edit[], metadata?: PlainMap | null): Uint8Array {
  const { documents } = stream
  const layout: Layout = layoutOf(source, documents.map(({ syntax }) => syntax))
  const dressing = { ...layout, bareEnd: bareEnd(source, stream, metadata) }
  const changes = new Changes(stream, dressing)
  for (const edit of edits) changes.add(edit)
  if (metadata === null) removeMetadata(changes, documents)
  if (metadata) {
    if (documents[0]!.metadata.length === 0) refuseReservedKeys(documents.map(({ metadata: items }) => ({ kind: 'map', items })))
    writeMetadata(changes, documents, metadata, dressing, blockStep)
  }
  return encodeText(splice(source.text.slice(0, source.length), changes.replacements()))
}

/** Where the result will end without a line break; -1 if it ends with one. */
function bareEnd({ text, length }: Source, { documents }: PlacedStream, metadata: PlainMap | null | undefined): number {
  if (length === 0 || isBreak(text.charCodeAt(length - 1))) return -1
  const block = documents.at(-1)!.metadata.at(-1)
  if (block === undefined) return metadata ? -1 : length
  if (metadata !== null || lineEnd(text, itemEnd(block.parent, block.index)) < length) return length
  return beforeBreak(text, lineStart(text, block.parent.starts[block.index]!))
}

/** A block scalar that ends the text gains the line break that a block behind it brings. */
function shiftedLeaves({ text, length }: Source, { documents }: PlacedStream): ReadonlyMap<LeafNode, Value> {
  const shifted = new Map<LeafNode, Value>()
  if (isBreak(text.charCodeAt(length - 1))) return shifted
  const leaf = lastLeaf(documents.at(-1)!.map)
  if (leaf === null || leaf.alias !== null || leaf.syntax.block === null || leaf.value !== leaf.syntax.text) return shifted
  const cursor = new Cursor(sourceOf(`${text.slice(leaf.syntax.start, length)}\n`))
  const { text: later } = scanBlockScalar(cursor, leaf.syntax.parent?.column ?? -1, skipComment)
  if (later !== leaf.value) shifted.set(leaf, later)
  return shifted

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

