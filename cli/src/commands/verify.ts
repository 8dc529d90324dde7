/**
 * `verify`: whether files are what their writers wrote: every value opens in its place, and the MAC is that of the values. Nothing is shown of them.
 * @module
 */
import { CodedError } from '@waxseal/core'
import { exitStatusOf } from '../exit-status.ts'
import type { NativeAction } from '../native-command.ts'
import { printable } from '../ui/print-error.ts'
import { openSecretFile } from '../documents/secret-file.ts'
import { forEachFile, secretFiles } from '../documents/secret-tree.ts'

interface Verdict {
  readonly file: string
  readonly verified: boolean
  readonly values?: number
  readonly error?: CodedError
}

export const verify: NativeAction = async (args, options, context) => {
  const verdicts = await forEachFile(secretFiles(args.length === 0 ? ['.'] : args, context), context, async (file): Promise<Verdict> => {
    try {
      const { opened } = await openSecretFile(context, file, options.text('type'), true)
      return { file, verified: true, values: opened.plain.size }
    } catch (error) {
      if (!(error instanceof CodedError) || context.signal.aborted) throw error
      return { file, verified: false, error }
    }
  })
  if (options.bool('json')) context.stdout.write(`${JSON.stringify(verdicts.map(plain), null, 2)}\n`)
  else for (const { file, error } of verdicts) context.stdout.write(error ? `failed    ${printable(error.message)}\n` : `verified  ${printable(file)}\n`)
  const failed = verdicts.find(({ error }) => error !== undefined)
  return failed ? exitStatusOf(failed.error) : 0
}

function plain({ error, ...facts }: Verdict): object {
  return { ...facts, ...(error && { error: { code: error.code, message: error.message } }) }
}
