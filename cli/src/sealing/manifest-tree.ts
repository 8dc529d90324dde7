/**
 * Folders as arguments of the commands for the cluster: each stands for the manifests of one kind below it.
 * @module
 */
import { CodedError } from '@waxseal/core'
import type { Context } from '../context.ts'
import { filesBelow, hasMark, isFolder, searchedText } from '../documents/secret-tree.ts'

const NAMES = /\.(?:ya?ml|json)$/
/** How such a manifest looks; whoever parses it decides. */
const MARKS = {
  Secret: [/\bkind["']?\s*:\s*["']?Secret(?![A-Za-z])/, /\bapiVersion["']?\s*:\s*["']?v1(?![A-Za-z0-9])/],
  SealedSecret: [/\bkind["']?\s*:\s*["']?SealedSecret(?![A-Za-z])/, /\bapiVersion["']?\s*:\s*["']?bitnami\.com\/v1alpha1(?![A-Za-z0-9])/],
} as const

/** @returns the files as they were named, and those below folders, sorted; a file that SOPS encrypted is named or left alone. @throws CodedError FILE_*, USAGE if there are none */
export function manifestFiles(args: readonly string[], kind: keyof typeof MARKS, context: Context): readonly string[] {
  const files = args.flatMap((arg) => (isFolder(arg, context) ? [...filesBelow(arg, context)].filter((file) => looksLike(kind, file, context)) : [arg]))
  if (files.length === 0) throw new CodedError('USAGE', `${args.join(', ')}: there is no ${kind} in there`, { hint: 'name files or folders' })
  return files
}

function looksLike(kind: keyof typeof MARKS, file: string, context: Context): boolean {
  if (!NAMES.test(file)) return isFolder(file, context) // one that cannot be listed
  const text = searchedText(file, context)
  return !hasMark(file, text) && MARKS[kind].every((mark) => mark.test(text))
}
