/**
 * The edits of one `apply`, turned into replacements.
 *
 * An alias of something that changes gives way to what it stands for, each value by itself: tokens are bound to their path.
 * @module
 */
import { applyEdits, CodedError, type Edit, type Entry, type Node, type Tree, type ValueNode } from '@waxseal/core'
import type { Replacement } from '../splice.ts'
import { placeAliases } from './alias.ts'
import { dressToken, dressValue, freshScalar, gapBefore, lacksColon, putColon, splitFirstLine, toLines, type Dressing } from './dress.ts'
import { refuseDuplicateKeys } from './duplicate-keys.ts'
import { isBlankBetween, lineEnd, lineStart } from './lines.ts'
import type { AliasSite, PlacedComment, PlacedEntry, PlacedLeaf, PlacedList, PlacedMap, PlacedStream, PlacedValue } from './nodes.ts'
import { commentText, freshValue, indicatorEnd, itemEnd, removeLines, reshape, type Shape } from './reshape.ts'
import { stringText } from './scalar-text.ts'
import { putSpelling } from './spelling.ts'
import { firstAbove, outerStart, type CollectionSyntax, type Range, type ScalarSyntax, type Syntax } from './syntax.ts'

type Placed = PlacedValue | PlacedComment | PlacedEntry
type PlacedCollection = PlacedMap | PlacedList

export class Changes {
  readonly #stream: PlacedStream
  readonly #dressing: Dressing
  readonly #edits: readonly Edit[]
  readonly #replacements: Replacement[] = []
  readonly #lastReplacements: Replacement[] = []
  readonly #shapes = new Map<CollectionSyntax, Shape>()
  readonly #indices = new Map<CollectionSyntax, ReadonlyMap<Syntax, number>>()
  /** Index of the metadata blocks in their root. */
  readonly #metadata = new Map<CollectionSyntax, number[]>()
  /** Aliases inside of which something is edited. */
  readonly #sites = new Set<AliasSite>()
  /** Where something changes. */
  readonly #changed: number[] = []
  /** Of comments on lines of their own. */
  readonly #removedLines: Range[] = []
  /** What is removed or replaced as a whole, the outermost only, in order. */
  readonly #covers: readonly Range[]
  readonly #coverStarts: readonly number[]

  constructor(stream: PlacedStream, dressing: Dressing, edits: readonly Edit[]) {
    this.#stream = stream
    this.#dressing = dressing
    this.#edits = edits
    for (const { metadata } of stream.documents) {
      for (const { parent, index } of metadata) {
        const indices = this.#metadata.get(parent)
        if (indices === undefined) this.#metadata.set(parent, [index])
        else indices.push(index)
      }
    }
    const aliases = placeAliases(stream, edits, dressing.text)
    for (const { replacements } of aliases) this.put(...replacements)
    const coarse = edits.filter(({ do: what }) => what === 'replace' || what === 'remove')
    this.#covers = outermost([...coarse.flatMap((edit) => this.#cover(edit)), ...aliases.map(({ cover }) => cover)])
    this.#coverStarts = this.#covers.map(({ start }) => start)
    const gone = new Set(coarse.flatMap(goneNode))
    for (const edit of edits) {
      const placed = placedNode(edit)
      if (placed.alias !== null) this.#sites.add(placed.alias)
      else if (edit.do === 'replace' || !gone.has(placed)) this.#add(edit)
    }
  }

  /** By the syntax of a collection, for what is no node of the tree. */
  shapeOf(collection: CollectionSyntax): Shape {
    let shape = this.#shapes.get(collection)
    if (shape === undefined) {
      shape = { removed: new Set(), commented: new Map(), appended: [], last: new Set(this.#metadata.get(collection)), mayBeEmpty: false }
      this.#shapes.set(collection, shape)
    }
    return shape
  }

  put(...replacements: Replacement[]): void {
    for (const replacement of replacements) this.#replacements.push(replacement)
  }

  /** Behind everything else that goes to the same place. */
  putLast(replacement: Replacement): void {
    this.#lastReplacements.push(replacement)
  }

  replacements(): Replacement[] {
    // where several collections end, what the inner one gains comes first
    const shapes = [...this.#shapes].sort(([a], [b]) => b.start - a.start)
    return [
      ...this.#replacements,
      ...removeLines(this.#dressing, this.#removedLines),
      ...this.#expansions(),
      ...shapes.flatMap(([collection, shape]) => reshape(collection, shape, this.#dressing)),
      ...this.#lastReplacements,
    ]
  }

  #cover(edit: Edit): Range[] {
    const placed = placedNode(edit)
    if (placed.alias !== null || placed.kind === 'comment' || placed.kind === 'entry' || placed.syntax === null) return []
    if (edit.do === 'replace' && placed.kind === 'leaf' && edit.by.kind === 'leaf') return []
    if (edit.do === 'replace') return [{ start: outerStart(placed.syntax), end: placed.syntax.end }]
    if (edit.do !== 'remove' || placed.kind === 'leaf' || edit.item.kind === 'comment') return []
    const index = this.#itemIndex(placed.syntax, edit.item as PlacedEntry | PlacedValue)
    return [{ start: placed.syntax.starts[index]!, end: itemEnd(placed.syntax, index) }]
  }

  #isCovered(at: number): boolean {
    const cover = this.#covers[firstAbove(this.#coverStarts, at - 1) - 1]
    return cover !== undefined && at <= cover.end
  }

  #add(edit: Edit): void {
    switch (edit.do) {
      case 'token':
        if (edit.node.kind === 'comment') return this.#commentLine(edit.node as PlacedComment, edit.token)
        return this.#leaf(edit.node as PlacedLeaf, (syntax) => dressToken(syntax, edit.token, this.#dressing))
      case 'value': {
        const { node, value, spelling } = edit
        const spelled = (syntax: ScalarSyntax) => (spelling === undefined ? undefined : putSpelling(syntax, value, spelling, this.#dressing))
        return this.#leaf(node as PlacedLeaf, (syntax) => spelled(syntax) ?? dressValue(syntax, value, this.#dressing))
      }
      case 'comment': return this.#comment(edit.node as PlacedLeaf | PlacedComment, edit.text)
      case 'replace':
        refuseDuplicateKeys(edit.by)
        return this.#replace(edit.node as PlacedValue, edit.by)
      case 'append': {
        const item = 'entry' in edit ? edit.entry : edit.item
        refuseDuplicateKeys(item)
        return void this.#collection(edit.into as PlacedCollection)?.appended.push(item)
      }
      case 'remove': return this.#remove(edit.from as PlacedCollection, edit.item as Placed)
      case 'alias': return // placed before everything else
    }
  }

  #leaf({ syntax }: PlacedLeaf, dress: (syntax: PlacedLeaf['syntax']) => Replacement[]): void {
    if (this.#isCovered(syntax.start)) return
    this.#changed.push(syntax.start)
    this.put(...dress(syntax))
  }

  #comment(node: PlacedLeaf | PlacedComment, text: string): void {
    if (node.kind === 'comment') return this.#commentLine(node, text)
    const list = node.syntax.parent
    if (list?.kind !== 'list') throw new TypeError('only an element of a list can become a comment')
    if (this.#isCovered(node.syntax.start)) return
    this.#changed.push(node.syntax.start)
    this.shapeOf(list).commented.set(this.#itemIndex(list, node), text)
  }

  #commentLine({ line: { start, end }, inline }: PlacedComment, text: string): void {
    if (this.#isCovered(start)) return
    const column = start - lineStart(this.#dressing.text, start)
    const below = inline ? ' ' : this.#dressing.lineEnd + ' '.repeat(column)
    this.put({ start, end, text: commentText(text, below) })
  }

  #replace(node: PlacedValue, by: ValueNode): void {
    if (node.kind === 'leaf' && by.kind === 'leaf') return this.#leaf(node, (syntax) => dressValue(syntax, by.value, this.#dressing))
    if (node.syntax === null || node.syntax.parent === null) throw new CodedError('EMIT_FAILED', 'the top level of a document cannot be replaced')
    if (this.#isCovered(outerStart(node.syntax))) return
    this.#changed.push(node.syntax.start)
    this.put(...this.#freshAt(node.syntax, node.syntax.parent, by))
  }

  /** @returns undefined if the collection goes anyway */
  #collection({ syntax }: PlacedCollection): Shape | undefined {
    if (syntax === null) throw new CodedError('EMIT_FAILED', 'the document is empty', { hint: 'write {} into it first' })
    if (this.#isCovered(syntax.start)) return undefined
    this.#changed.push(syntax.start)
    return this.shapeOf(syntax)
  }

  #remove(from: PlacedCollection, item: Placed): void {
    if (item.kind === 'comment') return this.#removeComment(item)
    this.#collection(from)?.removed.add(this.#itemIndex(from.syntax!, item))
  }

  #removeComment({ line: { start, end } }: PlacedComment): void {
    if (this.#isCovered(start)) return
    const { text } = this.#dressing
    const first = lineStart(text, start)
    if (isBlankBetween(text, first, start)) {
      this.#removedLines.push({ start, end })
    } else {
      let from = start
      while (from > first && isBlankBetween(text, from - 1, from)) from -= 1
      this.put({ start: from, end, text: '' })
    }
  }

  #itemIndex(collection: CollectionSyntax, item: PlacedEntry | PlacedValue): number {
    if (item.kind === 'entry') return item.index
    let indices = this.#indices.get(collection)
    if (indices === undefined) {
      indices = new Map(collection.children.map((syntax, index) => [syntax, index]))
      this.#indices.set(collection, indices)
    }
    return indices.get(item.alias?.syntax ?? item.syntax!)!
  }

  // Aliases ---------------------------------------------------------------------------------------------------------

  /** Aliases in which something is edited, or whose anchor holds something that changes or goes: they give way to what they stand for. */
  expandedAliases(): readonly AliasSite[] {
    const changed = this.#changed.toSorted((a, b) => a - b)
    const sites = this.#stream.aliases.toSorted((a, b) => a.syntax.start - b.syntax.start)
    const expanded: AliasSite[] = []
    const expandedAt: number[] = []
    for (const site of sites) {
      const { start: at, target } = site.syntax
      const start = outerStart(target)
      const differs = this.#sites.has(site) || hasBetween(changed, start, target.end) || hasBetween(expandedAt, start, target.end) || this.#isCovered(start)
      if (this.#isCovered(at) || !differs) continue
      expanded.push(site)
      expandedAt.push(at)
    }
    return expanded
  }

  #expansions(): Replacement[] {
    const expanded = this.expandedAliases()
    if (expanded.length === 0) return []
    const tree: Tree = [{ kind: 'map', items: expanded.map(({ key, node }) => ({ kind: 'entry', key: '', value: node ?? { kind: 'leaf', value: key } })) }]
    const values = applyEdits(tree, [...this.#edits, ...commentsWithoutPlace(tree)])[0]!.items as readonly Entry[]
    return expanded.flatMap((site, at) => this.#expansion(site, values[at]!.value))
  }

  #expansion({ syntax, key }: AliasSite, value: ValueNode): Replacement[] {
    const { parent, start, end } = syntax
    if (parent === null) throw new CodedError('EMIT_FAILED', 'the top level is an alias of what changes', { hint: 'write its content out' })
    if (key !== null) return [{ start, end, text: stringText(key, { body: 0, parent: 0, key: true, flow: parent.flow }) }]
    return this.#freshAt(syntax, parent, value)
  }

  /** Another value behind the ":" or "-" of an old one. A comment beside the indicator stays. */
  #freshAt(old: Syntax, parent: CollectionSyntax, value: ValueNode): Replacement[] {
    const { text, lineEnd: lineBreak } = this.#dressing
    const from = outerStart(old)
    const [first, rest] = value.kind === 'leaf' ? splitFirstLine(` ${freshScalar(value.value, parent, old.end, this.#dressing)}`) : freshValue(value, parent, this.#dressing)
    if (old.kind === 'scalar' && lacksColon(old)) return [putColon(old, `:${first}${rest === null ? '' : `\n${rest}`}`, this.#dressing)]
    if (parent.flow) return [{ start: from, end: old.end, text: first.slice(1) + gapBefore(text, old.end) }]
    const indicator = indicatorEnd(parent, from)
    const below = rest === null ? '' : lineBreak + toLines(rest, this.#dressing)
    const line = lineEnd(text, indicator)
    const after = lineEnd(text, old.end)
    // a comment behind the last line of a block is part of it
    const end = old.kind === 'alias' || old.kind === 'scalar' || old.flow ? old.end : after
    if (from > line) return [{ start: indicator, end: indicator, text: first }, { start: line, end, text: below }]
    if (isBlankBetween(text, end, after)) return [{ start: indicator, end, text: first + below }]
    return [{ start: indicator, end, text: first + gapBefore(text, end) }, { start: after, end: after, text: below }]
  }
}

/**
 * Comments of empty containers: written anew they would stand outside, where their tokens do not open. They stay at the anchor.
 */
function commentsWithoutPlace(tree: Tree): Edit[] {
  const found: Edit[] = []
  const open: ValueNode[] = [...tree]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.kind === 'leaf') continue
    const from = node
    const items: readonly (Entry | Node)[] = from.items
    if (items.every(({ kind }) => kind === 'comment')) found.push(...items.map((item): Edit => ({ do: 'remove', from, item })))
    for (const item of items) if (item.kind !== 'comment') open.push(item.kind === 'entry' ? item.value : item)
  }
  return found
}

function placedNode(edit: Edit): Placed {
  if (edit.do === 'append') return edit.into as PlacedCollection
  return (edit.do === 'remove' ? edit.from : edit.node) as Placed
}

function goneNode(edit: Edit): (Entry | Node)[] {
  if (edit.do === 'replace') return [edit.node]
  return edit.do === 'remove' ? [edit.item.kind === 'entry' ? edit.item.value : edit.item] : []
}

function outermost(ranges: readonly Range[]): Range[] {
  const outer: Range[] = []
  for (const range of ranges.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    if (range.end > (outer.at(-1)?.end ?? -1)) outer.push(range)
  }
  return outer
}

function hasBetween(sorted: readonly number[], start: number, end: number): boolean {
  const first = sorted[firstAbove(sorted, start - 1)]
  return first !== undefined && first <= end
}
