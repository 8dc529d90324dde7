import type { Edit } from './document.ts'
import type { CommentNode, LeafNode, Node, Tree, ValueNode } from './tree.ts'
import type { Decrypted } from './value-cipher.ts'

/** Map keys and list indices. */
export type TreePath = readonly (string | number)[]
/** `["a"][0]`. @throws CodedError PATH_INVALID */
export declare function parseTreePath(text: string): TreePath
/** The node at a path of the first document; the document's map for the empty path. @throws CodedError PATH_NOT_FOUND */
export declare function getAt(tree: Tree, path: TreePath): Node
export interface ChangedTree {
  readonly tree: Tree
  readonly edits: readonly Edit[]
  /** False if an equal value, type included, stood there. */
  readonly changed: boolean
}
/** @param plain - `OpenedDocument.plain`, to compare with the value that stands there */
export declare function setAt(tree: Tree, path: TreePath, value: ValueNode, plain?: ReadonlyMap<LeafNode | CommentNode, Decrypted>): ChangedTree
/** @throws CodedError PATH_NOT_FOUND */
export declare function unsetAt(tree: Tree, path: TreePath): ChangedTree
