/**
 * What the scanner hands to the composer. Follows: libyaml's token kinds, with offsets into the source.
 * @module
 */

export const TokenKind = {
  streamStart: 0,
  streamEnd: 1,
  versionDirective: 2,
  tagDirective: 3,
  documentStart: 4,
  documentEnd: 5,
  blockSequenceStart: 6,
  blockMappingStart: 7,
  blockEnd: 8,
  flowSequenceStart: 9,
  flowSequenceEnd: 10,
  flowMappingStart: 11,
  flowMappingEnd: 12,
  blockEntry: 13,
  flowEntry: 14,
  key: 15,
  value: 16,
  alias: 17,
  anchor: 18,
  tag: 19,
  scalar: 20,
} as const
export type TokenKind = (typeof TokenKind)[keyof typeof TokenKind]

/** Where the parts of a block scalar stand. */
export interface BlockScalar {
  /** Just behind the indicators of the header. */
  readonly headerEnd: number
  /** First character of the line below the header. */
  readonly bodyStart: number
  /** Behind the last line that counts for the value, before that line's break. Equal to `bodyStart` if the body is empty. */
  readonly bodyEnd: number
  /** Columns that are not content. */
  readonly indent: number
  /** As in the header; 0 if there is none. */
  readonly indicator: number
  readonly chomping: '' | '-' | '+'
}

export type ScalarStyle = 'plain' | 'single' | 'double' | 'literal' | 'folded'

export class Token {
  readonly kind: TokenKind
  readonly start: number
  end: number
  /** Of `start`, counted from 0. */
  readonly column: number
  /** Value of a scalar, name of an anchor or alias, handle of a tag or directive. */
  text = ''
  /** Rest of a tag, prefix of a tag directive, version of a version directive. */
  suffix = ''
  style: ScalarStyle = 'plain'
  block: BlockScalar | null = null
  /** May still turn out to begin a simple key. */
  maybeKey = false
  /** Must turn out so: it stands at its block's indentation. */
  mustBeKey = false

  constructor(kind: TokenKind, start: number, end: number, column: number) {
    this.kind = kind
    this.start = start
    this.end = end
    this.column = column
  }
}

/** One line of comment, from its "#" to before its break. */
export class CommentLine {
  readonly start: number
  readonly end: number
  /** A node of the tree has it. */
  placed = false

  constructor(start: number, end: number) {
    this.start = start
    this.end = end
  }
}

/** Lines that belong together; null is a blank line between them. */
export type CommentLines = readonly (CommentLine | null)[]

/** Comment lines that wait for the token with which the composer takes them. */
export interface PendingComment {
  /** Offsets: where the search for the next token began, the token that takes it, its first "#", and its end (0: none to go back to). */
  readonly scanStart: number
  tokenStart: number
  readonly start: number
  end: number
  readonly line: number
  /** Of its first "#", counted from 0. */
  readonly column: number
  kind: 'head' | 'line' | 'foot' | 'taken'
  lines: CommentLines
}
