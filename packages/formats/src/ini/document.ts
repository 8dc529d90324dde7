/**
 * An INI file whose untouched bytes stay: alignment, blank lines, delimiters, quotes. Metadata are the section `[sops]`.
 * Follows: getsops/sops stores/ini/store.go.
 *
 * What the reference does not see is no part of the tree, and does not stay in a file that is encrypted: earlier values of a key
 * that occurs twice, text behind a closing quote. A comment after the last key, which the reference drops, is the last item of
 * its section.
 * @module
 */
import { CodedError, type Document, type Plain } from '@waxseal/core'
import { byteText, bytesOf } from '../byte-text.ts'
import { unflatten } from '../flat-metadata.ts'
import { METADATA_KEY } from '../metadata-key.ts'
import { splice } from '../splice.ts'
import { Changes } from './changes.ts'
import { layOut } from './layout.ts'
import { type IniSection, readIni } from './read.ts'

/** @throws CodedError PARSE_FAILED, PARSE_ENCODING, METADATA_INVALID */
export function parse(source: Uint8Array): Document {
  const found = byteText(source)
  const lineEnd = /\r?\n/.exec(found)?.[0] ?? '\n'
  const unfinished = found !== '' && !found.endsWith('\n')
  const text = unfinished ? found + lineEnd : found
  const file = readIni(text, found.length)
  const layout = layOut(text, file)
  const [block, duplicate] = file.sections.filter(({ name }) => name === METADATA_KEY)
  if (duplicate !== undefined) throw new CodedError('METADATA_INVALID', `Found duplicate ${METADATA_KEY} entry`)
  return {
    tree: [layout.root],
    metadata: block === undefined ? undefined : metadataOf(block),
    shifted: new Map(),
    apply(edits, metadata) {
      const changes = new Changes(text, lineEnd, layout, block)
      for (const edit of edits) changes.add(edit)
      if (metadata !== undefined) changes.setMetadata(metadata)
      const result = splice(text, changes.replacements())
      return bytesOf(unfinished && result.endsWith(lineEnd) ? result.slice(0, -lineEnd.length) : result)
    },
  }
}

function metadataOf({ keys }: IniSection): Plain {
  const values = new Map(keys.map(({ name, value }) => [name, Buffer.from(value.text.replaceAll('\\n', '\n'), 'latin1').toString('utf8')]))
  return unflatten([...values])
}
