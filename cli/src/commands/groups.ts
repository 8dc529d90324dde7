/**
 * `groups add|delete|threshold`: key groups of a file, of which so many are needed to open it. Who is in a group that goes knows the data key, so deleting makes a new one.
 * @module
 */
import { CodedError, parseMetadata, requiredGroups, storedThreshold, type KeyGroup, type Providers } from '@waxseal/core'
import type { Context } from '../context.ts'
import { diffGroups } from '../keys/group-diff.ts'
import { agreeTo, changesAnything, type KeyPlan } from '../keys/key-plan.ts'
import type { NativeAction, OptionValues } from '../native-command.ts'
import { nativeProviders } from '../providers/providers.ts'
import { recipientsFromTexts } from '../keys/recipient-text.ts'
import { rewrapFile } from '../keys/rewrap-file.ts'
import { formatOf, inFile, readSource, refuseStdio } from '../documents/secret-file.ts'

interface Grouping {
  readonly groups: readonly KeyGroup[]
  /** 0: the reference's two, or one of one group. */
  readonly threshold: number
}

export const groups: NativeAction = async ([action = '', file = '', ...words], options, context) => {
  refuseStdio(file)
  if (!['add', 'delete', 'threshold'].includes(action)) throw new CodedError('USAGE', `groups has no action ${JSON.stringify(action)}`, { hint: 'add, delete or threshold' })
  const providers = await nativeProviders(context)
  const type = options.text('type')
  const keys = await inFile(file, async () => {
    const before = parseMetadata(formatOf(file, type).parse(readSource(context, file)).metadata, providers)
    const after = await changed(action, before, words, options, providers, context)
    const rotates = action === 'delete'
    const needed = { before: requiredGroups(before.groups.length, before.threshold), after: requiredGroups(after.groups.length, storedThreshold(after.groups.length, after.threshold)) }
    if (needed.after > after.groups.length) throw new CodedError('SHAMIR_INVALID', `${needed.after} groups would be needed, and there are ${after.groups.length}`, { hint: 'give --threshold' })
    const plan: KeyPlan = { file, groups: diffGroups(before.groups, after.groups, providers), needed, rotates }
    if (!changesAnything(plan)) context.stderr.write('nothing to change\n')
    return (await agreeTo(changesAnything(plan) ? [plan] : [], options, context)) ? { ...after, before, rotates } : undefined
  })
  if (keys !== undefined) await rewrapFile(file, type, keys, providers, context)
  return 0
}

async function changed(action: string, before: Grouping, words: readonly string[], options: OptionValues, providers: Providers, context: Context): Promise<Grouping> {
  const given = options.text('threshold')
  const threshold = given === undefined ? before.threshold : countOf(given, 'the threshold')
  if (action === 'add') {
    if (words.length === 0) throw new CodedError('USAGE', 'groups add needs the recipients of the new group', { hint: 'waxseal groups add FILE age1... --threshold 2' })
    return { groups: [...before.groups, await recipientsFromTexts(words, providers, context)], threshold }
  }
  const number = countOf(words[0] ?? '', action === 'delete' ? 'the number of the group' : 'the threshold')
  if (action === 'threshold') return { groups: before.groups, threshold: number }
  if (number > before.groups.length) throw new CodedError('USAGE', `there is no key group ${number}`, { hint: `the file has ${before.groups.length}` })
  if (before.groups.length === 1) throw new CodedError('KEY_GROUP_INVALID', 'the last key group cannot be removed')
  return { groups: before.groups.toSpliced(number - 1, 1), threshold }
}

function countOf(text: string, what: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text)
  throw new CodedError('USAGE', `${what} is a whole number from 1 up, not ${JSON.stringify(text)}`)
}
