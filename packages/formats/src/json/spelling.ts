/**
 * The ways to write one JSON value: `1.0` and `1`, `1e3` and `1000`, `\u0041` and `A`.
 * @module
 */
import { CodedError, type Edit, type LeafNode, type Value } from '@waxseal/core'
import { literal } from './emit.ts'
import { type JsonLeaf, parseJson } from './parse.ts'

const BEFORE = '{"":'

/** Source texts of leaves whose token would not come back as they are written. */
export function spellings(text: string, edits: readonly Edit[]): ReadonlyMap<LeafNode, string> {
  const found = new Map<LeafNode, string>()
  for (const edit of edits) {
    if (edit.do !== 'token' || edit.node.kind !== 'leaf') continue
    const { value, start, end } = edit.node as JsonLeaf
    const written = text.slice(start, end)
    if (written !== literal(value)) found.set(edit.node, written)
  }
  return found
}

/** Whether a text is one scalar that reads as this very value. */
export function spells(spelling: string, value: Value): boolean {
  try {
    const { items } = parseJson(`${BEFORE}${spelling}}`)
    const leaf = items[0]?.value
    return items.length === 1 && leaf?.kind === 'leaf' && Object.is(leaf.value, value) && leaf.start === BEFORE.length && leaf.end === leaf.start + spelling.length
  } catch (error) {
    if (error instanceof CodedError) return false
    throw error
  }
}
