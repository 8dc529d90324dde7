import type { KeyGroup, Providers } from './key-group.ts'
import type { RecipientContext } from './provider.ts'
import type { Selection } from './selector.ts'
import type { Plain, PlainMap } from './tree.ts'

export interface CreationRule {
  readonly pathRegex: string
  /** The rule as written; `groupsOfRule` reads its keys. */
  readonly keys: PlainMap
  readonly threshold: number
  readonly selection: Selection | undefined
  readonly macOnlyEncrypted: boolean
}
export interface DestinationRule {
  readonly pathRegex: string
  readonly fields: PlainMap
  readonly omitExtensions: boolean
  readonly recreationRule: CreationRule
}
export interface RuleFile {
  /** null if the file has no such key: as if there were no rule file. */
  readonly creationRules: readonly CreationRule[] | null
  readonly destinationRules: readonly DestinationRule[]
  readonly stores: { readonly yaml: number; readonly json: number; readonly jsonBinary: number }
  /** Settings of our own, under the key `waxseal`. */
  readonly waxseal: PlainMap
}
/** @throws CodedError CONFIG_INVALID */
export declare function parseRules(content: Plain): RuleFile
/**
 * The first rule that matches, null if the file has none at all.
 * @param directory - absolute, of the rule file @param path - absolute
 * @throws CodedError RULE_NOT_FOUND, REGEX_INVALID
 */
export declare function findCreationRule(rules: RuleFile, directory: string, path: string): Promise<CreationRule | null>
/** @param path - as given. @throws CodedError RULE_NOT_FOUND */
export declare function findDestinationRule(rules: RuleFile, path: string): Promise<DestinationRule>
/** @throws CodedError CONFIG_INVALID, RECIPIENT_INVALID, PROVIDER_UNKNOWN */
export declare function groupsOfRule(rule: CreationRule, providers: Providers, context: RecipientContext): readonly KeyGroup[]
