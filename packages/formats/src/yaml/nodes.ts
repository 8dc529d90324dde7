/**
 * Core's tree with the place of every node in the source.
 * @module
 */
import type { CommentNode, Entry, LeafNode, ListNode, MapNode, Value } from '@waxseal/core'
import type { AliasSyntax, CollectionSyntax, DocumentSyntax, ScalarSyntax } from './syntax.ts'
import type { CommentLine } from './token.ts'

/** An alias in the text, and what it stands for: everything in there came from elsewhere. */
export class AliasSite {
  readonly syntax: AliasSyntax
  /** The text, if the alias is a key. */
  readonly key: string | null
  /** The expansion, if it is a value; null only while it is made. */
  node: PlacedValue | null = null

  constructor(syntax: AliasSyntax, key: string | null = null) {
    this.syntax = syntax
    this.key = key
  }
}

export interface PlacedLeaf extends LeafNode {
  readonly value: Value
  readonly syntax: ScalarSyntax
  readonly alias: AliasSite | null
}

export interface PlacedComment extends CommentNode {
  readonly line: CommentLine
  readonly alias: AliasSite | null
}

export interface PlacedList extends ListNode {
  readonly items: (PlacedValue | PlacedComment)[]
  readonly syntax: CollectionSyntax
  readonly alias: AliasSite | null
}

export interface PlacedMap extends MapNode {
  items: (PlacedEntry | PlacedComment)[]
  /** null for the root of a document without a map: empty, or null. */
  readonly syntax: CollectionSyntax | null
  readonly alias: AliasSite | null
}

export interface PlacedEntry extends Entry {
  readonly value: PlacedValue
  /** Of the map that holds it. */
  readonly parent: CollectionSyntax
  readonly index: number
  readonly alias: AliasSite | null
}

export type PlacedValue = PlacedMap | PlacedList | PlacedLeaf

/** One document of a stream. */
export interface PlacedDocument {
  readonly syntax: DocumentSyntax
  readonly map: PlacedMap
  /** Its `sops` entries, which are not in the map. */
  readonly metadata: readonly PlacedEntry[]
}

export interface PlacedStream {
  readonly documents: readonly PlacedDocument[]
  /** In order. Those inside an expansion are not in the text. */
  readonly aliases: readonly AliasSite[]
}
