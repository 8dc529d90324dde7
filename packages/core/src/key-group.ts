/**
 * Master keys as a file or a rule groups them: every key of a group wraps the same part of the data key.
 * @module
 */
import type { KeyProvider, Ref } from './provider.ts'
import type { PlainMap } from './tree.ts'

export type KeyGroup = readonly Ref[]

/** Providers by their `type`. */
export type Providers = ReadonlyMap<string, KeyProvider>

/** The entry of a kind of key that no given provider reads. It survives untouched and cannot be used. */
export interface UnreadRef extends Ref {
  readonly unread: PlainMap
}

export function isUnread(ref: Ref): ref is UnreadRef {
  return 'unread' in ref
}

/**
 * New recipients as they can be compared and stored.
 * @throws CodedError what the providers throw
 */
export function completeKeys(group: KeyGroup, providers: Providers, signal: AbortSignal): Promise<KeyGroup> {
  return Promise.all(group.map(async (ref) => (await providers.get(ref.type)?.complete?.(ref, { signal })) ?? ref))
}

/** What messages call a key. Core does not know which field names the key of a kind without provider. */
export function displayName(ref: Ref, providers: Providers): string {
  if (isUnread(ref)) return `${ref.type} key`
  const provider = providers.get(ref.type)
  if (provider === undefined) throw new TypeError(`no provider for a ref of type ${ref.type}`)
  return provider.displayName(ref)
}
