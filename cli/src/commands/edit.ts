/**
 * `edit`: plaintext in a private folder, the user's editor, and encryption of what was saved under the same data key.
 * @module
 */
import { basename, join, resolve } from 'node:path'
import { CodedError } from '@waxseal/core'
import type { Context } from '../context.ts'
import { runEditor } from '../ui/editor.ts'
import { saveEdited } from '../documents/edited-file.ts'
import { createPrivateFile, kindOfFile, readFileBounded } from '../files.ts'
import type { NativeAction, OptionValues } from '../native-command.ts'
import { placeOf, printable } from '../ui/print-error.ts'
import { encryptPlain, encryptReplacement, formatOf, inFile, newFileSettings, openSecretFile, parsePlainFile, refuseStdio } from '../documents/secret-file.ts'
import { withPrivateFolder } from '../process/temp-folder.ts'

export const edit: NativeAction = async ([file = ''], options, context) => {
  refuseStdio(file)
  const isNew = kindOfFile(resolve(context.cwd, file)) === undefined
  const isChanged = isNew ? await editNew(file, options, context) : await editExisting(file, options.text('type'), context)
  if (!isChanged) throw new CodedError('FILE_UNCHANGED', `${file}: nothing was changed`)
  return 0
}

async function editExisting(file: string, type: string | undefined, context: Context): Promise<boolean> {
  const secret = await openSecretFile(context, file, type)
  const { format, opened } = secret
  const plain = await inFile(file, () => opened.document.apply(opened.edits, null))
  return withEditor(file, plain, context, async (source) => {
    const result = await encryptReplacement(secret, parsePlainFile(format, source), format, context)
    saveEdited(resolve(context.cwd, file), secret.source, result, file)
  })
}

/** Keys are tried before anybody types a text that cannot be encrypted. */
async function editNew(file: string, options: OptionValues, context: Context): Promise<boolean> {
  const format = formatOf(file, options.text('type'))
  const settings = await newFileSettings(context, file, format, { recipients: [], ruleFile: options.text('config') })
  const example = Buffer.from(format.example, 'utf8')
  await encryptPlain(context, undefined, parsePlainFile(format, example), format, settings)
  return withEditor(file, example, context, async (source) => {
    saveEdited(resolve(context.cwd, file), null, await encryptPlain(context, file, parsePlainFile(format, source), format, settings), file)
  })
}

/** @returns false if the text was left as it was; `save` gets it otherwise, and another one after a text that it refuses */
function withEditor(file: string, plain: Uint8Array, context: Context, save: (source: Uint8Array) => Promise<void>): Promise<boolean> {
  return withPrivateFolder(context, 'waxseal-edit-', async (folder) => {
    const path = join(folder, basename(file))
    createPrivateFile(path, plain)
    for (;;) {
      await runEditor(context, path)
      const source = readFileBounded(path)
      if (Buffer.from(source).equals(plain)) return false
      try {
        await inFile(file, () => save(source))
        return true
      } catch (error) {
        if (!(error instanceof CodedError) || error.code === 'FILE_CHANGED') throw error // what was written is kept then
        context.stderr.write(`waxseal: ${printable(error.message)}${placeOf(error)}\npress enter to edit again, Ctrl+C to give up\n`)
        // Nobody to ask: the text would be refused for ever.
        if ((await context.stdin.readLine()) === null) throw error
      }
    }
  })
}
