/**
 * `recipients list|add|remove`: who can open files. Who is removed knows the data key, so removing makes a new one; what was in the file before
 * stays known to them, and in the history.
 * @module
 */
import { CodedError, displayName, parseMetadata, requiredGroups, type KeyGroup, type Metadata, type Providers, type Ref } from '@waxseal/core'
import type { Context } from '../context.ts'
import { diffGroups } from '../keys/group-diff.ts'
import { keyNames, type KeyNames } from '../settings/key-names.ts'
import { agreeTo, changesAnything, type KeyPlan } from '../keys/key-plan.ts'
import type { NativeAction, OptionValues } from '../native-command.ts'
import { printable } from '../ui/print-error.ts'
import { nativeProviders } from '../providers/providers.ts'
import { recipientsFromTexts } from '../keys/recipient-text.ts'
import { rewrapFile } from '../keys/rewrap-file.ts'
import { formatOf, inFile, readSource, refuseStdio } from '../documents/secret-file.ts'
import { eachOnItsOwn, forEachFile, secretFiles } from '../documents/secret-tree.ts'

export const recipients: NativeAction = async ([action = '', ...args], options, context) => {
  const providers = await nativeProviders(context)
  if (action === 'list') return await list(args, options, providers, context)
  if (action !== 'add' && action !== 'remove') throw new CodedError('USAGE', `recipients has no action ${JSON.stringify(action)}`, { hint: 'list, add or remove' })
  const [name = '', ...paths] = args
  for (const file of paths) refuseStdio(file)
  if (paths.length === 0) throw new CodedError('USAGE', `recipients ${action} needs a recipient and a file`, { hint: `waxseal recipients ${action} age1... FILE` })
  const change = action === 'add' ? await adding(name, options, providers, context) : removing(name, providers)
  return await changeKeys(secretFiles(paths, context), action, change, options, providers, context)
}

async function list(args: readonly string[], options: OptionValues, providers: Providers, context: Context): Promise<number> {
  const files = secretFiles(args, context)
  const names = await keyNames(context)
  const found = await forEachFile(files, context, (file) =>
    inFile(file, () => {
      const { groups, threshold } = read(file, options, providers, context)
      return { file, groupsNeeded: requiredGroups(groups.length, threshold), groups: groups.map((group) => group.map((ref) => recipientOf(ref, names, providers))) }
    }),
  )
  if (options.bool('json')) context.stdout.write(`${JSON.stringify(found, null, 2)}\n`)
  else {
    for (const { file, groups, groupsNeeded } of found) {
      if (files.length > 1) context.stdout.write(`${printable(file)}\n`)
      for (const [at, group] of groups.entries()) {
        if (groups.length > 1) context.stdout.write(`group ${at + 1} (${groupsNeeded} of ${groups.length} are needed)\n`)
        for (const { type, recipient, name } of group) context.stdout.write(`${type.padEnd(9)} ${printable(recipient)}${name === undefined ? '' : `  ${printable(name)}`}\n`)
      }
    }
  }
  return 0
}

function recipientOf(ref: Ref, names: KeyNames, providers: Providers): { readonly type: string; readonly recipient: string; readonly name?: string } {
  const recipient = displayName(ref, providers)
  const name = names.get(recipient)
  return { type: ref.type, recipient, ...(name !== undefined && { name }) }
}

type Change = (groups: readonly KeyGroup[]) => readonly KeyGroup[]

async function adding(text: string, options: OptionValues, providers: Providers, context: Context): Promise<Change> {
  const [ref] = await recipientsFromTexts([text], providers, context)
  if (!ref) throw new CodedError('RECIPIENT_INVALID', 'the recipient is empty')
  const name = displayName(ref, providers)
  const at = Number(options.text('group') ?? 1) - 1
  return (groups) => {
    if (!(at in groups)) throw new CodedError('USAGE', `there is no key group ${options.text('group')}`, { hint: `the file has ${groups.length}` })
    return groups.map((group, index) => (index !== at || group.some((known) => displayName(known, providers) === name) ? group : [...group, ref]))
  }
}

function removing(name: string, providers: Providers): Change {
  return (groups) => {
    const rest = groups.map((group) => group.filter((ref) => displayName(ref, providers) !== name))
    if (rest.some((group) => group.length === 0)) throw new CodedError('KEY_GROUP_INVALID', 'a key group would be left without keys', { hint: 'add another recipient first' })
    return rest
  }
}

async function changeKeys(files: readonly string[], action: 'add' | 'remove', change: Change, options: OptionValues, providers: Providers, context: Context): Promise<number> {
  const rotates = action === 'remove'
  const planned = new Map(
    await forEachFile(files, context, (file) =>
      inFile(file, () => {
        const metadata = read(file, options, providers, context)
        const groups = change(metadata.groups)
        const needed = requiredGroups(groups.length, metadata.threshold)
        const plan: KeyPlan = { file, groups: diffGroups(metadata.groups, groups, providers), needed: { before: needed, after: needed }, rotates }
        return [file, { before: metadata, groups, threshold: metadata.threshold, plan }] as const
      }),
    ),
  )
  const due = files.filter((file) => changesAnything(planned.get(file)!.plan))
  if (due.length === 0 && action === 'remove') throw new CodedError('RECIPIENT_INVALID', `${files.length === 1 ? `${files[0]} has` : 'the files have'} no such recipient`, { hint: 'waxseal recipients list FILE shows them as they are named' })
  if (due.length === 0 && !options.bool('json')) context.stderr.write('nothing to change\n')
  if (!(await agreeTo(due.map((file) => planned.get(file)!.plan), options, context))) return 0
  return await eachOnItsOwn(due, context, (file) => rewrapFile(file, options.text('type'), { ...planned.get(file)!, rotates }, providers, context))
}

function read(file: string, options: OptionValues, providers: Providers, context: Context): Metadata {
  return parseMetadata(formatOf(file, options.text('type')).parse(readSource(context, file)).metadata, providers)
}
