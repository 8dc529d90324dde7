/**
 * Text to tokens, one look-ahead queue: indentation becomes block tokens, and simple keys are found out when their ":" comes.
 * Follows: libyaml's scanner as go.yaml.in/yaml/v3 has it (YAML 1.1 with that library's leniences), comments included.
 * @module
 */
import { refuseTooMany } from '../value-limit.ts'
import { BYTE_ORDER_MARK, isBlank, isBreak, isBreakOrEnd, isDigit, isGap, isNameCharacter, SPACE, TAB } from './characters.ts'
import { Cursor } from './cursor.ts'
import { scanComments, scanLineComment } from './scan-comment.ts'
import { atDocumentMarker, scanBlockScalar, scanDoubleQuoted, scanPlain, scanSingleQuoted } from './scan-scalar.ts'
import { scanTag, scanTagDirective } from './scan-tag.ts'
import { syntaxError, type Source } from './source.ts'
import { Token, TokenKind, type CommentLine, type PendingComment } from './token.ts'

const MAX_DEPTH = 10_000
const MAX_KEY_LENGTH = 1024
/** Read tokens stay in the queue until there are so many. */
const QUEUE_SLACK = 512

type KeyChance = 'none' | 'may' | 'must'

export class Scanner {
  readonly source: Source
  readonly comments: PendingComment[] = []
  /** Every line of comment so far. */
  readonly commentLines: CommentLine[] = []
  private readonly cursor: Cursor
  private tokens: Token[]
  private head = 0
  /** The head of the queue is settled: nothing will be inserted before it. */
  private ready = false
  private ended = false
  /** Column of the current block, -1 at the top. */
  private indent = -1
  private readonly indents: number[] = []
  private flowLevel = 0
  private keyAllowed = true
  /** The token that may begin a simple key, by flow level. */
  private readonly keys: (Token | null)[] = [null]

  constructor(source: Source) {
    this.source = source
    this.cursor = new Cursor(source)
    this.tokens = [new Token(TokenKind.streamStart, source.start, source.start, 0)]
  }

  peek(): Token {
    if (!this.ready) this.fetchMore()
    return this.tokens[this.head]!
  }

  /** Past the token that `peek` gave. */
  next(): void {
    this.ready = false
    this.head += 1
    if (this.head > QUEUE_SLACK) {
      // the two tokens before the head tell whose comments follow
      this.tokens = this.tokens.slice(this.head - 2)
      this.head = 2
    }
  }

  /** Comments need two tokens more than the one that is asked for; a possible key needs what decides about it. */
  private fetchMore(): void {
    while (!this.ended) {
      if (this.head < this.tokens.length - 2) {
        const token = this.tokens[this.head]!
        if (!token.maybeKey || !this.isStillKey(token)) break
      }
      this.fetch()
    }
    this.ready = true
  }

  private fetch(): void {
    const { cursor } = this
    const scanStart = cursor.at
    this.skipToNextToken()
    this.closeBlocks(cursor.column, scanStart)
    const c = cursor.peek()
    if (c === 0) return this.fetchStreamEnd()
    if (cursor.at === cursor.lineStart) {
      if (c === 0x25) return this.fetchDirective()
      if (atDocumentMarker(cursor)) return this.fetchDocumentMarker(c === 0x2d ? TokenKind.documentStart : TokenKind.documentEnd)
    }
    // what follows ":" and "," on the line belongs to the token before
    const last = this.tokens.at(-1)!
    const commentStart = (this.flowLevel === 0 ? c === 0x3a : c === 0x2c) ? last.start : cursor.at
    this.fetchContent(c)
    if (this.tokens.at(-1)!.kind === TokenKind.blockEntry) return // becomes a head comment of what follows
    this.addLineComment(commentStart)
  }

  private fetchContent(c: number): void {
    const inFlow = this.flowLevel > 0
    switch (c) {
      case 0x5b: return this.fetchFlowStart(TokenKind.flowSequenceStart)
      case 0x7b: return this.fetchFlowStart(TokenKind.flowMappingStart)
      case 0x5d: return this.fetchFlowEnd(TokenKind.flowSequenceEnd)
      case 0x7d: return this.fetchFlowEnd(TokenKind.flowMappingEnd)
      case 0x2c: return this.fetchFlowEntry()
      case 0x2a: return this.fetchName(TokenKind.alias)
      case 0x26: return this.fetchName(TokenKind.anchor)
      case 0x21: return this.fetchKeyStart(scanTag)
      case 0x27: return this.fetchKeyStart(scanSingleQuoted)
      case 0x22: return this.fetchKeyStart(scanDoubleQuoted)
      case 0x2d:
        if (isGap(this.cursor.peek(1))) return this.fetchBlockEntry()
        break
      case 0x3f:
        if (inFlow || isGap(this.cursor.peek(1))) return this.fetchKey()
        break
      case 0x3a:
        if (inFlow || isGap(this.cursor.peek(1))) return this.fetchValue()
        break
      case 0x7c:
      case 0x3e:
        if (!inFlow) return this.fetchBlockScalar()
        throw this.cursor.fail('a block scalar cannot stand inside brackets')
      case 0x23: case 0x25: case 0x40: case 0x60: case TAB:
        throw this.cursor.fail('no value can start with this character')
      default:
    }
    this.fetchPlain()
  }

  // Keys ------------------------------------------------------------------------------------------------------------

  /** A simple key is one line and at most 1,024 characters. */
  private isStillKey(token: Token): boolean {
    if (!token.maybeKey) return false
    if (token.start >= this.cursor.lineStart && !this.isTooFar(token.start)) return true
    this.dropKey(token)
    return false
  }

  private isTooFar(start: number): boolean {
    const length = this.cursor.at - start
    return length > MAX_KEY_LENGTH && (length > 2 * MAX_KEY_LENGTH || Array.from(this.cursor.text.slice(start, this.cursor.at)).length > MAX_KEY_LENGTH)
  }

  private dropKey(token: Token): void {
    if (token.mustBeKey) throw syntaxError(this.source, token.start, "a key without ':' behind it")
    token.maybeKey = false
  }

  private dropKeyOfLevel(): void {
    const key = this.keys.at(-1)
    if (key?.maybeKey === true) this.dropKey(key)
  }

  /** Before a token that may begin a simple key is scanned: whether it may, and must. */
  private startKey(): KeyChance {
    if (!this.keyAllowed) return 'none'
    this.dropKeyOfLevel()
    this.keyAllowed = false
    return this.flowLevel === 0 && this.indent === this.cursor.column ? 'must' : 'may'
  }

  private pushKey(token: Token, chance: KeyChance): void {
    if (chance !== 'none') {
      token.maybeKey = true
      token.mustBeKey = chance === 'must'
      this.keys[this.keys.length - 1] = token
    }
    this.tokens.push(token)
  }

  private fetchPlain(): void {
    const chance = this.startKey()
    this.pushKey(scanPlain(this.cursor, this.indent, this.flowLevel > 0), chance)
    if (this.cursor.breaks > 0) this.keyAllowed = true
  }

  private fetchKeyStart(scan: (cursor: Cursor) => Token): void {
    const chance = this.startKey()
    this.pushKey(scan(this.cursor), chance)
  }

  private fetchName(kind: typeof TokenKind.alias | typeof TokenKind.anchor): void {
    const { cursor } = this
    const chance = this.startKey()
    const token = new Token(kind, cursor.at, cursor.at, cursor.column)
    cursor.skip()
    const start = cursor.at
    while (isNameCharacter(cursor.peek())) cursor.skip()
    const c = cursor.peek()
    if (cursor.at === start || !(isGap(c) || ANCHOR_ENDS.includes(String.fromCharCode(c)))) {
      throw cursor.fail('the name of an anchor has letters, digits, "-" and "_" only', token.start)
    }
    token.end = cursor.at
    token.text = cursor.text.slice(start, cursor.at)
    this.pushKey(token, chance)
  }

  // Blocks ----------------------------------------------------------------------------------------------------------

  /** Opens a block if this column is deeper than the current one; its token goes before the one at `index` of the queue. */
  private openBlock(column: number, kind: TokenKind, start: number, index: number): void {
    if (this.flowLevel > 0 || this.indent >= column) return
    this.indents.push(this.indent)
    this.indent = column
    if (this.indents.length > MAX_DEPTH) throw this.tooDeep(start)
    this.insert(new Token(kind, start, start, column), index)
  }

  /** Closes the blocks that are deeper than a column. An end goes before the comments that belong to blocks further out. */
  private closeBlocks(column: number, scanStart: number): void {
    if (this.flowLevel > 0 || this.indent <= column) return
    let end = scanStart - 1
    while (this.indent > column) {
      let stop = end
      for (let i = this.comments.length - 1; i >= 0; i -= 1) {
        const comment = this.comments[i]!
        if (comment.end < stop) break
        if (comment.column === this.indent) end = comment.start
        stop = comment.scanStart
      }
      this.tokens.push(new Token(TokenKind.blockEnd, end, end, column))
      this.indent = this.indents.pop()!
    }
  }

  private insert(token: Token, index: number): void {
    this.tokens.push(token)
    for (let i = this.tokens.length - 1; i > index; i -= 1) this.tokens[i] = this.tokens[i - 1]!
    this.tokens[index] = token
  }

  private tooDeep(offset: number): Error {
    return syntaxError(this.source, offset, `more than ${MAX_DEPTH} levels`, 'PARSE_LIMIT')
  }

  private pushIndicator(kind: TokenKind, length = 1): Token {
    const { cursor } = this
    const token = new Token(kind, cursor.at, cursor.at + length, cursor.column)
    cursor.skip(length)
    this.tokens.push(token)
    return token
  }

  private fetchBlockEntry(): void {
    const { cursor } = this
    if (this.flowLevel === 0) {
      if (!this.keyAllowed) throw cursor.fail('a list element cannot stand here')
      this.openBlock(cursor.column, TokenKind.blockSequenceStart, cursor.at, this.tokens.length)
    }
    this.dropKeyOfLevel()
    this.keyAllowed = true
    this.pushIndicator(TokenKind.blockEntry)
  }

  private fetchKey(): void {
    const { cursor } = this
    if (this.flowLevel === 0) {
      if (!this.keyAllowed) throw cursor.fail('a key cannot stand here')
      this.openBlock(cursor.column, TokenKind.blockMappingStart, cursor.at, this.tokens.length)
    }
    this.dropKeyOfLevel()
    this.keyAllowed = this.flowLevel === 0
    this.pushIndicator(TokenKind.key)
  }

  private fetchValue(): void {
    const { cursor } = this
    const key = this.keys.at(-1)
    if (key && this.isStillKey(key)) {
      const index = this.tokens.lastIndexOf(key)
      this.insert(new Token(TokenKind.key, key.start, key.start, key.column), index)
      this.openBlock(key.column, TokenKind.blockMappingStart, key.start, index)
      key.maybeKey = false
      this.keyAllowed = false
    } else {
      if (this.flowLevel === 0) {
        if (!this.keyAllowed) throw cursor.fail('a value for a key cannot stand here')
        this.openBlock(cursor.column, TokenKind.blockMappingStart, cursor.at, this.tokens.length)
      }
      this.keyAllowed = this.flowLevel === 0
    }
    this.pushIndicator(TokenKind.value)
  }

  private fetchBlockScalar(): void {
    this.dropKeyOfLevel()
    this.keyAllowed = true
    this.tokens.push(scanBlockScalar(this.cursor, this.indent, (token) => this.addLineComment(token.start)))
  }

  // Flow collections ------------------------------------------------------------------------------------------------

  private fetchFlowStart(kind: TokenKind): void {
    const { cursor } = this
    const chance = this.startKey()
    const token = new Token(kind, cursor.at, cursor.at + 1, cursor.column)
    cursor.skip()
    this.pushKey(token, chance)
    this.keys.push(null)
    this.flowLevel += 1
    if (this.flowLevel > MAX_DEPTH) throw this.tooDeep(token.start)
    this.keyAllowed = true
  }

  private fetchFlowEnd(kind: TokenKind): void {
    this.dropKeyOfLevel()
    if (this.flowLevel > 0) {
      this.flowLevel -= 1
      this.keys.pop()
    }
    this.keyAllowed = false
    this.pushIndicator(kind)
  }

  private fetchFlowEntry(): void {
    this.dropKeyOfLevel()
    this.keyAllowed = true
    this.pushIndicator(TokenKind.flowEntry)
  }

  // Documents -------------------------------------------------------------------------------------------------------

  private fetchStreamEnd(): void {
    const { cursor } = this
    if (cursor.at !== cursor.lineStart) {
      cursor.lineStart = cursor.at
      cursor.line += 1
    }
    this.closeBlocks(-1, cursor.at)
    this.dropKeyOfLevel()
    this.keyAllowed = false
    this.tokens.push(new Token(TokenKind.streamEnd, cursor.at, cursor.at, 0))
    this.ended = true
  }

  private startMarker(): void {
    this.closeBlocks(-1, this.cursor.at)
    this.dropKeyOfLevel()
    this.keyAllowed = false
  }

  private fetchDocumentMarker(kind: TokenKind): void {
    this.startMarker()
    this.pushIndicator(kind, 3)
  }

  private fetchDirective(): void {
    const { cursor } = this
    this.startMarker()
    const start = cursor.at
    cursor.skip()
    const nameStart = cursor.at
    while (isNameCharacter(cursor.peek())) cursor.skip()
    const name = cursor.text.slice(nameStart, cursor.at)
    if (name === '' || !isGap(cursor.peek())) throw cursor.fail('a directive without a name', start)
    let token: Token
    if (name === 'YAML') {
      token = new Token(TokenKind.versionDirective, start, start, 0)
      cursor.skipBlanks()
      token.suffix = this.scanVersion()
    } else if (name === 'TAG') {
      token = scanTagDirective(cursor, start)
    } else {
      throw cursor.fail('unknown directive', start)
    }
    token.end = cursor.at
    cursor.skipBlanks()
    const comment = cursor.peek() === 0x23 ? scanLineComment(cursor, start) : null
    if (comment !== null) this.addLines(comment) // no token takes it
    if (!isBreakOrEnd(cursor.peek())) throw cursor.fail('only a comment may follow a directive', start)
    if (cursor.peek() !== 0) cursor.skipBreak()
    this.tokens.push(token)
  }

  private scanVersion(): string {
    const { cursor } = this
    const part = (): string => {
      const start = cursor.at
      while (isDigit(cursor.peek())) cursor.skip()
      if (cursor.at === start || cursor.at - start > 2) throw cursor.fail('the version of a %YAML directive is not a number like 1.1', start)
      return String(Number(cursor.text.slice(start, cursor.at)))
    }
    const major = part()
    if (cursor.peek() !== 0x2e) throw cursor.fail('the version of a %YAML directive is not a number like 1.1')
    cursor.skip()
    return `${major}.${part()}`
  }

  // White space and comments ----------------------------------------------------------------------------------------

  private skipToNextToken(): void {
    const { cursor } = this
    const scanStart = cursor.at
    const onFirstLine = cursor.line === 0
    for (;;) {
      if (cursor.at === cursor.source.start && cursor.peek() === BYTE_ORDER_MARK) cursor.skip()
      let c = cursor.peek()
      while (c === SPACE || (c === TAB && (this.flowLevel > 0 || !this.keyAllowed))) {
        cursor.at += 1
        c = cursor.peek()
      }
      if (this.comments.length > 0) this.adoptEntryComment(c)
      if (c === 0x23) {
        this.scanCommentsHere(scanStart, onFirstLine)
        c = cursor.peek()
      }
      if (!isBreak(c)) return
      cursor.skipBreak()
      if (this.flowLevel === 0) this.keyAllowed = true
    }
  }

  /** `- # text`, then content: the comment heads the content. */
  private adoptEntryComment(c: number): void {
    const comment = this.comments.at(-1)!
    if (comment.kind !== 'line' || isBreak(c)) return
    if (this.tokens.at(-1)!.kind !== TokenKind.blockEntry || this.tokens.at(-2)?.kind !== TokenKind.blockSequenceStart) return
    comment.kind = 'head'
    if (comment.line === this.cursor.line - 1) comment.tokenStart = this.cursor.at
  }

  private scanCommentsHere(scanStart: number, onFirstLine: boolean): void {
    const last = this.tokens.at(-1)!
    const token = last.kind === TokenKind.flowEntry ? (this.tokens.at(-2) ?? last) : last
    const context = { scanStart, onFirstLine, token, indent: Math.max(this.indent, 0), inFlow: this.flowLevel > 0 }
    for (const comment of scanComments(this.cursor, context)) this.addComment(comment)
  }

  private addLineComment(tokenStart: number): void {
    if (!isBlank(this.cursor.peek()) && this.cursor.peek() !== 0x23) return
    const comment = scanLineComment(this.cursor, tokenStart)
    if (comment !== null) this.addComment(comment)
  }

  private addComment(comment: PendingComment): void {
    this.comments.push(comment)
    this.addLines(comment)
  }

  private addLines(comment: PendingComment): void {
    for (const line of comment.lines) if (line !== null) this.commentLines.push(line)
    refuseTooMany(this.commentLines.length)
  }
}

const ANCHOR_ENDS = '?:,]}%@`'
