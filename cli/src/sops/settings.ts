/**
 * What a new file gets: selection, keys and threshold, from flags first and the creation rule second.
 * @module
 */
import { checkKeysOfRule, groupsOfRule, selectionFrom, SELECTOR_SETTINGS } from '@waxseal/core'
import type { CreationRule, Format, KeyGroup, Providers, Selection, SelectorSettings } from '@waxseal/core'
import { ruleFor, searchRuleFile } from '../settings/rules.ts'
import { type Invocation, SopsError } from './action.ts'
import { ENCRYPT_ORDER } from './key-flags.ts'
import { keysFromFlags, providersFor, recipientContext } from './keys.ts'
import { failingWith } from './reference-text.ts'

const STATUS_CONTEXT = 6
const STATUS_CONFLICT = 8
const CONFLICT =
  'Error: cannot use more than one of encrypted_suffix, unencrypted_suffix, encrypted_regex, unencrypted_regex, encrypted_comment_regex, or unencrypted_comment_regex in the same file'
const NO_KEYS = 'config file not found, or has no creation rules, and no keys provided through command line options'

export interface EncryptSettings {
  readonly groups: readonly KeyGroup[]
  readonly threshold: number
  /** As `EncryptRequest.selection`. */
  readonly selection: Selection | null | undefined
  readonly macOnlyEncrypted: boolean
}

/** Whether there is a rule file comes first, whether it can be read when it is used. */
export async function requireRuleFile({ context, globals, rules }: Invocation): Promise<void> {
  if (globals.string('config') !== '' || searchRuleFile(context).path !== undefined) return
  await rules() // tells of a name that is almost right
  throw new SopsError('config file not found', 1)
}

/** The creation rule for a path; null without a rule file, or if that has none. @throws CodedError even if flags would do without */
export async function creationRule(invocation: Invocation, path: string): Promise<CreationRule | null> {
  const loaded = await invocation.rules()
  const rule = loaded === null ? null : await ruleFor(loaded, path)
  if (rule !== null) checkKeysOfRule(rule, await providersFor(invocation), { now: invocation.context.now() })
  return rule
}

export async function encryptSettings(invocation: Invocation, rule: CreationRule | null, input: Format, providers: Providers): Promise<EncryptSettings> {
  const { flags, globals } = invocation
  const settings = selectorSettings(invocation, rule)
  const holdsOneValue = input.name === 'binary'
  if (holdsOneValue) warnOfSelectors(invocation, settings)
  const selection = holdsOneValue ? null : await failingWith(STATUS_CONFLICT, '', () => selectionFrom(settings, CONFLICT))
  return {
    selection,
    macOnlyEncrypted: !holdsOneValue && (globals.bool('mac-only-encrypted') || rule?.macOnlyEncrypted === true),
    groups: await keyGroups(invocation, rule, providers),
    threshold: flags.int('shamir-secret-sharing-threshold') || (rule?.threshold ?? 0),
  }
}

/** Setting by setting: the flag, or else the rule's. */
function selectorSettings({ flags }: Invocation, rule: CreationRule | null): SelectorSettings {
  return Object.fromEntries(SELECTOR_SETTINGS.map((setting) => [setting, flags.string(setting.replaceAll('_', '-')) || (rule?.settings[setting] ?? '')]))
}

function warnOfSelectors({ log }: Invocation, settings: SelectorSettings): void {
  const whole = 'the binary store produces one key that should always be encrypted'
  const told: readonly (readonly [keyof SelectorSettings, string, string])[] = [
    ['unencrypted_suffix', 'an unencrypted suffix', whole],
    ['encrypted_suffix', 'an encrypted suffix', whole],
    ['encrypted_regex', 'an encrypted regex', whole],
    ['unencrypted_regex', 'an unencrypted regex', whole],
    ['encrypted_comment_regex', 'an encrypted comment regex', 'the binary store never produces comments'],
  ]
  for (const [setting, name, why] of told) {
    if (settings[setting]) log.warn(`Using ${name} does not make sense with the input store (${why}) and will be ignored.`)
  }
}

/** One group of the keys that flags name, or else the rule's groups. */
async function keyGroups(invocation: Invocation, rule: CreationRule | null, providers: Providers): Promise<readonly KeyGroup[]> {
  const context = recipientContext(invocation)
  if (invocation.flags.string('encryption-context') !== '' && context.encryptionContext === undefined) {
    throw new SopsError('Invalid KMS encryption context format', STATUS_CONTEXT)
  }
  if (ENCRYPT_ORDER.some((kind) => invocation.flags.string(kind.flag) !== '')) return [await keysFromFlags(invocation, ENCRYPT_ORDER, providers, context)]
  if (rule === null) throw new SopsError(NO_KEYS, 1)
  // The old command line hands the context to the rule's keys, the subcommands forget it.
  return await groupsOfRule(rule, providers, invocation.flags === invocation.globals ? context : { now: context.now }, invocation.context.signal)
}
