/**
 * Trees in a few letters, documents without a text, and a provider that wraps with XOR.
 * @module
 */
import { createSecretKey, type KeyObject } from 'node:crypto'
import { applyEdits } from '../src/edited-tree.ts'
import type { Change } from '../src/encrypt-document.ts'
import { CodedError, type Document, type Entry, type KeyProvider, type Plain, type PlainMap, type Ref } from '../src/index.ts'
import type { CommentNode, LeafNode, ListNode, MapNode, Node, Tree, Value, ValueNode } from '../src/tree.ts'
import { Timestamp } from '../src/tree.ts'

export const KEY_BYTES = Buffer.from(Array.from({ length: 32 }, (_, i) => i))
export const NONCE = Buffer.from(Array.from({ length: 32 }, (_, i) => i + 32))
export const DATA_KEY: KeyObject = createSecretKey(KEY_BYTES)
export const fixedNonce = (): Uint8Array => NONCE

type Shape = Value | readonly Shape[] | { readonly [key: string]: Shape } | CommentNode | ValueNode

export function comment(text: string, inline = false): CommentNode {
  return { kind: 'comment', text, inline }
}

export function leaf(value: Value): LeafNode {
  return { kind: 'leaf', value }
}

export function list(...items: Shape[]): ListNode {
  return { kind: 'list', items: items.map(node) }
}

/** Alternating keys and values; comments stand alone. */
export function map(...parts: readonly (Shape | string)[]): MapNode {
  const items: (Entry | CommentNode)[] = []
  for (let at = 0; at < parts.length; at += 1) {
    const part = parts[at]!
    if (isNode(part) && part.kind === 'comment') {
      items.push(part)
    } else {
      at += 1
      items.push({ kind: 'entry', key: part as string, value: node(parts[at]!) as ValueNode })
    }
  }
  return { kind: 'map', items }
}

function isNode(shape: unknown): shape is Node {
  return typeof shape === 'object' && shape !== null && 'kind' in shape
}

function node(shape: Shape): Node & (ValueNode | CommentNode) {
  if (isNode(shape)) return shape
  if (Array.isArray(shape)) return list(...(shape as Shape[]))
  if (typeof shape === 'object' && shape !== null && !(shape instanceof Timestamp) && !(shape instanceof Uint8Array)) {
    return map(...Object.entries(shape as Record<string, Shape>).flat())
  }
  return leaf(shape)
}

/** Types and comments as they show in an assertion. */
export function show(value: Node | Tree): unknown {
  if (Array.isArray(value)) return (value as Tree).map(show)
  const item = value as Node
  switch (item.kind) {
    case 'leaf': return item.value instanceof Timestamp ? `time:${item.value.text}` : item.value
    case 'comment': return `#${item.text}`
    case 'list': return item.items.map(show)
    default: return item.items.map((child) => (child.kind === 'entry' ? [child.key, show(child.value)] : show(child)))
  }
}

export function document(tree: Tree, metadata?: Plain): Document {
  return { tree, metadata, shifted: new Map(), apply: () => { throw new TypeError('this document has no text') } }
}

export function changedDocument(before: Document, change: Change): Document {
  return document(applyEdits(before.tree, change.edits), change.metadata)
}

export interface FakeRef extends Ref {
  readonly name: string
  readonly enc: string
  readonly extra: PlainMap
}

export interface FakeProvider extends KeyProvider<FakeRef> {
  /** Names of the keys asked to unwrap, in order. */
  readonly asked: string[]
}

/** @param absent - nothing fits these keys @param broken - these keys fail, in both directions */
export function fakeProvider(type: string, { absent = [], broken = [] }: { absent?: string[]; broken?: string[] } = {}): FakeProvider {
  const asked: string[] = []
  const mask = (bytes: Uint8Array, name: string): Buffer => Buffer.from(bytes.map((byte, at) => byte ^ name.charCodeAt(at % name.length)))
  const refuse = (name: string): void => {
    if (broken.includes(name)) throw new CodedError('KUBE_UNREACHABLE', `${name} does not answer`)
  }
  return {
    type,
    asked,
    parse({ recipient, enc, ...extra }) {
      return { type, name: recipient as string, enc: enc as string, extra }
    },
    serialize: ({ name, enc, extra }) => ({ ...extra, recipient: name, enc, ...(type === 'age' ? {} : { created_at: '2024-01-01T00:00:00Z' }) }),
    fromText(text) {
      if (text === '') throw new CodedError('RECIPIENT_INVALID', 'unknown recipient type: ""')
      return { type, name: text, enc: '', extra: {} }
    },
    fromGroup: (element, context) => (element as string).split(',').map((text) => fakeProvider(type).fromText(text, context)),
    displayName: ({ name }) => name,
    wrap(part, ref) {
      refuse(ref.name)
      return Promise.resolve({ ...ref, enc: mask(part, ref.name).toString('base64') })
    },
    unwrap(ref) {
      asked.push(ref.name)
      refuse(ref.name)
      return Promise.resolve(absent.includes(ref.name) ? null : mask(Buffer.from(ref.enc, 'base64'), ref.name))
    },
  }
}

export function providers(...all: KeyProvider[]): ReadonlyMap<string, KeyProvider> {
  return new Map(all.map((provider) => [provider.type, provider]))
}

export function fakeRef(name: string, type = 'age'): FakeRef {
  return { type, name, enc: '', extra: {} }
}

/** @returns the code of the error thrown; undefined if there is none */
export function codeOf(run: () => unknown): string | undefined {
  try {
    run()
  } catch (error) {
    return error instanceof CodedError ? error.code : String(error)
  }
  return undefined
}

export async function errorOf(run: () => Promise<unknown>): Promise<CodedError> {
  try {
    await run()
  } catch (error) {
    if (error instanceof CodedError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
