/**
 * YAML configuration as plain data: rule files and the user's own settings.
 * @module
 */
import { CodedError, plainMap, Timestamp, type Plain, type ValueNode } from '@waxseal/core'
import { formatByName } from '@waxseal/formats'

const MAX_DEPTH = 100

/** A file of comments alone is as good as an empty one. @throws CodedError CONFIG_INVALID */
export function parsePlainYaml(source: Uint8Array): Plain {
  const yaml = formatByName('yaml')
  if (holdsNothing(source)) return null
  try {
    const [map] = yaml?.parse(source).tree ?? []
    return map ? toPlain(map) : null
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    if (error.code === 'PARSE_EMPTY') return null
    const { line, column } = error
    throw new CodedError('CONFIG_INVALID', `could not unmarshal config file: ${error.message}`, { cause: error, ...(line && { line }), ...(column && { column }) })
  }
}

function holdsNothing(source: Uint8Array): boolean {
  return Buffer.from(source).toString('utf8').split('\n').every((line) => /^\s*(?:#|$)/.test(line))
}

/** Comments go; a timestamp is its text. */
function toPlain(node: ValueNode, depth = 0): Plain {
  if (depth > MAX_DEPTH) throw new CodedError('CONFIG_INVALID', `could not unmarshal config file: more than ${MAX_DEPTH} levels`)
  if (node.kind === 'map') {
    return plainMap(node.items.flatMap((item) => (item.kind === 'entry' ? [[item.key, toPlain(item.value, depth + 1)] as const] : [])))
  }
  if (node.kind === 'list') return node.items.flatMap((item) => (item.kind === 'comment' ? [] : [toPlain(item, depth + 1)]))
  if (node.value instanceof Timestamp) return node.value.text
  return node.value instanceof Uint8Array ? Buffer.from(node.value).toString('latin1') : node.value
}
