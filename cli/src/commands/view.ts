/**
 * `view`: what stands in a file and what kind of value each one is, without the values: for a shared screen or a report.
 * @module
 */
import { Comment, valueType, type Edit, type Node, type OpenedDocument, type TreePath, type Value } from '@waxseal/core'
import type { NativeAction } from '../native-command.ts'
import { inFile, openSecretFile } from '../documents/secret-file.ts'
import { showValuePath } from '../documents/value-path.ts'

export const view: NativeAction = async ([file = ''], options, context) => {
  const { opened } = await openSecretFile(context, file, options.text('type'), true)
  const output = await inFile(file, () => (options.bool('json') ? `${JSON.stringify(listing(opened), null, 2)}\n` : masked(opened)))
  context.stdout.write(output)
  return 0
}

/** The file in its own layout; type and length stand in place of each secret value. */
function masked({ document, edits }: OpenedDocument): Uint8Array {
  const masks = edits.map((edit): Edit => {
    if (edit.do === 'value') return { ...edit, value: maskOf(edit.value) }
    return edit.do === 'comment' ? { ...edit, text: ` (comment, ${countBytes(edit.text)})` } : edit
  })
  return document.apply(masks, null)
}

function maskOf(value: Value): string {
  const { type, bytes } = describe(value)
  return bytes === undefined ? `(${type})` : `(${type}, ${bytes} byte${bytes === 1 ? '' : 's'})`
}

function countBytes(text: string): string {
  return `${Buffer.byteLength(text)} bytes`
}

interface Description {
  readonly type: string
  /** Of a string; the length of other types would tell too much of their values. */
  readonly bytes?: number
}

function describe(value: Value): Description {
  if (value === null) return { type: 'null' }
  if (typeof value === 'string') return { type: valueType(value), bytes: Buffer.byteLength(value) }
  if (value instanceof Uint8Array) return { type: valueType(value), bytes: value.length }
  return { type: valueType(value) }
}

interface Listed extends Description {
  readonly path: string
  readonly encrypted: boolean
}

function listing({ document, plain }: OpenedDocument): readonly Listed[] {
  const found: Listed[] = []
  const visit = (node: Node, path: TreePath): void => {
    if (node.kind === 'map') {
      for (const item of node.items) if (item.kind === 'entry') visit(item.value, [...path, item.key])
    } else if (node.kind === 'list') {
      for (const [index, item] of node.items.entries()) visit(item, [...path, index])
    } else if (node.kind === 'leaf') {
      const value = plain.has(node) ? plain.get(node) : node.value
      if (value === undefined || value instanceof Comment) return
      found.push({ path: showValuePath(path), ...describe(value), encrypted: plain.has(node) })
    }
  }
  for (const map of document.tree) visit(map, [])
  return found
}
