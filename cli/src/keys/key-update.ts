/**
 * The keys that a file should have by its creation rule, beside those that it has.
 * @module
 */
import { CodedError, groupsOfRule, parseMetadata, requiredGroups, storedThreshold, type CreationRule, type KeyGroup, type Metadata, type Providers } from '@waxseal/core'
import type { Context } from '../context.ts'
import { diffGroups, type GroupDiff } from './group-diff.ts'
import type { KeyPlan } from './key-plan.ts'
import type { NewKeys } from './rewrap-file.ts'
import { creationRuleFor, formatOf, inFile, readSource } from '../documents/secret-file.ts'

export interface KeyUpdate extends NewKeys {
  readonly plan: KeyPlan
}

export interface UpdateChoice {
  readonly type: string | undefined
  readonly ruleFile: string | undefined
  /** Whether a file whose keys change so gets a new data key. */
  readonly rotates: (groups: readonly GroupDiff[]) => boolean
  /** A file without a rule has the keys that it should have. Otherwise it is an error. */
  readonly takesOwnKeys?: boolean
}

/** @throws CodedError RULE_NOT_FOUND, CONFIG_*, NOT_ENCRYPTED, METADATA_INVALID, FILE_* */
export async function planUpdate(file: string, choice: UpdateChoice, providers: Providers, context: Context): Promise<KeyUpdate> {
  const document = await inFile(file, () => formatOf(file, choice.type).parse(readSource(context, file)))
  const rule = await ruleOf(file, choice, context)
  return await inFile(file, async () => {
    const metadata = parseMetadata(document.metadata, providers)
    const { groups, threshold } = rule === null ? metadata : await keysOf(rule, metadata, providers, context)
    const diffs = diffGroups(metadata.groups, groups, providers)
    const needed = { before: requiredGroups(metadata.groups.length, metadata.threshold), after: requiredGroups(groups.length, threshold) }
    const rotates = choice.rotates(diffs)
    return { before: metadata, groups, threshold, rotates, plan: { file, groups: diffs, needed, rotates } }
  })
}

/** @returns null if the file's own keys count */
async function ruleOf(file: string, { ruleFile, takesOwnKeys = false }: UpdateChoice, context: Context): Promise<CreationRule | null> {
  try {
    const rule = await creationRuleFor(context, file, ruleFile)
    if (rule !== null || takesOwnKeys) return rule
  } catch (error) {
    if (takesOwnKeys && error instanceof CodedError && error.code === 'RULE_NOT_FOUND') return null
    throw error
  }
  throw new CodedError('CONFIG_NOT_FOUND', `${file}: there is no .sops.yaml with creation rules here or above`, { hint: 'waxseal init makes one, or give --config' })
}

async function keysOf(rule: CreationRule, metadata: Metadata, providers: Providers, context: Context): Promise<{ readonly groups: readonly KeyGroup[]; readonly threshold: number }> {
  const groups = await groupsOfRule(rule, providers, { now: context.now() }, context.signal)
  return { groups, threshold: storedThreshold(groups.length, rule.threshold || keptThreshold(metadata.threshold, groups.length)) }
}

/** Of a file whose rule names none: its own, as far as there are groups, as the reference has it. 0: all groups. */
function keptThreshold(threshold: number, groups: number): number {
  const kept = Math.min(threshold, groups)
  return kept > 1 ? kept : 0
}
