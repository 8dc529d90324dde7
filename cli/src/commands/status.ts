/**
 * `status`: how the files of a tree stand, without any key: encrypted, encrypted for others than the rules say, or in clear though a rule is meant for them.
 * @module
 */
import { resolve } from 'node:path'
import { CodedError, groupsOfRule, parseMetadata, requiredGroups, type Providers } from '@waxseal/core'
import type { Context } from '../context.ts'
import { changesKeys, diffGroups } from '../keys/group-diff.ts'
import type { NativeAction } from '../native-command.ts'
import { printable } from '../ui/print-error.ts'
import { nativeProviders } from '../providers/providers.ts'
import { isRuleFile, ruleFor, type LoadedRules } from '../settings/rules.ts'
import { findRules, formatOf, readSource, refuseStdio } from '../documents/secret-file.ts'
import { filesBelow, forEachFile, isFolder, mayBeEncrypted } from '../documents/secret-tree.ts'

interface FileStatus {
  readonly file: string
  /** `stale`: its keys are not those of its rule. */
  readonly state: 'encrypted' | 'stale' | 'clear' | 'broken'
  readonly lastModified?: string
  readonly keys?: number
  readonly groupsNeeded?: number
  readonly problem?: string
}

const LINES: Readonly<Record<FileStatus['state'], string>> = {
  encrypted: 'encrypted',
  stale: 'encrypted for other keys than its rule names: waxseal updatekeys',
  clear: 'in clear, though a rule is meant for it: waxseal encrypt -i',
  broken: 'broken',
}

export const status: NativeAction = async (args, options, context) => {
  for (const file of args) refuseStdio(file)
  const providers = await nativeProviders(context)
  const rules = await findRules(context, options.text('config'))
  const named = args.length === 0 ? ['.'] : args
  const files = named.flatMap((arg) => (isFolder(arg, context) ? [...filesBelow(arg, context)] : [arg]))
  const found = (await forEachFile(files, context, (file) => statusOf(file, named.includes(file), rules, providers, context))).filter((each) => each !== undefined)
  if (options.bool('json')) context.stdout.write(`${JSON.stringify(found, null, 2)}\n`)
  else for (const { file, state, problem } of found) context.stdout.write(`${state.padEnd(9)}  ${printable(file)}${state === 'encrypted' ? '' : `\n             ${problem === undefined ? LINES[state] : printable(problem)}`}\n`)
  return found.every(({ state }) => state === 'encrypted') ? 0 : 1
}

/** @returns undefined for a file that is none of ours */
async function statusOf(file: string, isNamed: boolean, rules: LoadedRules | null, providers: Providers, context: Context): Promise<FileStatus | undefined> {
  const groups = await groupsByRule(file, rules, providers, context)
  if (!isNamed && !mayBeEncrypted(file, context)) return groups?.isMeant ? { file, state: 'clear' } : undefined
  try {
    const metadata = parseMetadata(formatOf(file, undefined).parse(readSource(context, file)).metadata, providers)
    const isStale = groups?.groups !== undefined && changesKeys(diffGroups(metadata.groups, groups.groups, providers))
    return {
      file,
      state: isStale ? 'stale' : 'encrypted',
      lastModified: metadata.lastModified,
      keys: metadata.groups.flat().length,
      groupsNeeded: requiredGroups(metadata.groups.length, metadata.threshold),
    }
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    const isClear = error.code === 'NOT_ENCRYPTED' || error.code === 'PARSE_EMPTY'
    if (isClear && !isNamed && !groups?.isMeant) return undefined
    return isClear ? { file, state: 'clear' } : { file, state: 'broken', problem: error.message }
  }
}

/** @returns undefined if no rule matches; `isMeant` if one matches that names paths */
async function groupsByRule(file: string, rules: LoadedRules | null, providers: Providers, context: Context): Promise<{ readonly isMeant: boolean; readonly groups: Awaited<ReturnType<typeof groupsOfRule>> } | undefined> {
  try {
    const rule = rules === null ? null : await ruleFor(rules, resolve(context.cwd, file))
    return rule === null ? undefined : { isMeant: rule.pathRegex !== '' && !isRuleFile(file), groups: await groupsOfRule(rule, providers, { now: context.now() }, context.signal) }
  } catch (error) {
    if (error instanceof CodedError && error.code === 'RULE_NOT_FOUND') return undefined
    throw error
  }
}
