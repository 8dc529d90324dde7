/**
 * A JSON file whose untouched bytes stay.
 * The metadata block stands at the end of the root in the document's own layout, always as `"key": value` with one blank,
 * since other programs look for that text.
 * @module
 */
import { CodedError, type Document, type Node, type ParseOptions } from '@waxseal/core'
import { METADATA_KEY } from '../metadata-key.ts'
import { entryOf, plainOf } from '../plain.ts'
import { decodeText, encodeText } from '../source-text.ts'
import { splice } from '../splice.ts'
import { Changes } from './changes.ts'
import { styleOf } from './layout.ts'
import { type JsonList, type JsonMap, parseJson } from './parse.ts'
import { spellings } from './spelling.ts'

/** @throws CodedError PARSE_FAILED, PARSE_ROOT, PARSE_LIMIT, PARSE_ENCODING, METADATA_INVALID */
export function parse(source: Uint8Array, { indent }: ParseOptions = {}): Document {
  const all = decodeText(source)
  const root = parseJson(all)
  const [block, duplicate] = root.items.filter(({ key }) => key === METADATA_KEY)
  if (duplicate !== undefined) throw new CodedError('METADATA_INVALID', `found duplicate ${METADATA_KEY} entry`)
  const text = withoutTail(all, root, block !== undefined)
  const map: JsonMap = block === undefined ? root : { ...root, items: root.items.filter((item) => item !== block) }
  const placeOf = (node: Node): JsonMap | JsonList => (node === map ? root : (node as JsonMap | JsonList))
  return {
    tree: [map],
    metadata: block === undefined ? undefined : plainOf(block.value),
    shifted: new Map(),
    spellings: (edits) => spellings(text, edits),
    apply(edits, metadata) {
      const style = styleOf(text, root, indent)
      const blockStyle = { ...style, colon: ': ' }
      const changes = new Changes(text, root, style, block)
      for (const edit of edits) changes.add(edit, placeOf)
      if (metadata === null && block !== undefined) changes.remove(root, block)
      if (metadata && block !== undefined) changes.update(block.value, metadata, blockStyle)
      if (metadata && block === undefined) changes.append(root, entryOf(METADATA_KEY, metadata), blockStyle)
      return encodeText(splice(text, changes.replacements()))
    },
  }
}

/**
 * The reference reads over what follows the closing brace. In a file to be encrypted it would stay in clear, so it is refused there; in an
 * encrypted file nothing vouches for it, so it is dropped.
 */
function withoutTail(text: string, root: JsonMap, isEncrypted: boolean): string {
  const tail = text.slice(root.end)
  if (tail.trim() === '') return text
  if (isEncrypted) return text.slice(0, root.end) + (tail.endsWith('\n') ? '\n' : '')
  const before = text.slice(0, root.end + tail.length - tail.trimStart().length)
  throw new CodedError('PARSE_FAILED', 'there is text behind the closing brace, which would not be encrypted', {
    hint: 'a JSON file holds one object',
    line: before.split('\n').length,
    column: before.length - before.lastIndexOf('\n'),
  })
}
