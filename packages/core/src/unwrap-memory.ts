/**
 * A wrapped key that stands in several files is unwrapped once a run. Parts are kept as `KeyObject`s, outside JavaScript's heap.
 * @module
 */
import { createSecretKey, type KeyObject } from 'node:crypto'
import { FoundOnce } from './found-once.ts'
import type { KeyProvider, Ref } from './provider.ts'

/** What failed is tried again. */
export function rememberingUnwrapped<R extends Ref>(provider: KeyProvider<R>): KeyProvider<R> {
  const parts = new FoundOnce<string, KeyObject | null>()

  async function unwrap(ref: R, options: { readonly signal: AbortSignal }): Promise<KeyObject | null> {
    const part = await provider.unwrap(ref, options)
    if (part === null) return null
    try {
      return createSecretKey(part)
    } finally {
      part.fill(0)
    }
  }

  return {
    ...provider,
    async unwrap(ref, options) {
      const entry = JSON.stringify(provider.serialize(ref), (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value))
      return (await parts.get(entry, () => unwrap(ref, options)))?.export() ?? null
    },
  }
}
