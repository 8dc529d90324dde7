/**
 * `sops publish`: files go where the first destination rule that matches sends them.
 * Follows: getsops/sops cmd/sops/subcommand/publish/publish.go.
 * @module
 */
import { readdirSync } from 'node:fs'
import { basename, join, relative, resolve } from 'node:path'
import { findDestinationRule, parseMetadata, selectionFrom, type DestinationRule, type Format } from '@waxseal/core'
import { formatForPath } from '@waxseal/formats'
import { kindOfFile } from '../files.ts'
import { changesKeys, diffGroups } from '../keys/group-diff.ts'
import { connectDestination } from '../publish/connect.ts'
import type { Destination } from '../publish/destination.ts'
import { nameAtDestination, recreationGroups, valuesOf } from '../publish/publication.ts'
import { type Action, FatalError, type Invocation, SopsError, warnOfExtraArguments } from './action.ts'
import { encrypt, parsePlain } from './encrypt.ts'
import { confirm, printGroupDiffs } from './key-diff.ts'
import { providersFor } from './keys.ts'
import { checkDecryptionOrder, openFile, parseEncrypted, readSource } from './load.ts'
import { requireRuleFile } from './settings.ts'
import { renderEncrypted, type Stores, storesFor } from './stores.ts'

const STATUS_NO_FILE = 100
const LOGGER = 'PUBLISH'

export const publishCommand: Action = async (invocation) => {
  const { args, context, flags, globals, log } = invocation
  if (flags.bool('verbose') || globals.bool('verbose')) log.beVerbose()
  await requireRuleFile(invocation)
  const [path] = args
  if (path === undefined) throw new SopsError('Error: no file specified', STATUS_NO_FILE)
  warnOfExtraArguments(invocation)
  const kind = kindOfFile(resolve(context.cwd, path))
  if (kind === undefined) throw new SopsError(`stat ${path}: no such file or directory`, 1)
  if (kind === 'folder' && !flags.bool('recursive')) throw new FatalError("can't operate on a directory without --recursive flag.")
  checkDecryptionOrder(invocation)
  if (kind !== 'folder') await publishFile(invocation, path, basename(path))
  else for (const file of filesBelow(resolve(context.cwd, path), path)) await publishFile(invocation, file, relative(path, file))
  return 0
}

/** Sorted by name, folder by folder. @param shown - the folder as the user gave it */
function* filesBelow(folder: string, shown: string): Iterable<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.isDirectory()) yield* filesBelow(join(folder, entry.name), join(shown, entry.name))
    else yield join(shown, entry.name)
  }
}

/**
 * @param given - as the user named it: destination rules look at that
 * @param name - at the destination
 */
async function publishFile(invocation: Invocation, given: string, name: string): Promise<void> {
  const { context, flags, log, rules } = invocation
  const loaded = await rules()
  if (loaded === null) throw new SopsError('config file not found', 1)
  const rule = await findDestinationRule(loaded, given)
  if (rule.destination === undefined) throw new SopsError('no destination configured for this file', 1)
  const path = resolve(context.cwd, given)
  const target = nameAtDestination(name, rule, flags.bool('omit-extensions'))
  const destination = await connectDestination(rule.destination, context, (message) => log.warn(message, {}, LOGGER))
  const format = formatForPath(given)
  const source = await readSource(invocation, path)
  parseMetadata(parseEncrypted(format, source).metadata, await providersFor(invocation))

  const upload = await prepare(invocation, { path, source, format, rule, destination, target })
  if (!flags.bool('yes') && !(await confirm(`uploading ${path} to ${destination.address(target)} ? (y/n): `, context))) {
    const message = `Publication of ${path} canceled`
    if (!flags.bool('recursive')) throw new SopsError(message, 1)
    return context.stdout.write(`${message}\n`)
  }
  await upload()
}

interface Publication {
  readonly path: string
  readonly source: Uint8Array
  readonly format: Format
  readonly rule: DestinationRule
  readonly destination: Destination
  readonly target: string
}

/** What can fail before anybody is asked. @returns the upload */
async function prepare(invocation: Invocation, publication: Publication): Promise<() => Promise<void>> {
  const { path, source, format, destination, target } = publication
  if (destination.kind === 'bucket') {
    const bytes = (await encryptedAnew(invocation, publication)) ?? source
    return () => destination.upload(target, bytes)
  }
  const opened = await openFile(invocation, path, format, { ignoreMac: false, readOnly: true })
  const values = valuesOf(opened)
  return async () => {
    if (!(await destination.upload(target, values))) invocation.log.write('info', `Secret in ${destination.address(target)} is already up-to-date.`, {}, LOGGER)
  }
}

/**
 * The file under the keys of the recreation rule, whose regular expressions and MAC setting are not looked at.
 * @returns undefined if the rule names no keys: the file goes as it is
 */
async function encryptedAnew(invocation: Invocation, { path, format, rule }: Publication): Promise<Uint8Array | undefined> {
  const { context } = invocation
  const providers = await providersFor(invocation)
  const { recreationRule } = rule
  const groups = await recreationGroups(rule, providers, context)
  if (groups === undefined) return undefined
  const opened = await openFile(invocation, path, format, { ignoreMac: false, readOnly: true })
  const diffs = diffGroups(opened.metadata.groups, groups, providers)
  if (changesKeys(diffs)) {
    context.stdout.write("The following changes will be made to the file's key groups:\n")
    printGroupDiffs(diffs, context)
  }
  const { unencrypted_suffix = '', encrypted_suffix = '' } = recreationRule.settings
  const selection = format.name === 'binary' ? null : selectionFrom({ unencrypted_suffix, encrypted_suffix }, 'the recreation rule has two suffixes')
  const stores: Stores = { ...(await storesFor(invocation, path)), input: format, output: format }
  const plain = await parsePlain(stores, opened.document.apply(opened.edits, null))
  const change = await encrypt(invocation, plain, stores, { groups, threshold: recreationRule.threshold, selection, macOnlyEncrypted: false, providers })
  await context.audit.record('encrypt', path)
  return await renderEncrypted(plain, change, stores)
}
