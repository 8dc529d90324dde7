/**
 * Documents as they are written to documents as SOPS sees them: aliases expanded, comments as nodes, the `sops` entries apart.
 * Follows: getsops/sops stores/yaml/store.go (order of comments, root rules); go.yaml.in/yaml/v3 decode.go, through which SOPS sends the
 * first document (unique keys, merges, share of aliases). Without recursion: a file cannot exhaust the stack.
 *
 * Comments that the reference loses become the last nodes of their document, so that none stays readable in an encrypted file.
 * @module
 */
import type { ErrorCode, Value } from '@waxseal/core'
import { METADATA_KEY } from '../metadata-key.ts'
import type { StreamSyntax } from './compose.ts'
import { AliasSite, type PlacedDocument, type PlacedEntry, type PlacedList, type PlacedMap, type PlacedStream, type PlacedValue } from './nodes.ts'
import { scalarValue } from './resolve.ts'
import { syntaxError, type Source } from './source.ts'
import { outerStart, type AliasSyntax, type CollectionSyntax, type DocumentSyntax, type ScalarSyntax, type Syntax } from './syntax.ts'
import type { CommentLine, CommentLines } from './token.ts'

/** Up to so many nodes, nearly all may come from aliases; from the second number on, a tenth. */
const ALIAS_RANGE_LOW = 400_000
const ALIAS_RANGE_HIGH = 4_000_000

export function buildStream(source: Source, { documents, comments }: StreamSyntax): PlacedStream {
  const builder = new Builder(source)
  const built = documents.map((document, at) => builder.build(document, at === 0))
  builder.addStrayComments(built, comments)
  return { documents: built, aliases: builder.aliases }
}

type Items = PlacedMap['items'] | PlacedList['items']

/** A collection whose items are still to be made. */
interface Pending {
  readonly node: PlacedMap | PlacedList
  readonly syntax: CollectionSyntax
  /** Its own comments stand in the collection around it. */
  readonly commentsOutside: boolean
}

class Builder {
  readonly aliases: AliasSite[] = []
  private readonly source: Source
  private readonly pending: Pending[] = []
  private nodes = 0
  private aliasNodes = 0
  private isFirst = true

  constructor(source: Source) {
    this.source = source
  }

  build(syntax: DocumentSyntax, isFirst: boolean): PlacedDocument {
    this.isFirst = isFirst
    const { root } = syntax
    const alias = root.kind === 'alias' ? this.site(root) : null
    const content = root.kind === 'alias' ? root.target : root
    const map: PlacedMap = { kind: 'map', items: [], syntax: content.kind === 'map' ? content : null, alias }
    if (alias !== null) alias.node = map
    this.addComments(map.items, syntax.head, null)
    if (content.kind === 'map') this.pending.push({ node: map, syntax: content, commentsOutside: false })
    else this.addEmptyRoot(map.items, content)
    this.fillPending()
    this.addComments(map.items, syntax.foot, null)
    const metadata = takeMetadata(map)
    return { syntax, map, metadata }
  }

  addStrayComments(documents: readonly PlacedDocument[], comments: readonly CommentLine[]): void {
    let at = 0
    for (const line of comments) {
      while (line.start > (documents[at + 1]?.syntax.marker?.start ?? Infinity)) at += 1
      if (!line.placed) this.addComments(documents[at]!.map.items, [line], null)
    }
  }

  private addEmptyRoot(items: Items, root: ScalarSyntax | CollectionSyntax): void {
    if (root.kind !== 'scalar') throw this.fail(root, 'the top level is a list, not a map', 'PARSE_ROOT')
    if (this.leafValue(root) !== null) throw this.fail(root, 'the top level is a single value, not a map', 'PARSE_ROOT')
    this.addComments(items, root.head, null)
    this.addComments(items, root.line, null)
  }

  private fillPending(): void {
    for (let next = this.pending.pop(); next !== undefined; next = this.pending.pop()) {
      const { node, syntax, commentsOutside } = next
      if (!commentsOutside) {
        this.addComments(node.items, syntax.head, node.alias)
        this.addComments(node.items, syntax.line, node.alias)
      }
      if (node.kind === 'map') this.fillMap(node, syntax)
      else this.fillList(node, syntax)
      if (!commentsOutside) this.addComments(node.items, syntax.foot, node.alias)
    }
  }

  private fillMap({ items, alias }: PlacedMap, syntax: CollectionSyntax): void {
    const { children } = syntax
    if (this.isFirst && alias === null) this.checkKeys(syntax)
    for (let i = 0; i < children.length; i += 2) {
      const key = children[i]!
      const value = children[i + 1]!
      const isCollection = value.kind === 'map' || value.kind === 'list'
      this.addComments(items, key.head, alias)
      this.addComments(items, key.line, alias)
      if (!isCollection) {
        this.addComments(items, value.head, alias)
        this.addComments(items, value.line, alias, true)
      }
      this.count(alias)
      items.push({ kind: 'entry', key: this.keyText(key), value: this.value(value, alias, !isCollection), parent: syntax, index: i / 2, alias })
      if (!isCollection) this.addComments(items, value.foot, alias)
      this.addComments(items, key.foot, alias)
    }
  }

  private fillList({ items, alias }: PlacedList, { children }: CollectionSyntax): void {
    for (const child of children) {
      this.addComments(items, child.head, alias)
      this.addComments(items, child.line, alias, true)
      items.push(this.value(child, alias, true))
      this.addComments(items, child.foot, alias)
    }
  }

  private value(syntax: Syntax, alias: AliasSite | null, commentsOutside: boolean): PlacedValue {
    this.count(alias)
    if (syntax.kind === 'alias') return this.expansion(syntax, alias)
    if (syntax.kind === 'scalar') return { kind: 'leaf', value: this.leafValue(syntax), syntax, alias }
    const node: PlacedMap | PlacedList = syntax.kind === 'map' ? { kind: 'map', items: [], syntax, alias } : { kind: 'list', items: [], syntax, alias }
    this.pending.push({ node, syntax, commentsOutside })
    return node
  }

  /** Inside an alias, another alias is part of the expansion: only the outer one stands in the text. */
  private expansion(syntax: AliasSyntax, outer: AliasSite | null): PlacedValue {
    const site = outer ?? this.site(syntax)
    const node = this.value(syntax.target, site, false)
    if (outer === null) site.node = node
    return node
  }

  private site(syntax: AliasSyntax): AliasSite {
    const site = new AliasSite(syntax)
    this.aliases.push(site)
    return site
  }

  /** Bounds what aliases of aliases can grow to, as the reference does. */
  private count(alias: AliasSite | null): void {
    this.nodes += 1
    if (alias === null) return
    this.aliasNodes += 1
    const share = Math.min(Math.max((this.nodes - ALIAS_RANGE_LOW) / (ALIAS_RANGE_HIGH - ALIAS_RANGE_LOW), 0), 1)
    if (this.aliasNodes > 100 && this.nodes > 1000 && this.aliasNodes / this.nodes > 0.99 - 0.89 * share) {
      throw this.fail(alias.syntax, 'aliases make this file too large', 'PARSE_LIMIT')
    }
  }

  private leafValue(syntax: ScalarSyntax): Value {
    const value = scalarValue(syntax)
    if (value === undefined) throw this.fail(syntax, 'the value is not of the type that its tag names', 'PARSE_FAILED')
    return value
  }

  private keyText(syntax: Syntax): string {
    const key = syntax.kind === 'alias' ? syntax.target : syntax
    if (key.kind !== 'scalar') throw this.fail(syntax, 'a key cannot be a map or a list', 'PARSE_FAILED')
    const text = this.leafValue(key)
    if (typeof text !== 'string') throw this.fail(syntax, 'the key is not a string', 'KEY_NOT_STRING', 'put it in quotes')
    if (syntax.kind === 'alias') this.aliases.push(new AliasSite(syntax, text))
    return text
  }

  private checkKeys(map: CollectionSyntax): void {
    const seen = new Set<string>()
    for (let i = 0; i < map.children.length; i += 2) {
      const key = map.children[i]!
      const identity = keyIdentity(key, this.source)
      if (seen.has(identity)) throw this.fail(key, 'the key stands twice in its map', 'PARSE_DUPLICATE_KEY')
      seen.add(identity)
      if (isMergeKey(key) && !isMergeable(map.children[i + 1]!)) throw this.fail(key, 'a merge takes maps only', 'PARSE_FAILED')
    }
  }

  private addComments(items: Items, lines: CommentLines, alias: AliasSite | null, inline = false): void {
    for (const line of lines) {
      if (line === null) continue
      line.placed = true
      items.push({ kind: 'comment', text: this.source.text.slice(line.start + 1, line.end), inline, line, alias })
    }
  }

  private fail(syntax: Syntax, problem: string, code: ErrorCode, hint?: string): Error {
    return syntaxError(this.source, outerStart(syntax), problem, code, hint)
  }
}

/** Keys are the same if they are of one kind and read the same, whatever their types. */
function keyIdentity(key: Syntax, { text }: Source): string {
  if (key.kind === 'scalar') return key.text
  return `\0${key.kind === 'alias' ? text.slice(key.start, key.end) : key.kind}`
}

function isMergeKey(key: Syntax): boolean {
  if (key.kind !== 'scalar' || key.text !== '<<') return false
  return key.properties.tagName === '!!merge' || (key.properties.tagName === '' && key.style === 'plain')
}

function isMergeable(value: Syntax): boolean {
  const isMap = (node: Syntax): boolean => (node.kind === 'alias' ? node.target : node).kind === 'map'
  return isMap(value) || (value.kind === 'list' && value.children.every(isMap))
}

/** Removes the `sops` entries from a root map. */
function takeMetadata(root: PlacedMap): PlacedEntry[] {
  const taken: PlacedEntry[] = []
  const kept: PlacedMap['items'] = []
  for (const item of root.items) {
    if (item.kind === 'entry' && item.key === METADATA_KEY) taken.push(item)
    else kept.push(item)
  }
  if (taken.length > 0) root.items = kept
  return taken
}
