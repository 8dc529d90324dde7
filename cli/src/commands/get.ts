/** @module */
import { getAt, plainTree, type ValueNode } from '@waxseal/core'
import { formatByName } from '@waxseal/formats'
import type { NativeAction } from '../native-command.ts'
import { inFile, openSecretFile } from '../secret-file.ts'
import { parseValuePath } from '../value-path.ts'

export const get: NativeAction = async ([file = '', pathText], options, context) => {
  const path = pathText === undefined ? [] : parseValuePath(pathText)
  const { format, opened } = await openSecretFile(context, file, options.text('type'), true)
  await inFile(file, () => {
    const node = getAt(plainTree(opened), path)
    const json = formatByName('json')
    if (options.bool('json') && json) {
      context.stdout.write(json.emitValue(node as ValueNode, { indent: 2 }))
      context.stdout.write('\n')
    } else if (node.kind === 'comment') context.stdout.write(node.text)
    else if (node.kind === 'leaf' && (typeof node.value === 'string' || node.value instanceof Uint8Array)) context.stdout.write(node.value)
    else if (node.kind === 'map') context.stdout.write(format.emit([node]))
    else context.stdout.write(format.emitValue(node))
  })
  return 0
}
