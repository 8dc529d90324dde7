/**
 * Short ways to build the nodes, and to say the outcomes, that the tests of every format name.
 * @module
 */
import { CodedError, type Entry, type ErrorCode, type LeafNode, type Value, type ValueNode } from '@waxseal/core'

export function leaf(value: Value): LeafNode {
  return { kind: 'leaf', value }
}

export function entry(key: string, value: ValueNode): Entry {
  return { kind: 'entry', key, value }
}

export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8')
}

/** The code that a call throws; undefined if it throws nothing. */
export function codeOf(call: () => unknown): ErrorCode | undefined {
  try {
    call()
    return undefined
  } catch (error) {
    if (error instanceof CodedError) return error.code
    throw error
  }
}
