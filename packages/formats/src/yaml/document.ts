/**
 * A parsed YAML file.
 * @module
 */
import { CodedError, type Document, type Edit, type LeafNode, type ParseOptions, type Plain, type PlainMap, type Tree, type Value } from '@waxseal/core'
import { encodeText } from '../source-text.ts'
import { composeStream } from './compose.ts'
import type { PlacedDocument } from './nodes.ts'
import { plainValue } from './plain.ts'
import { readSource, type Source } from './source.ts'
import { buildDocuments } from './tree.ts'

/** @throws CodedError PARSE_*, KEY_NOT_STRING, METADATA_INVALID */
export function parseYaml(bytes: Uint8Array, options: ParseOptions = {}): Document {
  if (bytes.length === 0) throw new CodedError('PARSE_EMPTY', 'the file is empty')
  const source = readSource(bytes)
  const stream = composeStream(source)
  if (stream.documents.length === 0) throw new CodedError('PARSE_FAILED', 'the file holds no document', { hint: 'write {} for an empty one' })
  return new YamlDocument(source, buildDocuments(source, stream), options)
}

class YamlDocument implements Document {
  readonly tree: Tree
  readonly metadata: Plain | undefined
  readonly shifted: ReadonlyMap<LeafNode, Value> = new Map()
  private readonly source: Source
  private readonly documents: readonly PlacedDocument[]
  private readonly options: ParseOptions

  constructor(source: Source, documents: readonly PlacedDocument[], options: ParseOptions) {
    this.source = source
    this.documents = documents
    this.options = options
    this.tree = documents.map(({ map }) => map)
    const entry = documents[0]?.metadata[0]
    this.metadata = entry === undefined ? undefined : plainValue(source, entry.value)
  }

  apply(edits: readonly Edit[], metadata?: PlainMap | null): Uint8Array {
    void [this.documents, this.options, metadata]
    if (edits.length === 0) return encodeText(this.source.text.slice(0, this.source.length))
    throw new TypeError('not written yet')
  }
}
