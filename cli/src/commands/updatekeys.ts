/**
 * `updatekeys`: files get the keys that their creation rules name. Values stay; with `--rotate` they get a new data key, so that who lost a key
 * cannot read what is written from now on.
 * @module
 */
import { agreeTo, changesAnything } from '../keys/key-plan.ts'
import { planUpdate } from '../keys/key-update.ts'
import type { NativeAction } from '../native-command.ts'
import { nativeProviders } from '../providers/providers.ts'
import { rewrapFile } from '../keys/rewrap-file.ts'
import { refuseStdio } from '../documents/secret-file.ts'
import { eachOnItsOwn, forEachFile, secretFiles } from '../documents/secret-tree.ts'

export const updateKeys: NativeAction = async (args, options, context) => {
  for (const file of args) refuseStdio(file)
  const providers = await nativeProviders(context)
  const files = secretFiles(args, context)
  const rotates = options.bool('rotate')
  const choice = { type: options.text('type'), ruleFile: options.text('config'), rotates: () => rotates }
  const updates = new Map(await forEachFile(files, context, async (file) => [file, await planUpdate(file, choice, providers, context)] as const))
  const due = files.filter((file) => rotates || changesAnything(updates.get(file)!.plan))
  if (due.length === 0 && !options.bool('json')) context.stderr.write(`${files.length === 1 ? 'the keys are' : `the keys of all ${files.length} files are`} those of the rules already\n`)
  if (!(await agreeTo(due.map((file) => updates.get(file)!.plan), options, context))) return 0
  return await eachOnItsOwn(due, context, (file) => rewrapFile(file, choice.type, updates.get(file)!, providers, context))
}
