/**
 * `guard`: looks for what must not be committed, before it is: in files and folders, or in what is staged in git. Needs no key and changes nothing.
 * @module
 */
import { resolve } from 'node:path'
import { CodedError, compileRegex } from '@waxseal/core'
import type { Context } from '../context.ts'
import { readFileBounded } from '../files.ts'
import { findingsIn, type Finding } from '../documents/guarded-file.ts'
import { inputLimit } from '../documents/input-limit.ts'
import type { NativeAction, OptionValues } from '../native-command.ts'
import { printable } from '../ui/print-error.ts'
import { nativeProviders } from '../providers/providers.ts'
import { findRules, refuseStdio } from '../documents/secret-file.ts'
import { filesBelow, forEachFile, isFolder, isMeantFor } from '../documents/secret-tree.ts'
import { stagedFiles } from '../documents/staged-files.ts'

export const guard: NativeAction = async (args, options, context) => {
  for (const file of args) refuseStdio(file)
  if (options.bool('staged') && args.length > 0) throw new CodedError('FLAGS_CONFLICT', '--staged and paths exclude each other', { hint: 'it takes what git would commit from the working folder down' })
  const providers = await nativeProviders(context)
  const rules = await findRules(context, options.text('config'))
  const ignored = await Promise.all(options.list('ignore').map((pattern) => compileRegex(pattern, '--ignore')))
  const contents = options.bool('staged') ? await stagedFiles(context) : undefined
  const names = contents ? [...contents.keys()] : filesOf(args, context)
  const files = names.filter((name) => !ignored.some((matches) => matches(name)))
  const found = await forEachFile(files, context, async (name) => {
    const bytes = contents?.get(name) ?? read(name, context)
    if (bytes === undefined) return []
    if (bytes instanceof CodedError) return [{ rule: 'broken', file: name, text: bytes.message, hint: bytes.hint ?? 'check its permissions' } satisfies Finding]
    return await findingsIn({ name, bytes, isMeant: await isMeantFor(name, rules, context) }, providers)
  })
  return print(found.flat(), files.length, options, context)
}

function filesOf(args: readonly string[], context: Context): readonly string[] {
  return (args.length === 0 ? ['.'] : args).flatMap((arg) => (isFolder(arg, context) ? [...filesBelow(arg, context)] : [arg]))
}

/** @returns undefined for a file that is gone since its folder was listed */
function read(name: string, context: Context): Uint8Array | CodedError | undefined {
  try {
    return readFileBounded(resolve(context.cwd, name), { name, ...inputLimit(context) })
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    return error.code === 'FILE_NOT_FOUND' ? undefined : error
  }
}

function print(findings: readonly Finding[], count: number, options: OptionValues, context: Context): number {
  if (options.bool('json')) context.stdout.write(`${JSON.stringify(findings.map(({ rule, file, text, hint }) => ({ rule, file, message: text, hint })), null, 2)}\n`)
  else {
    for (const { rule, file, text, hint } of findings) context.stdout.write(`${rule.padEnd(12)}  ${printable(file)}: ${printable(text)}\n              hint: ${printable(hint)}\n`)
    if (findings.length === 0) context.stderr.write(`nothing to object to in ${count} file${count === 1 ? '' : 's'}\n`)
  }
  return findings.length === 0 ? 0 : 1
}
