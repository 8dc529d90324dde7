/**
 * The top-level entry that holds the metadata block in every format with nesting.
 * @module
 */
import { CodedError, type Tree } from '@waxseal/core'

export const METADATA_KEY = 'sops'

export function isMetadataKey(key: string): boolean {
  return key === METADATA_KEY
}

/** @throws CodedError EMIT_FAILED if an entry of the data stands in the metadata's place, in any document */
export function refuseReservedKeys(tree: Tree): void {
  const reserved = tree.some((map) => map.items.some((item) => item.kind === 'entry' && item.key === METADATA_KEY))
  if (reserved) throw new CodedError('EMIT_FAILED', `"${METADATA_KEY}" is a reserved key used for SOPS metadata`, { hint: 'rename the entry' })
}
