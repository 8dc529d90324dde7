/**
 * Folders as arguments of native commands: each stands for the SOPS files below it. Work on many files goes on beside failures and tells
 * them in the end.
 * @module
 */
import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { CodedError } from '@waxseal/core'
import { formatForPath } from '@waxseal/formats'
import type { Context } from '../context.ts'
import { exitStatusOf } from '../exit-status.ts'
import { kindOfFile, readFileBounded } from '../files.ts'
import { printError } from '../ui/print-error.ts'
import { clearProgress, Progress } from '../ui/progress.ts'
import { isRuleFile, ruleFor, type LoadedRules } from '../settings/rules.ts'
import { findRules, STDIO } from './secret-file.ts'

/** Files at once: enough to hide the round trips to key services, few enough for their limits. */
const WIDTH = 32
const SKIPPED_FOLDERS = new Set(['.git', 'node_modules'])
/** Where metadata stands in a file of any format; whoever parses it decides. */
const MARK = /(?:^|[\s{,[])"?sops(?:"?\s*:|_|\])/m
const MAX_SEARCHED_BYTES = 64 * 1024 * 1024

/** @returns the files as they were named, and those below folders, sorted. @throws CodedError FILE_*, USAGE if there are none */
export function secretFiles(args: readonly string[], context: Context): readonly string[] {
  const files = args.flatMap((arg) => (isFolder(arg, context) ? [...filesBelow(arg, context)].filter((file) => mayBeEncrypted(file, context)) : [arg]))
  if (files.length === 0) throw new CodedError('USAGE', `${args.join(', ')}: there is no encrypted file in there`, { hint: 'name files or folders' })
  return files
}

/** What cannot be looked at is none: whoever opens it tells why. */
export function isFolder(path: string, context: Context): boolean {
  try {
    return path !== STDIO && kindOfFile(resolve(context.cwd, path)) === 'folder'
  } catch (error) {
    if (error instanceof CodedError) return false
    throw error
  }
}

/**
 * What `encrypt` makes of its arguments: of a folder, the files below it that are not encrypted and that a rule with a `path_regex` matches. A rule for
 * every path does not tell what is secret.
 * @throws CodedError as `secretFiles`, and for the rule file
 */
export async function plainFiles(args: readonly string[], ruleFile: string | undefined, context: Context): Promise<readonly string[]> {
  const rules = await findRules(context, ruleFile)
  const files: string[] = []
  for (const arg of args) {
    if (!isFolder(arg, context)) files.push(arg)
    else for (const file of filesBelow(arg, context)) if (!isMarked(file, context) && (await isMeantFor(file, rules, context))) files.push(file)
  }
  if (files.length === 0) throw new CodedError('USAGE', `${args.join(', ')}: there is no file in there that a rule is meant for and that is not encrypted yet`, { hint: 'waxseal explain FILE tells about rules; or name files' })
  return files
}

/** Whether a rule with a `path_regex` matches. Rule files are for everybody to read, whatever matches them. @throws CodedError REGEX_INVALID, SELECTOR_CONFLICT */
export async function isMeantFor(file: string, rules: LoadedRules | null, context: Context): Promise<boolean> {
  if (rules === null || isRuleFile(file)) return false
  try {
    return Boolean((await ruleFor(rules, resolve(context.cwd, file)))?.pathRegex)
  } catch (error) {
    if (error instanceof CodedError && error.code === 'RULE_NOT_FOUND') return false
    throw error
  }
}

/**
 * Regular files, folder by folder, sorted by name. Links are not followed: they may lead out of the folder. A folder that cannot be listed stands for
 * itself: whoever opens it tells why, beside the others.
 */
export function* filesBelow(folder: string, context: Context): Iterable<string> {
  let entries
  try {
    entries = readdirSync(resolve(context.cwd, folder), { withFileTypes: true })
  } catch {
    yield folder
    return
  }
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name)
    if (entry.isFile()) yield path
    else if (entry.isDirectory() && !SKIPPED_FOLDERS.has(entry.name)) yield* filesBelow(path, context)
  }
}

/** Whether a file looks as if it had metadata. */
export function isMarked(file: string, context: Context): boolean {
  return hasMark(file, searchedText(file, context))
}

/** @param text - of the file, as `searchedText` gives it */
export function hasMark(file: string, text: string): boolean {
  // Whatever has another name is JSON when it is encrypted; a page that shows an encrypted file is not.
  const isOfItsFormat = formatForPath(file).name !== 'binary' || /^\s*\{/.test(text)
  return isOfItsFormat && text.includes('ENC[AES256_GCM,') && MARK.test(text)
}

/** As `isMarked`; and what cannot be read, which is told where the file is opened, beside the others. */
export function mayBeEncrypted(file: string, context: Context): boolean {
  try {
    return isMarked(file, context)
  } catch (error) {
    if (error instanceof CodedError && error.code === 'FILE_UNREADABLE') return true
    throw error
  }
}

/** Nothing of a file that is too large to be searched, or gone since its folder was listed. */
export function searchedText(file: string, context: Context): string {
  try {
    return Buffer.from(readFileBounded(resolve(context.cwd, file), { name: file, limitBytes: MAX_SEARCHED_BYTES })).toString('latin1')
  } catch (error) {
    if (error instanceof CodedError && (error.code === 'PARSE_LIMIT' || error.code === 'FILE_NOT_FOUND')) return ''
    throw error
  }
}

/** Does the work for all files, some at a time, and gives the results in the order of the files. */
export async function forEachFile<T>(files: readonly string[], context: Context, work: (file: string) => Promise<T>): Promise<readonly T[]> {
  const progress = new Progress(context, files.length)
  const results = new Map<string, T>()
  const waiting = files.values()
  const worker = async (): Promise<void> => {
    for (const file of waiting) {
      results.set(file, await work(file))
      progress.advance()
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(WIDTH, files.length) }, worker))
  } finally {
    clearProgress()
  }
  return files.map((file) => results.get(file) as T)
}

/**
 * The same for work that stands for itself: a file that fails does not keep others from theirs.
 * @returns the exit status: of the first failure
 */
export async function eachOnItsOwn(files: readonly string[], context: Context, work: (file: string) => Promise<void>): Promise<number> {
  const [only] = files
  if (files.length === 1 && only !== undefined) {
    await work(only)
    return 0
  }
  const failures = await forEachFile(files, context, async (file) => {
    try {
      await work(file)
      return undefined
    } catch (error) {
      if (context.signal.aborted) throw error
      return { error }
    }
  })
  const failed = failures.filter((failure) => failure !== undefined)
  for (const { error } of failed) printError(error, context)
  if (failed.length > 0) context.stderr.write(`waxseal: ${failed.length} of ${files.length} files failed, the others are done\n`)
  return failed[0] ? exitStatusOf(failed[0].error) : 0
}
