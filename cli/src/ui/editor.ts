/**
 * Starting the user's editor, without a shell.
 * @module
 */
import { accessSync, constants } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { CodedError } from '@waxseal/core'
import type { Context } from '../context.ts'
import { errnoText, kindOfFile } from '../files.ts'
import { splitShellWords } from '../process/shell-words.ts'
import { signalText } from '../process/signal-text.ts'

const DEFAULT_EDITORS = ['vim', 'nano', 'vi']
const NO_EDITOR =
  "no editor available: sops attempts to use the editor defined in the SOPS_EDITOR or EDITOR environment variables, and if that's not set defaults to any of vim, nano, vi, but none of them could be found"

/** `$SOPS_EDITOR`, else `$EDITOR`, else the first of three that is installed. @throws CodedError EDITOR_FAILED */
export async function runEditor(context: Context, path: string): Promise<void> {
  const [program, ...args] = editorCommand(context)
  const { status, signal, error } = await context.run(program, [...args, path], { env: context.env })
  if (error) throw failed(error.code === 'ENOENT' ? `exec: "${program}": executable file not found in $PATH` : `fork/exec ${program}: ${errnoText(error)}`)
  if (signal) throw failed(signalText(signal))
  if (status !== 0) throw failed(`exit status ${status}`)
}

/** Program and words. @throws CodedError EDITOR_FAILED */
export function editorCommand(context: Context): readonly [string, ...string[]] {
  const variable = context.env['SOPS_EDITOR'] ? 'SOPS_EDITOR' : 'EDITOR'
  const text = context.env[variable]
  if (!text) {
    const found = DEFAULT_EDITORS.find((name) => isInstalled(name, context))
    if (found === undefined) throw failed(NO_EDITOR)
    return [found]
  }
  const [program, ...args] = splitShellWords(text) ?? []
  if (program === undefined) throw failed(`invalid $${variable}: ${text}`)
  return [program, ...args]
}

function isInstalled(name: string, context: Context): boolean {
  return (context.env['PATH'] ?? '').split(delimiter).some((folder) => {
    const path = resolve(context.cwd, join(folder, name))
    try {
      accessSync(path, constants.X_OK)
      return kindOfFile(path) === 'file'
    } catch {
      return false
    }
  })
}

function failed(reason: string): CodedError {
  return new CodedError('EDITOR_FAILED', `Could not run editor: ${reason}`, { hint: 'set EDITOR to a program that ends when the file is closed' })
}
