/**
 * The master keys that a creation rule names: flat fields make one group, `key_groups` several.
 * Follows: getsops/sops config/config.go (getKeyGroupsFromCreationRule, extractMasterKeys).
 * @module
 */
import { CodedError } from './errors.ts'
import { completeKeys, type KeyGroup, type Providers } from './key-group.ts'
import type { KeyProvider, RecipientContext, Ref } from './provider.ts'
import type { CreationRule } from './rules.ts'
import type { Plain } from './tree.ts'
import { isList, isMap } from './weak-types.ts'

interface KeyField {
  readonly field: string
  /** Of the provider. */
  readonly type: string
  /** What the reference calls the field in the first half of its message. */
  readonly alias?: string
}

/** Fields of a rule, in the order of the group that they make. */
const FLAT_FIELDS: readonly KeyField[] = [
  { field: 'age', type: 'age' },
  { field: 'pgp', type: 'pgp' },
  { field: 'kms', type: 'kms' },
  { field: 'gcp_kms', type: 'gcp_kms', alias: 'gcpkms' },
  { field: 'hckms', type: 'hckms' },
  { field: 'azure_keyvault', type: 'azure_kv' },
  { field: 'hc_vault_transit_uri', type: 'hc_vault', alias: 'vault' },
]

/** Lists of a key group, in the order of its keys. */
const GROUP_FIELDS: readonly KeyField[] = [
  { field: 'age', type: 'age' },
  { field: 'pgp', type: 'pgp' },
  { field: 'kms', type: 'kms' },
  { field: 'gcp_kms', type: 'gcp_kms' },
  { field: 'hckms', type: 'hckms' },
  { field: 'azure_keyvault', type: 'azure_kv' },
  { field: 'hc_vault', type: 'hc_vault' },
]

/**
 * A rule without keys gives one empty group, which `wrapDataKey` refuses: flags may still bring keys.
 * @throws CodedError CONFIG_INVALID, RECIPIENT_INVALID, PROVIDER_UNKNOWN, and what `completeKeys` throws
 */
export async function groupsOfRule(rule: CreationRule, providers: Providers, context: RecipientContext, signal: AbortSignal): Promise<readonly KeyGroup[]> {
  return Promise.all(readGroups(rule, providers, context).map((group) => completeKeys(group, providers, signal)))
}

/** The same for who does not use the keys, but cannot have them wrong either. @throws CodedError CONFIG_INVALID, RECIPIENT_INVALID, PROVIDER_UNKNOWN */
export function checkKeysOfRule(rule: CreationRule, providers: Providers, context: RecipientContext): void {
  readGroups(rule, providers, context)
}

function readGroups(rule: CreationRule, providers: Providers, context: RecipientContext): readonly KeyGroup[] {
  const groups = rule.fields['key_groups']
  if (isList(groups) && groups.length > 0) return groups.map((group) => readGroup(group, providers, context))
  const profile = rule.fields['aws_profile']
  const flatContext = typeof profile === 'string' && profile !== '' ? { ...context, awsProfile: profile } : context
  return [
    FLAT_FIELDS.flatMap((field): Ref[] => {
      const texts = readTexts(rule.fields[field.field], field)
      return texts.flatMap((text) => {
        const provider = providerFor(field, providers)
        return text === '' && provider.skipsEmptyText ? [] : [provider.fromText(text, flatContext)]
      })
    }),
  ]
}

/** One string is a comma list without empty pieces; strings of a list may be comma lists too, and are taken as they are. */
function readTexts(value: Plain | undefined, { field, alias = field }: KeyField): readonly string[] {
  if (value === undefined || value === null || value === '') return []
  if (typeof value === 'string') return splitComma(value).filter((piece) => piece !== '')
  const prefix = `invalid ${alias} key configuration: invalid ${field} key configuration`
  if (!isList(value)) throw invalid(`${prefix}: expected string, []string, or nil, got ${goType(value)}`)
  const joined = value.map((item) => (typeof item === 'string' ? item : fail(`${prefix}: expected string in list, got ${goType(item)}`))).join(',')
  return joined === '' ? [] : splitComma(joined)
}

/** Merged groups come first; a key that stands there already is dropped. */
function readGroup(group: Plain, providers: Providers, context: RecipientContext): KeyGroup {
  const merged = listIn(group, 'merge').flatMap((inner) => readGroup(inner, providers, context))
  const own = GROUP_FIELDS.flatMap((field) => listIn(group, field.field).flatMap((element) => providerFor(field, providers).fromGroup(element, context)))
  return withoutDuplicates([...merged, ...own], providers)
}

/** Groups are checked where rules are parsed. */
function listIn(group: Plain, name: string): readonly Plain[] {
  const value = isMap(group) ? group[name] : undefined
  return isList(value) ? value : []
}

function withoutDuplicates(group: KeyGroup, providers: Providers): KeyGroup {
  const seen = new Set<string>()
  return group.filter((ref) => {
    const name = `${ref.type}/${providers.get(ref.type)?.displayName(ref)}`
    return !seen.has(name) && seen.add(name)
  })
}

function providerFor({ field, type }: KeyField, providers: Providers): KeyProvider {
  const provider = providers.get(type)
  if (provider === undefined) throw new CodedError('PROVIDER_UNKNOWN', `keys of type ${field} are not supported here`)
  return provider
}

function splitComma(text: string): string[] {
  return text.split(',').map((piece) => piece.trim())
}

/** The reference's messages name Go's types. */
function goType(value: Plain): string {
  switch (typeof value) {
    case 'string': return 'string'
    case 'bigint': return 'int'
    case 'number': return 'float64'
    case 'boolean': return 'bool'
    default: return value === null ? '<nil>' : isList(value) ? '[]interface {}' : 'map[string]interface {}'
  }
}

function fail(what: string): never {
  throw invalid(what)
}

function invalid(message: string): CodedError {
  return new CodedError('CONFIG_INVALID', message)
}
