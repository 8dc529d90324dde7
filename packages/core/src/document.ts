/**
 * What core asks of a file format. `@waxseal/formats` has the implementations.
 * @module
 */
import type { CommentNode, Entry, LeafNode, ListNode, MapNode, Node, Plain, PlainMap, Tree, Value, ValueNode } from './tree.ts'

/**
 * One change to a parsed document. Nodes are named by identity and must come from that document's tree (or, for `into`,
 * `by`, `node` of an insertion, may be fresh nodes).
 */
export type Edit =
  /** An encrypted token takes the place of a leaf or of a comment's text, in the dress that stood there: quotes, block header, inline position. */
  | { readonly do: 'token'; readonly node: LeafNode | CommentNode; readonly token: string }
  /** A plain value takes the place of a leaf, in its dress if that can hold it, else in the next that can. */
  | {
      readonly do: 'value'
      readonly node: LeafNode
      readonly value: Value
      /** The source text to write for it, an alias perhaps, where that reads as this very value; else it counts for nothing. */
      readonly spelling?: string
    }
  /** A value that has no other edit is written as this alias, where that stands for the very same; else the edit counts for nothing. */
  | { readonly do: 'alias'; readonly node: ValueNode; readonly spelling: string }
  /** A comment gets another text. A leaf becomes a comment: SOPS writes comments of lists as string elements. */
  | { readonly do: 'comment'; readonly node: CommentNode | LeafNode; readonly text: string }
  /** A whole subtree gets another content. */
  | { readonly do: 'replace'; readonly node: ValueNode; readonly by: ValueNode }
  | { readonly do: 'append'; readonly into: MapNode; readonly entry: Entry }
  | { readonly do: 'append'; readonly into: ListNode; readonly item: Node }
  | { readonly do: 'remove'; readonly from: MapNode | ListNode; readonly item: Entry | Node }

export interface Document {
  readonly tree: Tree
  /** The metadata block as found, in the format's nested form; undefined if there is none. Scalars keep their type (`Plain`). */
  readonly metadata: Plain | undefined
  /**
   * Clear leaves that will read otherwise once a metadata block follows them: a block scalar at the very end of a YAML file
   * without a final newline. The MAC must be that of the text as it will be read back. Empty for nearly every document.
   */
  readonly shifted: ReadonlyMap<LeafNode, Value>
  /**
   * Source texts of the leaves that these tokens take the place of, as far as decrypting would write the value otherwise, and of the
   * aliases that give way to what they stand for. Absent: the format has one way to write a value.
   */
  spellings?(edits: readonly Edit[]): ReadonlyMap<ValueNode, string>
  /**
   * The document's bytes with these edits. Everything not named stays byte-identical.
   * @param metadata - the block to write: `undefined` keeps what is there, `null` removes it. If there is a block already, only the
   *   scalars that differ are replaced as long as its shape stays; otherwise it is written anew at its place.
   */
  apply(edits: readonly Edit[], metadata?: PlainMap | null): Uint8Array
}

export interface EmitOptions {
  /** Columns per level as in SOPS's `stores` settings and `--indent`: YAML 0 = 4; JSON -1 = tab, 0 = line breaks without indentation. */
  readonly indent?: number
}

export interface Format {
  /** As in `--input-type`: 'yaml', 'json', 'dotenv', 'ini', 'binary'. */
  readonly name: string
  /** File name endings, with the dot. Empty for 'binary', which takes what nobody else claims. */
  readonly extensions: readonly string[]
  /** Keys that a plain document must not have at its top level, because metadata would stand there. */
  isReservedKey(key: string): boolean
  /** @throws CodedError PARSE_*, KEY_NOT_STRING: with line and column, never with source text */
  parse(source: Uint8Array, options?: ParseOptions): Document
  /** A file that is to be encrypted, where that is not read as an encrypted one is: 'binary', whose plaintext is any bytes. Absent: `parse`. */
  parsePlain?(source: Uint8Array, options?: ParseOptions): Document
  /** Fresh text in the reference program's layout: conversions, `--extract` of a map, new files. */
  emit(tree: Tree, metadata?: PlainMap, options?: EmitOptions): Uint8Array
  /** One value in the form that `--extract` prints it (sops-cli: "single-value form"). Strings are printed raw by the caller. */
  emitValue(value: ValueNode, options?: EmitOptions): Uint8Array
  /** What `edit` offers for a file that does not exist yet. */
  readonly example: string
}

export interface ParseOptions {
  /** Layout of what `apply` has to write fresh into this document (inserted entries, a metadata block). Default: as the document itself, else the format's. */
  readonly indent?: number
}
