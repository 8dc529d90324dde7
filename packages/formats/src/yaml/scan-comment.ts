/**
 * Comments, and which token takes them: above it (head), behind it on its line (line), or below it (foot).
 * Follows: the comment rules of go.yaml.in/yaml/v3, whose limits and odd cases decide where SOPS's comment nodes stand.
 * @module
 */
import { isBlank, isBreak, isBreakOrEnd } from './characters.ts'
import type { Cursor } from './cursor.ts'
import { CommentLine, TokenKind, type PendingComment, type Token } from './token.ts'

const HASH = 0x23
/** A comment that stands further away belongs to nothing. */
const REACH = 512

/** From the "#" that stands here to the end of the line. */
function readLine(cursor: Cursor): CommentLine {
  const start = cursor.at
  while (!isBreakOrEnd(cursor.peek())) cursor.at += 1
  cursor.breaks = 0
  return new CommentLine(start, cursor.at)
}

/** Moves over white space to a later place. */
function advance(cursor: Cursor, to: number): void {
  while (cursor.at < to) {
    if (isBreak(cursor.peek())) cursor.skipBreak()
    else cursor.at += 1
  }
}

/** A comment behind a token on the same line. */
export function scanLineComment(cursor: Cursor, tokenStart: number): PendingComment | null {
  if (cursor.breaks > 0) return null
  let ahead = 0
  while (ahead < REACH && isBlank(cursor.peek(ahead))) ahead += 1
  if (ahead === REACH || cursor.peek(ahead) !== HASH) return null
  cursor.at += ahead
  const { line, column, at } = cursor
  const text = readLine(cursor)
  return { scanStart: 0, tokenStart, start: at, end: 0, line, column, kind: 'line', lines: [text] }
}

export interface CommentContext {
  /** Where the white space before the comments began: offset, and whether that was on the first line. */
  readonly scanStart: number
  readonly onFirstLine: boolean
  /** The token before them; in front of a flow comma, the one before the comma. */
  readonly token: Token
  /** Column that makes a comment part of the block. */
  readonly indent: number
  readonly inFlow: boolean
}

/** Comment lines between two tokens, from the "#" that stands here; split where they belong to different sides. */
export function scanComments(cursor: Cursor, { scanStart, onFirstLine, token, indent, inFlow }: CommentContext): PendingComment[] {
  const found: PendingComment[] = []
  let scan = scanStart
  let tokenStart = token.start
  let lines: (CommentLine | null)[] = []
  let first = { at: 0, line: 0, column: -1 }
  let afterEmpty = false
  let firstEmpty = cursor.breaks <= 1
  let { line } = cursor
  let nextColumn = cursor.column // of the character to look at
  // comments on this line, or right below content, can still be its foot
  let footLine = -1
  if (!onFirstLine) {
    footLine = cursor.line - cursor.breaks + 1
    if (cursor.breaks === 0 && cursor.column > 1) footLine += 1
  }
  const split = (ahead: number): void => {
    found.push({ scanStart: scan, tokenStart, start: first.at, end: cursor.at + ahead, line: first.line, column: first.column, kind: 'foot', lines })
    scan = tokenStart = cursor.at + ahead
    lines = []
  }

  let ahead = 0
  for (; ahead < REACH; ahead += 1) {
    const column = nextColumn
    nextColumn += 1
    const c = cursor.peek(ahead)
    if (isBlank(c)) continue
    const closesFlow = inFlow && (c === 0x5d || c === 0x7d)
    if (closesFlow || isBreakOrEnd(c)) {
      if (closesFlow || !afterEmpty) {
        const dedented = first.column < indent
        if (closesFlow || (firstEmpty && ((first.line === footLine && token.kind !== TokenKind.value) || dedented))) {
          if (lines.length > 0) {
            if (dedented) tokenStart = first.at
            split(ahead)
          }
        } else if (lines.length > 0 && c !== 0) {
          lines.push(null)
        }
      }
      if (!isBreak(c)) break
      firstEmpty = false
      afterEmpty = true
      nextColumn = 0
      line += 1
      continue
    }
    if (lines.length > 0 && column < indent && column !== first.column) split(ahead)
    if (c !== HASH) break

    if (lines.length === 0) first = { at: cursor.at + ahead, line, column }
    afterEmpty = false
    advance(cursor, cursor.at + ahead)
    lines.push(readLine(cursor))
    ahead = 0 // and one more: the break that ends the line is not looked at
    nextColumn = 0
    line = cursor.line
  }
  if (lines.length > 0) {
    const { at, column } = first
    found.push({ scanStart: scan, tokenStart: at, start: at, end: cursor.at + ahead - 1, line: first.line, column, kind: 'head', lines })
  }
  return found
}
