/**
 * Reading an encrypted file: its bytes, its data key, its values.
 * @module
 */
import { resolve } from 'node:path'
import { checkVersion, CodedError, parseDecryptionOrder, parseMetadata, unlockDocument } from '@waxseal/core'
import type { Document, Format, OpenedDocument, Providers, UnlockedDocument } from '@waxseal/core'
import { openAudited } from '../audit/audited-document.ts'
import { wantsColour } from '../context.ts'
import { readInput } from '../documents/input.ts'
import { type Invocation, SopsError } from './action.ts'
import { unrecoverable } from './key-report.ts'
import { providersFor } from './keys.ts'
import { failingWith, inParserWords } from './reference-text.ts'

const STATUS_READ = 2
const LOGGER = 'SOPS'

/** @param path - absolute, or as given for messages that show it so; undefined: standard input */
export function readSource({ context }: Invocation, path: string | undefined): Promise<Uint8Array> {
  return failingWith(STATUS_READ, path === undefined ? 'Error reading from stdin: ' : 'Error reading file: ', () => readInput(context, path))
}

/** What auditors know a file by: its own name, whatever it is to be taken for. */
export function auditedPath({ context }: Invocation, path: string | undefined): string {
  return path === undefined ? context.cwd : resolve(context.cwd, path)
}

/** Nothing at all counts as not encrypted. */
export function parseEncrypted(format: Format, source: Uint8Array): Document {
  try {
    return format.parse(source)
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    if (error.code !== 'PARSE_EMPTY') throw inParserWords(error, format)
    throw new CodedError('NOT_ENCRYPTED', 'sops metadata not found', { cause: error })
  }
}

/** Before anything else that can be wrong with what a command was told. @throws CodedError DECRYPTION_ORDER_INVALID */
export function checkDecryptionOrder({ flags }: Invocation): void {
  parseDecryptionOrder(flags.string('decryption-order'))
}

export interface OpenOptions {
  readonly ignoreMac: boolean
  /** Values are only read: no nonces need be kept. */
  readonly readOnly?: boolean
  /** Auditors are told of a rotation first. */
  readonly isRotation?: boolean
}

export interface OpenedFile extends OpenedDocument {
  /** As it was read. */
  readonly source: Uint8Array
}

/** The decrypted document of an encrypted file. @throws SopsError with the reference's text and status */
export async function openFile(invocation: Invocation, path: string | undefined, format: Format, options: OpenOptions): Promise<OpenedFile> {
  const { flags, log } = invocation
  const decryptionOrder = parseDecryptionOrder(flags.string('decryption-order'))
  const source = await readSource(invocation, path)
  const document = parseEncrypted(format, source)
  const providers = await providersFor(invocation)
  checkMetadataVersion(document, providers)
  const audited = auditedPath(invocation, path)
  if (options.isRotation) await invocation.context.audit.record('rotate', audited)
  const opened = await reportingKeys(invocation, document, providers, () =>
    openAudited(invocation.context, audited, document, {
      providers,
      decryptionOrder,
      allowUnverifiedMac: options.ignoreMac,
      keepNonces: options.readOnly !== true,
      layoutHint: false,
      signal: invocation.context.signal,
    }),
  )
  log.write('info', 'Data key recovered successfully', {}, LOGGER)
  log.write('debug', 'Decrypting tree', {}, LOGGER)
  for (const comment of opened.clearComments) {
    log.warn(
      'Found possibly unencrypted comment in file. This is to be expected if the file being decrypted was created with an older version of SOPS.',
      { comment: comment.text },
      LOGGER,
    )
  }
  return { ...opened, source }
}

/** The data key alone, for commands that leave values as they are. Keys are tried in the file's order. */
export function unlock(invocation: Invocation, document: Document, providers: Providers): Promise<UnlockedDocument> {
  return reportingKeys(invocation, document, providers, () =>
    unlockDocument(document, { providers, decryptionOrder: [], layoutHint: false, signal: invocation.context.signal }),
  )
}

/** The reference compares every file's version with the one that mended its KMS contexts. */
function checkMetadataVersion(document: Document, providers: Providers): void {
  const { version } = parseMetadata(document.metadata, providers)
  if (version === '') throw new SopsError('Version string empty', 1)
  try {
    checkVersion(version)
  } catch (error) {
    if (error instanceof CodedError && version.split('.').length < 3) throw new SopsError('No Major.Minor.Patch elements found', 1, error)
    throw error
  }
}

async function reportingKeys<T>({ context }: Invocation, document: Document, providers: Providers, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'DATA_KEY_UNRECOVERABLE') throw error
    const { groups, threshold } = parseMetadata(document.metadata, providers)
    throw unrecoverable(error, groups.length, threshold, wantsColour(context))
  }
}
