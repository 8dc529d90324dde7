/**
 * Aliases of what is encrypted. Each token is bound to its path, so the encrypted text holds what the alias stands for; when it is decrypted,
 * the layout hint brings the alias back where its anchor still holds the very same. Its spelling reaches from the indicator to the name.
 * @module
 */
import { applyEdits, type Edit, type Entry, type Node, type ValueNode } from '@waxseal/core'
import type { Replacement } from '../splice.ts'
import { isFlowIndicator, isGap } from './characters.ts'
import { isBlankBetween, lineEnd } from './lines.ts'
import type { AliasSite, PlacedEntry, PlacedStream, PlacedValue } from './nodes.ts'
import { indicatorEnd } from './reshape.ts'
import { isSame } from './resolve.ts'
import { firstAbove, outerStart, type CollectionSyntax, type Range, type ScalarSyntax, type Syntax } from './syntax.ts'

const SPELLING = /^[ \t\r\n]*\*([\w-]+)$/

/** @returns undefined for a key, and where a comment stands before the alias */
export function aliasSpelling({ syntax: { parent, start, end }, key }: AliasSite, text: string): string | undefined {
  if (parent === null || key !== null) return undefined
  const spelling = text.slice(parent.flow ? start : indicatorEnd(parent, start), end)
  return SPELLING.test(spelling) ? spelling : undefined
}

/** An alias that takes the place of a value. */
export interface PlacedAlias {
  /** What goes, and with it every other edit in there. */
  readonly cover: Range
  readonly replacements: readonly Replacement[]
}

interface Wanted extends PlacedAlias {
  readonly node: PlacedValue
  readonly target: PlacedValue
}

/** Those of the aliases asked for that stand for the very same as the values in their places. */
export function placeAliases(stream: PlacedStream, edits: readonly Edit[], text: string): PlacedAlias[] {
  const asked = edits.flatMap((edit) => {
    if ((edit.do !== 'alias' && edit.do !== 'value') || edit.spelling === undefined) return []
    const name = SPELLING.exec(edit.spelling)?.[1]
    return name === undefined ? [] : [{ node: edit.node as PlacedValue, spelling: edit.spelling, name }]
  })
  if (asked.length === 0) return []
  const anchors = new Anchors(stream, text)
  const wanted = asked.flatMap(({ node, spelling, name }): Wanted[] => {
    const place = placeOf(node, spelling, text)
    const target = place === undefined || anchors.isIn(place.cover) ? undefined : anchors.before(name, place.cover.start)
    return place === undefined || target === undefined ? [] : [{ ...place, node, target }]
  })
  const values = [...new Set(wanted.flatMap(({ node, target }) => [node, target]))] // once each: many aliases can name one large target
  const items = applyEdits([{ kind: 'map', items: values.map((value) => ({ kind: 'entry', key: '', value })) }], edits)[0]!.items as readonly Entry[]
  const plain = new Map(values.map((value, at) => [value, items[at]!.value]))
  return wanted.filter(({ node, target }) => isSameTree(plain.get(node)!, plain.get(target)!))
}

function placeOf(node: PlacedValue, spelling: string, text: string): PlacedAlias | undefined {
  const { syntax, alias } = node
  if (alias !== null || syntax === null || syntax.parent === null) return undefined
  const { parent } = syntax
  const end = commentEnd(node, syntax.end)
  const start = outerStart(syntax)
  const next = text.charCodeAt(end)
  if (!isIndented(spelling, parent) || !(isGap(next) || (parent.flow && isFlowIndicator(next)))) return undefined
  if (parent.flow) return { cover: { start: start - 1, end }, replacements: [{ start, end, text: spelling }] }
  const indicator = indicatorEnd(parent, start)
  if (isBlankBetween(text, indicator, start)) return { cover: { start: start - 1, end }, replacements: [{ start: indicator, end, text: spelling }] }
  // what stands beside the indicator stays
  const below = lineEnd(text, indicator)
  if (below > start) return undefined
  return { cover: { start: below, end }, replacements: [{ start: indicator, end: indicator, text: spelling }, { start: below, end, text: '' }] }
}

/** The end of a value, or of the last comment behind it that is part of it: its copy at the anchor stays. */
function commentEnd(node: PlacedValue, valueEnd: number): number {
  let end = valueEnd
  for (let last = node; last.kind !== 'leaf'; ) {
    const comment = last.items.findLast((item) => item.kind === 'comment')
    end = Math.max(end, comment?.line.end ?? 0)
    const below: PlacedValue | PlacedEntry | undefined = last.items.findLast((item) => item.kind !== 'comment')
    if (below === undefined) return end
    last = below.kind === 'entry' ? below.value : below
  }
  return end
}

/** Whether the alias stands behind a blank, or on a line of its own that is deep enough; in a flow collection, whether it is nothing but the alias. */
function isIndented(spelling: string, { flow, column }: CollectionSyntax): boolean {
  const blanks = spelling.slice(0, spelling.indexOf('*'))
  if (flow) return blanks === ''
  const line = blanks.slice(Math.max(blanks.lastIndexOf('\n'), blanks.lastIndexOf('\r')) + 1)
  return line === blanks ? blanks !== '' : line.length > column && !line.includes('\t')
}

/** Where the anchors of a file stand, in order, and the values that have them. */
class Anchors {
  readonly #places: readonly number[]
  readonly #byName: ReadonlyMap<string, { readonly nodes: readonly Anchored[]; readonly places: readonly number[] }>
  readonly #values = new Map<Syntax, PlacedValue>()

  constructor({ documents }: PlacedStream, text: string) {
    const anchored = documents.flatMap(({ syntax }) => anchoredNodes(syntax.root)).toSorted((a, b) => anchorPlace(a) - anchorPlace(b))
    this.#places = anchored.map(anchorPlace)
    const byName = Map.groupBy(anchored, ({ properties: { anchor } }) => text.slice(anchor!.start + 1, anchor!.end))
    this.#byName = new Map([...byName].map(([name, nodes]) => [name, { nodes, places: nodes.map(anchorPlace) }]))
    const open: PlacedValue[] = documents.map(({ map }) => map)
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (node.alias !== null) continue
      if (node.syntax !== null) this.#values.set(node.syntax, node)
      if (node.kind !== 'leaf') for (const item of node.items) if (item.kind !== 'comment') open.push(item.kind === 'entry' ? item.value : item)
    }
  }

  isIn({ start, end }: Range): boolean {
    return (this.#places[firstAbove(this.#places, start - 1)] ?? end) < end
  }

  /** The value whose anchor an alias at this place names; undefined if it is a key, or holds the place. */
  before(name: string, place: number): PlacedValue | undefined {
    const { nodes, places } = this.#byName.get(name) ?? { nodes: [], places: [] }
    const last = nodes[firstAbove(places, place - 1) - 1]
    return last === undefined || last.end > place ? undefined : this.#values.get(last)
  }
}

type Anchored = ScalarSyntax | CollectionSyntax

function anchorPlace({ properties }: Anchored): number {
  return properties.anchor!.start
}

function anchoredNodes(root: Syntax): Anchored[] {
  const anchored: Anchored[] = []
  const open: Syntax[] = [root]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.kind === 'alias') continue
    if (node.properties.anchor !== null) anchored.push(node)
    if (node.kind !== 'scalar') for (const child of node.children) open.push(child)
  }
  return anchored
}

/** Without recursion: a file cannot exhaust the stack. */
function isSameTree(a: ValueNode, b: ValueNode): boolean {
  const open: [Entry | Node, Entry | Node][] = [[a, b]]
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    const [one, other] = pair
    if (one.kind === 'leaf') {
      if (other.kind !== 'leaf' || !isSame(one.value, other.value)) return false
    } else if (one.kind === 'comment') {
      if (other.kind !== 'comment' || one.text !== other.text) return false
    } else if (one.kind === 'entry') {
      if (other.kind !== 'entry' || one.key !== other.key) return false
      open.push([one.value, other.value])
    } else {
      if (other.kind !== one.kind || one.items.length !== other.items.length) return false
      for (const [at, item] of one.items.entries()) open.push([item, other.items[at]!])
    }
  }
  return true
}
