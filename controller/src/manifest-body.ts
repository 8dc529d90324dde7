/**
 * A manifest as clients send it: JSON, or YAML. Whoever reaches the port can send one, so both are read in linear time; a
 * library that gathers every error, or looks for each key among all others, would be busy for minutes.
 * @module
 */
import { CodedError, Timestamp, type Tree, type ValueNode } from '@waxseal/core'

/** Takes longer to read than JSON; clients send JSON. */
const MAX_YAML_BYTES = 256 * 1024
const MAX_DEPTH = 100
/** Of all maps and lists: nothing else runs while JSON is read, and bodies are large because of what is sealed. */
const MAX_ENTRIES = 100_000
const [QUOTE, BACKSLASH, COMMA, LIST, MAP] = Buffer.from('"\\,[{')

/**
 * @param want - of several YAML documents the first, or only one that stands alone
 * @throws CodedError PARSE_*
 */
export async function parseManifest(body: Buffer, want: 'alone' | 'first'): Promise<unknown> {
  refuseMany(body)
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    // Then it is YAML, or nothing.
  }
  if (body.length > MAX_YAML_BYTES) throw new CodedError('PARSE_LIMIT', 'the manifest is too large')
  const { yaml } = await import('@waxseal/formats')
  const tree: Tree = yaml.parse(body).tree
  const [first] = tree
  if (first === undefined || (want === 'alone' && tree.length > 1)) throw new CodedError('PARSE_FAILED', 'the manifest cannot be read')
  return toJson(first, 0)
}

function refuseMany(body: Buffer): void {
  let entries = 0
  let inString = false
  for (let at = 0; at < body.length && entries <= MAX_ENTRIES; at++) {
    const byte = body[at]
    if (byte === QUOTE) inString = !inString
    else if (inString && byte === BACKSLASH) at++
    else if (!inString && (byte === COMMA || byte === LIST || byte === MAP)) entries++
  }
  if (entries > MAX_ENTRIES) throw new CodedError('PARSE_LIMIT', 'the manifest has too many entries')
}

/** What JSON would say. Own keys only; the map's prototype is the ordinary one. */
function toJson(node: ValueNode, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new CodedError('PARSE_LIMIT', 'the manifest is nested too deep')
  if (node.kind === 'map') {
    return Object.fromEntries(node.items.flatMap((item) => (item.kind === 'entry' ? [[item.key, toJson(item.value, depth + 1)] as const] : [])))
  }
  if (node.kind === 'list') return node.items.flatMap((item) => (item.kind === 'comment' ? [] : [toJson(item, depth + 1)]))
  const { value } = node
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Timestamp) return value.text
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value
}
