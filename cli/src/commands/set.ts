/**
 * `set` and `unset`. Values never come from the command line: other users of the machine can read it.
 * @module
 */
import { isUtf8 } from 'node:buffer'
import { CodedError, saveDocument, setAt, unsetAt, type ChangedTree, type Entry, type Node, type Tree, type TreePath, type ValueNode } from '@waxseal/core'
import { json } from '@waxseal/formats'
import type { Context } from '../context.ts'
import { checkValueSource, readGivenValue } from '../ui/given-value.ts'
import type { NativeAction } from '../native-command.ts'
import { printable } from '../ui/print-error.ts'
import { auditedPath, inFile, openSecretFile, refuseStdio, saveSecretFile, type SecretFile } from '../documents/secret-file.ts'
import { parseValuePath, showValuePath } from '../documents/value-path.ts'

export const set: NativeAction = async ([file = '', pathText = ''], options, context) => {
  refuseStdio(file)
  checkValueSource(options)
  const path = parseValuePath(pathText)
  const secret = await openSecretFile(context, file, options.text('type'))
  const { document, plain } = secret.opened
  await inFile(file, () => checkPlace(document.tree, path))
  const value = parseValue(await readGivenValue(pathText, options, context), options.bool('json'))
  return save(secret, context, () => setAt(document.tree, path, value, plain))
}

export const unset: NativeAction = async ([file = '', pathText = ''], options, context) => {
  refuseStdio(file)
  const path = parseValuePath(pathText)
  const secret = await openSecretFile(context, file, options.text('type'))
  return save(secret, context, () => unsetAt(secret.opened.document.tree, path))
}

/**
 * A value takes the place of a value or stands in a new one. Where the reference replaces a whole map, or a value that is in
 * the way, or appends at some other index, this is an error.
 */
function checkPlace(tree: Tree, path: TreePath): void {
  let node: Node | undefined = tree[0]
  for (const [depth, component] of path.entries()) {
    const above = depth === 0 ? 'the document' : showValuePath(path.slice(0, depth))
    const length: number = node?.kind === 'list' ? node.items.length : 0
    if (typeof component === 'number') {
      if (node?.kind === 'map') throw new CodedError('PATH_INVALID', `${above} is a map and has no [${component}]`)
      if (component > length) throw new CodedError('PATH_NOT_FOUND', `${above} has ${length} items and no [${component}]`, { hint: `[${length}] appends one` })
    }
    if (node?.kind === 'leaf' && node.value !== null) throw new CodedError('PATH_INVALID', `${above} is a value: nothing can stand below it`)
    node = childOf(node, component)
  }
  if (node?.kind === 'map' || node?.kind === 'list') {
    throw new CodedError('PATH_INVALID', `${showValuePath(path)} is a whole ${node.kind}`, { hint: 'name one value in it, or unset it first' })
  }
}

function childOf(node: Node | undefined, component: string | number): Node | undefined {
  if (node?.kind === 'list') return typeof component === 'number' ? node.items[component] : undefined
  if (node?.kind !== 'map') return undefined
  return node.items.find((item): item is Entry => item.kind === 'entry' && item.key === component)?.value
}

async function save(secret: SecretFile, context: Context, change: () => ChangedTree): Promise<number> {
  const { name, format, opened } = secret
  const result = await inFile(name, async () => {
    const changed = change()
    if (!changed.changed) return undefined
    if (changed.tree[0]?.items.some((item) => item.kind === 'entry' && format.isReservedKey(item.key))) {
      throw new CodedError('ALREADY_ENCRYPTED', 'the path names an entry that is reserved for metadata')
    }
    await context.audit.record('encrypt', auditedPath(context, name))
    const saved = await saveDocument(opened, { changed, now: context.now, random: context.random })
    return opened.document.apply(saved.edits, saved.metadata)
  })
  if (result === undefined) context.stderr.write(`${printable(name)}: nothing to change\n`)
  else saveSecretFile(secret, result, context)
  return 0
}

function parseValue(bytes: Uint8Array, isJson: boolean): ValueNode {
  if (!isUtf8(bytes)) throw new CodedError('SET_VALUE_INVALID', 'the value is not UTF-8 text', { hint: 'encode it, for example in base64' })
  const text = Buffer.from(bytes).toString('utf8')
  if (!isJson) return { kind: 'leaf', value: text }
  // The format's reader keeps order and whole numbers, but takes documents: the value, known to be one, stands in a document of its own.
  if (isJsonText(text)) {
    const [item] = json.parse(Buffer.from(`{"value":${text}}`)).tree[0]?.items ?? []
    if (item?.kind === 'entry') return item.value
  }
  throw new CodedError('SET_VALUE_INVALID', 'the value is not JSON', { hint: 'leave --json out for a plain string' })
}

function isJsonText(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
