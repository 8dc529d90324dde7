/**
 * Metadata blocks between a document's tree and plain data.
 * @module
 */
import {
  CodedError, type Entry, isList, isMap, type LeafNode, type MapNode, type Plain, plainMap, Timestamp, type ValueNode,
} from '@waxseal/core'

const MAX_DEPTH = 100

/** Comments are left out. Of two entries with one key the last counts. @throws CodedError METADATA_INVALID if it is nested absurdly deep */
export function plainOf(node: ValueNode, depth = 0): Plain {
  if (depth > MAX_DEPTH) throw new CodedError('METADATA_INVALID', `the sops metadata has more than ${MAX_DEPTH} levels`)
  if (node.kind === 'leaf') return plainLeaf(node)
  if (node.kind === 'list') return node.items.flatMap((item) => (item.kind === 'comment' ? [] : [plainOf(item, depth + 1)]))
  return plainMap(node.items.flatMap((item) => (item.kind === 'entry' ? [[item.key, plainOf(item.value, depth + 1)] as const] : [])))
}

export function plainLeaf({ value }: LeafNode): Plain {
  if (value instanceof Timestamp) return value.text
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value
}

export function nodeOf(plain: Plain): ValueNode {
  if (isList(plain)) return { kind: 'list', items: plain.map(nodeOf) }
  if (isMap(plain)) return { kind: 'map', items: Object.entries(plain).map(([key, value]) => entryOf(key, value)) }
  return { kind: 'leaf', value: plain }
}

export function entryOf(key: string, plain: Plain): Entry {
  return { kind: 'entry', key, value: nodeOf(plain) }
}

/** The map with one more entry at its end. */
export function withEntry(map: MapNode, key: string, plain: Plain): MapNode {
  return { ...map, items: [...map.items, entryOf(key, plain)] }
}
