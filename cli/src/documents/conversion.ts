/**
 * A tree in another format: what that format cannot hold is told, and what it would change is refused.
 * @module
 */
import { CodedError, Timestamp, valueText, type Document, type Entry, type Format, type MapNode, type Node, type Tree, type TreePath, type Value, type ValueNode } from '@waxseal/core'
import { ini, yaml } from '@waxseal/formats'
import { showValuePath } from './value-path.ts'

export interface Losses {
  /** Comments that have no place. */
  readonly comments: number
  /** Paths of the numbers, booleans and dates that are read as text from now on. */
  readonly becomeText: readonly string[]
}

export interface Converted {
  /** As the new text reads. */
  readonly document: Document
  readonly text: Uint8Array
  readonly losses: Losses
}

/** @throws CodedError EMIT_FAILED - the format has no place for it, or it would read as something else */
export function convertTree(found: Tree, from: Format, to: Format): Converted {
  const tree = ownSections(found, from)
  if (tree.length > 1 && to !== yaml) throw new CodedError('EMIT_FAILED', `${to.name} has one document, and there are ${tree.length}`, { hint: 'split the file at its --- lines first' })
  const text = to.emit(tree)
  const document = to.parse(text)
  const becomeText: string[] = []
  const difference = tree.length === document.tree.length ? firstDifference(mapOf(tree), mapOf(ownSections(document.tree, to)), becomeText) : []
  if (difference !== undefined) {
    throw new CodedError('EMIT_FAILED', `the value at ${showValuePath(difference)} would read otherwise in ${to.name}`, { hint: 'change it first, or take another format' })
  }
  return { document, text, losses: { comments: Math.max(0, countComments(tree) - countComments(document.tree)), becomeText } }
}

/** Every INI file is read as if it began with a section DEFAULT; an empty one is not in the file. */
function ownSections(tree: Tree, format: Format): Tree {
  if (format !== ini) return tree
  const isEmptyDefault = (item: Entry | Node): boolean => item.kind === 'entry' && item.key === 'DEFAULT' && item.value.kind === 'map' && item.value.items.length === 0
  return tree.map((map) => ({ ...map, items: map.items.filter((item) => !isEmptyDefault(item)) }))
}

/** Several documents as one map, so that paths need no number. */
const mapOf = (tree: Tree): MapNode => (tree.length === 1 ? tree[0]! : { kind: 'map', items: tree.map((value, at): Entry => ({ kind: 'entry', key: `document ${at + 1}`, value })) })

/** @returns the path of the first value that is not the same; undefined if all are */
function firstDifference(before: ValueNode, after: ValueNode, becomeText: string[], path: TreePath = []): TreePath | undefined {
  if (before.kind === 'leaf' || after.kind === 'leaf') {
    if (before.kind !== 'leaf' || after.kind !== 'leaf') return path
    if (isSame(before.value, after.value)) return undefined
    if (!readsAs(before.value, after.value)) return path
    becomeText.push(showValuePath(path))
    return undefined
  }
  const [old, now] = [childrenOf(before), childrenOf(after)]
  if (before.kind !== after.kind || old.length !== now.length) return path
  for (const [at, { step, node }] of old.entries()) {
    const other = now[at]!
    const difference = other.step === step ? firstDifference(node, other.node, becomeText, [...path, step]) : [...path, step]
    if (difference !== undefined) return difference
  }
  return undefined
}

function childrenOf(node: Exclude<ValueNode, { kind: 'leaf' }>): { readonly step: string | number; readonly node: ValueNode }[] {
  if (node.kind === 'map') return node.items.flatMap((item) => (item.kind === 'entry' ? [{ step: item.key, node: item.value }] : []))
  return node.items.filter((item): item is ValueNode => item.kind !== 'comment').map((item, step) => ({ step, node: item }))
}

/** `1.0` and `1` are one number where a format has one kind of them. */
function isSame(before: Value, after: Value): boolean {
  if (before === null || after === null) return before === after
  const isNumber = (value: Value): boolean => typeof value === 'number' || typeof value === 'bigint'
  const sameKind = typeof before === typeof after || (isNumber(before) && isNumber(after))
  return sameKind && Buffer.from(valueText(before)).equals(Buffer.from(valueText(after)))
}

/** Whether a text is that of a value of another type. */
function readsAs(before: Value, text: Value): boolean {
  if (typeof text !== 'string' || typeof before === 'string') return false
  if (typeof before === 'number') return Number(text) === before
  if (before instanceof Timestamp) return before.text === text
  return (typeof before === 'bigint' || typeof before === 'boolean') && String(before) === text
}

function countComments(tree: Tree): number {
  let count = 0
  const pending: (Entry | Node)[] = [...tree]
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    if (item.kind === 'comment') count += 1
    else if (item.kind === 'entry') pending.push(item.value)
    else if (item.kind !== 'leaf') pending.push(...item.items)
  }
  return count
}
