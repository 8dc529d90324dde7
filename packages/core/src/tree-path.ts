/**
 * Places in a document, as `["key"][0]`: reading, setting and removing what stands there.
 * Follows: getsops/sops cmd/sops/main.go (parseTreePath), sops.go (Truncate, Set, Unset), with errors where the reference panics.
 *
 * Only the first document is addressed. List indices count comments.
 * @module
 */
import type { Edit } from './document.ts'
import { CodedError } from './errors.ts'
import { Timestamp, type CommentNode, type Entry, type ListNode, type MapNode, type Node, type Tree, type ValueNode } from './tree.ts'
import { Comment, type Decrypted } from './value-cipher.ts'
import { valueText, valueType } from './value-text.ts'
import type { Plaintext } from './walk.ts'

/** Map keys and list indices. Empty: the whole document. */
export type TreePath = readonly (string | number)[]

const INDEX = /^[+-]?\d{1,15}$/

/**
 * Quotes of a key are not looked at further: there are no escapes, and a key cannot hold "[".
 * @throws CodedError PATH_INVALID
 */
export function parseTreePath(text: string): TreePath {
  return text
    .split('[')
    .filter((piece) => piece !== '')
    .map((piece) => {
      if (!piece.endsWith(']')) throw invalid(`component ${piece} doesn't end with ]`)
      const component = piece.slice(0, -1)
      if (component.startsWith('"') || component.startsWith("'")) {
        if (component.length < 2) throw invalid(`component ${component} has no closing quote`)
        return component.slice(1, -1)
      }
      if (!INDEX.test(component)) throw invalid(`strconv.Atoi: parsing ${JSON.stringify(component)}: invalid syntax`)
      return Number(component)
    })
}

/**
 * The node at a path; the document's map for the empty path.
 * @throws CodedError PATH_NOT_FOUND
 */
export function getAt(tree: Tree, path: TreePath): Node {
  let node: Node = firstMap(tree)
  for (const component of path) {
    if (typeof component === 'string') {
      const entry: Entry | undefined = findEntry(node, component)
      if (entry === undefined) throw notFound(`component ['${component}'] not found`)
      node = entry.value
    } else {
      if (node.kind !== 'list') throw notFound(`component [${component}] is integer, but tree part is not a slice`)
      const item: Node | undefined = node.items[component]
      if (item === undefined) throw notFound(`component [${component}] accesses out of bounds`)
      node = item
    }
  }
  return node
}

export interface ChangedTree {
  readonly tree: Tree
  /** Against the given tree's nodes; new parts are plaintext. */
  readonly edits: readonly Edit[]
  /** False if an equal value, type included, stood there. */
  readonly changed: boolean
}

/**
 * Replaces what stands at a path, or appends it with the maps and one-element lists on the way that are missing. An index on
 * a map changes nothing, as in the reference.
 * @param plain - of an opened document, to compare with the value that stands there
 * @throws CodedError PATH_INVALID
 */
export function setAt(tree: Tree, path: TreePath, value: ValueNode, plain?: Plaintext): ChangedTree {
  if (path.length === 0) throw invalid('the path is empty')
  const trail: Step[] = []
  let node: ValueNode = firstMap(tree)
  for (const [depth, component] of path.entries()) {
    const rest = path.slice(depth)
    if (node.kind === 'map') {
      const entry: Entry | undefined = typeof component === 'string' ? findEntry(node, component) : undefined
      if (entry === undefined) {
        if (typeof component === 'number') return { tree, edits: [], changed: true }
        const added: Entry = { kind: 'entry', key: component, value: nest(rest.slice(1), value) }
        return changed(tree, trail, { ...node, items: [...node.items, added] }, { do: 'append', into: node, entry: added })
      }
      trail.push({ node, at: node.items.indexOf(entry) })
      node = entry.value
    } else if (node.kind === 'list') {
      if (typeof component === 'string') throw invalid(`component ['${component}'] is a key, but tree part is a list`)
      if (component < 0) throw invalid(`component [${component}] is negative`)
      const item: ValueNode | CommentNode | undefined = node.items[component]
      if (item === undefined) {
        const added = nest(rest.slice(1), value)
        return changed(tree, trail, { ...node, items: [...node.items, added] }, { do: 'append', into: node, item: added })
      }
      if (item.kind === 'comment') throw invalid(`component [${component}] is a comment`)
      trail.push({ node, at: component })
      node = item
    } else {
      return replaced(tree, trail, node, nest(rest, value), plain)
    }
  }
  return replaced(tree, trail, node, value, plain)
}

/**
 * Removes an entry or a list's item. What becomes empty stays.
 * @throws CodedError PATH_NOT_FOUND - nothing stands there
 * @throws CodedError PATH_INVALID - the path leads through a scalar, or a key into a list
 */
export function unsetAt(tree: Tree, path: TreePath): ChangedTree {
  if (path.length === 0) throw invalid('the path is empty')
  const trail: Step[] = []
  let node: Node = firstMap(tree)
  for (const [depth, component] of path.entries()) {
    const { container, at } = locate(node, component)
    const item = container.items[at]!
    if (depth === path.length - 1) {
      const kept = { ...container, items: container.items.toSpliced(at, 1) } as MapNode | ListNode
      return changed(tree, trail, kept, { do: 'remove', from: container, item })
    }
    trail.push({ node: container, at })
    node = item.kind === 'entry' ? item.value : item
  }
  throw new TypeError('unreachable')
}

/** A container on the way, and the position of the item that the path goes through. */
interface Step {
  readonly node: MapNode | ListNode
  readonly at: number
}

function locate(node: Node, component: string | number): { container: MapNode | ListNode; at: number } {
  if (node.kind === 'map') {
    const entry = typeof component === 'string' ? findEntry(node, component) : undefined
    if (entry === undefined) throw notFound(`key not found: ${component}`)
    return { container: node, at: node.items.indexOf(entry) }
  }
  if (node.kind !== 'list') throw invalid(`unsupported type: ${kindOf(node)} for item '${component}'`)
  if (typeof component === 'string') throw invalid(`component ['${component}'] is a key, but tree part is a list`)
  if (component < 0) throw invalid(`component [${component}] is negative`)
  if (component >= node.items.length) throw notFound(`index ${component} out of bounds`)
  return { container: node, at: component }
}

function replaced(tree: Tree, trail: readonly Step[], node: ValueNode, by: ValueNode, plain: Plaintext | undefined): ChangedTree {
  return { ...changed(tree, trail, by, { do: 'replace', node, by }), changed: !isEqual(node, by, plain) }
}

function changed(tree: Tree, trail: readonly Step[], innermost: ValueNode, edit: Edit): ChangedTree {
  const root = trail.reduceRight<ValueNode>((child, { node, at }) => {
    if (node.kind === 'list') return { ...node, items: node.items.with(at, child) }
    return { ...node, items: node.items.with(at, { ...(node.items[at] as Entry), value: child }) }
  }, innermost)
  return { tree: tree.with(0, root as MapNode), edits: [edit], changed: true }
}

/** The structure that a path asks for around a value. */
function nest(path: TreePath, value: ValueNode): ValueNode {
  return path.reduceRight<ValueNode>(
    (inner, component) =>
      typeof component === 'number' ? { kind: 'list', items: [inner] } : { kind: 'map', items: [{ kind: 'entry', key: component, value: inner }] },
    value,
  )
}

/** Same kinds, keys in the same order, same types and texts. Values of `set` are never deep, so recursion is bounded by them. */
function isEqual(node: ValueNode | CommentNode, other: ValueNode | CommentNode, plain: Plaintext | undefined): boolean {
  if (node.kind === 'map' && other.kind === 'map') {
    return (
      node.items.length === other.items.length &&
      node.items.every((item, at) => {
        const counterpart = other.items[at]!
        if (item.kind === 'entry') return counterpart.kind === 'entry' && item.key === counterpart.key && isEqual(item.value, counterpart.value, plain)
        return counterpart.kind === 'comment' && isEqual(item, counterpart, plain)
      })
    )
  }
  if (node.kind === 'list' && other.kind === 'list') {
    return node.items.length === other.items.length && node.items.every((item, at) => isEqual(item, other.items[at]!, plain))
  }
  if (node.kind === 'map' || node.kind === 'list' || other.kind === 'map' || other.kind === 'list') return false
  return contentKey(contentOf(node, plain)) === contentKey(contentOf(other, plain))
}

function contentOf(node: CommentNode | Extract<Node, { kind: 'leaf' }>, plain: Plaintext | undefined): Decrypted {
  if (plain?.has(node)) return plain.get(node)!
  return node.kind === 'comment' ? new Comment(node.text) : node.value
}

function contentKey(content: Decrypted): string {
  if (content === null) return 'null'
  if (content instanceof Comment) return `comment:${content.text}`
  const text = valueText(content)
  return typeof text === 'string' ? `${valueType(content)}:${text}` : `bytes:${Buffer.from(text).toString('latin1')}`
}

function kindOf(node: Node): string {
  if (node.kind !== 'leaf') return node.kind
  if (node.value === null) return 'null'
  return node.value instanceof Timestamp ? 'timestamp' : node.value instanceof Uint8Array ? 'string' : typeof node.value
}

function findEntry(node: Node, key: string): Entry | undefined {
  return node.kind === 'map' ? node.items.find((item): item is Entry => item.kind === 'entry' && item.key === key) : undefined
}

function firstMap(tree: Tree): MapNode {
  const [map] = tree
  if (map === undefined) throw new CodedError('PARSE_EMPTY', 'there is no document')
  return map
}

function invalid(message: string): CodedError {
  return new CodedError('PATH_INVALID', message, { hint: 'a path looks like ["key"]["list"][0]' })
}

function notFound(message: string): CodedError {
  return new CodedError('PATH_NOT_FOUND', message)
}
