/**
 * `sops set`, `sops unset` and `sops --set`.
 * @module
 */
import { resolve } from 'node:path'
import { type ChangedTree, CodedError, type OpenedDocument, parseTreePath, saveDocument, setAt, type TreePath, unsetAt, type ValueNode } from '@waxseal/core'
import { formatByName } from '@waxseal/formats'
import { readFileBounded } from '../files.ts'
import { type Action, type Invocation, SopsError } from './action.ts'
import { openFile } from './load.ts'
import { type Result, writeInPlace } from './output.ts'
import { capitalized } from './reference-text.ts'
import { renderEncrypted, type Stores, storesFor } from './stores.ts'

const STATUS_VALUE = 7
const STATUS_NO_FILE = 100

export const setCommand: Action = async (invocation) => {
  const { args, context, flags } = invocation
  const fromStdin = flags.bool('value-stdin')
  if (fromStdin && flags.bool('value-file')) throw new SopsError('Error: cannot use both --value-file and --value-stdin', 1)
  if (args.length !== (fromStdin ? 2 : 3)) throw new SopsError(fromStdin ? NEED_TWO : NEED_THREE, STATUS_NO_FILE)
  const [given = '', pathText = '', valueText = ''] = args
  const file = resolve(context.cwd, given)
  const stores = await storesFor(invocation, file)
  const path = parsePath(pathText, 'Invalid set index format')
  const value = parseValue(fromStdin ? context.stdin.readAll() : flags.bool('value-file') ? readValueFile(invocation, valueText) : valueText)
  const { changed, ...result } = await setInFile(invocation, file, stores, path, value)
  if (!changed && flags.bool('idempotent')) {
    invocation.log.write('info', 'File not written due to no change')
    return 0
  }
  return writeInPlace(invocation, file, result)
}

const NEED_TWO =
  'Error: file specified, or index and value are missing. Need precisely 2 positional arguments since --value-stdin is used.'
const NEED_THREE = 'Error: no file specified, or index and value are missing. Need precisely 3 positional arguments.'

export const unsetCommand: Action = async (invocation) => {
  const { args, context, flags } = invocation
  if (args.length !== 2) throw new SopsError('Error: no file specified, or index is missing', STATUS_NO_FILE)
  const [given = '', pathText = ''] = args
  const file = resolve(context.cwd, given)
  const stores = await storesFor(invocation, file)
  const path = parsePath(pathText, 'Invalid unset index format')
  const opened = await openFile(invocation, file, stores.input, { ignoreMac: flags.bool('ignore-mac') })
  let change: ChangedTree
  try {
    change = unsetAt(opened.document.tree, path)
  } catch (error) {
    if (error instanceof CodedError && error.code === 'PATH_NOT_FOUND' && flags.bool('idempotent')) return 0
    throw inWalking(error)
  }
  return writeInPlace(invocation, file, { bytes: await save(invocation, file, opened, stores, change), before: opened.source })
}

/** `--set 'PATH VALUE'`: the path ends at the first `] `. */
export function parseSetArgument(text: string): { path: TreePath; value: ValueNode } {
  const end = text.indexOf('] ')
  if (end < 0) throw new SopsError('Invalid --set format', STATUS_VALUE)
  const value = parseValue(text.slice(end + 2))
  return { path: parsePath(text.slice(0, end + 1), 'Invalid --set format'), value }
}

export async function setInFile(
  invocation: Invocation,
  file: string,
  stores: Stores,
  path: TreePath,
  value: ValueNode,
): Promise<Result & { readonly changed: boolean }> {
  const opened = await openFile(invocation, file, stores.input, { ignoreMac: invocation.flags.bool('ignore-mac') })
  let change: ChangedTree
  try {
    change = setAt(opened.document.tree, path, value, opened.plain)
  } catch (error) {
    throw inWalking(error)
  }
  return { bytes: await save(invocation, file, opened, stores, change), before: opened.source, changed: change.changed }
}

async function save({ context }: Invocation, file: string, opened: OpenedDocument, stores: Stores, changed: ChangedTree): Promise<Uint8Array> {
  if (changed.tree[0]?.items.some((item) => item.kind === 'entry' && stores.output.isReservedKey(item.key))) {
    throw new CodedError('ALREADY_ENCRYPTED', 'the path names an entry that is reserved for metadata')
  }
  await context.audit.record('encrypt', file)
  const change = await saveDocument(opened, { changed, now: context.now, random: context.random })
  return await renderEncrypted(opened.document, change, stores)
}

function parsePath(text: string, failure: string): TreePath {
  try {
    return parseTreePath(text)
  } catch (error) {
    throw new SopsError(failure, STATUS_VALUE, error)
  }
}

function readValueFile({ context }: Invocation, given: string): Uint8Array {
  return readFileBounded(resolve(context.cwd, given), { name: given })
}

/** JSON. A number alone is a float, whatever it looks like; inside an object whole numbers are integers. */
function parseValue(source: string | Uint8Array): ValueNode {
  const text = typeof source === 'string' ? source : Buffer.from(source).toString('utf8')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new SopsError('Value for --set is not valid JSON', STATUS_VALUE) // without the cause: it quotes the value
  }
  if (typeof value === 'number' && !Number.isFinite(value)) throw new SopsError('Value for --set is not valid JSON', STATUS_VALUE)
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return { kind: 'leaf', value }
  if (typeof value === 'string') return { kind: 'leaf', value: value.toWellFormed() }
  if (Array.isArray(value)) throw new SopsError('Invalid --set value format', STATUS_VALUE)
  // Inside another object, where no key is reserved.
  const [item] = formatByName('json')?.parse(Buffer.from(`{"value":${text}}`, 'utf8')).tree[0]?.items ?? []
  if (item?.kind !== 'entry') throw new SopsError('Invalid --set value format', STATUS_VALUE)
  return item.value
}

/** The command's paths do not fail as `--extract` does: status 1. */
function inWalking(error: unknown): unknown {
  if (error instanceof CodedError && (error.code === 'PATH_INVALID' || error.code === 'PATH_NOT_FOUND')) {
    return new SopsError(capitalized(error.message), 1, error)
  }
  return error
}
