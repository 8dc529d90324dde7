/**
 * Edits applied to a tree instead of a text: for another format's `emit`, and for new parts that go into a document encrypted.
 * @module
 */
import type { Edit } from './document.ts'
import type { CommentNode, Entry, LeafNode, MapNode, Node, Tree, ValueNode } from './tree.ts'

type Item = Entry | Node

/** The tree that a document with these edits has. Parts without edits are shared with the given tree. */
export function applyEdits(tree: Tree, edits: readonly Edit[]): Tree {
  const index = indexEdits(edits)
  return tree.map((map) => editedNode(map, index) as MapNode)
}

/** One fresh part, with the edits that name nodes in it. */
export function applyEditsTo<N extends Item>(item: N, edits: readonly Edit[]): N {
  return editedNode(item, indexEdits(edits)) as N
}

interface EditIndex {
  readonly content: ReadonlyMap<Item, Edit>
  readonly appended: ReadonlyMap<Node, readonly Item[]>
  readonly removed: ReadonlySet<Item>
}

function indexEdits(edits: readonly Edit[]): EditIndex {
  const content = new Map<Item, Edit>()
  const appended = new Map<Node, Item[]>()
  const removed = new Set<Item>()
  for (const edit of edits) {
    if (edit.do === 'remove') {
      removed.add(edit.item)
    } else if (edit.do === 'append') {
      const items = appended.get(edit.into) ?? []
      items.push('entry' in edit ? edit.entry : edit.item)
      appended.set(edit.into, items)
    } else if (edit.do !== 'alias') {
      content.set(edit.node, edit)
    }
  }
  return { content, appended, removed }
}

/** An open map, list or entry, with its edited items so far. */
interface Frame {
  readonly node: Exclude<Item, LeafNode | CommentNode>
  readonly items: readonly Item[]
  readonly edited: Item[]
}

/** Without recursion: a file cannot exhaust the stack. */
function editedNode(root: Item, index: EditIndex): Item {
  const frames: Frame[] = []
  let done: Item | undefined = enter(root, index, frames)
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    if (done !== undefined) frame.edited.push(done)
    const next: Item | undefined = frame.items[frame.edited.length]
    if (next !== undefined) {
      done = enter(next, index, frames)
    } else {
      frames.pop()
      done = close(frame)
      if (frames.length === 0) return done
    }
  }
  return done!
}

/** @returns the finished item if it has no items of its own, else undefined and a new frame */
function enter(item: Item, { content, appended, removed }: EditIndex, frames: Frame[]): Item | undefined {
  const node = edited(item, content.get(item))
  if (node.kind === 'leaf' || node.kind === 'comment') return node
  if (node !== item) return node // fresh, and encrypted already if it has to be
  if (node.kind === 'entry') {
    frames.push({ node, items: [node.value], edited: [] })
  } else {
    const kept: readonly Item[] = removed.size === 0 ? node.items : node.items.filter((child) => !removed.has(child))
    frames.push({ node, items: [...kept, ...(appended.get(node) ?? [])], edited: [] })
  }
  return undefined
}

function edited(item: Item, edit: Edit | undefined): Item {
  switch (edit?.do) {
    case 'token': return item.kind === 'comment' ? { ...item, text: edit.token } : leaf(edit.token)
    case 'value': return leaf(edit.value)
    case 'comment': return { kind: 'comment', text: edit.text, inline: item.kind === 'comment' && item.inline }
    case 'replace': return edit.by
    default: return item
  }
}

function close({ node, items, edited: after }: Frame): Item {
  if (node.kind === 'entry') return after[0] === node.value ? node : { ...node, value: after[0] as ValueNode }
  const same = items.length === node.items.length && after.every((item, at) => item === node.items[at])
  return same ? node : ({ ...node, items: after } as Item)
}

function leaf(value: LeafNode['value']): LeafNode {
  return { kind: 'leaf', value }
}
