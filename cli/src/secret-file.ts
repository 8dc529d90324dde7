/**
 * What the native commands do with a SOPS file: read it, open it with the keys at hand, encrypt a plain one by its rule.
 * Errors name the file.
 * @module
 */
import { resolve } from 'node:path'
import {
  CodedError,
  encryptDocument,
  groupsOfRule,
  openDocument,
  selectionFrom,
  type Document,
  type Format,
  type KeyGroup,
  type KeyReport,
  type OpenedDocument,
  type Providers,
  type Selection,
} from '@waxseal/core'
import { formatByName, formatForPath, formats } from '@waxseal/formats'
import type { Context } from './context.ts'
import { readFileBounded, replaceFile } from './files.ts'
import { loadProviders } from './providers.ts'
import { readRuleFile, ruleFor, searchRuleFile } from './rules.ts'
import { SOPS_VERSION } from './sops-version.ts'

/** Standard input or output in place of a file. */
export const STDIO = '-'

/** @throws CodedError USAGE for a type that does not exist */
export function formatOf(name: string, type: string | undefined): Format {
  if (type === undefined) return formatForPath(name)
  const format = formatByName(type)
  if (!format) throw new CodedError('USAGE', `there is no format ${JSON.stringify(type)}`, { hint: `one of ${formats.map((f) => f.name).join(', ')}` })
  return format
}

export function readSource(context: Context, file: string): Uint8Array {
  return file === STDIO ? context.stdin.readAll() : readFileBounded(resolve(context.cwd, file), { name: file })
}

/** Runs a step of a command on one file; its errors get the file's name in front. */
export async function inFile<T>(file: string, step: () => T | Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    if (!(error instanceof CodedError) || error.code.startsWith('FILE_')) throw error
    const name = file === STDIO ? 'standard input' : file
    const { hint, line, column, path, reports } = error
    throw new CodedError(error.code, `${name}: ${messageOf(error)}`, {
      cause: error,
      ...((hint ?? HINTS[error.code]) !== undefined && { hint: hint ?? HINTS[error.code] ?? '' }),
      ...(line !== undefined && { line }),
      ...(column !== undefined && { column }),
      ...(path !== undefined && { path }),
      ...(reports && { reports }),
    })
  }
}

const HINTS: Partial<Record<CodedError['code'], string>> = {
  ALREADY_ENCRYPTED: 'use waxseal edit or waxseal set to change an encrypted file',
  NOT_ENCRYPTED: 'waxseal encrypt -i encrypts it',
  MAC_MISMATCH: 'the file was changed outside of sops; restore it from git, or look at it with waxseal sops decrypt --ignore-mac',
  MAC_MISSING: 'the file was changed outside of sops; restore it from git, or look at it with waxseal sops decrypt --ignore-mac',
  MAC_REJECTED: 'the file was changed outside of sops; restore it from git, or look at it with waxseal sops decrypt --ignore-mac',
  DATA_KEY_UNRECOVERABLE: 'ask somebody who can open it to add your recipient, or set SOPS_AGE_KEY_FILE',
}

function messageOf(error: CodedError): string {
  switch (error.code) {
    // The digests of these two are hashes of plaintext.
    case 'MAC_MISMATCH':
      return 'MAC mismatch: the values are not those that the file was written with'
    case 'MAC_MISSING':
      return 'the file has no MAC'
    case 'DATA_KEY_UNRECOVERABLE': {
      const reports = (error.reports ?? []) as readonly KeyReport[]
      const keys = reports.map(({ name, type, outcome, error: cause }) => `${name} (${type}: ${outcome === 'recovered' ? 'opened' : (cause?.message ?? 'no identity here fits')})`)
      return `none of its keys can be used here: ${keys.join('; ')}`
    }
    default:
      return error.message
  }
}

export interface SecretFile {
  readonly name: string
  readonly format: Format
  readonly opened: OpenedDocument
}

export async function openSecretFile(context: Context, file: string, type?: string, readOnly = false): Promise<SecretFile> {
  const format = formatOf(file, type)
  const source = readSource(context, file)
  return inFile(file, async () => {
    const document = format.parse(source)
    const opened = await openDocument(document, { providers: await loadProviders(context), decryptionOrder: ['age', 'pgp'], keepNonces: !readOnly, signal: context.signal })
    for (const comment of opened.clearComments) context.stderr.write(`waxseal: ${file}: a comment of ${comment.text.length} characters stands in clear where an encrypted one was expected\n`)
    return { name: file, format, opened }
  })
}

export function parsePlainFile(format: Format, source: Uint8Array): Document {
  const document = format.parsePlain?.(source) ?? format.parse(source)
  if (document.tree.length === 0) throw new CodedError('PARSE_EMPTY', 'there is nothing in it')
  return document
}

export interface NewFileSettings {
  readonly providers: Providers
  readonly groups: readonly KeyGroup[]
  readonly threshold: number
  readonly selection: Selection | null | undefined
  readonly macOnlyEncrypted: boolean
}

/** Recipients from flags, or everything from the creation rule for the path. @throws CodedError CONFIG_NOT_FOUND, RULE_NOT_FOUND */
export async function newFileSettings(context: Context, name: string, format: Format, recipients: readonly string[]): Promise<NewFileSettings> {
  const providers = await loadProviders(context)
  const now = context.now()
  const { path, warning } = searchRuleFile(context)
  if (warning !== undefined) context.stderr.write(`waxseal: ${warning}\n`)
  const rules = path === undefined ? null : await readRuleFile(path, context)
  const given = recipients.flatMap((list) => list.split(',')).map((text) => text.trim()).filter((text) => text !== '')
  const rule = rules === null || (given.length > 0 && rules.creationRules === null) ? null : await ruleFor(rules, resolve(context.cwd, name))
  if (given.length === 0 && rule === null) {
    throw new CodedError('CONFIG_NOT_FOUND', 'no recipients: there is no .sops.yaml with creation rules here or above, and no --age', { hint: 'waxseal init makes a rule file, or give --age age1...' })
  }
  const whole = format.name === 'binary'
  const age = providers.get('age')
  const groups = given.length > 0 && age ? [given.map((text) => age.fromText(text, { now }))] : groupsOfRule(rule as NonNullable<typeof rule>, providers, { now })
  return {
    providers,
    groups,
    threshold: rule?.threshold ?? 0,
    selection: whole ? null : rule ? selectionFrom(rule.settings, 'the rule has more than one selector') : undefined,
    macOnlyEncrypted: !whole && rule?.macOnlyEncrypted === true,
  }
}

export async function encryptPlain(context: Context, document: Document, format: Format, settings: NewFileSettings): Promise<Uint8Array> {
  const change = await encryptDocument(document, {
    ...settings,
    version: SOPS_VERSION,
    isReservedKey: (key) => format.isReservedKey(key),
    now: context.now,
    random: context.random,
    signal: context.signal,
  })
  return document.apply(change.edits, change.metadata)
}

/** Over the input, to a file, or to standard output. */
export function deliver(context: Context, result: Uint8Array, to: { readonly inPlace?: string | undefined; readonly output?: string | undefined }): void {
  const target = to.inPlace ?? to.output
  if (target === undefined || target === STDIO) context.stdout.write(result)
  else replaceFile(resolve(context.cwd, target), result, target)
}
