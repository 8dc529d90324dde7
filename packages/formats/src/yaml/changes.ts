/**
 * The edits of one `apply`, turned into replacements.
 *
 * An alias of something that changes gives way to what it stands for, each value by itself: tokens are bound to their path.
 * @module
 */
import { applyEdits, CodedError, type Edit, type Entry, type Node, type Tree, type ValueNode } from '@waxseal/core'
import type { Replacement } from '../splice.ts'
import { dressToken, dressValue, toLines, type Dressing } from './dress.ts'
import { isBlankBetween, lineEnd, lineStart } from './lines.ts'
import type { AliasSite, PlacedComment, PlacedEntry, PlacedLeaf, PlacedList, PlacedMap, PlacedStream, PlacedValue } from './nodes.ts'
import { commentText, freshValue, indicatorEnd, removeLines, reshape, type Shape } from './reshape.ts'
import { stringText } from './scalar-text.ts'
import { outerStart, type CollectionSyntax, type Syntax } from './syntax.ts'

type Placed = PlacedValue | PlacedComment | PlacedEntry

export class Changes {
  readonly #stream: PlacedStream
  readonly #dressing: Dressing
  readonly #edits: Edit[] = []
  readonly #replacements: Replacement[] = []
  readonly #shapes = new Map<CollectionSyntax, Shape>()
  readonly #sites = new Set<AliasSite>()
  /** Where something changes. */
  readonly #changed: number[] = []
  readonly #indices: Map<CollectionSyntax, ReadonlyMap<Syntax, number>> = new Map()

  constructor(stream: PlacedStream, dressing: Dressing) {
    this.#stream = stream
    this.#dressing = dressing
  }

  add(edit: Edit): void {
    this.#edits.push(edit)
    const placed = placedNode(edit)
    if (placed.alias !== null) {
      this.#sites.add(placed.alias)
      return
    }
    switch (edit.do) {
      case 'token': return this.#token(placed as PlacedLeaf | PlacedComment, edit.token)
      case 'value': return this.#leaf(placed as PlacedLeaf, (syntax) => dressValue(syntax, edit.value, this.#dressing))
      case 'comment': return this.#comment(placed as PlacedLeaf | PlacedComment, edit.text)
      case 'replace': return this.#replace(placed as PlacedValue, edit.by)
      case 'append': return this.#append(placed as PlacedMap | PlacedList, 'entry' in edit ? edit.entry : edit.item)
      case 'remove': return this.#remove(placed as PlacedMap | PlacedList, edit.item as Placed)
    }
  }

  /** By the syntax of a collection, for what is no node of the tree. */
  shapeOf(collection: CollectionSyntax): Shape {
    let shape = this.#shapes.get(collection)
    if (shape === undefined) {
      const metadata = this.#stream.documents.flatMap(({ metadata: entries }) => entries.filter(({ parent }) => parent === collection))
      shape = { removed: new Set(), commented: new Map(), appended: [], last: new Set(metadata.map(({ index }) => index)), mayBeEmpty: false }
      this.#shapes.set(collection, shape)
    }
    return shape
  }

  put(...replacements: Replacement[]): void {
    this.#replacements.push(...replacements)
  }

  replacements(): Replacement[] {
    const all = [...this.#replacements]
    for (const [collection, shape] of this.#shapes) all.push(...reshape(collection, shape, this.#dressing))
    return [...all, ...this.#expansions()]
  }

  #token(node: PlacedLeaf | PlacedComment, token: string): void {
    if (node.kind === 'comment') this.#commentLine(node, token)
    else this.#leaf(node, (syntax) => dressToken(syntax, token, this.#dressing))
  }

  #leaf({ syntax }: PlacedLeaf, dress: (syntax: PlacedLeaf['syntax']) => Replacement[]): void {
    this.#changed.push(syntax.start)
    this.#replacements.push(...dress(syntax))
  }

  #comment(node: PlacedLeaf | PlacedComment, text: string): void {
    if (node.kind === 'comment') return this.#commentLine(node, text)
    const list = node.syntax.parent
    if (list?.kind !== 'list') throw new TypeError('only an element of a list can become a comment')
    this.#changed.push(node.syntax.start)
    this.shapeOf(list).commented.set(this.#index(list, node.syntax), text)
  }

  #commentLine({ line: { start, end }, inline }: PlacedComment, text: string): void {
    const column = start - lineStart(this.#dressing.text, start)
    const below = inline ? ' ' : this.#dressing.lineEnd + ' '.repeat(column)
    this.#replacements.push({ start, end, text: commentText(text, below) })
  }

  #replace(node: PlacedValue, by: ValueNode): void {
    if (node.kind === 'leaf' && by.kind === 'leaf') return this.#leaf(node, (syntax) => dressValue(syntax, by.value, this.#dressing))
    if (node.syntax === null || node.syntax.parent === null) throw new CodedError('EMIT_FAILED', 'the top level of a document cannot be replaced')
    this.#changed.push(node.syntax.start)
    this.#replacements.push(...this.#freshAt(node.syntax, node.syntax.parent, by))
  }

  #append(into: PlacedMap | PlacedList, item: Entry | Node): void {
    if (into.syntax === null) return this.#appendToEmptyRoot(into, item)
    this.#changed.push(into.syntax.start)
    this.shapeOf(into.syntax).appended.push(item)
  }

  #appendToEmptyRoot(_into: PlacedMap | PlacedList, _item: Entry | Node): void {
    throw new CodedError('EMIT_FAILED', 'the document is empty; write {} into it first')
  }

  #remove(from: PlacedMap | PlacedList, item: Placed): void {
    if (item.kind === 'comment') return this.#removeComment(item)
    if (from.syntax === null) throw new TypeError('an empty document has no items')
    const index = item.kind === 'entry' ? item.index : this.#index(from.syntax, item.alias?.syntax ?? item.syntax!)
    this.#changed.push(from.syntax.starts[index]!)
    this.shapeOf(from.syntax).removed.add(index)
  }

  #removeComment({ line: { start, end } }: PlacedComment): void {
    const { text } = this.#dressing
    const first = lineStart(text, start)
    if (isBlankBetween(text, first, start)) {
      this.#replacements.push(removeLines(this.#dressing, start, end))
    } else {
      let from = start
      while (from > first && isBlankBetween(text, from - 1, from)) from -= 1
      this.#replacements.push({ start: from, end, text: '' })
    }
  }

  #index(list: CollectionSyntax, child: Syntax): number {
    let indices = this.#indices.get(list)
    if (indices === undefined) {
      indices = new Map(list.children.map((syntax, index) => [syntax, index]))
      this.#indices.set(list, indices)
    }
    return indices.get(child)!
  }

  // Aliases ---------------------------------------------------------------------------------------------------------

  /** Aliases in which something is edited, or whose anchor holds something that changes. */
  #expansions(): Replacement[] {
    const changed = this.#changed.toSorted((a, b) => a - b)
    const sites = this.#stream.aliases.toSorted((a, b) => a.syntax.start - b.syntax.start)
    const expanded: AliasSite[] = []
    const expandedAt: number[] = []
    for (const site of sites) {
      const start = outerStart(site.syntax.target)
      const { end } = site.syntax.target
      if (!this.#sites.has(site) && !hasBetween(changed, start, end) && !hasBetween(expandedAt, start, end)) continue
      expanded.push(site)
      expandedAt.push(site.syntax.start)
    }
    if (expanded.length === 0) return []
    const tree: Tree = [{ kind: 'map', items: expanded.map(({ key, node }) => ({ kind: 'entry', key: '', value: node ?? { kind: 'leaf', value: key } })) }]
    const values = applyEdits(tree, this.#edits)[0]!.items as readonly Entry[]
    return expanded.flatMap((site, at) => this.#expansion(site, values[at]!.value))
  }

  #expansion({ syntax, key }: AliasSite, value: ValueNode): Replacement[] {
    const { parent, start, end } = syntax
    if (parent === null) throw new CodedError('EMIT_FAILED', 'the top level is an alias of what is encrypted', { hint: 'write its content out' })
    if (key !== null) return [{ start, end, text: stringText(key, { body: 0, parent: 0, key: true, flow: parent.flow }) }]
    return this.#freshAt(syntax, parent, value)
  }

  /** Another value behind the ":" or "-" of an old one. A comment beside the indicator stays. */
  #freshAt(old: Syntax, parent: CollectionSyntax, value: ValueNode): Replacement[] {
    const { text, lineEnd: lineBreak } = this.#dressing
    const [first, rest] = freshValue(value, parent, this.#dressing)
    const from = outerStart(old)
    if (parent.flow) return [{ start: from, end: old.end, text: first.slice(1) }]
    const indicator = indicatorEnd(parent, from)
    const below = rest === null ? '' : lineBreak + toLines(rest, this.#dressing)
    const line = lineEnd(text, indicator)
    if (from > line) return [{ start: indicator, end: indicator, text: first }, { start: line, end: old.end, text: below }]
    const after = lineEnd(text, old.end)
    const replacement = { start: indicator, end: old.end, text: first }
    if (isBlankBetween(text, old.end, after)) return [{ ...replacement, text: first + below }]
    return [replacement, { start: after, end: after, text: below }]
  }
}

function placedNode(edit: Edit): Placed {
  if (edit.do === 'append') return edit.into as PlacedMap | PlacedList
  return (edit.do === 'remove' ? edit.from : edit.node) as Placed
}

function hasBetween(sorted: readonly number[], start: number, end: number): boolean {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < start) low = middle + 1
    else high = middle
  }
  return low < sorted.length && sorted[low]! <= end
}
