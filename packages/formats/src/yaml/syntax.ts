/**
 * A document as it is written: nodes with their places in the source and the comments that go with them. Aliases are not expanded yet.
 * @module
 */
import type { BlockScalar, CommentLines, ScalarStyle } from './token.ts'

export interface Range {
  readonly start: number
  readonly end: number
}

/** What may stand before a value: `&anchor`, `!tag`, in either order. */
export interface Properties {
  readonly anchor: Range | null
  readonly tag: Range | null
  /** Short form: "!!int", "!custom"; empty if there is none, or only "!". */
  readonly tagName: string
}

export const NO_PROPERTIES: Properties = { anchor: null, tag: null, tagName: '' }

interface Commented {
  head: CommentLines
  line: CommentLines
  foot: CommentLines
}

export const NO_COMMENT: CommentLines = []

export class ScalarSyntax implements Commented {
  readonly kind = 'scalar'
  readonly properties: Properties
  /** Without the properties. An empty value has no length and stands where one would begin: behind ":", "-" or the properties. */
  readonly start: number
  readonly end: number
  readonly text: string
  readonly style: ScalarStyle
  readonly block: BlockScalar | null
  readonly parent: CollectionSyntax | null
  head = NO_COMMENT
  line = NO_COMMENT
  foot = NO_COMMENT

  constructor(parent: CollectionSyntax | null, properties: Properties, range: Range, text = '', style: ScalarStyle = 'plain', block: BlockScalar | null = null) {
    this.parent = parent
    this.properties = properties
    this.start = range.start
    this.end = range.end
    this.text = text
    this.style = style
    this.block = block
  }
}

export class AliasSyntax implements Commented {
  readonly kind = 'alias'
  readonly start: number
  readonly end: number
  readonly target: ScalarSyntax | CollectionSyntax
  readonly parent: CollectionSyntax | null
  head = NO_COMMENT
  line = NO_COMMENT
  foot = NO_COMMENT

  constructor(parent: CollectionSyntax | null, range: Range, target: ScalarSyntax | CollectionSyntax) {
    this.parent = parent
    this.start = range.start
    this.end = range.end
    this.target = target
  }
}

export class CollectionSyntax implements Commented {
  readonly kind: 'map' | 'list'
  readonly properties: Properties
  readonly parent: CollectionSyntax | null
  readonly flow: boolean
  /** Of the keys or dashes of a block collection, else of the bracket. */
  readonly column: number
  readonly start: number
  /** Behind the closing bracket, or the last value of a block collection. */
  end: number
  /** Elements of a list; keys and values of a map in turn. */
  readonly children: Syntax[] = []
  /** By element or entry: where its dash, "?" or key stands. */
  readonly starts: number[] = []
  /** By entry: where its ":" stands, -1 if there is none. */
  readonly colons: number[] = []
  /** All of it was read. */
  closed = false
  head = NO_COMMENT
  line = NO_COMMENT
  foot = NO_COMMENT

  constructor(kind: 'map' | 'list', parent: CollectionSyntax | null, properties: Properties, flow: boolean, column: number, start: number) {
    this.kind = kind
    this.parent = parent
    this.properties = properties
    this.flow = flow
    this.column = column
    this.start = start
    this.end = start
  }
}

export type Syntax = ScalarSyntax | AliasSyntax | CollectionSyntax

export interface DocumentSyntax {
  readonly root: Syntax
  readonly head: CommentLines
  readonly foot: CommentLines
  /** Its `---`, if it has one. */
  readonly marker: Range | null
  /** Where more text of this document could go: before its `...`, the next `---` or directive, or the end of the text. */
  readonly end: number
}

/** Where a node begins with its properties. */
export function outerStart(node: Syntax): number {
  if (node.kind === 'alias') return node.start
  const { anchor, tag } = node.properties
  return Math.min(node.start, anchor?.start ?? Infinity, tag?.start ?? Infinity)
}

/** Index of the element or entry in which a place lies. */
export function itemAt({ starts }: CollectionSyntax, place: number): number {
  return firstAbove(starts, place) - 1
}

/** In a sorted list, the index of the first number that is larger; its length if there is none. */
export function firstAbove(sorted: readonly number[], limit: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! <= limit) low = middle + 1
    else high = middle
  }
  return low
}
