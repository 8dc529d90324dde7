/**
 * Whether two texts hold the same in another layout: same documents, keys, typed values and comments, wherever the comments stand.
 * @module
 */
import type { Node, Tree, Value } from '@waxseal/core'
import { formatForPath } from '@waxseal/formats'

/** A fresh token's shape. The plaintext of a number keeps its spelling, so the length of its token may differ. */
const SHAPE = /data:#(\d+),iv:#(\d+),tag:#(\d+),type:(float|int|bool)?/g
const withoutMarks = (_: string, data: string, iv: string, tag: string, number?: string): string => `data:${number ? '' : data},iv:${iv},tag:${tag},type:${number ?? ''}`

export function sameContent(a: Buffer, b: Buffer, name: string): boolean {
  if (formatForPath(name).name === 'binary') return false
  const [one, other] = [a, b].map((bytes) => contentOf(bytes, name))
  return one !== undefined && one === other
}

function contentOf(bytes: Buffer, name: string): string | undefined {
  const format = formatForPath(name)
  try {
    const { tree, metadata } = format.parse(Buffer.from(bytes.toString().replaceAll(SHAPE, withoutMarks)))
    const comments: string[] = []
    const documents = trees(tree, comments)
    return JSON.stringify([documents, comments.toSorted(), metadata ?? null], withBigInts)
  } catch {
    return undefined
  }
}

const withBigInts = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value)

/** Documents that hold nothing are told apart by some layouts only. */
const trees = (tree: Tree, comments: string[]): unknown[] => tree.map((document) => plain(document, comments)).filter((document) => document !== '{}')

function plain(node: Node, comments: string[]): unknown {
  if (node.kind === 'comment') throw new TypeError('comments are collected by their container')
  if (node.kind === 'leaf') return leaf(node.value)
  const items: unknown[] = []
  for (const item of node.items) {
    if (item.kind === 'comment') comments.push(item.text.trim())
    else items.push(item.kind === 'entry' ? [item.key, plain(item.value, comments)] : plain(item, comments))
  }
  if (node.kind === 'map') return items.length === 0 ? '{}' : { map: items }
  return items
}

function leaf(value: Value): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? `${BigInt(value)}n` : `${value}`
  if (typeof value === 'bigint') return `${value}n`
  return typeof value === 'string' || value === null ? { text: value } : value
}
