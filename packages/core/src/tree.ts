/**
 * The document that SOPS sees: ordered maps, lists, typed leaves and comments.
 * Follows: getsops/sops sops.go (TreeItem, TreeBranch, TreeBranches, Comment).
 * Nodes are compared by identity: a format adds to its own nodes where they stand in the source, and edits (document.ts) name them.
 * Core never looks at that place.
 * @module
 */

/**
 * A timestamp, as its canonical text: RFC 3339, minimal fraction, offset as written, `Z` for UTC.
 * Only YAML has them.
 */
export class Timestamp {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/**
 * A typed leaf value. JavaScript's types carry SOPS's:
 * string = str; Uint8Array = str whose bytes are not valid UTF-8 (a valid one is always a string); bigint = int, signed 64 bits
 * (a parser may produce more, the walk refuses it); number = float, also when integral; boolean = bool; Timestamp = time; null = null.
 */
export type Value = string | Uint8Array | bigint | number | boolean | Timestamp | null

export interface LeafNode {
  readonly kind: 'leaf'
  readonly value: Value
}

/** Text without the comment marker. `inline` means that it stands behind a value on the same line. */
export interface CommentNode {
  readonly kind: 'comment'
  /** See comment-text.ts for one that is no UTF-8 text. */
  readonly text: string
  readonly inline: boolean
}

export interface ListNode {
  readonly kind: 'list'
  readonly items: readonly (ValueNode | CommentNode)[]
}

/** Duplicate keys are possible and the order is significant. */
export interface MapNode {
  readonly kind: 'map'
  readonly items: readonly (Entry | CommentNode)[]
}

export interface Entry {
  readonly kind: 'entry'
  readonly key: string
  readonly value: ValueNode
}

export type ValueNode = MapNode | ListNode | LeafNode
export type Node = ValueNode | CommentNode

/** One map per document of a YAML stream; exactly one for every other format. Top-level `sops` entries are not part of it. */
export type Tree = readonly MapNode[]

/** Plain data: metadata blocks, rule files, values of `set`. Maps keep their order and have a null prototype. */
export type Plain = string | bigint | number | boolean | null | readonly Plain[] | PlainMap
export interface PlainMap {
  readonly [key: string]: Plain
}
