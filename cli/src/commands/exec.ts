/**
 * `exec-env` and `exec-file`: a program gets the decrypted values in its environment, or the decrypted file by the path that stands for `{}`.
 * The program is started as it is named, without a shell; signals are its own, and its status becomes ours.
 * @module
 */
import { constants } from 'node:os'
import { basename, join } from 'node:path'
import { CodedError, plainTree } from '@waxseal/core'
import { environmentOf, withSecretFile } from '../process/child-secrets.ts'
import type { ChildEnd } from '../context.ts'
import { errnoText } from '../files.ts'
import type { NativeAction } from '../native-command.ts'
import { inFile, openSecretFile } from '../documents/secret-file.ts'
import { withPrivateFolder } from '../process/temp-folder.ts'

const PLACE = '{}'
/** What shells add to the number of the signal that ended a program. */
const SIGNALLED = 128

export const execEnv: NativeAction = async ([file = '', program = '', ...words], options, context) => {
  const { opened } = await openSecretFile(context, file, options.text('type'), true)
  const values = await inFile(file, () => environmentOf(plainTree(opened)[0] ?? { kind: 'map', items: [] }))
  const env = { ...(options.bool('pristine') ? {} : context.env), ...values }
  return statusOf(program, await context.run(program, words, { env, takesSignals: true }))
}

export const execFile: NativeAction = async ([file = '', program = '', ...words], options, context) => {
  if (!words.some((word) => word.includes(PLACE))) throw new CodedError('USAGE', `no word of the command holds ${PLACE}, where the path of the file would stand`, { hint: `waxseal exec-file ${file} -- ${program} ${PLACE}` })
  const { opened } = await openSecretFile(context, file, options.text('type'), true)
  const content = await inFile(file, () => opened.document.apply(opened.edits, null))
  return await withPrivateFolder(context, 'waxseal-exec-', async (folder) => {
    const path = join(folder, basename(file))
    const run = (): Promise<ChildEnd> => context.run(program, words.map((word) => word.replaceAll(PLACE, path)), { env: context.env, takesSignals: true })
    return statusOf(program, await withSecretFile(path, content, !options.bool('noFifo'), context, run))
  }, false)
}

function statusOf(program: string, { status, signal, error }: ChildEnd): number {
  if (error) throw new CodedError('CHILD_REFUSED', `cannot start ${program}: ${error.code === 'ENOENT' ? 'there is no such program' : errnoText(error)}`, { hint: error.code === 'E2BIG' ? 'waxseal exec-file hands on values of any length' : 'look at its name and at PATH', cause: error })
  return signal ? SIGNALLED + constants.signals[signal] : (status ?? 1)
}
