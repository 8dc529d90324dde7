/**
 * The `sops` block of a file: who can open it, what is encrypted, its MAC. Formats nest or flatten it.
 * Follows: getsops/sops stores/stores.go and stores/metadata.go. Vectors: test/metadata.test.ts
 *
 * Written with every map sorted byte-wise. Fields that nobody here knows survive at every level; the reference drops them.
 * @module
 */
import { CodedError } from './errors.ts'
import { isUnread, type KeyGroup, type Providers, type UnreadRef } from './key-group.ts'
import type { Ref } from './provider.ts'
import { DEFAULT_SELECTION, SELECTOR_SETTINGS, selectionFrom, type Selection } from './selector.ts'
import { canonicalTimestamp, timestampToSecond } from './timestamp.ts'
import type { Plain, PlainMap } from './tree.ts'
import { isList, isMap, plainMap, weakBool, weakInt, weakList, weakString, type FieldContext } from './weak-types.ts'

export interface Metadata {
  readonly groups: readonly KeyGroup[]
  /** 0 if none is stored. */
  readonly threshold: number
  /** RFC 3339 to the second: the MAC's associated data. */
  readonly lastModified: string
  /** Encrypted; empty if the file has none. */
  readonly mac: string
  /** null: everything is encrypted, and no setting is written (new binary files). */
  readonly selection: Selection | null
  readonly macOnlyEncrypted: boolean
  readonly version: string
  /** The block as found, empty for a new one: what is not named above survives from here. */
  readonly found: PlainMap
}

/** The lists of master keys, in the order in which a group read from a file holds them. */
const KEY_LISTS: readonly { readonly type: string; readonly dated: boolean; readonly alwaysInGroup: boolean }[] = [
  { type: 'kms', dated: true, alwaysInGroup: false },
  { type: 'gcp_kms', dated: true, alwaysInGroup: false },
  { type: 'hckms', dated: true, alwaysInGroup: false },
  { type: 'azure_kv', dated: true, alwaysInGroup: false },
  { type: 'hc_vault', dated: true, alwaysInGroup: true },
  { type: 'pgp', dated: true, alwaysInGroup: false },
  { type: 'age', dated: false, alwaysInGroup: true },
]
const LIST_NAMES: readonly string[] = KEY_LISTS.map(({ type }) => type)
const KNOWN_FIELDS = new Set([...LIST_NAMES, ...SELECTOR_SETTINGS, 'shamir_threshold', 'key_groups', 'lastmodified', 'mac', 'mac_only_encrypted', 'version'])
const MAX_DEPTH = 100 // of fields that nobody here knows
const SELECTOR_CONFLICT =
  'cannot use more than one of encrypted_suffix, unencrypted_suffix, encrypted_regex, unencrypted_regex, encrypted_comment_regex, or unencrypted_comment_regex in the same file'

/** @throws CodedError NOT_ENCRYPTED, METADATA_INVALID, SELECTOR_CONFLICT */
export function parseMetadata(block: Plain | undefined, providers: Providers): Metadata {
  if (block === undefined) throw new CodedError('NOT_ENCRYPTED', 'sops metadata not found')
  if (!isMap(block)) throw invalid('found sops entry that is not a mapping')
  const text = (name: string): string => weakString(block[name], field(name))
  const lastModified = timestampToSecond(text('lastmodified'))
  if (lastModified === null) throw invalid('lastmodified of the sops metadata is not an RFC 3339 time')
  const settings = Object.fromEntries(SELECTOR_SETTINGS.map((setting) => [setting, text(setting)]))
  return {
    groups: parseGroups(block, providers),
    // before 1.13 (2018) the threshold was called quorum
    threshold: weakInt(block['shamir_threshold'], field('shamir_threshold')) || weakInt(block['shamir_quorum'], field('shamir_quorum')),
    lastModified,
    mac: text('mac'),
    selection: selectionFrom(settings, SELECTOR_CONFLICT) ?? DEFAULT_SELECTION,
    macOnlyEncrypted: weakBool(block['mac_only_encrypted'], field('mac_only_encrypted')),
    version: text('version'),
    found: block,
  }
}

export function serializeMetadata(metadata: Metadata, providers: Providers): PlainMap {
  const { groups, threshold, selection, found } = metadata
  const [onlyGroup] = groups
  const keys: Iterable<readonly [string, Plain]> =
    groups.length === 1 && onlyGroup !== undefined
      ? keyLists(onlyGroup, providers, false)
      : [['key_groups', groups.map((group, at) => plainMap([...unknownInGroup(found, at), ...keyLists(group, providers, true)]))]]
  const fields: (readonly [string, Plain])[] = [
    ...Object.entries(found).filter(([name]) => !KNOWN_FIELDS.has(name)),
    ...keys,
    ['lastmodified', metadata.lastModified],
    ['mac', metadata.mac],
    ['version', metadata.version],
  ]
  if (threshold !== 0) fields.push(['shamir_threshold', BigInt(threshold)])
  if (selection !== null) fields.push([selection.setting, selection.pattern])
  if (metadata.macOnlyEncrypted) fields.push(['mac_only_encrypted', true])
  return sorted(plainMap(fields))
}

/**
 * The block as found with another MAC: what a change of values alone writes, so that every other line stays.
 * @param version - absent: stays
 */
export function withMac(found: PlainMap, mac: string, lastModified: string, version?: string): PlainMap {
  const fields: (readonly [string, Plain])[] = [...Object.entries(found), ['mac', mac], ['lastmodified', lastModified]]
  if (version !== undefined) fields.push(['version', version])
  return plainMap(fields)
}

function parseGroups(block: PlainMap, providers: Providers): readonly KeyGroup[] {
  const flat = parseGroup(block, providers)
  if (flat.length > 0) return [flat]
  const groups = weakList(block['key_groups'])
  if (groups.length === 0) throw invalid('no keys found in file')
  return groups.map((group) => {
    if (!isMap(group)) throw invalid('key_groups of the sops metadata has an element that is not a mapping')
    return parseGroup(group, providers)
  })
}

function parseGroup(lists: PlainMap, providers: Providers): KeyGroup {
  return KEY_LISTS.flatMap(({ type, dated }) =>
    weakList(lists[type]).map((entry): Ref => {
      if (!isMap(entry)) throw invalid(`${type} of the sops metadata has an element that is not a mapping`)
      const createdAt = dated ? weakString(entry['created_at'], field(`created_at of ${type}`)) : undefined
      if (createdAt !== undefined && canonicalTimestamp(createdAt) === null) {
        throw invalid(`created_at of ${type} in the sops metadata is not an RFC 3339 time`)
      }
      const unread: UnreadRef = { type, unread: entry }
      return providers.get(type)?.parse(entry) ?? unread
    }),
  )
}

function keyLists(group: KeyGroup, providers: Providers, inGroup: boolean): [string, Plain][] {
  return KEY_LISTS.flatMap(({ type, alwaysInGroup }): [string, Plain][] => {
    const entries = group.filter((ref) => ref.type === type).map((ref) => serializeRef(ref, providers))
    return entries.length > 0 || (inGroup && alwaysInGroup) ? [[type, entries]] : []
  })
}

function serializeRef(ref: Ref, providers: Providers): PlainMap {
  if (isUnread(ref)) return ref.unread
  const provider = providers.get(ref.type)
  if (provider === undefined) throw new TypeError(`no provider for a ref of type ${ref.type}`)
  return provider.serialize(ref)
}

function unknownInGroup(found: PlainMap, at: number): [string, Plain][] {
  const group = weakList(found['key_groups'])[at]
  return isMap(group) ? Object.entries(group).filter(([name]) => !LIST_NAMES.includes(name)) : []
}

function sorted<T extends Plain>(value: T, depth = 0): T {
  if (depth > MAX_DEPTH) throw invalid(`the sops metadata is more than ${MAX_DEPTH} levels deep`)
  if (isList(value)) return value.map((item) => sorted(item, depth + 1)) as readonly Plain[] as T
  if (!isMap(value)) return value
  const entries = Object.entries(value).map(([key, child]) => [key, sorted(child, depth + 1)] as const)
  return plainMap(entries.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) as T
}

function field(name: string): FieldContext {
  return { code: 'METADATA_INVALID', name: `${name} of the sops metadata` }
}

function invalid(message: string): CodedError {
  return new CodedError('METADATA_INVALID', message)
}
