/**
 * One watch: the changes of a resource after a revision, as lines of `{ type, object }`.
 * An object that starts or ceases to match the selector appears as added or deleted. Bookmarks carry the newest revision.
 * Follows: k8s.io/apiserver pkg/storage/cacher, pkg/endpoints/handlers/watch.go.
 * @module
 */
import type { JsonObject } from './json.ts'
import { parseRevision, tooOld } from './listing.ts'
import { withMeta, type KubeObject } from './objects.ts'
import { objectText, table, type Shape } from './representation.ts'
import { apiVersionOf, resourceName, type ResourceType } from './resource-type.ts'
import type { Selector } from './selectors.ts'
import { invalidObject, type StatusError } from './status.ts'
import type { Store, StoreEvent } from './store.ts'

export interface WatchRequest {
  readonly type: ResourceType
  readonly selector: Selector
  readonly query: URLSearchParams
  readonly shape: Shape
}

export interface WatchSink {
  /** One whole line, with its newline. @param isEvent - false for bookmarks and errors */
  line(text: string, isEvent: boolean): void
  end(): void
}

export interface Watch {
  /** Sends a bookmark if the client asked for them. */
  bookmark(): void
  stop(): void
}

/** @throws StatusError 422 for options that do not go together */
export function startWatch(store: Store, request: WatchRequest, sink: WatchSink, now: () => Date): Watch {
  const { type, selector, query, shape } = request
  const resource = resourceName(type)
  const wanted = parseRevision(query.get('resourceVersion') ?? '')
  const wantsBookmarks = query.get('allowWatchBookmarks') === 'true'
  const initialEvents = query.get('sendInitialEvents')
  checkInitialEvents(type, query)

  const shown = (object: KubeObject): string =>
    shape === 'table' ? JSON.stringify(table(type, [object], {}, query.get('includeObject'), now())) : objectText(type, object, shape)
  const send = (eventType: string, object: KubeObject): void => sink.line(`{"type":"${eventType}","object":${shown(object)}}\n`, true)
  const fail = (error: StatusError): void => {
    sink.line(`${JSON.stringify({ type: 'ERROR', object: error.toStatus() })}\n`, false)
    sink.end()
  }
  const bookmark = (annotations?: JsonObject): void => {
    const metadata = { resourceVersion: String(store.revision), creationTimestamp: null, ...(annotations ? { annotations } : {}) }
    const kind = shape === 'metadata' ? { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' } : { kind: type.kind, apiVersion: apiVersionOf(type) }
    sink.line(`${JSON.stringify({ type: 'BOOKMARK', object: { ...kind, metadata } })}\n`, false)
  }
  const pass = (event: StoreEvent): void => {
    if (event.resource !== resource) return
    const before = event.previous !== undefined && selector(event.previous)
    const after = event.type !== 'DELETED' && selector(event.object)
    if (after) send(before ? 'MODIFIED' : 'ADDED', event.object)
    else if (before && event.previous) send('DELETED', withMeta(event.previous, { resourceVersion: String(event.revision) }))
  }

  const fromNow = wanted === 0 || initialEvents === 'true'
  if (!fromNow && wanted < store.compacted) {
    fail(tooOld(wanted, store.compacted))
    return { bookmark() {}, stop() {} }
  }
  if (!fromNow) store.eventsAfter(wanted).forEach(pass)
  else if (initialEvents !== 'false') store.list(resource).filter(selector).forEach((object) => send('ADDED', object))
  if (initialEvents === 'true') bookmark({ 'k8s.io/initial-events-end': 'true' })
  const unsubscribe = store.subscribe(pass)
  return {
    bookmark() {
      if (wantsBookmarks) bookmark()
    },
    stop() {
      unsubscribe()
    },
  }
}

function checkInitialEvents(type: ResourceType, query: URLSearchParams): void {
  const match = query.get('resourceVersionMatch')
  const forbiddenField = (field: string, message: string): StatusError =>
    invalidObject({ group: 'meta.k8s.io', kind: 'ListOptions', name: '' }, [{ reason: 'FieldValueForbidden', message: `Forbidden: ${message}`, field }])
  if (query.has('sendInitialEvents')) {
    if (match !== 'NotOlderThan') throw forbiddenField('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan')
    if (query.get('sendInitialEvents') === 'true' && query.get('allowWatchBookmarks') !== 'true') {
      throw forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for watch without allowWatchBookmarks')
    }
  } else if (match !== null) throw forbiddenField('resourceVersionMatch', `resourceVersionMatch is forbidden for watch of ${type.plural} unless sendInitialEvents is provided`)
}
