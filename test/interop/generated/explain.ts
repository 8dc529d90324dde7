/**
 * The kinds of differences that docs/deviations.md lists, recognised one by one. What none of them explains is a defect.
 * @module
 */
import { applyEdits, CodedError, type CommentNode, type Document, type Edit, type Entry, type Format, type LeafNode, type ListNode, type MapNode, type Node, type Tree } from '@waxseal/core'
import type { Generated } from './documents.ts'
import type { Result } from './programs.ts'

export type Container = MapNode | ListNode
export interface Place<N extends Node> {
  readonly node: N
  readonly from: Container
  readonly item: Entry | Node
}

/** Leaves and comments in order. */
export function placesOf(tree: Tree): Place<LeafNode | CommentNode>[] {
  const within = (from: Container): Place<LeafNode | CommentNode>[] =>
    (from.items as readonly (Entry | Node)[]).flatMap((item) => {
      const node = item.kind === 'entry' ? item.value : item
      return node.kind === 'leaf' || node.kind === 'comment' ? [{ node, from, item }] : within(node)
    })
  return tree.flatMap(within)
}

const isComment = (place: Place<LeafNode | CommentNode>): place is Place<CommentNode> => place.node.kind === 'comment'
const isLeaf = (place: Place<LeafNode | CommentNode>): place is Place<LeafNode> => place.node.kind === 'leaf'

export function leavesOf(tree: Tree): Place<LeafNode>[] {
  return placesOf(tree).filter(isLeaf)
}

/** Of maps too, however deep. */
function keysOf(tree: Tree): string[] {
  const within = (node: Node): string[] => {
    if (node.kind === 'list') return node.items.flatMap(within)
    if (node.kind !== 'map') return []
    return node.items.flatMap((item) => (item.kind === 'entry' ? [item.key, ...within(item.value)] : []))
  }
  return tree.flatMap(within)
}

function commentsOf(tree: Tree): Place<CommentNode>[] {
  return placesOf(tree).filter(isComment)
}

/** Why two plaintexts of one file differ: theirs and ours, or theirs of their file and of ours. */
export function explainTexts(format: Format, theirs: Buffer, ours: Buffer, bothByThem = false): string | undefined {
  if (format.name === 'json') return unescaped(theirs.toString()) === unescaped(ours.toString()) ? 'json-escapes' : undefined
  if (format.name === 'ini') return explainIni(theirs.toString(), ours.toString())
  if (format.name !== 'yaml') return undefined
  const [a, b] = [readIfReadable(format, theirs), readIfReadable(format, ours)]
  if (a === undefined || b === undefined) return undefined
  const [bareA, bareB] = [withoutComments(a), withoutComments(b)]
  const isSame = bareA === bareB || freshWithoutComments(format, a) === freshWithoutComments(format, b)
  if (!isSame && !isEmptied(bareA, bareB)) return undefined
  const [few, all] = [a, b].map(({ tree }) => commentsOf(tree).map(({ node }) => node.text)) as [string[], string[]]
  if (bothByThem && isSame && !isPart(few, all)) return 'lost-comments-kept'
  if (!isPart(few, all)) return undefined
  if (!isSame) return 'empty-document'
  if (few.length === all.length) return 'comments-stay-in-place'
  return few.length < all.length ? 'lost-comments-kept' : undefined
}

/** undefined if it cannot be read. */
export function readIfReadable(format: Format, file: Uint8Array): Document | undefined {
  try {
    return format.parse(file)
  } catch (error) {
    if (error instanceof CodedError) return undefined
    throw error
  }
}

/** Comments keep their blanks and line ends; values that would read as something else are quoted. */
function explainIni(theirs: string, ours: string): string | undefined {
  const withoutBlanks = (text: string): string => text.replaceAll(/^[;#\s]+/gm, '').replaceAll(/\s/g, '')
  if (withoutBlanks(theirs) === withoutBlanks(ours)) return 'ini-text-stays'
  const withoutQuotes = (text: string): string => withoutBlanks(text).replaceAll(/["'`]/g, '')
  return withoutQuotes(theirs) === withoutQuotes(ours) ? 'ini-quotes' : undefined
}

function removals({ tree }: Document): Edit[] {
  // elements that the reference makes of empty comments go with them
  const places = placesOf(tree).filter(({ from, node }) => node.kind === 'comment' || (from.kind === 'list' && node.value === ''))
  return places.map(({ from, item }): Edit => ({ do: 'remove', from, item }))
}

/** In one line layout, since comments stand in empty containers too. */
function withoutComments(document: Document): string {
  return Buffer.from(document.apply(removals(document))).toString().replaceAll(/\{\s*\}/g, '{}').replaceAll(/\[\s*\]/g, '[]').replaceAll(/\n\n+/g, '\n')
}

/** Comments decide about line breaks where a key is explicit. */
function freshWithoutComments(format: Format, document: Document): string {
  return Buffer.from(format.emit(applyEdits(document.tree, removals(document)))).toString()
}

/** Equal but for the `{}` that the reference writes for a document that was empty. */
function isEmptied(theirs: string, ours: string): boolean {
  return theirs.replaceAll(/^\{\}\n/gm, '') === ours.replaceAll(/^\{\}\n/gm, '')
}

function unescaped(json: string): string {
  return json.replaceAll(/\\u(003c|003e|0026|2028|2029)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

export interface Choice {
  readonly values: string
  readonly comments: readonly string[]
}

export function explainChoice({ format, source }: Generated, theirs: Choice, ours: Choice): string | undefined {
  if (theirs.values !== ours.values) return undefined
  if (isPart(theirs.comments, ours.comments)) return 'lost-comments-kept'
  if (theirs.comments.length > ours.comments.length && isPart(ours.comments, theirs.comments) && /\*\w/.test(Buffer.from(source).toString())) return 'aliases-expanded'
  const last = Buffer.from(source).toString().trimEnd().split('\n').at(-1) ?? ''
  return format.name === 'yaml' && /^\s*#|^\.\.\.|^---/.test(last) && theirs.comments.length === ours.comments.length ? 'comments-at-the-end' : undefined
}

function isPart(few: readonly string[], all: readonly string[]): boolean {
  const left = [...all]
  return few.every((text) => left.includes(text) && left.splice(left.indexOf(text), 1).length === 1)
}

/** @param loss - of their file; how ours is refused, too, says nothing then */
export function explainStatus(theirs: Result, loss: string | undefined): string | undefined {
  if (isCrash(theirs)) return 'reference-crashes'
  return theirs.status === 0 ? undefined : loss
}

/** Comments of an alias are not all copied when it is expanded; those that are stay, beside what they belong to, where the alias does not come back. */
export function explainRoundTrip({ format, source }: Generated, tree: Tree, back: Buffer, [before, after]: readonly [Buffer, Buffer]): string | undefined {
  if (leavesOf(tree).some(({ node }) => Object.is(node.value, -0))) return 'nothing-lost'
  if (format.name !== 'yaml') return undefined
  const isExpanded = countAliases(back) < countAliases(Buffer.from(source)) && explainTexts(format, before, after) !== undefined
  return isExpanded || explainTexts(format, after, before) === 'lost-comments-kept' ? 'aliases-expanded' : undefined
}

function countAliases(yaml: Buffer): number {
  return yaml.toString().match(/(?<=[\s[{,])\*\w+/g)?.length ?? 0
}

/** What the reference loses of a document, so that it cannot read its own file of it, or reads something else. */
export function lossOf({ format, settings: { selection } }: Generated, source: Tree, encrypted: Tree | undefined): string | undefined {
  if (encrypted === undefined) return 'nothing-lost' // nobody can read it
  if (leavesOf(encrypted).some(({ from, node: { value } }) => from.kind === 'list' && typeof value === 'string' && /^ENC\[.*,type:comment\]$/.test(value))) return 'list-comments-stay-comments'
  const leaves = leavesOf(source)
  const keys = keysOf(source)
  const texts = [...keys, ...leaves.flatMap(({ node: { value } }) => (typeof value === 'string' ? [value] : []))]
  if (leaves.some(({ node }) => Object.is(node.value, -0))) return 'nothing-lost'
  if (format.name === 'ini' && keys.some((key) => /^#\d+$/.test(key))) return 'nothing-lost'
  if (format.name === 'ini' && texts.some((text) => /\\$|^["'`]|^\s.*"|".*\s$/.test(text))) return 'ini-quotes'
  if (format.name === 'yaml' && keys.includes('<<')) return 'nothing-lost'
  if (format.name === 'yaml' && texts.some((text) => /^\t[^]*\n/.test(text))) return 'tab-first-text-kept'
  if (format.name === 'yaml' && texts.some((text) => /^[ \n\u0085\u2028\u2029][^]*\n|^\n/.test(text))) return 'true-indentation-indicator'
  if (selection?.setting.includes('comment') && commentsOf(source).length > 0) return 'nothing-lost'
  return undefined
}

/** Why one of the two refuses what the other encrypts. */
export function explainRefusal({ format }: Generated, theirs: Result, ours: Result): string | undefined {
  if (isCrash(theirs)) return 'reference-crashes'
  if (format.name === 'json' && ours.problem.includes('behind the closing brace')) return 'json-refused'
  return undefined
}

/** A defect of its own: Go's panics, and what its YAML library says of a node that it made itself. */
function isCrash({ problem }: Result): boolean {
  return problem.startsWith('panic:') || problem.includes('cannot encode node with unknown kind')
}
