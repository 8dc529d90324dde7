/**
 * A file with SealedSecrets whose text stays: sealed items and the hint of their key change in their own places, in the dress that stands there.
 * Documents of other kinds, comments and layout are none of our business.
 * @module
 */
import { CodedError, type Document, type Edit, type Entry, type MapNode, type ValueNode } from '@waxseal/core'
import { json, yaml } from '@waxseal/formats'
import { isObject, KEY_HINT_ANNOTATION, readSealedSecret, type SealedSecretManifest } from '@waxseal/sealed'
import { isJson, parseManifest, sliceManifests } from './manifest-input.ts'

export interface PlacedSealedSecret {
  readonly sealed: SealedSecretManifest
  /** Its place: which slice of the file, and the map in it. */
  readonly slice: number
  readonly root: MapNode
}

export interface SealedFile {
  /** As the text says, whatever slice each piece is. */
  readonly slices: readonly { readonly text: string; readonly document?: Document }[]
  readonly secrets: readonly PlacedSealedSecret[]
}

export interface ItemChanges {
  readonly secret: PlacedSealedSecret
  /** Sealed texts of new and changed items; null takes one out. */
  readonly items: ReadonlyMap<string, string | null>
  /** Fingerprint of the key that all items are sealed for now: told if the manifest tells one. */
  readonly sealedFor?: string
}

/** For messages. */
export function shownName({ metadata: { name = '', namespace } }: SealedSecretManifest): string {
  return namespace === undefined ? name : `${namespace}/${name}`
}

/** @throws CodedError PARSE_*, SECRET_INVALID; PARSE_EMPTY - no SealedSecret in it */
export async function readSealedFile(text: string): Promise<SealedFile> {
  const slices: SealedFile['slices'][number][] = []
  const secrets: PlacedSealedSecret[] = []
  for (const slice of sliceManifests(text)) {
    const found = slice.isDocument ? objectsOf(await parseManifest(slice.text)).filter(isSealedSecret) : []
    const document = found.length === 0 ? undefined : (isJson(slice.text) ? json : yaml).parse(Buffer.from(slice.text))
    const [top] = document?.tree ?? []
    for (const { manifest, path } of top === undefined ? [] : found) secrets.push({ sealed: readSealedSecret(manifest), slice: slices.length, root: mapAt(top!, path) })
    slices.push({ text: slice.text, ...(document && { document }) })
  }
  if (secrets.length === 0) throw new CodedError('PARSE_EMPTY', 'no SealedSecret in it', { hint: 'give a manifest with kind: SealedSecret' })
  return { slices, secrets }
}

interface Found {
  readonly manifest: unknown
  /** Index in `items` of a List. */
  readonly path: number | undefined
}

function objectsOf(manifest: unknown): Found[] {
  if (!isObject(manifest)) return []
  const { kind, items } = manifest
  if ((kind === 'List' || kind === 'SealedSecretList') && Array.isArray(items)) return items.map((item: unknown, path) => ({ manifest: item, path }))
  return [{ manifest, path: undefined }]
}

function isSealedSecret({ manifest }: Found): boolean {
  return isObject(manifest) && manifest['kind'] === 'SealedSecret'
}

function mapAt(top: MapNode, index: number | undefined): MapNode {
  if (index === undefined) return top
  const list = childOf(top, 'items')
  const node = list?.kind === 'list' ? list.items.filter((item): item is ValueNode => item.kind !== 'comment')[index] : undefined
  if (node?.kind !== 'map') throw noPlace('items')
  return node
}

/** The whole text of the file with the changes. @throws CodedError SECRET_INVALID - an item has no place of its own in the text */
export function changeItems({ slices }: SealedFile, changes: readonly ItemChanges[]): string {
  const edits = Map.groupBy(changes.flatMap((change) => editsOf(change).map((edit) => ({ edit, slice: change.secret.slice }))), ({ slice }) => slice)
  return slices
    .map(({ text, document }, at) => {
      const wanted = edits.get(at)?.map(({ edit }) => edit)
      return document && wanted ? Buffer.from(document.apply(wanted)).toString('utf8') : text
    })
    .join('')
}

function editsOf({ secret: { root }, items, sealedFor }: ItemChanges): Edit[] {
  const hint = childOf(childOf(childOf(root, 'metadata'), 'annotations'), KEY_HINT_ANNOTATION)
  const isStale = sealedFor !== undefined && hint?.kind === 'leaf' && hint.value !== sealedFor
  return [...itemEdits(root, items), ...(isStale ? [{ do: 'value', node: hint, value: sealedFor } satisfies Edit] : [])]
}

function itemEdits(root: MapNode, items: ReadonlyMap<string, string | null>): Edit[] {
  const spec = childOf(root, 'spec')
  const data = childOf(spec, 'encryptedData')
  if (data?.kind === 'map') return [...items].map(([name, text]) => itemEdit(data, name, text))
  const fresh: MapNode = { kind: 'map', items: [...items].flatMap(([name, text]) => (text === null ? [] : [entry(name, text)])) }
  if (data !== undefined) return [{ do: 'replace', node: data, by: fresh }]
  if (spec?.kind !== 'map') throw noPlace('spec')
  return [{ do: 'append', into: spec, entry: { kind: 'entry', key: 'encryptedData', value: fresh } }]
}

function itemEdit(data: MapNode, name: string, text: string | null): Edit {
  const found = entryOf(data, name)
  if (found === undefined) {
    if (text === null) throw noPlace(name)
    return { do: 'append', into: data, entry: entry(name, text) }
  }
  if (text === null) return { do: 'remove', from: data, item: found }
  if (found.value.kind === 'leaf') return { do: 'value', node: found.value, value: text }
  return { do: 'replace', node: found.value, by: { kind: 'leaf', value: text } }
}

function entry(key: string, text: string): Entry {
  return { kind: 'entry', key, value: { kind: 'leaf', value: text } }
}

function entryOf(node: ValueNode | undefined, key: string): Entry | undefined {
  return node?.kind === 'map' ? node.items.find((item): item is Entry => item.kind === 'entry' && item.key === key) : undefined
}

function childOf(node: ValueNode | undefined, key: string): ValueNode | undefined {
  return entryOf(node, key)?.value
}

function noPlace(what: string): CodedError {
  return new CodedError('SECRET_INVALID', `${what} has no place of its own in the manifest`, { hint: 'write it out, without merge keys' })
}
