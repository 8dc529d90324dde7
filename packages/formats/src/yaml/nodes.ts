/**
 * Core's tree with the place of every node in the source.
 * @module
 */
import type { CommentNode, Entry, LeafNode, ListNode, MapNode, Value } from '@waxseal/core'
import type { AliasSyntax, CollectionSyntax, DocumentSyntax, ScalarSyntax, Syntax } from './syntax.ts'
import type { CommentLine } from './token.ts'

/** An alias in the text, and what it stands for: everything in there came from elsewhere. */
export class AliasSite {
  readonly syntax: AliasSyntax
  /** The expansion; null only while it is made. */
  node: PlacedValue | null = null

  constructor(syntax: AliasSyntax) {
    this.syntax = syntax
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

/** A `sops` entry. */
export interface MetadataEntry {
  readonly parent: CollectionSyntax
  readonly index: number
  readonly value: Syntax
}

/** One document of a stream. */
export interface PlacedDocument {
  readonly syntax: DocumentSyntax
  readonly map: PlacedMap
  readonly metadata: readonly MetadataEntry[]
}
