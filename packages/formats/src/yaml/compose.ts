/**
 * Tokens to nodes: the grammar of YAML, and which node gets which comment.
 * Follows: the parser of go.yaml.in/yaml/v3 (productions, moments at which comments are handed over, feet that move to the key before).
 * Without recursion: a file cannot exhaust the stack.
 * @module
 */
import { refuseTooMany } from '../value-limit.ts'
import { Scanner } from './scan.ts'
import { syntaxError, type Source } from './source.ts'
import { AliasSyntax, CollectionSyntax, NO_COMMENT, NO_PROPERTIES, ScalarSyntax, type DocumentSyntax, type Properties, type Range, type Syntax } from './syntax.ts'
import { TokenKind, type CommentLine, type CommentLines, type Token } from './token.ts'

const LONG_TAG = 'tag:yaml.org,2002:'

type State =
  | 'blockList' | 'indentlessList' | 'blockKey' | 'blockValue'
  | 'flowItem' | 'flowKey' | 'flowValue' | 'flowNoValue'
  | 'pairKey' | 'pairValue' | 'pairEnd'

/** A collection that is still being read. */
interface Frame {
  readonly node: CollectionSyntax
  state: State
  first: boolean
}

export interface StreamSyntax {
  readonly documents: readonly DocumentSyntax[]
  /** Every line of comment, in order. */
  readonly comments: readonly CommentLine[]
}

export function composeStream(source: Source): StreamSyntax {
  const scanner = new Scanner(source)
  const composer = new Composer(source, scanner)
  const documents: DocumentSyntax[] = []
  for (let document = composer.next(); document !== null; document = composer.next()) documents.push(document)
  return { documents, comments: scanner.commentLines }
}

class Composer {
  private readonly source: Source
  private readonly scanner: Scanner
  private readonly anchors = new Map<string, ScalarSyntax | CollectionSyntax>()
  private readonly frames: Frame[] = []
  private handles = new Map<string, string>()
  /** Comments that came before the current token and that no node has taken yet. */
  private head = NO_COMMENT
  private line = NO_COMMENT
  private foot = NO_COMMENT
  /** Head of a list element that is itself a block collection. */
  private stem = NO_COMMENT
  private nextComment = 0
  private documents = 0
  private values = 0

  constructor(source: Source, scanner: Scanner) {
    this.source = source
    this.scanner = scanner
    this.scanner.next() // stream start
  }

  next(): DocumentSyntax | null {
    let token = this.peek()
    const implicit = this.documents === 0 && !startsDocument(token.kind)
    if (this.documents > 0) {
      while (token.kind === TokenKind.documentEnd) token = this.skipTo()
    }
    if (token.kind === TokenKind.streamEnd) return null
    this.documents += 1
    let head = NO_COMMENT
    let marker: Range | null = null
    if (implicit) {
      this.setHandles([])
      head = this.takeDocumentHead()
    } else {
      token = this.readDirectives(token)
      if (token.kind !== TokenKind.documentStart) throw this.fail("'---' must stand before another document", token.start)
      marker = { start: token.start, end: token.end }
      token = this.skipTo()
    }
    const root = !implicit && (startsDocument(token.kind) || token.kind === TokenKind.documentEnd || token.kind === TokenKind.streamEnd)
      ? this.emptyScalar(null, marker?.end ?? token.start)
      : this.readNode(null, true, false)
    for (let frame = this.frames.at(-1); frame !== undefined; frame = this.frames.at(-1)) this.step(frame)

    token = this.peek()
    const end = token.start
    if (token.kind === TokenKind.documentEnd) this.scanner.next()
    const lines = this.takeLines()
    const foot = lines.head.length > 0 && lines.foot.length === 0 ? lines.head : lines.foot
    return { root, head, foot, marker, end }
  }

  // Tokens and comments ---------------------------------------------------------------------------------------------

  /** Comments that stand before the token are handed over with it. */
  private peek(): Token {
    const token = this.scanner.peek()
    const { comments } = this.scanner
    for (let comment = comments[this.nextComment]; comment !== undefined && token.start >= comment.tokenStart; comment = comments[this.nextComment]) {
      if (comment.kind === 'head') {
        if (token.kind === TokenKind.blockEnd) break
        this.head = joined(this.head, comment.lines)
      }
      if (comment.kind === 'foot') this.foot = joined(this.foot, comment.lines)
      if (comment.kind === 'line') this.line = joined(this.line, comment.lines)
      comment.kind = 'taken'
      comment.end = 0
      comment.lines = NO_COMMENT
      this.nextComment += 1
    }
    return token
  }

  private skipTo(): Token {
    this.scanner.next()
    return this.peek()
  }

  private takeLines(): { head: CommentLines; line: CommentLines; foot: CommentLines } {
    const { head, line, foot } = this
    this.head = this.line = this.foot = this.stem = NO_COMMENT
    return { head, line, foot }
  }

  private takeComments<N extends Syntax>(node: N): N {
    node.head = this.head
    node.line = this.line
    node.foot = this.foot
    this.head = this.line = this.foot = this.stem = NO_COMMENT
    return node
  }

  /** Comments up to the last blank line before the first node belong to the document. */
  private takeDocumentHead(): CommentLines {
    const blank = this.head.lastIndexOf(null)
    if (blank <= 0) return NO_COMMENT
    const head = this.head.slice(0, blank)
    this.head = this.head.slice(blank + 1)
    return head
  }

  /** A head comment before "-" belongs to the whole of a collection that starts on that line. */
  private splitStem(length: number): void {
    if (length === 0) return
    const { kind } = this.peek()
    if (kind !== TokenKind.blockSequenceStart && kind !== TokenKind.blockMappingStart) return
    this.stem = this.head.slice(0, length)
    this.head = this.head.slice(length)
  }

  private fail(problem: string, offset: number): Error {
    return syntaxError(this.source, offset, problem)
  }

  // Directives and tags ---------------------------------------------------------------------------------------------

  private readDirectives(first: Token): Token {
    const handles: [string, string][] = []
    let versions = 0
    let token = first
    for (; token.kind === TokenKind.versionDirective || token.kind === TokenKind.tagDirective; token = this.skipTo()) {
      if (token.kind === TokenKind.versionDirective) {
        versions += 1
        if (versions > 1) throw this.fail('a second %YAML directive', token.start)
        if (token.suffix !== '1.1') throw this.fail('only YAML 1.1 may be asked for', token.start)
      } else {
        if (handles.some(([handle]) => handle === token.text)) throw this.fail('a second %TAG directive for the same handle', token.start)
        handles.push([token.text, token.suffix])
      }
    }
    this.setHandles(handles)
    return token
  }

  private setHandles(handles: readonly (readonly [string, string])[]): void {
    this.handles = new Map([['!', '!'], ['!!', LONG_TAG], ...handles])
  }

  private tagName(token: Token): string {
    let name = token.suffix
    if (token.text !== '') {
      const prefix = this.handles.get(token.text)
      if (prefix === undefined || prefix + name === '') throw this.fail('a tag with an unknown handle', token.start)
      name = prefix + name
    }
    if (name === '!') return ''
    return name.startsWith(LONG_TAG) ? `!!${name.slice(LONG_TAG.length)}` : name
  }

  private readProperties(): Properties {
    let token = this.peek()
    if (token.kind !== TokenKind.anchor && token.kind !== TokenKind.tag) return NO_PROPERTIES
    let anchor: Token | null = null
    let tag: Token | null = null
    for (; ; token = this.skipTo()) {
      if (token.kind === TokenKind.anchor && anchor === null) anchor = token
      else if (token.kind === TokenKind.tag && tag === null) tag = token
      else break
    }
    return { anchor, tag, tagName: tag === null ? '' : this.tagName(tag) }
  }

  // Nodes -----------------------------------------------------------------------------------------------------------

  /** A leaf, or a collection that `step` will fill. */
  private readNode(parent: CollectionSyntax | null, block: boolean, indentless: boolean): Syntax {
    let token = this.peek()
    const start = token.start
    if (token.kind === TokenKind.alias) {
      const node = this.takeComments(new AliasSyntax(parent, token, this.target(token)))
      this.scanner.next()
      return node
    }
    const properties = this.readProperties()
    token = this.peek()
    if (indentless && token.kind === TokenKind.blockEntry) {
      return this.open(new CollectionSyntax('list', parent, properties, false, token.column, token.start), 'indentlessList')
    }
    switch (token.kind) {
      case TokenKind.scalar: {
        const node = this.takeComments(new ScalarSyntax(parent, properties, token, token.text, token.style, token.block))
        this.scanner.next()
        return this.register(node)
      }
      case TokenKind.flowSequenceStart:
      case TokenKind.flowMappingStart: {
        const list = token.kind === TokenKind.flowSequenceStart
        const node = this.takeComments(new CollectionSyntax(list ? 'list' : 'map', parent, properties, true, token.column, token.start))
        this.scanner.next()
        return this.open(node, list ? 'flowItem' : 'flowKey')
      }
      case TokenKind.blockSequenceStart:
      case TokenKind.blockMappingStart: {
        if (!block) break
        const list = token.kind === TokenKind.blockSequenceStart
        const node = new CollectionSyntax(list ? 'list' : 'map', parent, properties, false, token.column, token.start)
        node.head = this.stem
        this.stem = NO_COMMENT
        this.scanner.next()
        return this.open(node, list ? 'blockList' : 'blockKey')
      }
      default:
    }
    const end = Math.max(properties.anchor?.end ?? -1, properties.tag?.end ?? -1)
    if (end < 0) throw this.fail('a value is missing here', start)
    return this.register(new ScalarSyntax(parent, properties, { start: end, end }))
  }

  private emptyScalar(parent: CollectionSyntax | null, at: number): ScalarSyntax {
    return new ScalarSyntax(parent, NO_PROPERTIES, { start: at, end: at })
  }

  private open(node: CollectionSyntax, state: State): CollectionSyntax {
    this.frames.push({ node, state, first: true })
    return this.register(node)
  }

  private register<N extends ScalarSyntax | CollectionSyntax>(node: N): N {
    const { anchor } = node.properties
    if (anchor !== null) this.anchors.set(this.source.text.slice(anchor.start + 1, anchor.end), node)
    return node
  }

  private target(alias: Token): ScalarSyntax | CollectionSyntax {
    const target = this.anchors.get(alias.text)
    if (target === undefined) throw this.fail('an alias of an unknown anchor', alias.start)
    if (target.kind !== 'scalar' && !target.closed) throw this.fail('an anchor contains an alias of itself', alias.start)
    return target
  }

  private add(node: CollectionSyntax, child: Syntax): void {
    node.children.push(child)
    if (node.kind === 'map' && node.children.length % 2 === 1) return // a key
    this.values += 1
    refuseTooMany(this.values)
  }

  /** Ends the topmost collection. The comments that wait at a closing token are its own. */
  private close(node: CollectionSyntax, comments: { line: CommentLines; foot: CommentLines }, end: number): void {
    this.frames.pop()
    node.line = comments.line
    node.foot = comments.foot
    node.end = end
    node.closed = true
    if (node.kind === 'map') settleFeet(node)
  }

  /** Reads one token's worth of the topmost collection. */
  private step(frame: Frame): void {
    const { node } = frame
    switch (frame.state) {
      case 'blockList': return this.stepBlockList(node, TokenKind.blockEnd)
      case 'indentlessList': return this.stepBlockList(node, null)
      case 'blockKey': return this.stepBlockKey(frame)
      case 'blockValue': return this.stepBlockValue(frame)
      case 'flowItem': return this.stepFlowItem(frame)
      case 'flowKey': return this.stepFlowKey(frame)
      case 'flowValue': return this.stepFlowValue(frame)
      case 'flowNoValue':
        frame.state = 'flowKey'
        node.colons.push(-1)
        this.peek()
        return this.add(node, this.emptyScalar(node, this.endOfLast(node)))
      case 'pairKey': return this.stepPairKey(frame)
      case 'pairValue': return this.stepPairValue(frame)
      case 'pairEnd': return this.close(node, { line: NO_COMMENT, foot: NO_COMMENT }, this.endOfLast(node))
    }
  }

  /** Behind the last value, however deep it is. */
  private endOfLast(node: CollectionSyntax): number {
    return node.children.at(-1)?.end ?? node.end
  }

  private stepBlockList(node: CollectionSyntax, endKind: TokenKind | null): void {
    let token = this.peek()
    if (token.kind !== TokenKind.blockEntry) {
      if (endKind !== null && token.kind !== endKind) throw this.fail("an element of this list must start with '-'", token.start)
      if (endKind !== null) this.scanner.next()
      return this.close(node, { line: NO_COMMENT, foot: NO_COMMENT }, this.endOfLast(node))
    }
    const { start, end } = token
    const headLength = this.head.length
    node.starts.push(start)
    this.scanner.next()
    this.splitStem(headLength)
    token = this.peek()
    const { kind } = token
    const empty = kind === TokenKind.blockEntry || kind === TokenKind.blockEnd || (endKind === null && (kind === TokenKind.key || kind === TokenKind.value))
    this.add(node, empty ? this.emptyScalar(node, end) : this.readNode(node, true, false))
  }

  private stepBlockKey(frame: Frame): void {
    const { node } = frame
    let token = this.peek()
    if (token.kind === TokenKind.key) {
      const { start, end } = token
      frame.state = 'blockValue'
      node.starts.push(start)
      token = this.skipTo()
      this.add(node, endsBlockNode(token.kind) ? this.emptyScalar(node, end) : this.readNode(node, true, true))
    } else if (token.kind === TokenKind.blockEnd) {
      const lines = this.takeLines()
      this.scanner.next()
      this.close(node, lines, this.endOfLast(node))
    } else {
      throw this.fail('a key is expected here', token.start)
    }
  }

  private stepBlockValue(frame: Frame): void {
    frame.state = 'blockKey'
    this.readValue(frame.node, endsBlockNode, true)
  }

  /** What stands behind ":", or the empty value where there is none. */
  private readValue(node: CollectionSyntax, isAbsent: (next: TokenKind) => boolean, inBlock: boolean): void {
    let token = this.peek()
    if (token.kind !== TokenKind.value) {
      node.colons.push(-1)
      return this.add(node, this.emptyScalar(node, this.endOfLast(node)))
    }
    const { start, end } = token
    node.colons.push(start)
    token = this.skipTo()
    this.add(node, isAbsent(token.kind) ? this.emptyScalar(node, end) : this.readNode(node, inBlock, inBlock))
  }

  /** Past the "," that separates the items of a flow collection. */
  private skipSeparator(frame: Frame, closer: TokenKind, brackets: string): Token {
    let token = this.peek()
    if (token.kind !== closer && !frame.first) {
      if (token.kind !== TokenKind.flowEntry) throw this.fail(`',' or '${brackets}' is expected here`, token.start)
      token = this.skipTo()
    }
    frame.first = false
    return token
  }

  private closeFlow(node: CollectionSyntax, token: Token): void {
    const lines = this.takeLines()
    this.scanner.next()
    this.close(node, lines, token.end)
  }

  private stepFlowItem(frame: Frame): void {
    const { node } = frame
    const token = this.skipSeparator(frame, TokenKind.flowSequenceEnd, ']')
    if (token.kind === TokenKind.flowSequenceEnd) return this.closeFlow(node, token)
    node.starts.push(token.start)
    if (token.kind !== TokenKind.key) return this.add(node, this.readNode(node, false, false))
    const pair = new CollectionSyntax('map', node, NO_PROPERTIES, true, token.column, token.start)
    pair.starts.push(token.start)
    this.scanner.next()
    this.add(node, this.open(pair, 'pairKey'))
  }

  private stepFlowKey(frame: Frame): void {
    const { node } = frame
    let token = this.skipSeparator(frame, TokenKind.flowMappingEnd, '}')
    if (token.kind === TokenKind.flowMappingEnd) return this.closeFlow(node, token)
    node.starts.push(token.start)
    if (token.kind !== TokenKind.key) {
      frame.state = 'flowNoValue'
      return this.add(node, this.readNode(node, false, false))
    }
    frame.state = 'flowValue'
    token = this.skipTo()
    const empty = token.kind === TokenKind.value || token.kind === TokenKind.flowEntry || token.kind === TokenKind.flowMappingEnd
    this.add(node, empty ? this.emptyScalar(node, token.start) : this.readNode(node, false, false))
  }

  private stepFlowValue(frame: Frame): void {
    frame.state = 'flowKey'
    this.readValue(frame.node, endsFlowValue, false)
  }

  private stepPairKey(frame: Frame): void {
    const { node } = frame
    const token = this.peek()
    frame.state = 'pairValue'
    if (token.kind !== TokenKind.value && token.kind !== TokenKind.flowEntry && token.kind !== TokenKind.flowSequenceEnd) {
      return this.add(node, this.readNode(node, false, false))
    }
    this.scanner.next() // as the reference: a pair without a key is refused by what follows
    this.add(node, this.emptyScalar(node, token.start))
  }

  private stepPairValue(frame: Frame): void {
    frame.state = 'pairEnd'
    this.readValue(frame.node, endsPairValue, false)
  }
}

/** May grow the first list: there can be as many comments as lines, and no node that takes one. */
function joined(lines: CommentLines, more: CommentLines): CommentLines {
  if (lines.length === 0) return more
  const grown = lines as (CommentLines[number])[]
  for (const line of more) grown.push(line)
  return grown
}

function startsDocument(kind: TokenKind): boolean {
  return kind === TokenKind.versionDirective || kind === TokenKind.tagDirective || kind === TokenKind.documentStart
}

function endsBlockNode(kind: TokenKind): boolean {
  return kind === TokenKind.key || kind === TokenKind.value || kind === TokenKind.blockEnd
}

function endsFlowValue(kind: TokenKind): boolean {
  return kind === TokenKind.flowEntry || kind === TokenKind.flowMappingEnd
}

function endsPairValue(kind: TokenKind): boolean {
  return kind === TokenKind.flowEntry || kind === TokenKind.flowSequenceEnd
}

/** A comment below a value becomes the foot of the key; one that was found with the next key, of the key before. */
function settleFeet(map: CollectionSyntax): void {
  const { children, flow } = map
  for (let i = 0; i < children.length; i += 2) {
    const key = children[i]!
    const value = children[i + 1]!
    const before = children[i - 2]
    if (!flow && before !== undefined && key.foot.length > 0) {
      before.foot = key.foot
      key.foot = NO_COMMENT
    }
    if (key.foot.length === 0 && value.foot.length > 0) {
      key.foot = value.foot
      value.foot = NO_COMMENT
    }
  }
  const last = children.at(-2)
  if (!flow && last !== undefined && map.foot.length > 0) {
    last.foot = map.foot
    map.foot = NO_COMMENT
  }
}

