/**
 * Files that nobody else claims: any bytes, as one string `data` in a JSON envelope once they are encrypted.
 * Follows: getsops/sops stores/json/store.go (BinaryStore).
 * @module
 */
import { isUtf8 } from 'node:buffer'
import { applyEdits, CodedError, type Document, type Format, type MapNode, type Tree } from '@waxseal/core'
import { WELCOME } from './examples.ts'
import { parse as parseJsonFile } from './json/document.ts'
import { emit as emitJson } from './json/emit.ts'
import { isMetadataKey } from './metadata-key.ts'

const DATA_KEY = 'data'

export const binary: Format = {
  name: 'binary',
  extensions: [],
  isReservedKey: isMetadataKey,
  parse(source, options) {
    const envelope = parseJsonFile(source, options)
    return {
      ...envelope,
      apply: (edits, metadata) => (metadata === null ? contentOf(applyEdits(envelope.tree, edits)) : envelope.apply(edits, metadata)),
    }
  },
  parsePlain(source, options = {}) {
    const tree = [envelopeOf(source)]
    return {
      tree,
      metadata: undefined,
      shifted: new Map(),
      apply(edits, metadata) {
        const edited = applyEdits(tree, edits)
        return metadata ? emitJson(edited, metadata, options) : contentOf(edited)
      },
    } satisfies Document
  },
  emit: (tree, metadata, options) => (metadata === undefined ? contentOf(tree) : emitJson(tree, metadata, options)),
  emitValue() {
    throw new CodedError('EMIT_FAILED', 'Binary files are not structured and extracting a single value is not possible')
  },
  example: WELCOME,
}

function envelopeOf(content: Uint8Array): MapNode {
  const value = isUtf8(content) ? Buffer.from(content).toString('utf8') : content
  return { kind: 'map', items: [{ kind: 'entry', key: DATA_KEY, value: { kind: 'leaf', value } }] }
}

/** The first `data` of any tree: other formats convert to binary too. @throws CodedError EMIT_FAILED */
function contentOf(tree: Tree): Uint8Array {
  if (tree.length !== 1) throw emitError('there must be exactly one tree branch')
  const entry = tree[0]!.items.find((item) => item.kind === 'entry' && item.key === DATA_KEY)
  if (entry?.kind !== 'entry') throw emitError('no binary data found in tree')
  const value = entry.value.kind === 'leaf' ? entry.value.value : null
  if (typeof value === 'string') return Buffer.from(value, 'utf8')
  if (value instanceof Uint8Array) return value
  throw emitError(`'${DATA_KEY}' key in tree does not have a string value`)
}

function emitError(problem: string): CodedError {
  return new CodedError('EMIT_FAILED', `error emitting binary store: ${problem}`, {
    hint: 'name another format with --output-type if the file does not hold binary data',
  })
}
