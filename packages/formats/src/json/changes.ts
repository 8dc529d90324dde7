/**
 * The edits of one `apply`, gathered by container and turned into replacements.
 * An entry goes with its comma and, if it stands on lines of its own, with these; what stays keeps every byte.
 * @module
 */
import { type Edit, type Entry, isList, isMap, type Node, type Plain, type PlainMap, type ValueNode } from '@waxseal/core'
import { nodeOf, plainLeaf } from '../plain.ts'
import type { Replacement } from '../splice.ts'
import { formatJson, type JsonStyle, literal } from './emit.ts'
import { lineIndentation, ownLineIndentation } from './layout.ts'
import type { JsonEntry, JsonList, JsonMap, JsonValue, Range } from './parse.ts'
import { spells } from './spelling.ts'

type Container = JsonMap | JsonList
type Item = Entry | Node

interface Shape {
  readonly removed: Set<Item>
  readonly appended: { readonly item: Entry | ValueNode; readonly style: JsonStyle }[]
}

export class Changes {
  readonly #text: string
  readonly #root: JsonMap
  readonly #style: JsonStyle
  readonly #literals: Replacement[] = []
  readonly #shapes = new Map<Container, Shape>()
  /** The metadata: if it ends the root, what is appended there stands before it. */
  readonly #block: JsonEntry | undefined
  #lists: ReadonlyMap<Item, JsonList> | undefined

  constructor(text: string, root: JsonMap, style: JsonStyle, block?: JsonEntry) {
    this.#text = text
    this.#root = root
    this.#style = style
    this.#block = block
  }

  /** @param placeOf - the container in the source of one in the tree */
  add(edit: Edit, placeOf: (node: Node) => Container): void {
    switch (edit.do) {
      case 'token':
        this.#replace(edit.node, `"${edit.token}"`) // it needs no escapes
        break
      case 'value':
        this.#replace(edit.node, edit.spelling !== undefined && spells(edit.spelling, edit.value) ? edit.spelling : literal(edit.value))
        break
      case 'replace':
        this.#replaceBy(edit.node, edit.by, this.#style)
        break
      case 'comment': // SOPS writes comments of lists as elements; in clear there is no place for them
        this.remove(this.#listOf(edit.node), edit.node)
        break
      case 'remove':
        this.remove(placeOf(edit.from), edit.item)
        break
      case 'append': {
        const item = 'entry' in edit ? edit.entry : edit.item
        if (item.kind !== 'comment') this.append(placeOf(edit.into), item)
        break
      }
    }
  }

  remove(from: Container, item: Item): void {
    this.#shapeOf(from).removed.add(item)
  }

  append(into: Container, item: Entry | ValueNode, style = this.#style): void {
    this.#shapeOf(into).appended.push({ item, style })
  }

  /** Scalar by scalar as long as the shape stays. */
  update(found: JsonValue, wanted: PlainMap, style: JsonStyle): void {
    const changed = changedScalars(found, wanted)
    if (changed === undefined) this.#replaceBy(found, nodeOf(wanted), style)
    else for (const [node, value] of changed) this.#replace(node, literal(value))
  }

  replacements(): Replacement[] {
    return [...this.#literals, ...[...this.#shapes].flatMap(([container, shape]) => this.#reshape(container, shape))]
  }

  #replace(node: Node, text: string): void {
    const { start, end } = rangeOf(node)
    this.#literals.push({ start, end, text })
  }

  #replaceBy(node: Node, by: ValueNode, style: JsonStyle): void {
    this.#replace(node, formatJson(by, style, lineIndentation(this.#text, rangeOf(node).start)))
  }

  #shapeOf(container: Container): Shape {
    const shape = this.#shapes.get(container) ?? { removed: new Set<Item>(), appended: [] }
    this.#shapes.set(container, shape)
    return shape
  }

  #reshape(container: Container, { removed, appended }: Shape): Replacement[] {
    const items = this.#itemsBeforeBlock(container, removed)
    const last = items.findLastIndex((item) => !removed.has(item))
    if (last === -1) return [items.length === 0 ? this.#fill(container, appended) : this.#refill(container, items, appended)]
    const replacements: Replacement[] = []
    // a removed run goes with the comma and the blanks behind it
    let run: number | undefined
    for (const item of items.slice(0, last + 1)) {
      if (removed.has(item)) {
        run ??= item.start
      } else if (run !== undefined) {
        replacements.push({ start: run, end: item.start, text: '' })
        run = undefined
      }
    }
    // the run at the end with the comma before it; what is appended takes its place
    const beside = items.at(-1)!
    if (last < items.length - 1 || appended.length > 0) {
      const text = appended.map((addition) => `,${this.#beside(beside, addition)}`).join('')
      replacements.push({ start: items[last]!.end, end: beside.end, text })
    }
    return replacements
  }

  /** All items, as long as there is none that stays before the block. */
  #itemsBeforeBlock({ items }: Container, removed: Shape['removed']): readonly (JsonEntry | JsonValue)[] {
    const data: readonly (JsonEntry | JsonValue)[] = items.slice(0, -1)
    const isLast = this.#block !== undefined && items.at(-1) === this.#block && !removed.has(this.#block)
    return isLast && data.some((item) => !removed.has(item)) ? data : items
  }

  /** A container in which no item stays. */
  #refill(container: Container, items: readonly Range[], appended: Shape['appended']): Replacement {
    const [first, last] = [items[0]!, items.at(-1)!]
    if (appended.length > 0) {
      const text = appended.map((addition, at) => (at === 0 ? '' : ',') + this.#beside(first, addition, at > 0)).join('')
      return { start: first.start, end: last.end, text }
    }
    // behind the bracket, an item shares the blanks that an empty container had: see #fill
    const sharesBlanks = first.start === container.start + 1
    return sharesBlanks ? { start: first.start, end: last.end, text: '' } : { start: container.start + 1, end: container.end - 1, text: '' }
  }

  /** A container that is empty in the source. */
  #fill(container: Container, appended: Shape['appended']): Replacement {
    const start = container.start + 1
    const outer = lineIndentation(this.#text, container.start)
    const blanks = this.#text.slice(start, container.end - 1)
    const inner = outer + this.#style.unit
    const { lineEnd } = this.#style
    if (blanks !== '' || lineEnd === undefined) {
      const text = appended.map(({ item, style }) => formatItem(item, style, inner)).join(this.#style.comma)
      return { start, end: start, text }
    }
    const lines = appended.map(({ item, style }) => lineEnd + inner + formatItem(item, style, inner))
    return { start, end: start, text: lines.join(',') + lineEnd + outer }
  }

  /** A new item in the layout of one that is there, with the blanks before it. */
  #beside(sibling: Range, { item, style }: Shape['appended'][number], withGap = true): string {
    const indentation = ownLineIndentation(this.#text, sibling.start)
    if (indentation === undefined || style.lineEnd === undefined) {
      return (withGap ? style.comma.slice(1) : '') + formatItem(item, { ...style, lineEnd: undefined }, '')
    }
    return (withGap ? style.lineEnd + indentation : '') + formatItem(item, style, indentation)
  }

  #listOf(element: Node): JsonList {
    this.#lists ??= indexLists(this.#root)
    const list = this.#lists.get(element)
    if (list === undefined) throw new TypeError('a comment takes the place of a value that is in no list')
    return list
  }
}

function formatItem(item: Entry | ValueNode, style: JsonStyle, indentation: string): string {
  if (item.kind !== 'entry') return formatJson(item, style, indentation)
  return style.quote(item.key) + style.colon + formatJson(item.value, style, indentation)
}

function rangeOf(node: Node): Range {
  if (!('start' in node && 'end' in node)) throw new TypeError('an edit names a node of another document')
  return node as Range
}

function indexLists(root: JsonMap): ReadonlyMap<Item, JsonList> {
  const lists = new Map<Item, JsonList>()
  const open: JsonValue[] = [root]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.kind === 'map') open.push(...node.items.map((entry) => entry.value))
    if (node.kind !== 'list') continue
    for (const element of node.items) lists.set(element, node)
    open.push(...node.items)
  }
  return lists
}

/** @returns undefined if more than scalars differ */
function changedScalars(found: JsonValue, wanted: Plain): [JsonValue, string | bigint | number | boolean | null][] | undefined {
  if (isList(wanted)) {
    if (found.kind !== 'list' || found.items.length !== wanted.length) return undefined
    return all(found.items.map((item, at) => changedScalars(item, wanted[at]!)))
  }
  if (isMap(wanted)) {
    if (found.kind !== 'map' || found.items.length !== Object.keys(wanted).length) return undefined
    if (new Set(found.items.map(({ key }) => key)).size !== found.items.length) return undefined
    return all(found.items.map(({ key, value }) => (key in wanted ? changedScalars(value, wanted[key]!) : undefined)))
  }
  if (found.kind !== 'leaf') return undefined
  return plainLeaf(found) === wanted ? [] : [[found, wanted]]
}

function all<T>(parts: readonly (readonly T[] | undefined)[]): T[] | undefined {
  return parts.includes(undefined) ? undefined : parts.flatMap((part) => part ?? [])
}
