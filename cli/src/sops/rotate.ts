/**
 * `sops rotate` and `sops -r`: a new data key, and keys added to and removed from the file.
 * @module
 */
import { resolve } from 'node:path'
import { displayName, type KeyGroup, type Ref, rotateDocument } from '@waxseal/core'
import { kindOfFile } from '../files.ts'
import { type Action, type Invocation, SopsError, warnOfExtraArguments } from './action.ts'
import { wrapping } from './encrypt.ts'
import { ROTATE_ORDER } from './key-flags.ts'
import { keysFromFlags, providersFor, recipientContext } from './keys.ts'
import { checkDecryptionOrder, openFile } from './load.ts'
import { refuseTwoOutputs, type Result, writeResult } from './output.ts'
import { namedAs, renderEncrypted, type Stores, storesFor } from './stores.ts'

const STATUS_NO_KEYS_TO_CHANGE = 49
const STATUS_NO_FILE = 100

export const rotateCommand: Action = async (invocation) => {
  const [given] = invocation.args
  if (given === undefined) throw new SopsError('Error: no file specified', STATUS_NO_FILE)
  warnOfExtraArguments(invocation)
  refuseTwoOutputs(invocation)
  const file = resolve(invocation.context.cwd, given)
  refuseKeysWithoutFile(invocation, file, 'use the `edit` subcommand instead.')
  const stores = await storesFor(invocation, namedAs(invocation, file))
  checkDecryptionOrder(invocation)
  return writeResult(invocation, file, await rotateFile(invocation, file, stores))
}

export function refuseKeysWithoutFile({ flags }: Invocation, file: string, instead: string): void {
  if (!ROTATE_ORDER.some(({ flag }) => flags.string(`add-${flag}`) !== '' || flags.string(`rm-${flag}`) !== '')) return
  if (kindOfFile(file) !== undefined) return
  throw new SopsError(`Error: cannot add or remove keys on non-existent file "${file}", ${instead}`, STATUS_NO_KEYS_TO_CHANGE)
}

export async function rotateFile(invocation: Invocation, file: string, stores: Stores): Promise<Result> {
  const { context, flags } = invocation
  const providers = await providersFor(invocation)
  const keyContext = recipientContext(invocation)
  const added = await keysFromFlags(invocation, ROTATE_ORDER, providers, keyContext, 'add-')
  const removed = await keysFromFlags(invocation, ROTATE_ORDER, providers, keyContext, 'rm-')
  const opened = await openFile(invocation, file, stores.input, { ignoreMac: flags.bool('ignore-mac'), isRotation: true })
  const nameOf = (ref: Ref): string => displayName(ref, providers)
  const groups = withoutKeys(withKeys(opened.metadata.groups, added), new Set(removed.map(nameOf)), nameOf)
  await context.audit.record('encrypt', file)
  const change = await wrapping('Could not generate data key: ', () =>
    rotateDocument(opened, { groups, now: context.now, random: context.random, signal: context.signal }),
  )
  return { bytes: await renderEncrypted(opened.document, change, stores), before: opened.source }
}

/** Into the first group, also what stands there already. */
function withKeys([first = [], ...others]: readonly KeyGroup[], added: KeyGroup): readonly KeyGroup[] {
  return [[...first, ...added], ...others]
}

function withoutKeys(groups: readonly KeyGroup[], names: ReadonlySet<string>, nameOf: (ref: Ref) => string): readonly KeyGroup[] {
  return groups.map((group) => group.filter((ref) => !names.has(nameOf(ref))))
}
