import type { Edit } from './document.ts'
import type { Tree } from './tree.ts'
/** The tree that a document with these edits would have: for another format's `emit`. */
export declare function applyEdits(tree: Tree, edits: readonly Edit[]): Tree
