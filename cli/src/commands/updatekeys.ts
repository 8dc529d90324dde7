/**
 * `updatekeys`: files get the keys that their creation rules name. Values stay; with `--rotate` they get a new data key, so that who lost a key
 * cannot read what is written from now on.
 * @module
 */
import { CodedError, groupsOfRule, parseMetadata, requiredGroups, storedThreshold, type KeyGroup, type Providers } from '@waxseal/core'
import type { Context } from '../context.ts'
import { diffGroups } from '../group-diff.ts'
import { agreeTo, changesAnything, type KeyPlan } from '../key-plan.ts'
import type { NativeAction } from '../native-command.ts'
import { nativeProviders } from '../providers.ts'
import { rewrapFile } from '../rewrap-file.ts'
import { creationRuleFor, formatOf, inFile, readSource, refuseStdio } from '../secret-file.ts'
import { eachOnItsOwn, forEachFile, secretFiles } from '../secret-tree.ts'

interface Update {
  readonly plan: KeyPlan
  readonly groups: readonly KeyGroup[]
  readonly threshold: number
}

export const updateKeys: NativeAction = async (args, options, context) => {
  for (const file of args) refuseStdio(file)
  const providers = await nativeProviders(context)
  const files = secretFiles(args, context)
  const rotates = options.bool('rotate')
  const updates = new Map(
    await forEachFile(files, context, async (file) => [file, await plan(file, { type: options.text('type'), ruleFile: options.text('config'), rotates }, providers, context)] as const),
  )
  const due = files.filter((file) => rotates || changesAnything(updates.get(file)!.plan))
  if (due.length === 0 && !options.bool('json')) context.stderr.write(`${files.length === 1 ? 'the keys are' : `the keys of all ${files.length} files are`} those of the rules already\n`)
  if (!(await agreeTo(due.map((file) => updates.get(file)!.plan), options, context))) return 0
  return await eachOnItsOwn(due, context, (file) => rewrapFile(file, options.text('type'), { ...updates.get(file)!, rotates }, providers, context))
}

interface Choice {
  readonly type: string | undefined
  readonly ruleFile: string | undefined
  readonly rotates: boolean
}

async function plan(file: string, { type, ruleFile, rotates }: Choice, providers: Providers, context: Context): Promise<Update> {
  const document = await inFile(file, () => formatOf(file, type).parse(readSource(context, file)))
  const rule = await creationRuleFor(context, file, ruleFile)
  return await inFile(file, async () => {
    if (rule === null) throw new CodedError('CONFIG_NOT_FOUND', 'there is no .sops.yaml with creation rules here or above', { hint: 'waxseal init makes one, or give --config' })
    const metadata = parseMetadata(document.metadata, providers)
    const groups = await groupsOfRule(rule, providers, { now: context.now() }, context.signal)
    const threshold = storedThreshold(groups.length, rule.threshold || keptThreshold(metadata.threshold, groups.length))
    const needed = { before: requiredGroups(metadata.groups.length, metadata.threshold), after: requiredGroups(groups.length, threshold) }
    return { groups, threshold, plan: { file, groups: diffGroups(metadata.groups, groups, providers), needed, rotates } }
  })
}

/** Of a file whose rule names none: its own, as far as there are groups, as the reference has it. 0: all groups. */
function keptThreshold(threshold: number, groups: number): number {
  const kept = Math.min(threshold, groups)
  return kept > 1 ? kept : 0
}
