/**
 * `sops edit` and `sops FILE`: plaintext in a private temporary file, an editor, and encryption of what was saved.
 * What did not change keeps its token. An edit with `--show-master-keys` changes the data, which the reference forgets.
 * @module
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { CodedError, type CreationRule, type Document, isNewerVersion, type OpenedDocument, parseMetadata, saveDocument } from '@waxseal/core'
import { kindOfFile, readFileBounded } from '../files.ts'
import { SOPS_VERSION } from '../sops-version.ts'
import { withPrivateFolder } from '../temp-folder.ts'
import { type Action, type Invocation, SopsError, warnOfExtraArguments } from './action.ts'
import { runEditor } from '../editor.ts'
import { encrypt, parsePlain } from './encrypt.ts'
import { providersFor } from './keys.ts'
import { openFile } from './load.ts'
import { writeInPlace } from './output.ts'
import { textInSops } from './reference-text.ts'
import { creationRule, encryptSettings } from './settings.ts'
import { renderEncrypted, renderPlain, type Stores, storesFor } from './stores.ts'

const STATUS_NO_FILE = 100
const STATUS_KEY = 128
const STATUS_UNCHANGED = 200
const PRESS_ENTER = 'Press enter to return to the editor, or Ctrl+C to exit.'

export const editCommand: Action = async (invocation) => {
  const [given] = invocation.args
  if (given === undefined) throw new SopsError('Error: no file specified', STATUS_NO_FILE)
  warnOfExtraArguments(invocation)
  const file = resolve(invocation.context.cwd, given)
  const stores = await storesFor(invocation, file)
  const edited =
    kindOfFile(file) === undefined ? editExample(invocation, file, stores, await creationRule(invocation, file)) : editFile(invocation, file, stores)
  return writeInPlace(invocation, file, await edited)
}

/** @returns the encrypted result */
export async function editFile(invocation: Invocation, file: string, stores: Stores): Promise<Uint8Array> {
  const { context, flags } = invocation
  const opened = await openFile(invocation, file, stores.input, { ignoreMac: flags.bool('ignore-mac') })
  const showKeys = flags.bool('show-master-keys')
  const plain = showKeys ? opened.document.apply(opened.edits) : await renderPlain(opened, stores)
  return await withEditor(invocation, file, plain, async (source) => {
    const replacement = showKeys ? parseWithKeys(opened, stores, source) : await parseEdited(stores, source)
    const version = isNewerVersion(SOPS_VERSION, opened.metadata.version) ? SOPS_VERSION : opened.metadata.version
    const change = await saveDocument(opened, { replacement, version, now: context.now, random: context.random })
    return await renderEncrypted(replacement, change, stores)
  })
}

/** For a file that does not exist yet. Its keys are tried first, so that nobody writes a text that cannot be encrypted. */
export async function editExample(invocation: Invocation, file: string, stores: Stores, rule: CreationRule | null): Promise<Uint8Array> {
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
  return await withEditor(invocation, file, example, async (source) => {
    const edited = await parseEdited(stores, source)
    return await renderEncrypted(edited, await encrypt(invocation, edited, stores, settings), stores)
  })
}

/** Lets the user edit until `save` takes the text. */
function withEditor(invocation: Invocation, file: string, plain: Uint8Array, save: (source: Uint8Array) => Promise<Uint8Array>): Promise<Uint8Array> {
  const { context, log } = invocation
  return withPrivateFolder(context, '', async (folder) => {
    const path = join(folder, basename(file))
    createPrivate(path, plain)
    for (;;) {
      await runEditor(context, path)
      const source = readFileBounded(path)
      if (Buffer.from(source).equals(plain)) throw new SopsError('File has not changed, exiting.', STATUS_UNCHANGED)
      try {
        return await save(source)
      } catch (error) {
        if (!(error instanceof Unusable)) throw error
        log.write('error', `${error.message} ${PRESS_ENTER}`, { error: error.reason })
        await context.stdin.readLine()
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
    throw new Unusable('Could not load tree, probably due to invalid syntax.', textInSops(error))
  }
  try {
    parseMetadata(document.metadata, opened.providers)
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    throw new Unusable('SOPS metadata is invalid.', textInSops(error))
  }
  return document
}
