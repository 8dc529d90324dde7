/**
 * `sops groups add` and `sops groups delete`. Values and MAC stay.
 * The reference writes files that nobody can decrypt when the group is empty or the last one goes; that is refused here.
 * @module
 */
import { resolve } from 'node:path'
import { CodedError, completeKeys, type KeyGroup, parseMetadata, type RecipientContext, type Ref, rewrapDocument, type UnlockedDocument } from '@waxseal/core'
import { replaceUnchanged } from '../files.ts'
import { type Action, FatalError, type Invocation, SopsError } from './action.ts'
import { GROUP_ORDER } from './key-flags.ts'
import { openedGroups } from './key-report.ts'
import { keyFromText, providersFor, recipientContext } from './keys.ts'
import { parseEncrypted, readSource, unlock } from './load.ts'
import { textInSops } from './reference-text.ts'
import { renderEncrypted, type Stores, storesFor } from './stores.ts'

const STATUS_KEY = 128

export const groupsAdd: Action = async (invocation) => {
  const { args, flags } = invocation
  if (args.length > 0) throw new SopsError('error: no positional arguments allowed', 1)
  const group = await newGroup(invocation)
  const stores = await storesFor(invocation, flags.string('file'))
  return await fatal(async () => {
    const unlocked = await unlockFile(invocation, stores)
    if (group.length === 0) throw new FatalError('a key group needs at least one key')
    return await write(invocation, stores, unlocked, [...unlocked.metadata.groups, group])
  })
}

export const groupsDelete: Action = async (invocation) => {
  const { args, flags } = invocation
  if (args.length !== 1) throw new SopsError('error: exactly one positional argument (index) required', 1)
  const [text = ''] = args
  if (!/^\d{1,9}$/.test(text)) throw new FatalError(`failed to parse [index] argument: strconv.ParseUint: parsing "${text}": invalid syntax`)
  const index = Number(text)
  const stores = await storesFor(invocation, flags.string('file'))
  return await fatal(async () => {
    const unlocked = await unlockFile(invocation, stores)
    const { groups } = unlocked.metadata
    if (index >= groups.length) throw new SopsError(`there is no key group ${index}: the file has ${groups.length}`, 2)
    if (groups.length === 1) throw new FatalError('the last key group cannot be removed')
    return await write(invocation, stores, unlocked, groups.toSpliced(index, 1))
  })
}

/** Entries that are no keys are told and left out, as in the reference. */
async function newGroup(invocation: Invocation): Promise<KeyGroup> {
  const { flags, log } = invocation
  const providers = await providersFor(invocation)
  const context: RecipientContext = recipientContext(invocation)
  const group: Ref[] = []
  for (const kind of GROUP_ORDER) {
    for (const text of flags.list(kind.flag).flatMap((list) => (kind.type === 'age' ? list.split(',') : [list]))) {
      try {
        group.push(...(await completeKeys([keyFromText(kind, text, providers, context)], providers, invocation.context.signal)))
      } catch (error) {
        if (!(error instanceof CodedError)) throw error
        log.write('error', 'Failed to add key', { error: error.message })
      }
    }
  }
  return group
}

interface UnlockedFile extends UnlockedDocument {
  /** As it was read. */
  readonly source: Uint8Array
}

async function unlockFile(invocation: Invocation, { input }: Stores): Promise<UnlockedFile> {
  const source = await readSource(invocation, invocation.flags.string('file'))
  const document = parseEncrypted(input, source)
  const providers = await providersFor(invocation)
  try {
    return { ...(await unlock(invocation, document, providers)), source }
  } catch (error) {
    if (!(error instanceof SopsError) || !(error.cause instanceof CodedError) || error.status !== STATUS_KEY) throw error
    const { threshold } = parseMetadata(document.metadata, providers)
    throw new FatalError(`Error getting data key: ${threshold} successful groups required, got ${openedGroups(error.cause).size}`)
  }
}

async function write(invocation: Invocation, stores: Stores, unlocked: UnlockedFile, groups: readonly KeyGroup[]): Promise<number> {
  const { context, flags } = invocation
  const threshold = flags.int('shamir-secret-sharing-threshold') || unlocked.metadata.threshold
  if (groups.length < threshold) {
    throw new FatalError(
      `removing this key group will make the Shamir threshold impossible to satisfy: Shamir threshold is ${threshold}, but we only have ${groups.length} key groups`,
    )
  }
  const change = await rewrapDocument(unlocked, { groups, threshold, random: context.random, signal: context.signal })
  const result = await renderEncrypted(unlocked.document, change, stores)
  if (flags.bool('in-place')) replaceUnchanged(resolve(context.cwd, flags.string('file')), result, unlocked.source, flags.string('file'))
  else context.stdout.write(result)
  return 0
}

/** What has no status in the reference is logged as fatal. */
async function fatal(work: () => Promise<number>): Promise<number> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof CodedError && error.code !== 'FILE_CHANGED') throw new FatalError(error.code === 'FILE_UNWRITABLE' ? `open ${error.message}` : textInSops(error))
    throw error
  }
}
