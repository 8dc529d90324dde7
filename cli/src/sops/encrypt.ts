/**
 * `sops encrypt` and `sops -e`.
 * @module
 */
import { type Change, CodedError, type CreationRule, type Document, encryptDocument, type EncryptRequest, type KeyReport } from '@waxseal/core'
import { SOPS_VERSION } from '../sops-version.ts'
import { type Action, type Invocation, SopsError, warnOfExtraArguments } from './action.ts'
import { existingFile } from './decrypt.ts'
import { providersFor } from './keys.ts'
import { auditedPath, readSource } from './load.ts'
import { refuseTwoOutputs, type Result, writeResult } from './output.ts'
import { inParserWords, textInSops } from './reference-text.ts'
import { creationRule, type EncryptSettings, encryptSettings } from './settings.ts'
import { namedAs, renderEncrypted, type Stores, storesFor } from './stores.ts'

const STATUS_READ = 2
const STATUS_CONFLICT = 8
const STATUS_ENCRYPT = 23
const STATUS_EMPTY = 92
const WRAPPING = new Set(['KEY_GROUP_INVALID', 'WRAP_FAILED', 'SHAMIR_INVALID'])

export const encryptCommand: Action = async (invocation) => {
  const { args, flags } = invocation
  const fromStdin = args.length === 0
  if (fromStdin) {
    if (flags.bool('in-place')) throw new SopsError('Error: cannot use --in-place when reading from stdin', STATUS_CONFLICT)
    if (flags.string('filename-override') === '') throw new SopsError('Error: must specify --filename-override when reading from stdin', STATUS_CONFLICT)
  }
  warnOfExtraArguments(invocation)
  refuseTwoOutputs(invocation)
  const file = fromStdin ? undefined : existingFile(invocation, args[0] ?? '')
  const name = namedAs(invocation, file ?? '')
  const stores = await storesFor(invocation, name)
  const rule = await creationRule(invocation, name)
  return writeResult(invocation, file, await encryptFile(invocation, file, stores, rule))
}

export async function encryptFile(invocation: Invocation, file: string | undefined, stores: Stores, rule: CreationRule | null): Promise<Result> {
  return await encryptWith(invocation, file, stores, await encryptSettings(invocation, rule, stores.input, await providersFor(invocation)))
}

export async function encryptWith(invocation: Invocation, file: string | undefined, stores: Stores, settings: EncryptSettings): Promise<Result> {
  const source = await readSource(invocation, file)
  const document = await parsePlain(stores, source)
  const change = await encrypt(invocation, document, stores, { ...settings, providers: await providersFor(invocation) })
  await invocation.context.audit.record('encrypt', auditedPath(invocation, file))
  return { bytes: await renderEncrypted(document, change, stores), before: source }
}

/** @throws SopsError 2 if it does not parse, 23 if a key is no text, 92 if there is nothing in it */
export async function parsePlain({ input, indentOf }: Stores, source: Uint8Array): Promise<Document> {
  try {
    const document = input.parsePlain?.(source, indentOf(input)) ?? input.parse(source, indentOf(input))
    if (document.tree.length > 0) return document
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    if (error.code === 'KEY_NOT_STRING') throw new SopsError(textInSops(error), STATUS_ENCRYPT, error)
    if (error.code !== 'PARSE_EMPTY') throw new SopsError(`Error unmarshalling file: ${textInSops(inParserWords(error, input))}`, STATUS_READ, error)
  }
  throw new SopsError(textInSops(new CodedError('PARSE_EMPTY', '')), STATUS_EMPTY)
}

/** Encrypts under a new data key, with the reference's words for what can fail. */
export async function encrypt(
  { context }: Invocation,
  document: Document,
  { output }: Stores,
  settings: EncryptSettings & Pick<EncryptRequest, 'providers'>,
): Promise<Change> {
  try {
    return await encryptDocument(document, {
      ...settings,
      version: SOPS_VERSION,
      isReservedKey: (key) => output.isReservedKey(key),
      layoutHint: false,
      now: context.now,
      random: context.random,
      signal: context.signal,
    })
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    if (WRAPPING.has(error.code)) throw new SopsError(`Could not generate data key: ${wrapErrors(error)}`, 1, error)
    if (error.code === 'SELECTOR_CONFLICT') throw new SopsError(`Error encrypting tree: Error walking tree: ${error.message}`, STATUS_ENCRYPT, error)
    throw error
  }
}

/** A list in Go's brackets, one text for each key that failed. */
export function wrapErrors(error: CodedError): string {
  const reports = error.code === 'WRAP_FAILED' ? ((error.reports ?? []) as readonly KeyReport[]) : []
  if (reports.length === 0) return `[${textInSops(error)}]`
  const withoutService = reports.find((report) => report.error?.code === 'KEY_GROUP_INVALID')
  if (withoutService) return `[${withoutService.error?.message}]`
  return `[${reports.map(({ name, error: cause }) => `failed to encrypt new data key with master key "${name}": ${cause?.message}`).join(' ')}]`
}

/** As `failingWith`, for steps where new keys are wrapped. */
export async function wrapping<T>(prefix: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    if (error instanceof CodedError && WRAPPING.has(error.code)) throw new SopsError(`${prefix}${wrapErrors(error)}`, 1, error)
    throw error
  }
}
