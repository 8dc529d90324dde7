/**
 * `set` and `unset`. Values never come from the command line: other users of the machine can read it.
 * @module
 */
import { resolve } from 'node:path'
import { CodedError, saveDocument, setAt, unsetAt, type ChangedTree, type ValueNode } from '@waxseal/core'
import { formatByName } from '@waxseal/formats'
import type { Context } from '../context.ts'
import { readFileBounded, replaceFile } from '../files.ts'
import type { NativeAction, OptionValues } from '../native-command.ts'
import { inFile, openSecretFile, type SecretFile } from '../secret-file.ts'
import { askHidden } from '../terminal.ts'
import { parseValuePath } from '../value-path.ts'

export const set: NativeAction = async ([file = '', pathText = ''], options, context) => {
  if (options.bool('stdin') && options.text('file') !== undefined) throw new CodedError('FLAGS_CONFLICT', '--stdin and --file exclude each other')
  const path = parseValuePath(pathText)
  const secret = await openSecretFile(context, file, options.text('type'))
  const value = parseValue(await readValue(pathText, options, context), options.bool('json'))
  const { document, plain } = secret.opened
  return save(secret, context, () => setAt(document.tree, path, value, plain))
}

export const unset: NativeAction = async ([file = '', pathText = ''], options, context) => {
  const path = parseValuePath(pathText)
  const secret = await openSecretFile(context, file, options.text('type'))
  return save(secret, context, () => unsetAt(secret.opened.document.tree, path))
}

async function save({ name, format, opened }: SecretFile, context: Context, change: () => ChangedTree): Promise<number> {
  const result = await inFile(name, async () => {
    const changed = change()
    if (!changed.changed) return undefined
    if (changed.tree[0]?.items.some((item) => item.kind === 'entry' && format.isReservedKey(item.key))) {
      throw new CodedError('ALREADY_ENCRYPTED', 'the path names an entry that is reserved for metadata')
    }
    const saved = await saveDocument(opened, { changed, now: context.now, random: context.random })
    return opened.document.apply(saved.edits, saved.metadata)
  })
  if (result === undefined) context.stderr.write(`${name}: nothing to change\n`)
  else replaceFile(resolve(context.cwd, name), result, name)
  return 0
}

async function readValue(path: string, options: OptionValues, context: Context): Promise<Uint8Array> {
  const file = options.text('file')
  if (file !== undefined) return readFileBounded(resolve(context.cwd, file), { name: file })
  if (options.bool('stdin')) {
    const bytes = context.stdin.readAll()
    return bytes.at(-1) === 0x0a ? bytes.subarray(0, -1) : bytes
  }
  return Buffer.from(await askHidden(`value for ${path}: `, context, 'use --stdin or --file'), 'utf8')
}

function parseValue(bytes: Uint8Array, isJson: boolean): ValueNode {
  const text = Buffer.from(bytes).toString('utf8')
  if (!isJson) {
    if (!Buffer.from(text, 'utf8').equals(bytes)) throw new CodedError('SET_VALUE_INVALID', 'the value is not UTF-8 text')
    return { kind: 'leaf', value: text }
  }
  // One parser for JSON: the value stands in a document of its own.
  try {
    const [item] = formatByName('json')?.parse(Buffer.from(`{"v":${text}}`)).tree[0]?.items ?? []
    if (item?.kind === 'entry') return item.value
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
  }
  throw new CodedError('SET_VALUE_INVALID', 'the value is not JSON', { hint: 'leave --json out for a plain string' })
}
