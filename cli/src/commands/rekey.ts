/**
 * `rekey`: a whole tree after people came and went. Files get the keys of their rules, and a new data key where somebody loses access: who could open a file
 * knows its data key.
 * @module
 */
import { CodedError } from '@waxseal/core'
import { exitStatusOf } from '../exit-status.ts'
import type { GroupDiff } from '../keys/group-diff.ts'
import { agreeTo, changesAnything } from '../keys/key-plan.ts'
import { planUpdate, type KeyUpdate } from '../keys/key-update.ts'
import type { NativeAction } from '../native-command.ts'
import { printError } from '../ui/print-error.ts'
import { nativeProviders } from '../providers/providers.ts'
import { rewrapFile } from '../keys/rewrap-file.ts'
import { findRules, refuseStdio } from '../documents/secret-file.ts'
import { eachOnItsOwn, forEachFile, secretFiles } from '../documents/secret-tree.ts'

export const rekey: NativeAction = async (args, options, context) => {
  for (const file of args) refuseStdio(file)
  const providers = await nativeProviders(context)
  const isForAll = options.bool('all')
  if (!isForAll && (await findRules(context, options.text('config'))) === null) throw new CodedError('CONFIG_NOT_FOUND', 'there is no .sops.yaml with creation rules here or above', { hint: 'waxseal init makes one, or give --config; --all makes new data keys without one' })
  const choice = { type: options.text('type'), ruleFile: options.text('config'), rotates: (groups: readonly GroupDiff[]) => isForAll || somebodyGoes(groups), takesOwnKeys: true }
  const found = await forEachFile(secretFiles(args.length === 0 ? ['.'] : args, context), context, async (file): Promise<{ readonly file: string; readonly update?: KeyUpdate; readonly error?: CodedError }> => {
    try {
      return { file, update: await planUpdate(file, choice, providers, context) }
    } catch (error) {
      if (!(error instanceof CodedError) || context.signal.aborted) throw error
      return { file, error }
    }
  })
  const failure = found.find(({ error }) => error !== undefined)?.error
  for (const { error } of found) if (error) printError(error, context)
  const due = new Map(found.flatMap(({ file, update }) => (update && (update.rotates || changesAnything(update.plan)) ? [[file, update] as const] : [])))
  if (due.size === 0 && !failure && !options.bool('json')) context.stderr.write('every file has the keys of its rule\n')
  const isAgreed = await agreeTo([...due.values()].map(({ plan }) => plan), options, context)
  const status = isAgreed ? await eachOnItsOwn([...due.keys()], context, (file) => rewrapFile(file, choice.type, due.get(file)!, providers, context)) : 0
  return failure ? exitStatusOf(failure) : status
}

/** Out of all groups: whoever only changes the group knows the file as before. */
function somebodyGoes(groups: readonly GroupDiff[]): boolean {
  const staying = new Set(groups.flatMap(({ kept, added }) => [...kept, ...added]))
  return groups.some(({ removed }) => removed.some((name) => !staying.has(name)))
}
