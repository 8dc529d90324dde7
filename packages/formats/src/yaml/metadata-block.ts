/**
 * The `sops` entry of a document: read, written at the end of its root, changed scalar by scalar while its shape stays.
 * @module
 */
import { isList, isMap, Timestamp, type Entry, type Plain, type PlainMap, type Value } from '@waxseal/core'
import { METADATA_KEY } from '../metadata-key.ts'
import { entryOf, plainLeaf, plainOf } from '../plain.ts'
import { splice, type Replacement } from '../splice.ts'
import type { Changes } from './changes.ts'
import { dressValue, type Dressing } from './dress.ts'
import type { StreamSyntax } from './compose.ts'
import { flowText } from './flow.ts'
import { beforeBreak, isBlankBetween, lineEnd, lineStart, type Layout } from './lines.ts'
import type { PlacedDocument, PlacedEntry, PlacedLeaf, PlacedValue } from './nodes.ts'
import { blockItems, itemEnd } from './reshape.ts'
import { syntaxError, type Source } from './source.ts'
import type { DocumentSyntax } from './syntax.ts'

/** @throws CodedError METADATA_INVALID: also for a time without quotes, which the reference cannot read as text */
export function readMetadata(source: Source, { value }: PlacedEntry): Plain {
  const open: PlacedValue[] = [value]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.kind === 'leaf') {
      if (node.value instanceof Timestamp) throw syntaxError(source, node.syntax.start, 'a time of the sops metadata stands without quotes', 'METADATA_INVALID')
    } else {
      for (const item of node.items) if (item.kind !== 'comment') open.push(item.kind === 'entry' ? item.value : item)
    }
  }
  return plainOf(value)
}

/** Changes the blocks that are there. @param isNew - writes one into every other document */
export function writeMetadata(changes: Changes, documents: readonly PlacedDocument[], metadata: PlainMap, dressing: Dressing, step: number, isNew: boolean): void {
  for (const document of documents) {
    const [found] = document.metadata
    if (found !== undefined) update(changes, found, metadata, dressing, step)
    else if (isNew) insert(changes, document, entryOf(METADATA_KEY, metadata), dressing, step)
  }
}

/** A comment beside the key is the document's: the reference puts some of the last value's there. */
export function removeMetadata(changes: Changes, documents: readonly PlacedDocument[], { text }: Layout): void {
  for (const { metadata, syntax } of documents) {
    for (const { parent, index } of metadata) {
      const shape = changes.shapeOf(parent)
      shape.mayBeEmpty = syntax.marker !== null
      const key = parent.children[2 * index]!
      const beside = key.line.filter((line) => line !== null).find((line) => line.start > key.start)
      if (beside !== undefined && !parent.flow) {
        changes.put({ start: key.start, end: beside.start, text: '' }, { start: beside.end, end: lineEnd(text, itemEnd(parent, index)), text: '' })
      } else {
        shape.last.delete(index)
        shape.removed.add(index)
      }
    }
  }
}

function insert(changes: Changes, { syntax }: PlacedDocument, entry: Entry, dressing: Dressing, step: number): void {
  const { root } = syntax
  if (root.kind === 'map' && root.flow) {
    changes.shapeOf(root).appended.push(entry)
    return
  }
  if (root.kind === 'map') changes.shapeOf(root).mayBeEmpty = true
  else changes.put({ start: root.start, end: root.end, text: '' }) // null, in whatever spelling
  changes.putLast(atEnd(syntax, blockItems('map', [entry], rootColumn(syntax), dressing, step), dressing))
}

function rootColumn({ root }: DocumentSyntax): number {
  return root.kind === 'map' ? root.column : 0
}

/** As the last lines of a document. They end as the line before them does: lines are removed with the break before them. */
function atEnd({ end }: DocumentSyntax, lines: string, { text, lineEnd: lineBreak }: Layout): Replacement {
  const breakBefore = text.slice(beforeBreak(text, end), end)
  if (breakBefore !== '') return { start: end, end, text: lines + breakBefore }
  return { start: end, end, text: end === 0 ? lines + lineBreak : lineBreak + lines }
}

/**
 * The text with an empty entry in the place of the block to come, in the documents where that decides where comments belong: those
 * that stand below the last value. Their tokens are bound to that place. Returns null if it makes no difference.
 */
export function withPlaceholder({ text, length }: Source, { documents, comments }: StreamSyntax, layout: Layout): string | null {
  let at = 0
  const matters = new Set<DocumentSyntax>()
  for (const { start } of comments) {
    while (at < documents.length - 1 && start >= documents[at]!.end) at += 1
    const document = documents[at]!
    const line = lineStart(text, start)
    if (start > document.root.end && start - line >= rootColumn(document) && isBlankBetween(text, line, start)) matters.add(document)
  }
  if (documents.some(({ root }) => root.kind === 'scalar' && root.end > root.start)) return null
  const placeholders = [...matters]
    .filter(({ root }) => root.kind === 'scalar' || (root.kind === 'map' && !root.flow))
    .map((document) => atEnd(document, `${' '.repeat(rootColumn(document))}${METADATA_KEY}:`, layout))
  return placeholders.length === 0 ? null : splice(text.slice(0, length), placeholders)
}

function update(changes: Changes, found: PlacedEntry, metadata: PlainMap, dressing: Dressing, step: number): void {
  const scalars = changedScalars(found.value, metadata)
  const { parent, index } = found
  const [start, end] = [parent.starts[index]!, itemEnd(parent, index)]
  const entry = entryOf(METADATA_KEY, metadata)
  if (scalars !== undefined) for (const [leaf, value] of scalars) changes.put(...dressValue(leaf.syntax, value, dressing))
  else if (parent.flow) changes.put({ start, end, text: flowText(entry) })
  else changes.put({ start: lineStart(dressing.text, start), end: lineEnd(dressing.text, end), text: blockItems('map', [entry], parent.column, dressing, step) })
}

/** @returns undefined if the shape differs, or parts of it stand elsewhere */
function changedScalars(found: PlacedValue, wanted: Plain): [PlacedLeaf, Value][] | undefined {
  if (found.alias !== null) return undefined
  if (found.kind === 'leaf') {
    if (isList(wanted) || isMap(wanted)) return undefined
    return plainLeaf(found) === wanted ? [] : [[found, wanted]]
  }
  if (found.kind === 'list' ? !isList(wanted) : !isMap(wanted)) return undefined
  const children: PlacedValue[] = []
  const keys: (string | number)[] = []
  for (const item of found.items) {
    if (item.kind === 'comment') continue
    keys.push(item.kind === 'entry' ? item.key : keys.length)
    children.push(item.kind === 'entry' ? item.value : item)
  }
  const values = wanted as Readonly<Record<string | number, Plain | undefined>>
  if (keys.length !== Object.keys(values).length) return undefined
  const changed: [PlacedLeaf, Value][] = []
  for (const [at, child] of children.entries()) {
    const value = values[keys[at]!]
    const inner = value === undefined ? undefined : changedScalars(child, value)
    if (inner === undefined) return undefined
    changed.push(...inner)
  }
  return changed
}
