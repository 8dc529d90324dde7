/**
 * Trees as short text, for tests: C comment, Ci inline comment, containers in braces and brackets.
 * @module
 */
import { Timestamp, type Entry, type Node } from '@waxseal/core'

export function treeText(node: Node | Entry): string {
  switch (node.kind) {
    case 'comment': return `C${node.inline ? 'i' : ''}"${node.text}"`
    case 'entry': return `${node.key}: ${treeText(node.value)}`
    case 'map': return `{${node.items.map(treeText).join(', ')}}`
    case 'list': return `[${node.items.map(treeText).join(', ')}]`
    default: return valueText(node.value)
  }
}

function valueText(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `int ${value}`
  if (typeof value === 'number') return `float ${Object.is(value, -0) ? '-0' : value}`
  if (typeof value === 'boolean') return `bool ${value}`
  if (value instanceof Timestamp) return `time ${value.text}`
  return `bytes ${Buffer.from(value as Uint8Array).toString('hex')}`
}
