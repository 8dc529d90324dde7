/**
 * Lists: filtered, in key order, in pages that all show the state of the first one.
 * A continue token is the base64url text of `{ rv, start }`: the snapshot's revision and the key after which to go on.
 * @module
 */
import { isObject, type JsonObject } from './json.ts'
import { keyOf, type KubeObject } from './objects.ts'
import { resourceName, type ResourceType } from './resource-type.ts'
import { fieldSelector, labelSelector, type Selector } from './selectors.ts'
import { badRequest, expired, StatusError } from './status.ts'
import type { Store } from './store.ts'

export interface ListPage {
  readonly items: readonly KubeObject[]
  readonly metadata: JsonObject
}

const TOKEN_EXPIRED =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the' +
  ' continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list -' +
  ' objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.'

/** Namespace and both selectors of a request in one test. @throws StatusError 400 */
export function requestSelector(type: ResourceType, namespace: string, name: string, query: URLSearchParams): Selector {
  const labels = labelSelector(query.get('labelSelector') ?? '')
  const fields = fieldSelector(query.get('fieldSelector') ?? '', type.selectableFields)
  return (object) =>
    (namespace === '' || object.metadata.namespace === namespace) && (name === '' || object.metadata.name === name) && labels(object) && fields(object)
}

/** @throws StatusError 410 when the wanted state is gone, 400 for malformed parameters */
export function listPage(store: Store, type: ResourceType, selector: Selector, query: URLSearchParams): ListPage {
  const resource = resourceName(type)
  const limit = Number(query.get('limit') ?? 0)
  const token = query.get('continue') ?? ''
  const { revision, start } = token === '' ? { revision: listRevision(store, query), start: '' } : readToken(store, token)
  const all = revision === store.revision ? store.list(resource) : store.listAt(resource, revision)
  const items: KubeObject[] = []
  let last = ''
  let remaining = 0
  for (const object of all) {
    if (start !== '' && keyOf(object) <= start) continue
    if (!selector(object)) continue
    if (limit > 0 && items.length >= limit) {
      remaining++
      continue
    }
    items.push(object)
    last = keyOf(object)
  }
  const resourceVersion = String(revision)
  if (remaining === 0) return { items, metadata: { resourceVersion } }
  const selective = query.has('labelSelector') || query.has('fieldSelector')
  return { items, metadata: { resourceVersion, continue: writeToken(revision, last), ...(selective ? {} : { remainingItemCount: remaining }) } }
}

/** The revision that a first page shows. */
function listRevision(store: Store, query: URLSearchParams): number {
  const text = query.get('resourceVersion') ?? ''
  const wanted = parseRevision(text)
  if (wanted === undefined) throw badRequest(`invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(text)}: it must be a number`)
  if (wanted > store.revision) throw tooNew(wanted, store.revision)
  if (query.get('resourceVersionMatch') !== 'Exact') return store.revision
  if (wanted < store.compacted) throw tooOld(wanted, store.compacted)
  return wanted
}

/** undefined for a text that is no version. */
export function parseRevision(text: string): number | undefined {
  if (text === '') return 0
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

export function tooOld(wanted: number, oldest: number): StatusError {
  return expired(`too old resource version: ${wanted} (${oldest})`)
}

function tooNew(wanted: number, current: number): StatusError {
  const message = `Too large resource version: ${wanted}, current: ${current}`
  const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }]
  return new StatusError(504, 'Timeout', `Timeout: ${message}`, { details: { causes, retryAfterSeconds: 1 }, headers: { 'retry-after': '1' } })
}

function writeToken(revision: number, start: string): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start })).toString('base64url')
}

function readToken(store: Store, token: string): { readonly revision: number; readonly start: string } {
  const invalid = badRequest('invalid continue token: continue key is not valid')
  let decoded: unknown
  try {
    decoded = JSON.parse(Buffer.from(token, 'base64url').toString())
  } catch {
    throw invalid
  }
  if (!isObject(decoded)) throw invalid
  const { rv, start } = decoded
  if (typeof rv !== 'number' || typeof start !== 'string') throw invalid
  if (rv === -1) return { revision: store.revision, start }
  if (rv < store.compacted) throw expired(TOKEN_EXPIRED, { continue: writeToken(-1, start) })
  return { revision: rv, start }
}
