/**
 * What the native commands do with a SOPS file: read it, open it with the keys at hand, encrypt a plain one by its rule.
 * Errors name the file.
 * @module
 */
import { isUtf8 } from 'node:buffer'
import { resolve } from 'node:path'
import {
  CodedError,
  encryptDocument,
  groupsOfRule,
  isNewerVersion,
  parseDecryptionOrder,
  saveDocument,
  selectionFrom,
  type CreationRule,
  type Document,
  type ErrorCode,
  type Format,
  type KeyGroup,
  type KeyReport,
  type OpenedDocument,
  type Providers,
  type Selection,
} from '@waxseal/core'
import { formatByName, formatForPath, formats } from '@waxseal/formats'
import { openAudited } from '../audit/audited-document.ts'
import type { Context } from '../context.ts'
import { checkUnchanged, replaceFile, replaceUnchanged } from '../files.ts'
import { readInput } from './input.ts'
import { type KeyNames, namesInRules, withName } from '../settings/key-names.ts'
import { printable } from '../ui/print-error.ts'
import { nativeProviders } from '../providers/providers.ts'
import { layoutHintOf, readRuleFile, ruleFor, searchRuleFile, type LoadedRules } from '../settings/rules.ts'
import { SOPS_VERSION } from '../sops-version.ts'

/** Standard input or output in place of a file. */
export const STDIO = '-'

/** @throws CodedError USAGE for a type that does not exist */
export function formatOf(name: string, type: string | undefined): Format {
  if (type === undefined && name === STDIO) throw new CodedError('USAGE', 'standard input has no name to tell its format', { hint: 'give --type' })
  if (type === undefined) return formatForPath(name)
  const format = formatByName(type)
  if (!format) throw new CodedError('USAGE', `there is no format ${JSON.stringify(type)}`, { hint: `one of ${formats.map((f) => f.name).join(', ')}` })
  return format
}

export function readSource(context: Context, file: string): Uint8Array {
  return readInput(context, file === STDIO ? undefined : file)
}

/** Writes the new content of a file that was opened, unless somebody else saved it since. @throws CodedError FILE_CHANGED, FILE_* */
export function saveSecretFile({ name, source }: Pick<SecretFile, 'name' | 'source'>, result: Uint8Array, context: Context): void {
  replaceUnchanged(resolve(context.cwd, name), result, source, name)
}

/** @throws CodedError PARSE_ENCODING - a value would be stored with a replacement character in place of each broken byte */
export function readText(context: Context, file: string): string {
  const bytes = readSource(context, file)
  if (!isUtf8(bytes)) throw new CodedError('PARSE_ENCODING', `${file === STDIO ? 'standard input' : file}: not UTF-8 text`, { hint: 'values that are no text go into data, in base64' })
  return Buffer.from(bytes).toString('utf8')
}

/**
 * Runs a step of a command on one file; its errors get the file's name in front.
 * @param names - for keys that the error tells of
 */
export async function inFile<T>(file: string, step: () => T | Promise<T>, names: () => KeyNames = () => new Map()): Promise<T> {
  try {
    return await step()
  } catch (error) {
    if (!(error instanceof CodedError) || error.code.startsWith('FILE_')) throw error
    const name = file === STDIO ? 'standard input' : file
    if (error.message.startsWith(name)) throw error
    const { hint = hintOfKeys(error), line, column, path, reports } = error
    throw new CodedError(error.code, `${name}: ${messageOf(error, names)}`, {
      cause: error,
      ...(hint !== undefined && { hint }),
      ...(line !== undefined && { line }),
      ...(column !== undefined && { column }),
      ...(path !== undefined && { path }),
      ...(reports && { reports }),
    })
  }
}

const REFUSED: ReadonlySet<ErrorCode> = new Set(['HOST_REFUSED', 'ROLE_REFUSED', 'PROGRAM_REFUSED'])

/** What to do about a key: to write, every one must work; to read, one that nobody allowed to be tried, or one of a service, unless an identity would do. */
function hintOfKeys({ code, reports = [] }: CodedError): string | undefined {
  const errors = (reports as readonly KeyReport[]).flatMap(({ error }) => error ?? [])
  const refused = errors.find((error) => REFUSED.has(error.code))
  const wantsIdentity = code !== 'WRAP_FAILED' && errors.some((error) => error.code === 'IDENTITY_INVALID')
  return (refused ?? (wantsIdentity ? undefined : errors[0]))?.hint
}

/** What the keys answered stands in the message: keys with the same answer together. */
function messageOf({ code, message, reports = [] }: CodedError, names: () => KeyNames): string {
  if (code !== 'DATA_KEY_UNRECOVERABLE') return message
  const known = names()
  const answers = Map.groupBy(reports as readonly KeyReport[], ({ outcome, error }) => (outcome === 'recovered' ? 'opened' : (error?.message ?? 'no identity here fits')))
  const oneGroup = (reports as readonly KeyReport[]).every(({ group }) => group === 0)
  return `${message}${oneGroup ? ', needs one of' : ''}: ${[...answers].map(([answer, keys]) => `${keys.map(({ name }) => withName(name, known)).join(', ')} (${answer})`).join('; ')}`
}

/** For commands that write the file again, or ask for its path. @throws CodedError USAGE */
export function refuseStdio(file: string): void {
  if (file === STDIO) throw new CodedError('USAGE', 'this command works on files, not on standard input', { hint: 'name the file' })
}

/** What auditors know a file by. */
export function auditedPath(context: Context, file: string): string {
  return file === STDIO ? context.cwd : resolve(context.cwd, file)
}

export interface SecretFile {
  readonly name: string
  /** As it was read. */
  readonly source: Uint8Array
  readonly format: Format
  readonly opened: OpenedDocument
}

export async function openSecretFile(context: Context, file: string, type?: string, readOnly = false): Promise<SecretFile> {
  const format = formatOf(file, type)
  return await openSource(context, { name: file, source: readSource(context, file), format }, readOnly)
}

/** The same of a file that was read already. */
export async function openSource(context: Context, { name, source, format }: Omit<SecretFile, 'opened'>, readOnly = false): Promise<SecretFile> {
  const rules = readOnly ? null : await findRules(context, undefined)
  const layoutHint = rules === null || layoutHintOf(rules)
  return inFile(name, async () => {
    const document = format.parse(source)
    const opened = await openAudited(context, auditedPath(context, name), document, { providers: await nativeProviders(context), decryptionOrder: parseDecryptionOrder(context.env['SOPS_DECRYPTION_ORDER'] ?? ''), keepNonces: !readOnly, layoutHint, signal: context.signal })
    for (const comment of opened.clearComments) context.stderr.write(`waxseal: ${printable(name)}: a comment of ${comment.text.length} characters stands in clear where an encrypted one was expected\n`)
    return { name, source, format, opened }
  }, () => namesInRules(context))
}

/**
 * The text of a plain document that takes the place of an opened one, under the same data key.
 * @param format - of the new document
 * @throws CodedError ALREADY_ENCRYPTED if an entry stands where metadata will, and what `saveDocument` throws
 */
export async function encryptReplacement({ name, opened }: SecretFile, replacement: Document, format: Format, context: Context): Promise<Uint8Array> {
  const isReserved = replacement.metadata !== undefined || replacement.tree.some((map) => map.items.some((item) => item.kind === 'entry' && format.isReservedKey(item.key)))
  if (isReserved) throw new CodedError('ALREADY_ENCRYPTED', 'the text has a top-level entry that is reserved for metadata', { hint: 'rename the entry' })
  const version = isNewerVersion(SOPS_VERSION, opened.metadata.version) ? SOPS_VERSION : opened.metadata.version
  await context.audit.record('encrypt', auditedPath(context, name))
  const change = await saveDocument(opened, { replacement, version, now: context.now, random: context.random })
  return replacement.apply(change.edits, change.metadata)
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
  readonly layoutHint: boolean
}

export interface RuleChoice {
  /** Lists of recipients that the user gives. Empty: those of the creation rule. */
  readonly recipients: readonly string[]
  /** Absent: `SOPS_CONFIG`, or the nearest one. */
  readonly ruleFile: string | undefined
}

/**
 * Keys and selection for a new file, from its creation rule. Given recipients make one group in place of the rule's keys.
 * @param name - decides about the rule
 * @throws CodedError CONFIG_NOT_FOUND, CONFIG_INVALID, RULE_NOT_FOUND, RECIPIENT_INVALID
 */
export async function newFileSettings(context: Context, name: string, format: Format, choice: RuleChoice): Promise<NewFileSettings> {
  const providers = await nativeProviders(context)
  const now = context.now()
  const given = choice.recipients.flatMap((list) => list.split(',')).map((text) => text.trim()).filter((text) => text !== '')
  const rules = await findRules(context, choice.ruleFile)
  const rule = rules === null ? null : await creationRule(rules, resolve(context.cwd, name), given.length > 0)
  if (given.length === 0 && rule === null) {
    throw new CodedError('CONFIG_NOT_FOUND', 'no recipients: there is no .sops.yaml with creation rules here or above, and no --age', { hint: 'waxseal init makes a rule file, or give --age age1...' })
  }
  const holdsOneValue = format.name === 'binary'
  const age = providers.get('age')
  return {
    providers,
    groups: given.length > 0 && age ? [given.map((text) => age.fromText(text, { now }))] : rule ? await groupsOfRule(rule, providers, { now }, context.signal) : [],
    threshold: given.length > 0 ? 0 : (rule?.threshold ?? 0),
    selection: holdsOneValue ? null : rule ? selectionFrom(rule.settings, 'the creation rule has more than one selector') : undefined,
    macOnlyEncrypted: !holdsOneValue && rule?.macOnlyEncrypted === true,
    layoutHint: rules === null || layoutHintOf(rules),
  }
}

/** @returns null without a rule file, or if it has no rules at all. @throws CodedError as `newFileSettings` */
export async function creationRuleFor(context: Context, name: string, ruleFile: string | undefined): Promise<CreationRule | null> {
  const rules = await findRules(context, ruleFile)
  return rules === null ? null : await creationRule(rules, resolve(context.cwd, name), false)
}

/** @param isOptional - a rule file without a rule for the path is as good as none */
async function creationRule(rules: LoadedRules, path: string, isOptional: boolean): Promise<CreationRule | null> {
  return await inFile(rules.path, async () => {
    try {
      return await ruleFor(rules, path)
    } catch (error) {
      if (isOptional && error instanceof CodedError && error.code === 'RULE_NOT_FOUND') return null
      throw error
    }
  })
}

/** @param given - absent: `SOPS_CONFIG`, or the nearest one. @returns null if there is none */
export async function findRules(context: Context, given: string | undefined): Promise<LoadedRules | null> {
  const { path, warning } = given ?? context.env['SOPS_CONFIG'] ? { path: given ?? context.env['SOPS_CONFIG'], warning: undefined } : searchRuleFile(context)
  if (warning !== undefined) context.stderr.write(`waxseal: ${warning}\n`)
  return path === undefined ? null : await inFile(path, () => readRuleFile(path, context))
}

/** @param name - for auditors, and for the warning that the file stays in clear, as a rule for other files can have it; undefined: a trial, of which nobody is told */
export async function encryptPlain(context: Context, name: string | undefined, document: Document, format: Format, settings: NewFileSettings): Promise<Uint8Array> {
  const change = await encryptDocument(document, {
    ...settings,
    version: SOPS_VERSION,
    isReservedKey: (key) => format.isReservedKey(key),
    now: context.now,
    random: context.random,
    signal: context.signal,
  })
  if (name === undefined) return document.apply(change.edits, change.metadata)
  await context.audit.record('encrypt', auditedPath(context, name))
  if (!change.edits.some((edit) => edit.do === 'token' && edit.node.kind === 'leaf')) {
    context.stderr.write(`waxseal: ${printable(name)}: warning: no value is encrypted, the whole file stays in clear: its rule selects none of them\n`)
  }
  return document.apply(change.edits, change.metadata)
}

export interface OutputChoice {
  readonly inPlace: boolean
  readonly output: string | undefined
}

/** @throws CodedError FLAGS_CONFLICT - before any file is opened */
export function checkOutput(files: readonly string[], { inPlace, output }: OutputChoice): void {
  if (inPlace && output !== undefined) throw new CodedError('FLAGS_CONFLICT', '--in-place and --output exclude each other')
  if (inPlace && files.includes(STDIO)) throw new CodedError('FLAGS_CONFLICT', 'standard input cannot be replaced', { hint: 'leave --in-place out' })
  if (files.length > 1 && !inPlace) throw new CodedError('FLAGS_CONFLICT', 'several files need --in-place')
}

export interface Result {
  readonly bytes: Uint8Array
  /** What the file that is written over held when work on it began, null if it was not there; absent: whatever it holds goes. */
  readonly before?: Uint8Array | null
}

/**
 * Over each file, to one file, or to standard output.
 * @param results - of all files: nothing is written before every one of them is there, and none if somebody saved one of them meanwhile
 * @throws CodedError FILE_CHANGED, FILE_*
 */
export function deliver(context: Context, results: ReadonlyMap<string, Result>, { inPlace, output }: OutputChoice): void {
  const writes = [...results].map(([file, result]) => ({ ...result, target: inPlace ? file : (output ?? STDIO) }))
  const pathOf = (target: string): string => resolve(context.cwd, target)
  for (const { target, before } of writes) if (target !== STDIO && before !== undefined) checkUnchanged(pathOf(target), before, target)
  for (const { target, bytes } of writes) {
    if (target === STDIO) context.stdout.write(bytes)
    else replaceFile(pathOf(target), bytes, target)
  }
}
