/**
 * How objects look on the wire: whole, as metadata only, or as a table, as the Accept header asks.
 * @module
 */
import { isObject, omit, type Json, type JsonObject } from './json.ts'
import type { KubeObject } from './objects.ts'
import { apiVersionOf, type ResourceType } from './resource-type.ts'
import { notAcceptable } from './status.ts'

/** `metadata` and `metadata-list` are not interchangeable: each fits one kind of answer. */
export type Shape = 'full' | 'metadata' | 'metadata-list' | 'table'

const META_VERSION = 'meta.k8s.io/v1'

/** The first form of an Accept header that this server can give. @throws StatusError 406 */
export function acceptedShape(accept: string | undefined): Shape {
  if (accept === undefined || accept.trim() === '') return 'full'
  for (const clause of accept.split(',')) {
    const [media = '', ...parameters] = clause.split(';').map((part) => part.trim())
    if (!['application/json', 'application/*', '*/*'].includes(media)) continue
    const as = parameters.find((one) => one.startsWith('as='))?.slice(3)
    if (as === undefined) return 'full'
    if (parameters.includes('g=meta.k8s.io') && !parameters.includes('v=v1')) continue
    if (as === 'Table') return 'table'
    if (as === 'PartialObjectMetadata') return 'metadata'
    if (as === 'PartialObjectMetadataList') return 'metadata-list'
  }
  throw notAcceptable('406: Not Acceptable\n\nAvailable representations: application/json')
}

/** Texts of objects in full, kept as long as the object: lists and watches of the same state serialize it once. */
const fullTexts = new WeakMap<KubeObject, string>()

/** One object as JSON. @param inList - items of a built-in kind's list do not name their kind */
export function objectText(type: ResourceType, object: KubeObject, shape: Shape, inList = false): string {
  if (shape === 'metadata' || shape === 'metadata-list') return JSON.stringify(partial(object))
  if (inList && !type.isCustom) return JSON.stringify(omit(object, 'kind', 'apiVersion'))
  let text = fullTexts.get(object)
  if (text === undefined) fullTexts.set(object, (text = JSON.stringify(object)))
  return text
}

function partial({ metadata }: KubeObject): JsonObject {
  return { kind: 'PartialObjectMetadata', apiVersion: META_VERSION, metadata }
}

export function listText(type: ResourceType, items: readonly KubeObject[], metadata: JsonObject, shape: Shape): string {
  const head = shape === 'metadata-list' ? { kind: 'PartialObjectMetadataList', apiVersion: META_VERSION } : { kind: `${type.kind}List`, apiVersion: apiVersionOf(type) }
  const fullMetadata = type.isCustom && shape === 'full' ? { continue: '', ...metadata } : metadata
  const start = JSON.stringify({ ...head, metadata: fullMetadata }).slice(0, -1)
  return `${start},"items":[${items.map((item) => objectText(type, item, shape, true)).join(',')}]}\n`
}

/** @param includeObject - the query parameter of that name: what each row carries along */
export function table(type: ResourceType, items: readonly KubeObject[], metadata: JsonObject, includeObject: string | null, now: Date): JsonObject {
  const columns = type.columns.map(({ name, type: columnType, format = '', description = '', priority = 0 }) => ({ name, type: columnType, format, description, priority }))
  const rows = items.map((item) => {
    const object: Json = includeObject === 'None' ? null : includeObject === 'Object' ? item : partial(item)
    return { cells: type.columns.map((column) => column.cell(item, now) ?? null), object }
  })
  return { kind: 'Table', apiVersion: META_VERSION, metadata, columnDefinitions: columns, rows }
}

/** A body must be a JSON object or list. */
export function isJsonBody(value: unknown): value is Json {
  return isObject(value) || Array.isArray(value)
}
