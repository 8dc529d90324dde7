/**
 * The values of a document with the paths that people name them by.
 * @module
 */
import type { Document, LeafNode, Node, TreePath } from '@waxseal/core'

export interface PlacedLeaf {
  readonly node: LeafNode
  readonly path: TreePath
}

export function* leavesOf({ tree }: Pick<Document, 'tree'>): Iterable<PlacedLeaf> {
  for (const map of tree) yield* leavesBelow(map, [])
}

function* leavesBelow(node: Node, path: TreePath): Iterable<PlacedLeaf> {
  if (node.kind === 'map') for (const item of node.items) if (item.kind === 'entry') yield* leavesBelow(item.value, [...path, item.key])
  if (node.kind === 'list') for (const [index, item] of node.items.filter(({ kind }) => kind !== 'comment').entries()) yield* leavesBelow(item, [...path, index])
  if (node.kind === 'leaf') yield { node, path }
}
