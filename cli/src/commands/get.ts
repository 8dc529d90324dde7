/**
 * `get`: one value, or the whole plaintext. A string comes as it is; on a terminal a line ends after it.
 * @module
 */
import { CodedError, getAt, plainTree, type Format, type MapNode, type Node } from '@waxseal/core'
import { json } from '@waxseal/formats'
import type { NativeAction } from '../native-command.ts'
import { inFile, openSecretFile, type SecretFile } from '../documents/secret-file.ts'
import { parseValuePath } from '../documents/value-path.ts'

export const get: NativeAction = async ([file = '', pathText], options, context) => {
  const path = pathText === undefined ? [] : parseValuePath(pathText)
  const secret = await openSecretFile(context, file, options.text('type'), true)
  const bytes = await inFile(file, () => {
    const { document, edits } = secret.opened
    if (options.bool('json')) return inJson(getAt(plainTree(secret.opened), path))
    return path.length === 0 ? document.apply(edits, null) : inFormat(getAt(plainTree(secret.opened), path), secret)
  })
  context.stdout.write(bytes)
  if (context.stdout.isTerminal && bytes.at(-1) !== 0x0a) context.stdout.write('\n')
  return 0
}

function inJson(node: Node): Uint8Array {
  const bytes = json.emitValue(node.kind === 'comment' ? { kind: 'leaf', value: node.text } : node, { indent: 2 })
  return bytes.at(-1) === 0x0a ? bytes : Buffer.concat([bytes, Buffer.from('\n')])
}

function inFormat(node: Node, { format }: SecretFile): Uint8Array {
  if (node.kind === 'comment') return Buffer.from(node.text, 'utf8')
  if (node.kind === 'map') return mapInFormat(node, format)
  if (node.kind === 'leaf' && typeof node.value === 'string') return Buffer.from(node.value, 'utf8')
  return node.kind === 'leaf' && node.value instanceof Uint8Array ? node.value : format.emitValue(node)
}

/** A section of an INI file, say, is no INI file. */
function mapInFormat(node: MapNode, format: Format): Uint8Array {
  try {
    return format.emit([node])
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'EMIT_FAILED') throw error
    throw new CodedError(error.code, `${format.name} has no place for this part of the file by itself`, { hint: '--json prints it', cause: error })
  }
}
