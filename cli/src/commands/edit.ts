/**
 * `edit`: plaintext in a private folder, the user's editor, and encryption of what was saved under the same data key.
 * @module
 */
import { basename, join, resolve } from 'node:path'
import { CodedError, isNewerVersion, saveDocument, type Document, type Format } from '@waxseal/core'
import type { Context } from '../context.ts'
import { runEditor } from '../editor.ts'
import { createPrivateFile, kindOfFile, readFileBounded, replaceFile } from '../files.ts'
import type { NativeAction, OptionValues } from '../native-command.ts'
import { encryptPlain, formatOf, inFile, newFileSettings, openSecretFile, parsePlainFile, refuseStdio } from '../secret-file.ts'
import { SOPS_VERSION } from '../sops-version.ts'
import { withPrivateFolder } from '../temp-folder.ts'

export const edit: NativeAction = async ([file = ''], options, context) => {
  refuseStdio(file)
  const path = resolve(context.cwd, file)
  const result = kindOfFile(path) === undefined ? await editNew(file, options, context) : await editExisting(file, options.text('type'), context)
  if (result === undefined) throw new CodedError('FILE_UNCHANGED', `${file}: nothing was changed`)
  replaceFile(path, result, file)
  return 0
}

async function editExisting(file: string, type: string | undefined, context: Context): Promise<Uint8Array | undefined> {
  const { format, opened } = await openSecretFile(context, file, type)
  const plain = await inFile(file, () => opened.document.apply(opened.edits, null))
  return withEditor(file, plain, context, async (source) => {
    const replacement = parsePlainFile(format, source)
    refuseReserved(replacement, format)
    const version = isNewerVersion(SOPS_VERSION, opened.metadata.version) ? SOPS_VERSION : opened.metadata.version
    const change = await saveDocument(opened, { replacement, version, now: context.now, random: context.random })
    return replacement.apply(change.edits, change.metadata)
  })
}

/** Keys are tried before anybody types a text that cannot be encrypted. */
async function editNew(file: string, options: OptionValues, context: Context): Promise<Uint8Array | undefined> {
  const format = formatOf(file, options.text('type'))
  const settings = await newFileSettings(context, file, format, { recipients: [], ruleFile: options.text('config') })
  const example = Buffer.from(format.example, 'utf8')
  await encryptPlain(context, undefined, parsePlainFile(format, example), format, settings)
  return withEditor(file, example, context, (source) => encryptPlain(context, file, parsePlainFile(format, source), format, settings))
}

function refuseReserved(document: Document, format: Format): void {
  const reserved = document.metadata !== undefined || document.tree.some((map) => map.items.some((item) => item.kind === 'entry' && format.isReservedKey(item.key)))
  if (reserved) throw new CodedError('ALREADY_ENCRYPTED', 'the text has a top-level entry that is reserved for metadata', { hint: 'rename the entry' })
}

/** @returns undefined if the text was saved as it was; otherwise what `save` makes of it, asking again after a text that it refuses */
function withEditor(file: string, plain: Uint8Array, context: Context, save: (source: Uint8Array) => Promise<Uint8Array>): Promise<Uint8Array | undefined> {
  return withPrivateFolder(context, 'waxseal-edit-', async (folder) => {
    const path = join(folder, basename(file))
    createPrivateFile(path, plain)
    for (;;) {
      await runEditor(context, path)
      const source = readFileBounded(path)
      if (Buffer.from(source).equals(plain)) return undefined
      try {
        return await inFile(file, () => save(source))
      } catch (error) {
        if (!(error instanceof CodedError)) throw error
        const place = error.line === undefined ? '' : ` (line ${error.line})`
        context.stderr.write(`waxseal: ${error.message}${place}\npress enter to edit again, Ctrl+C to give up\n`)
        // Nobody to ask: the text would be refused for ever.
        if ((await context.stdin.readLine()) === null) throw error
      }
    }
  })
}
