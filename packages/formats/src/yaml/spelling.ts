/**
 * The ways to write one value of YAML: `1.10` and `1.1`, `yes` and `"yes"`, text folded over lines, a block scalar's indentation, tags of types.
 * A spelling is a scalar's text in the source, of a block scalar its header and its body.
 * @module
 */
import { CodedError, type Edit, type LeafNode, type Value } from '@waxseal/core'
import type { Replacement } from '../splice.ts'
import { isBlank, isBreak, isFlowIndicator, isGap } from './characters.ts'
import { composeStream } from './compose.ts'
import { afterToken, dressString, dropTabs, scalarPlace, splitFirstLine, toLines, TYPE_TAGS, type Dressing } from './dress.ts'
import { afterBreak } from './lines.ts'
import type { PlacedLeaf } from './nodes.ts'
import { isSame, scalarValue } from './resolve.ts'
import { scalarText } from './scalar-text.ts'
import { isReadable, sourceOf } from './source.ts'
import { outerStart, type CollectionSyntax, type ScalarSyntax, type Syntax } from './syntax.ts'

/**
 * Spellings of leaves whose token would not come back as they are written.
 * @param encrypting - for the tokens
 * @param decrypting - for the values that will take their places
 */
export function spellings(edits: readonly Edit[], encrypting: Dressing, decrypting: Dressing): ReadonlyMap<LeafNode, string> {
  const found = new Map<LeafNode, string>()
  for (const edit of edits) {
    if (edit.do !== 'token' || edit.node.kind !== 'leaf') continue
    const { syntax, value, alias } = edit.node as PlacedLeaf
    if (alias !== null) continue
    const written = spellingOf(syntax, encrypting.text)
    if (written !== spellingBack(afterToken(syntax, encrypting), value, decrypting)) found.set(edit.node, written)
  }
  return found
}

/** With the tag of a type, which no token can have. */
function spellingOf({ properties: { tag, tagName, anchor }, start, end, block }: ScalarSyntax, text: string): string {
  const from = tag !== null && TYPE_TAGS.has(tagName) && !(anchor !== null && anchor.start > tag.start) ? tag.start : start
  return block === null ? text.slice(from, end) : `${text.slice(from, block.headerEnd)}\n${text.slice(block.bodyStart, block.bodyEnd)}`
}

/** What takes the place of a token. */
function spellingBack(token: ScalarSyntax, value: Value, dressing: Dressing): string {
  const [first, body] = splitFirstLine(typeof value === 'string' ? dressString(token, value, dressing) : scalarText(value, scalarPlace(token.parent, dressing)))
  return body === null ? first : `${first}\n${toLines(body, dressing)}`
}

/** The replacements that put a spelling into a scalar's place; undefined if it would not read as this very value, or as more than that. */
export function putSpelling(syntax: ScalarSyntax, value: Value, spelling: string, dressing: Dressing): Replacement[] | undefined {
  const { start, end, block } = syntax
  if (!isReadable(spelling)) return undefined
  if (block === null) {
    if (isGlued(syntax, spelling, dressing) || !readsAs(syntax, value, spelling, '')) return undefined
    return [{ start, end, text: spelling }, ...dropTabs(syntax, spelling, dressing)]
  }
  const [header, body] = splitFirstLine(spelling)
  if (body === null || !readsAs(syntax, value, spelling, blockTail(block.bodyEnd, dressing))) return undefined
  return [{ start, end: block.headerEnd, text: header }, { start: block.bodyStart, end: block.bodyEnd, text: body }]
}

/** Whether something stands right behind the place that a plain scalar would take in. */
function isGlued({ end, parent }: ScalarSyntax, spelling: string, { text }: Dressing): boolean {
  const next = text.charCodeAt(end)
  return !/["']$/.test(spelling) && !isGap(next) && !(parent?.flow === true && isFlowIndicator(next))
}

/** The blank lines below a block scalar, and a comment in the column of what follows them: in reach of the block, it would be part of it. */
function blockTail(end: number, { text, bareEnd }: Dressing): string {
  if (end === bareEnd) return ''
  const from = afterBreak(text, end)
  let at = from
  while (isBlank(text.charCodeAt(at)) || isBreak(text.charCodeAt(at))) at += 1
  return `\n${text.slice(from, at)}#`
}

/** Whether, in a place like this one, the text is one scalar of this value, without anything beside it but the tag of a type. */
function readsAs({ parent, properties: { tagName }, block }: ScalarSyntax, value: Value, spelling: string, tail: string): boolean {
  const [before, after] = surroundings(parent)
  const read = readScalar(before + spelling + tail + after, tail === '' ? 0 : 1)
  if (read === undefined || outerStart(read) !== before.length || read.end !== before.length + spelling.length) return false
  const { anchor, tag, tagName: type } = read.properties
  if (anchor !== null || (read.block === null) !== (block === null)) return false
  if (tag !== null && (tagName !== '' || !TYPE_TAGS.has(type))) return false
  return isSame(tagName === '' ? scalarValue(read) : read.text, value)
}

/** An entry in the same column; in the brackets of a flow collection, if the place is inside one. */
function surroundings(parent: CollectionSyntax | null): readonly [before: string, after: string] {
  let block = parent
  while (block?.flow) block = block.parent
  const entry = block === null ? '' : `${' '.repeat(block.column)}k: `
  return parent?.flow ? [`${entry}[`, ']'] : [entry, '']
}

/** The only scalar, or last value, of a text; undefined if it is not readable or has other comments than these. */
function readScalar(text: string, comments: number): ScalarSyntax | undefined {
  try {
    const stream = composeStream(sourceOf(text))
    if (stream.documents.length !== 1 || stream.comments.length > comments) return undefined
    let node: Syntax | undefined = stream.documents[0]!.root
    while (node?.kind === 'map' || node?.kind === 'list') node = node.children.at(-1)
    return node?.kind === 'scalar' ? node : undefined
  } catch (error) {
    if (error instanceof CodedError) return undefined
    throw error
  }
}
