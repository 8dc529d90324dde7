/**
 * Maps and lists that lose or gain items. An entry goes with its lines, comments around it stay; what is new follows the last item.
 * @module
 */
import type { Entry, MapNode, Node, ValueNode } from '@waxseal/core'
import type { Replacement } from '../splice.ts'
import { isBlank, isBreak, isGap } from './characters.ts'
import { splitFirstLine, toLines } from './dress.ts'
import { blockText } from './emit.ts'
import { flowText } from './flow.ts'
import { afterBreak, beforeBreak, isBlankBetween, lineEnd, lineStart, type Layout } from './lines.ts'
import { itemAt, NO_PROPERTIES, type CollectionSyntax, type Range } from './syntax.ts'

/** What happens to the items of one collection, by index. */
export interface Shape {
  readonly removed: Set<number>
  /** SOPS writes comments of lists as elements: here they become comments again. */
  readonly commented: Map<number, string>
  readonly appended: (Entry | Node)[]
  /** Items that stay, but that nothing may follow: a metadata block is last. */
  readonly last: Set<number>
  /** An empty collection may stay without brackets: the document is empty, or only its metadata is left. */
  mayBeEmpty: boolean
}

export function reshape(collection: CollectionSyntax, shape: Shape, layout: Layout): Replacement[] {
  return collection.flow ? reshapeFlow(collection, shape, layout) : reshapeBlock(collection, shape, layout)
}

export function itemEnd(collection: CollectionSyntax, index: number): number {
  return collection.children[collection.kind === 'map' ? 2 * index + 1 : index]!.end
}

/** New items as lines, without the last line break. */
export function blockItems(kind: 'map' | 'list', items: readonly (Entry | Node)[], column: number, layout: Layout, step = layout.step): string {
  const container = { kind, items } as ValueNode
  const text = items.every((item) => item.kind === 'comment')
    ? items.map((item) => `${' '.repeat(column)}#${(item as { text: string }).text}\n`).join('')
    : blockText(container, step, column)
  return toLines(text.slice(0, -1), layout)
}

export function commentText(text: string, lineStartText: string): string {
  return `#${text.split(/\r\n|[\n\r\u0085\u2028\u2029]/).join(`${lineStartText}#`)}`
}

function reshapeBlock(collection: CollectionSyntax, shape: Shape, layout: Layout): Replacement[] {
  const { starts, column, kind } = collection
  const { text } = layout
  const { removed, commented, appended, last } = shape
  const goes = (index: number): boolean => removed.has(index) || commented.has(index)
  const kept = starts.findLastIndex((_, index) => !goes(index) && !last.has(index))
  const added = appended.length === 0 ? '' : blockItems(kind, appended, column, layout)
  const isEmpty = kept === -1 && last.size === 0
  if (isEmpty && isInline(text, starts[0]!)) return [refillInline(collection, shape, added)]

  const replacements: Replacement[] = []
  // what goes where the first removed lines were
  let pending = added
  if (isEmpty && added === '' && !shape.mayBeEmpty) {
    if (collection.parent === null && collection.properties === NO_PROPERTIES) pending = '{}'
    else replacements.push(brackets(collection))
  }
  if (added !== '' && kept !== -1) {
    const end = lineEnd(text, itemEnd(collection, kept))
    replacements.push({ start: end, end, text: layout.lineEnd + added })
    pending = ''
  } else if (added !== '' && last.size > 0) {
    const start = lineStart(text, starts[Math.min(...last)]!)
    replacements.push({ start, end: start, text: added + layout.lineEnd })
    pending = ''
  }
  for (const [index, comment] of commented) {
    const end = itemEnd(collection, index)
    const pad = layout.lineEnd + ' '.repeat(column)
    const more = isBlankBetween(text, end, lineEnd(text, end)) ? '' : pad
    replacements.push({ start: starts[index]!, end, text: commentText(comment, pad) + more })
  }
  const lines: Lines[] = []
  for (const index of [...removed].sort((a, b) => a - b)) {
    const start = starts[index]!
    if (isInline(text, start)) {
      const next = starts.findIndex((_, at) => at > index && !removed.has(at))
      replacements.push({ start, end: starts[next]!, text: '' })
    } else {
      addLines(lines, linesOf(text, start, itemEnd(collection, index)), text)
    }
  }
  for (const [at, removedLines] of lines.entries()) replacements.push(putLines(removedLines, at === 0 ? pending : '', layout))
  return replacements
}

/** It begins on the line of a dash or a "?". */
function isInline(text: string, start: number): boolean {
  return !isBlankBetween(text, lineStart(text, start), start)
}

/** A collection that begins behind a dash and of which nothing stays. */
function refillInline(collection: CollectionSyntax, { commented }: Shape, added: string): Replacement {
  const comments = [...commented.values()].map((comment) => ` ${commentText(comment, ' ')}`).join('')
  const text = added === '' ? (collection.kind === 'map' ? '{}' : '[]') + comments : added.trimStart()
  return { start: collection.starts[0]!, end: collection.end, text }
}

/** Whole lines, without the break that ends the last. */
interface Lines {
  readonly start: number
  end: number
}

function linesOf(text: string, start: number, end: number): Lines {
  return { start: lineStart(text, start), end: lineEnd(text, end) }
}

function addLines(all: Lines[], lines: Lines, text: string): void {
  const last = all.at(-1)
  if (last !== undefined && afterBreak(text, last.end) === lines.start) last.end = lines.end
  else all.push(lines)
}

/** Lines go with the break before them: what is added behind them stays. Only the first lines of a file go with the break behind. */
function putLines({ start, end }: Lines, instead: string, { text, lineEnd: lineBreak }: Layout): Replacement {
  const from = beforeBreak(text, start)
  if (from < start) return { start: from, end, text: instead === '' ? '' : lineBreak + instead }
  return instead === '' ? { start, end: afterBreak(text, end), text: '' } : { start, end, text: instead }
}

/** The lines that these ranges stand on. Neighbours go together: each takes a line break of its own with it. */
export function removeLines(layout: Layout, ranges: readonly Range[]): Replacement[] {
  const lines: Lines[] = []
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start)) addLines(lines, linesOf(layout.text, start, end), layout.text)
  return lines.map((removed) => putLines(removed, '', layout))
}

/** Behind the indicator or the properties of a block collection that became empty. */
function brackets({ kind, parent, properties: { anchor, tag }, start }: CollectionSyntax): Replacement {
  const at = anchor !== null || tag !== null ? Math.max(anchor?.end ?? 0, tag?.end ?? 0) : indicatorEnd(parent!, start)
  return { start: at, end: at, text: kind === 'map' ? ' {}' : ' []' }
}

/** Behind the dash or ":" in front of a value. */
export function indicatorEnd(parent: CollectionSyntax, valueStart: number): number {
  const indicators = parent.kind === 'map' ? parent.colons : parent.starts
  return indicators[itemAt(parent, valueStart - 1)]! + 1
}

function reshapeFlow(collection: CollectionSyntax, { removed, commented, appended }: Shape, layout: Layout): Replacement[] {
  const { starts, start, kind } = collection
  const goes = (index: number): boolean => removed.has(index) || commented.has(index)
  const added = appended.filter((item) => item.kind !== 'comment').map((item) => flowText(item))
  const lastIndex = starts.length - 1
  const kept = starts.findLastIndex((_, index) => !goes(index))
  const comments = [...commented.values()].map((comment) => ` ${commentText(comment, layout.lineEnd)}${layout.lineEnd}`).join('')
  // an element like `key: value` has no braces as long as it has one entry
  const isPair = kind === 'map' && layout.text.charAt(start) !== '{'
  if (kept === -1) {
    const from = starts[0] ?? start + 1
    const last = lastIndex === -1 ? from : itemEnd(collection, lastIndex)
    const to = added.length === 0 ? afterComma(layout.text, last) : last
    const text = comments + added.join(', ')
    return [{ start: from, end: to, text: isPair ? `{${text}}` : text }]
  }
  if (isPair) return added.length === 0 ? [] : [{ start, end: start, text: '{' }, { start: collection.end, end: collection.end, text: `${endsWithTag(collection, lastIndex) ? ' ' : ''}, ${added.join(', ')}}` }]
  const replacements: Replacement[] = []
  for (let index = 0; index < kept; index += 1) {
    if (goes(index)) replacements.push({ start: starts[index]!, end: starts[index + 1]!, text: '' })
  }
  const keptEnd = itemEnd(collection, kept)
  const end = kept === lastIndex ? keptEnd : itemEnd(collection, lastIndex)
  const text = added.map((item) => `, ${item}`).join('')
  const gap = endsWithTag(collection, kept) && !isGap((text || layout.text.slice(end)).charCodeAt(0)) ? ' ' : ''
  replacements.push({ start: keptEnd, end, text: gap + text })
  if (comments !== '') replacements.push({ start: start + 1, end: start + 1, text: comments })
  return replacements
}

/** Nothing stands behind the tag: a comma or bracket right there would be part of it. */
function endsWithTag(collection: CollectionSyntax, index: number): boolean {
  const end = itemEnd(collection, index)
  const nodes = collection.kind === 'map' ? collection.children.slice(2 * index, 2 * index + 2) : [collection.children[index]!]
  return nodes.some((node) => node.kind !== 'alias' && node.properties.tag?.end === end)
}

/** Behind a comma that follows the last item. */
function afterComma(text: string, end: number): number {
  let at = end
  while (isBlank(text.charCodeAt(at)) || isBreak(text.charCodeAt(at))) at += 1
  return text.charAt(at) === ',' ? at + 1 : end
}

/** A value as the text behind ":" or "-": a first line, and lines below. */
export function freshValue(value: ValueNode, parent: CollectionSyntax, layout: Layout): [first: string, rest: string | null] {
  if (parent.flow) return [` ${flowText(value)}`, null]
  // written as an item of such a collection, and its key or dash taken off again
  const item: Entry | ValueNode = parent.kind === 'map' ? { kind: 'entry', key: 'k', value } : value
  const text = blockText({ kind: parent.kind, items: [item] } as MapNode, layout.step, parent.column)
  const indicator = ' '.repeat(parent.column) + (parent.kind === 'map' ? 'k:' : '-')
  const start = text.startsWith(indicator) ? 0 : text.indexOf(`\n${indicator}`) + 1
  return splitFirstLine(text.slice(start + indicator.length, -1))
}
