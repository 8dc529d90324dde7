/** @module */
import { Comment, valueType, type Edit, type Node, type TreePath } from '@waxseal/core'
import type { NativeAction } from '../native-command.ts'
import { inFile, openSecretFile, type SecretFile } from '../secret-file.ts'
import { showValuePath } from '../value-path.ts'

const MASK = '********'

export const view: NativeAction = async ([file = ''], options, context) => {
  const secret = await openSecretFile(context, file, options.text('type'), true)
  await inFile(file, () => {
    if (options.bool('json')) context.stdout.write(`${JSON.stringify(listing(secret), null, 2)}\n`)
    else context.stdout.write(masked(secret))
  })
  return 0
}

/** The file in its own layout, every secret value and comment behind the same mask. */
function masked({ opened }: SecretFile): Uint8Array {
  const edits = opened.edits.map((edit): Edit => (edit.do === 'value' ? { ...edit, value: MASK } : edit.do === 'comment' ? { ...edit, text: ` ${MASK}` } : edit))
  return opened.document.apply(edits, null)
}

interface Listed {
  readonly path: string
  readonly type: string
  readonly encrypted: boolean
  /** Bytes of a string; absent for other types. */
  readonly bytes?: number
}

function listing({ opened }: SecretFile): readonly Listed[] {
  const found: Listed[] = []
  const visit = (node: Node, path: TreePath): void => {
    if (node.kind === 'comment') return
    if (node.kind === 'map') {
      for (const item of node.items) if (item.kind === 'entry') visit(item.value, [...path, item.key])
    } else if (node.kind === 'list') for (const [i, item] of node.items.entries()) visit(item, [...path, i])
    else {
      const plain = opened.plain.has(node) ? opened.plain.get(node) : node.value
      if (plain === undefined || plain instanceof Comment) return
      const shown = { path: showValuePath(path), encrypted: opened.plain.has(node) }
      if (plain === null) found.push({ ...shown, type: 'null' })
      else if (typeof plain === 'string') found.push({ ...shown, type: 'str', bytes: Buffer.byteLength(plain) })
      else if (plain instanceof Uint8Array) found.push({ ...shown, type: 'str', bytes: plain.length })
      else found.push({ ...shown, type: valueType(plain) })
    }
  }
  for (const map of opened.document.tree) visit(map, [])
  return found
}
