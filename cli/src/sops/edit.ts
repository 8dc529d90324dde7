/**
 * `sops edit` and `sops FILE`: plaintext in a private temporary file, an editor, and encryption of what was saved.
 * What did not change keeps its token. An edit with `--show-master-keys` changes the data, which the reference forgets.
 * @module
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { CodedError, type CreationRule, type Document, isNewerVersion, type OpenedDocument, parseMetadata, saveDocument } from '@waxseal/core'
import { saveEdited } from '../documents/edited-file.ts'
import { kindOfFile, readFileBounded } from '../files.ts'
import { SOPS_VERSION } from '../sops-version.ts'
import { withPrivateFolder } from '../process/temp-folder.ts'
import { type Action, type Invocation, SopsError, warnOfExtraArguments } from './action.ts'
import { runEditor } from '../ui/editor.ts'
import { encrypt, parsePlain } from './encrypt.ts'
import { providersFor } from './keys.ts'
import { checkDecryptionOrder, openFile } from './load.ts'
import { writing } from './output.ts'
import { failingWith, inParserWords, textInSops } from './reference-text.ts'
import { creationRule, encryptSettings } from './settings.ts'
import { renderEncrypted, renderPlain, type Stores, storesFor } from './stores.ts'

const STATUS_UNREADABLE = 2
const STATUS_NO_FILE = 100
const STATUS_KEY = 128
const STATUS_UNCHANGED = 200
const STATUS_EDITOR = 201
const NOBODY_THERE = 'The text cannot be encrypted, and standard input has ended: nobody is there to correct it. Nothing was written.'
const PRESS_ENTER = 'Press enter to return to the editor, or Ctrl+C to exit.'

export const editCommand: Action = async (invocation) => {
  const [given] = invocation.args
  if (given === undefined) throw new SopsError('Error: no file specified', STATUS_NO_FILE)
  warnOfExtraArguments(invocation)
  const file = resolve(invocation.context.cwd, given)
  const stores = await storesFor(invocation, file)
  checkDecryptionOrder(invocation)
  return kindOfFile(file) === undefined ? await editExample(invocation, file, stores, await creationRule(invocation, file)) : await editFile(invocation, file, stores)
}

/** @returns the exit status */
export async function editFile(invocation: Invocation, file: string, stores: Stores): Promise<number> {
  const { context, flags } = invocation
  const opened = await openFile(invocation, file, stores.input, { ignoreMac: flags.bool('ignore-mac') })
  const showKeys = flags.bool('show-master-keys')
  const plain = showKeys ? opened.document.apply(opened.edits) : await renderPlain(opened, stores)
  const result = await withEditor(invocation, file, plain, async (source) => {
    const replacement = showKeys ? parseWithKeys(opened, stores, source) : await parseEdited(stores, source)
    const version = isNewerVersion(SOPS_VERSION, opened.metadata.version) ? SOPS_VERSION : opened.metadata.version
    await context.audit.record('encrypt', file)
    const change = await saveDocument(opened, { replacement, version, now: context.now, random: context.random })
    return await renderEncrypted(replacement, change, stores)
  })
  return save(invocation, file, opened.source, result)
}

/** For a file that does not exist yet. Its keys are tried first, so that nobody writes a text that cannot be encrypted. */
export async function editExample(invocation: Invocation, file: string, stores: Stores, rule: CreationRule | null): Promise<number> {
  const providers = await providersFor(invocation)
  const settings = { ...(await encryptSettings(invocation, rule, stores.input, providers)), providers }
  const example = Buffer.from(stores.input.example, 'utf8')
  const document = await parsePlain(stores, example)
  try {
    await encrypt(invocation, document, stores, settings)
  } catch (error) {
    if (!(error instanceof SopsError) || error.status !== 1) throw error
    const text = error.message.replace('Could not generate data key', 'Error encrypting the data key with one or more master keys')
    throw new SopsError(text, STATUS_KEY, error)
  }
  const result = await withEditor(invocation, file, example, async (source) => {
    const edited = await parseEdited(stores, source)
    const change = await encrypt(invocation, edited, stores, settings)
    await invocation.context.audit.record('encrypt', file)
    return await renderEncrypted(edited, change, stores)
  })
  return save(invocation, file, null, result)
}

function save({ log }: Invocation, file: string, before: Uint8Array | null, result: Uint8Array): number {
  writing('Could not open in-place file for writing', () => saveEdited(file, before, result, file))
  log.write('info', 'File written successfully')
  return 0
}

/**
 * Lets the user edit until `save` takes the text. Where nobody presses enter the editor comes once more, as in the reference, in case it is a script that
 * mends what it wrote; but not for ever.
 */
function withEditor(invocation: Invocation, file: string, plain: Uint8Array, save: (source: Uint8Array) => Promise<Uint8Array>): Promise<Uint8Array> {
  const { context, log } = invocation
  return withPrivateFolder(context, '', async (folder) => {
    const path = join(folder, basename(file))
    createPrivate(path, plain)
    for (let isAttended = true; ; ) {
      await runEditor(context, path)
      const source = await failingWith(STATUS_UNREADABLE, 'Could not hash file: ', () => readFileBounded(path))
      if (Buffer.from(source).equals(plain)) throw new SopsError('File has not changed, exiting.', STATUS_UNCHANGED)
      try {
        return await save(source)
      } catch (error) {
        if (!(error instanceof Unusable)) throw error
        log.write('error', `${error.message} ${PRESS_ENTER}`, { error: error.reason })
        if (!isAttended) throw new SopsError(NOBODY_THERE, STATUS_EDITOR, error)
        isAttended = (await context.stdin.readLine()) !== null
      }
    }
  })
}

function createPrivate(path: string, content: Uint8Array): void {
  const fd = openSync(path, 'wx', 0o600)
  try {
    for (let at = 0; at < content.length; ) at += writeSync(fd, content, at)
  } finally {
    closeSync(fd)
  }
}

/** A text that cannot be encrypted as it is: the user may try again. */
class Unusable extends Error {
  readonly reason: string
  constructor(message: string, reason: string) {
    super(message)
    this.reason = reason
  }
}

async function parseEdited(stores: Stores, source: Uint8Array): Promise<Document> {
  let document: Document
  try {
    document = await parsePlain(stores, source)
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    if (error.status === 92) throw new Unusable('Tree not valid for encryption.', error.message)
    throw new Unusable('Could not load tree, probably due to invalid syntax.', error.message.replace('Error unmarshalling file: ', ''))
  }
  const reserved = document.metadata !== undefined || document.tree[0]?.items.some((item) => item.kind === 'entry' && stores.output.isReservedKey(item.key))
  if (reserved) throw new Unusable('Tree not valid for encryption.', textInSops(new CodedError('ALREADY_ENCRYPTED', '')))
  return document
}

/** The metadata must stay readable, but what counts is the file's own. */
function parseWithKeys(opened: OpenedDocument, { input, indentOf }: Stores, source: Uint8Array): Document {
  let document: Document
  try {
    document = input.parse(source, indentOf(input))
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    throw new Unusable('Could not load tree, probably due to invalid syntax.', textInSops(inParserWords(error, input)))
  }
  try {
    parseMetadata(document.metadata, opened.providers)
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    throw new Unusable('SOPS metadata is invalid.', textInSops(error))
  }
  return document
}
