/**
 * Fresh INI.
 * Follows: getsops/sops stores/ini/store.go.
 * @module
 */
import type { Entry, PlainMap, Tree, ValueNode } from '@waxseal/core'
import { bytesOf } from '../byte-text.ts'
import { type FlatEntry, flatten } from '../flat-metadata.ts'
import { emitCompactValue } from '../json/emit.ts'
import { METADATA_KEY, refuseReservedKeys } from '../metadata-key.ts'
import { sectionText } from './write.ts'

/** All documents, one after another; comments beside sections are left out. @throws CodedError EMIT_FAILED */
export function emit(tree: Tree, metadata?: PlainMap): Uint8Array {
  if (metadata !== undefined) refuseReservedKeys(tree)
  // like the reference, the metadata go into every document
  const sections = tree.flatMap((map) => [...map.items, ...(metadata === undefined ? [] : [metadataSection(metadata)])]).filter((item) => item.kind === 'entry')
  const texts = sections.map((section, at) => sectionText(section, at === 0, '\n'))
  return bytesOf(texts.filter((text, at) => at > 0 || text !== '').join('\n')) // an empty section without a header leaves no blank line
}

export function emitValue(node: ValueNode): Uint8Array {
  return emitCompactValue(node)
}

export function metadataSection(metadata: PlainMap): Entry {
  const items = metadataEntries(metadata).map(([key, value]): Entry => ({ kind: 'entry', key, value: { kind: 'leaf', value } }))
  return { kind: 'entry', key: METADATA_KEY, value: { kind: 'map', items } }
}

/** Flattened, each line break escaped once more. */
export function metadataEntries(metadata: PlainMap): FlatEntry[] {
  return flatten(metadata).map(([key, value]) => [key, value.replaceAll('\n', '\\n')])
}
