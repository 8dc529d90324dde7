/**
 * `.sops.yaml`: which keys and settings a new file gets, where files are published, how formats are written.
 * Takes parsed YAML; finding and reading the file is the program's affair.
 * Follows: getsops/sops config/config.go. Vectors: test/rules.test.ts
 * @module
 */
import { CodedError } from './errors.ts'
import { compileRegex } from './regex.ts'
import { SELECTOR_SETTINGS, selectionFrom, type SelectorSettings } from './selector.ts'
import type { Plain, PlainMap } from './tree.ts'
import { isList, isMap, plainMap, weakInt, weakString, type FieldContext } from './weak-types.ts'

export interface CreationRule {
  /** Empty: every path. */
  readonly pathRegex: string
  /** At most one once the rule was found; flags of a command line may replace it. */
  readonly settings: SelectorSettings
  readonly macOnlyEncrypted: boolean
  /** 0: as many as there are groups. */
  readonly threshold: number
  /** The rule as written: `groupsOfRule` reads its keys. */
  readonly fields: PlainMap
}

export interface DestinationRule {
  readonly pathRegex: string
  readonly destination:
    | { readonly kind: 's3' | 'gcs'; readonly bucket: string; readonly prefix: string }
    | { readonly kind: 'vault'; readonly address: string; readonly path: string; readonly mountName: string; readonly kvVersion: number }
    | undefined
  readonly omitExtensions: boolean
  readonly recreationRule: CreationRule
}

export interface RuleFile {
  /** null if the file does not have the key: as if there were no rule file. */
  readonly creationRules: readonly CreationRule[] | null
  /** As written, but for their types: only the one that matches has to be right. */
  readonly destinationRules: readonly PlainMap[]
  /** Indentation as `EmitOptions.indent`. */
  readonly stores: { readonly yaml: number; readonly json: number; readonly jsonBinary: number }
  /** Settings of our own; the reference does not look at them. */
  readonly waxseal: PlainMap
}

const CONFLICT =
  'error loading config: cannot use more than one of encrypted_suffix, unencrypted_suffix, encrypted_regex, unencrypted_regex, encrypted_comment_regex, or unencrypted_comment_regex for the same rule'

const DESTINATION_TEXTS = ['path_regex', 's3_bucket', 's3_prefix', 'gcs_bucket', 'gcs_prefix', 'vault_path', 'vault_address', 'vault_kv_mount_name']
const TRUE_WORDS = new Set(['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON'])
const FALSE_WORDS = new Set(['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF'])

/** @throws CodedError CONFIG_INVALID */
export function parseRules(content: Plain): RuleFile {
  const file = mapOf(content ?? {}, 'config file')
  const stores = mapOf(file['stores'], 'stores')
  const indent = (store: string, otherwise: number): number => {
    const value = mapOf(stores[store], `stores.${store}`)['indent']
    return value === undefined || value === null ? otherwise : intOf(value, `stores.${store}.indent`)
  }
  const rules = file['creation_rules']
  return {
    creationRules: rules === undefined || rules === null ? null : elementsOf(rules, 'creation_rules').map(parseCreationRule),
    destinationRules: elementsOf(file['destination_rules'], 'destination_rules').map(checkedDestination),
    stores: { yaml: indent('yaml', 0), json: indent('json', -1), jsonBinary: indent('json_binary', -1) },
    waxseal: mapOf(file['waxseal'], 'waxseal'),
  }
}

/**
 * The first rule whose expression is found in the path, relative to the rule file if it lies below it.
 * @param directory - absolute path of the rule file's folder
 * @param path - absolute
 * @returns null if the file has no rules at all
 * @throws CodedError RULE_NOT_FOUND, REGEX_INVALID, SELECTOR_CONFLICT
 */
export async function findCreationRule(rules: RuleFile, directory: string, path: string): Promise<CreationRule | null> {
  if (rules.creationRules === null) return null
  const below = directory.endsWith('/') ? directory : `${directory}/`
  const relative = path.startsWith(below) ? path.slice(below.length) : path
  for (const rule of rules.creationRules) {
    if (rule.pathRegex === '' || (await compileRegex(rule.pathRegex, 'path_regex'))(relative)) {
      selectionFrom(rule.settings, CONFLICT)
      return rule
    }
  }
  throw new CodedError('RULE_NOT_FOUND', 'error loading config: no matching creation rules found', {
    hint: 'add a rule whose path_regex matches the path, or one without path_regex at the end',
  })
}

/**
 * @param path - as the user gave it
 * @throws CodedError RULE_NOT_FOUND, CONFIG_INVALID, SELECTOR_CONFLICT, REGEX_INVALID
 */
export async function findDestinationRule(rules: RuleFile, path: string): Promise<DestinationRule> {
  for (const fields of rules.destinationRules) {
    const pathRegex = stringOf(fields['path_regex'], 'path_regex')
    if (pathRegex === '' || (await compileRegex(pathRegex, 'path_regex'))(path)) return parseDestinationRule(fields, pathRegex)
  }
  throw new CodedError('RULE_NOT_FOUND', 'error loading config: no matching destination found in config')
}

function parseDestinationRule(fields: PlainMap, pathRegex: string): DestinationRule {
  const text = (name: string): string => stringOf(fields[name], name)
  const destinations: DestinationRule['destination'][] = []
  if (text('s3_bucket') !== '') destinations.push({ kind: 's3', bucket: text('s3_bucket'), prefix: text('s3_prefix') })
  if (text('gcs_bucket') !== '') destinations.push({ kind: 'gcs', bucket: text('gcs_bucket'), prefix: text('gcs_prefix') })
  if (text('vault_path') !== '') {
    const kvVersion = intOf(fields['vault_kv_version'], 'vault_kv_version')
    destinations.push({ kind: 'vault', address: text('vault_address'), path: text('vault_path'), mountName: text('vault_kv_mount_name'), kvVersion })
  }
  if (destinations.length > 1) {
    throw invalid('error loading config: more than one destinations were found in a single destination rule, you can only use one per rule')
  }
  const recreationRule = parseCreationRule(fields['recreation_rule'] ?? {})
  selectionFrom(recreationRule.settings, CONFLICT)
  return { pathRegex, destination: destinations[0], omitExtensions: boolOf(fields['omit_extensions'], 'omit_extensions'), recreationRule }
}

function parseCreationRule(rule: Plain): CreationRule {
  const written = mapOf(rule, 'creation_rules')
  for (const item of elementsOf(written['hckms'], 'hckms')) stringOf(item, 'hckms')
  const groups = elementsOf(written['key_groups'], 'key_groups').map((group) => checkedGroup(group))
  const fields = written['key_groups'] === undefined ? written : plainMap([...Object.entries(written), ['key_groups', groups]])
  return {
    pathRegex: stringOf(fields['path_regex'], 'path_regex'),
    settings: Object.fromEntries(SELECTOR_SETTINGS.map((setting) => [setting, stringOf(fields[setting], setting)])),
    macOnlyEncrypted: boolOf(fields['mac_only_encrypted'], 'mac_only_encrypted'),
    threshold: intOf(fields['shamir_threshold'], 'shamir_threshold'),
    fields,
  }
}

/** Lists of a key group, by what their elements are. */
const TEXT_LISTS = ['age', 'pgp', 'hc_vault']
const MAP_LISTS = ['kms', 'gcp_kms', 'hckms', 'azure_keyvault']
const MAX_MERGE_DEPTH = 100

/** A wrong type anywhere in the file stops every command that reads it, whichever rule is looked for. @throws CodedError CONFIG_INVALID */
function checkedGroup(group: Plain, depth = 0): PlainMap {
  if (depth > MAX_MERGE_DEPTH) throw invalid(`key groups are merged more than ${MAX_MERGE_DEPTH} levels deep`)
  const fields = mapOf(group, 'key_groups')
  const listed = (name: string): readonly Plain[] => elementsOf(fields[name], `${name} of a key group`)
  return plainMap([
    ['merge', listed('merge').map((inner) => checkedGroup(inner, depth + 1))],
    ...TEXT_LISTS.map((name) => [name, listed(name).map((item) => stringOf(item, name))] as const),
    ...MAP_LISTS.map((name) => [name, listed(name).map((item) => checkedKey(mapOf(item, name), name))] as const),
  ])
}

function checkedKey(key: PlainMap, name: string): PlainMap {
  for (const [field, value] of Object.entries(key)) if (field !== 'context') stringOf(value, `${field} of ${name}`)
  return key
}

/** Only the rule that matches has to make sense, but all have to be of their types. */
function checkedDestination(rule: Plain): PlainMap {
  const fields = mapOf(rule, 'destination_rules')
  for (const name of DESTINATION_TEXTS) stringOf(fields[name], name)
  intOf(fields['vault_kv_version'], 'vault_kv_version')
  boolOf(fields['omit_extensions'], 'omit_extensions')
  parseCreationRule(fields['recreation_rule'] ?? {})
  return fields
}

function context(name: string): FieldContext {
  return { code: 'CONFIG_INVALID', name: `could not unmarshal config file: ${name}` }
}

function stringOf(value: Plain | undefined, name: string): string {
  return typeof value === 'boolean' ? String(value) : weakString(value, context(name))
}

function intOf(value: Plain | undefined, name: string): number {
  if (typeof value === 'string' || typeof value === 'boolean') throw invalid(`could not unmarshal config file: ${name} is not a number`)
  return weakInt(value, context(name))
}

/** The reference's reader takes the words of YAML 1.1 where it wants a boolean. */
function boolOf(value: Plain | undefined, name: string): boolean {
  if (value === undefined || value === null) return false
  if (typeof value === 'string' && TRUE_WORDS.has(value)) return true
  if (typeof value === 'string' && FALSE_WORDS.has(value)) return false
  if (typeof value !== 'boolean') throw invalid(`could not unmarshal config file: ${name} is not true or false`)
  return value
}

function mapOf(value: Plain | undefined, name: string): PlainMap {
  if (value === undefined || value === null) return plainMap([])
  if (!isMap(value)) throw invalid(`could not unmarshal config file: ${name} is not a mapping`)
  return value
}

function listOf(value: Plain | undefined, name: string): readonly Plain[] {
  if (value === undefined || value === null) return []
  if (!isList(value)) throw invalid(`could not unmarshal config file: ${name} is not a list`)
  return value
}

/** Null is no element of a list whose elements have a type. */
function elementsOf(value: Plain | undefined, name: string): readonly Plain[] {
  return listOf(value, name).filter((item) => item !== null)
}

function invalid(message: string): CodedError {
  return new CodedError('CONFIG_INVALID', message)
}
