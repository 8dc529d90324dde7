/**
 * `sops updatekeys`: files get the master keys that the creation rules name. The data key, and with it every value, stays.
 * The threshold is the file's, not the rule's, as in the reference.
 * @module
 */
import { resolve } from 'node:path'
import { CodedError, groupsOfRule, parseMetadata, rewrapDocument } from '@waxseal/core'
import { formatByName, formatForPath } from '@waxseal/formats'
import { kindOfFile, replaceUnchanged } from '../files.ts'
import { changesKeys, diffGroups } from '../keys/group-diff.ts'
import { ruleFor } from '../settings/rules.ts'
import { type Action, type Invocation, SopsError } from './action.ts'
import { wrapping } from './encrypt.ts'
import { confirm, printGroupDiffs, printThresholdDiff } from './key-diff.ts'
import { providersFor } from './keys.ts'
import { parseEncrypted, readSource, unlock } from './load.ts'
import { progressTime } from './log.ts'
import { writing } from './output.ts'
import { failingWith, statusInSops, textInSops } from './reference-text.ts'
import { requireRuleFile } from './settings.ts'

const STATUS_EMIT = 4
const STATUS_NO_FILE = 100

export const updateKeys: Action = async (invocation) => {
  const { args, log } = invocation
  await requireRuleFile(invocation)
  if (args.length === 0) throw new SopsError('Error: no file specified', STATUS_NO_FILE)
  let failed = 0
  for (const given of args) {
    try {
      await updateFile(invocation, given)
    } catch (error) {
      const told = asSopsError(error)
      if (args.length === 1) throw told
      failed++
      log.write('error', told.message)
    }
  }
  if (failed > 0) throw new SopsError(`failed updating ${failed} key(s)`, 1)
  return 0
}

function asSopsError(error: unknown): SopsError {
  if (error instanceof SopsError) return error
  if (error instanceof CodedError) return new SopsError(textInSops(error), statusInSops(error), error)
  throw error
}

async function updateFile(invocation: Invocation, given: string): Promise<void> {
  const { context, flags, rules } = invocation
  const file = resolve(context.cwd, given)
  const kind = kindOfFile(file)
  if (kind === undefined) throw new SopsError(`stat ${file}: no such file or directory`, 1)
  if (kind === 'folder') throw new SopsError("can't operate on a directory", 1)
  const tell = (text: string): void => context.stderr.write(`${progressTime(context.now())} ${text}\n`)
  const loaded = await rules()
  if (loaded === null) throw new SopsError('config file not found', 1)
  const format = formatByName(flags.string('input-type')) ?? formatForPath(file)

  tell(`Syncing keys for file ${file}`)
  const source = await readSource(invocation, file)
  const document = parseEncrypted(format, source)
  const providers = await providersFor(invocation)
  const metadata = parseMetadata(document.metadata, providers)
  const rule = await ruleFor(loaded, file)
  if (rule === null) throw new SopsError(`The config file ${loaded.path} does not contain any creation rule`, 1)
  const groups = await groupsOfRule(rule, providers, { now: context.now() }, context.signal)
  const threshold = Math.min(metadata.threshold, groups.length)
  const diffs = diffGroups(metadata.groups, groups, providers)
  if (threshold === metadata.threshold && !changesKeys(diffs)) {
    return tell(`File ${file} already up to date`)
  }

  context.stdout.write("The following changes will be made to the file's groups:\n")
  printThresholdDiff(metadata.threshold, threshold, context)
  printGroupDiffs(diffs, context)
  if (!flags.bool('yes') && !(await confirm('Is this okay? (y/n):', context))) return tell(`File ${file} left unchanged`)

  const unlocked = await unlock(invocation, document, providers)
  const change = await wrapping('error updating one or more master keys: ', () =>
    rewrapDocument(unlocked, { groups, threshold, random: context.random, signal: context.signal }),
  )
  const result = await failingWith(STATUS_EMIT, 'Could not marshal tree: ', () => document.apply(change.edits, change.metadata))
  writing('could not open file for writing', () => replaceUnchanged(file, result, source), 1)
  tell(`File ${file} synced with new keys`)
}
