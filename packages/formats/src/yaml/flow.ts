/**
 * Values on one line, in brackets and braces: where the document has them so.
 * @module
 */
import type { Entry, ListNode, MapNode, ValueNode } from '@waxseal/core'
import { keyText } from './key-text.ts'
import { scalarText } from './scalar-text.ts'

const PLACE = { body: 0, parent: 0, flow: true }

type Part = string | ValueNode | Entry

/** Without comments, which need lines of their own. Without recursion: a file cannot exhaust the stack. */
export function flowText(root: ValueNode | Entry): string {
  const out: string[] = []
  const open: Part[] = [root]
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    if (typeof part === 'string') out.push(part)
    else for (const inner of partsOf(part).toReversed()) open.push(inner)
  }
  return out.join('')
}

function partsOf(node: ValueNode | Entry): Part[] {
  switch (node.kind) {
    case 'leaf': return [scalarText(node.value, PLACE)]
    case 'entry': return [`${keyText(node, PLACE)}: `, node.value]
    case 'map': return ['{', ...separated(node), '}']
    default: return ['[', ...separated(node), ']']
  }
}

function separated({ items }: MapNode | ListNode): Part[] {
  const parts: Part[] = []
  for (const item of items) {
    if (item.kind === 'comment') continue
    if (parts.length > 0) parts.push(', ')
    parts.push(item)
  }
  return parts
}
