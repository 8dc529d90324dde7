/**
 * `sops decrypt` and `sops -d`.
 * @module
 */
import { resolve } from 'node:path'
import { CodedError, getAt, type OpenedDocument, parseTreePath, plainTree, type TreePath, type ValueNode } from '@waxseal/core'
import { kindOfFile } from '../files.ts'
import { type Action, type Invocation, SopsError, warnOfExtraArguments } from './action.ts'
import { checkDecryptionOrder, openFile } from './load.ts'
import { refuseTwoOutputs, type Result, writeResult } from './output.ts'
import { failingWith } from './reference-text.ts'
import { emitPlain, namedAs, renderPlain, type Stores, storesFor } from './stores.ts'

const STATUS_EMIT = 4
const STATUS_CONFLICT = 8
const STATUS_PATH = 91
const STATUS_NO_FILE = 100

export const decryptCommand: Action = async (invocation) => {
  const { args, flags } = invocation
  const fromStdin = args.length === 0
  if (fromStdin && flags.bool('in-place')) throw new SopsError('Error: cannot use --in-place when reading from stdin', STATUS_CONFLICT)
  warnOfExtraArguments(invocation)
  refuseTwoOutputs(invocation)
  const file = fromStdin ? undefined : existingFile(invocation, args[0] ?? '')
  const stores = await storesFor(invocation, namedAs(invocation, file ?? ''))
  checkDecryptionOrder(invocation)
  return writeResult(invocation, file, await decryptFile(invocation, file, stores))
}

/** The absolute path of a file that must be there. */
export function existingFile({ context }: Invocation, given: string): string {
  const file = resolve(context.cwd, given)
  if (kindOfFile(file) === undefined) throw new SopsError(`Error: cannot operate on non-existent file "${file}"`, STATUS_NO_FILE)
  return file
}

/** The whole plaintext, or what `--extract` names. */
export async function decryptFile(invocation: Invocation, file: string | undefined, stores: Stores): Promise<Result> {
  const { flags } = invocation
  const path = await failingWith(STATUS_PATH, 'error parsing --extract path: ', () => parseTreePath(flags.string('extract')))
  const opened = await openFile(invocation, file, stores.input, { ignoreMac: flags.bool('ignore-mac'), readOnly: true })
  const bytes = await (path.length === 0 ? renderPlain(opened, stores) : extract(opened, path, stores))
  return { bytes, before: opened.source }
}

/** A string is printed raw, a map as a whole file with the other documents behind it. */
async function extract(opened: OpenedDocument, path: TreePath, stores: Stores): Promise<Uint8Array> {
  const { output, indentOf } = stores
  const tree = plainTree(opened)
  const node = await failingWith(1, 'error truncating tree: ', () => getAt(tree, path))
  if (node.kind === 'comment') throw new CodedError('PATH_NOT_FOUND', 'error truncating tree: a comment stands there')
  if (node.kind === 'map') {
    return await failingWith(STATUS_EMIT, 'Error dumping file: ', () => emitPlain(tree.with(0, node), stores))
  }
  const raw = rawText(node)
  if (raw !== undefined) return raw
  return await failingWith(STATUS_EMIT, 'Error dumping tree: ', () => output.emitValue(node, indentOf(output)))
}

function rawText(node: ValueNode): Uint8Array | undefined {
  if (node.kind !== 'leaf') return undefined
  if (typeof node.value === 'string') return Buffer.from(node.value, 'utf8')
  return node.value instanceof Uint8Array ? node.value : undefined
}
