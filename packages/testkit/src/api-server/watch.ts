/**
 * One watch: the changes of a resource after a revision, as lines of `{ type, object }`.
 * An object that starts or ceases to match the selector appears as added or deleted. Bookmarks carry the newest revision.
 * Follows: k8s.io/apiserver pkg/storage/cacher, pkg/endpoints/handlers/watch.go.
 * @module
 */
import { forbidden } from './field-errors.ts'
import type { JsonObject } from './json.ts'
import { parseRevision, tooOld } from './listing.ts'
import { withMeta, type KubeObject } from './objects.ts'
import { objectText, table, type Shape } from './representation.ts'
import { apiVersionOf, resourceName, type ResourceType } from './resource-type.ts'
import type { Selector } from './selectors.ts'
import { invalidObject, uncategorized, type StatusError } from './status.ts'
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

const ENDED: Watch = { bookmark() {}, stop() {} }

/** @throws StatusError 422 for options that do not go together */
export function startWatch(store: Store, request: WatchRequest, sink: WatchSink, now: () => Date): Watch {
  const { type, selector, query, shape } = request
  const resource = resourceName(type)
  const version = query.get('resourceVersion') ?? ''
  const wanted = parseRevision(version)
  if (wanted === undefined) throw uncategorized(`resourceVersion: Invalid value: ${JSON.stringify(version)}: it must be a number`)
  const wantsBookmarks = query.get('allowWatchBookmarks') === 'true'
  const initialEvents = query.get('sendInitialEvents')
  checkInitialEvents(query)

  const shown = (object: KubeObject): string =>
    shape === 'table' ? JSON.stringify(table(type, [object], { resourceVersion: object.metadata.resourceVersion ?? '' }, query.get('includeObject'), now())) : objectText(type, object, shape)
  const send = (eventType: string, object: KubeObject): void => sink.line(`{"type":"${eventType}","object":${shown(object)}}\n`, true)
  const fail = (error: StatusError): void => {
    sink.line(`${JSON.stringify({ type: 'ERROR', object: error.toStatus() })}\n`, false)
    sink.end()
  }
  const bookmark = (annotations?: JsonObject): void => {
    const metadata = { resourceVersion: String(store.revision), ...(annotations ? { annotations } : {}) }
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

  if (shape === 'metadata-list') {
    sink.end()
    return ENDED
  }
  const fromNow = wanted === 0 || initialEvents === 'true'
  if (!fromNow && wanted < store.compacted) {
    fail(tooOld(wanted, store.compacted))
    return ENDED
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

function checkInitialEvents(query: URLSearchParams): void {
  const match = query.get('resourceVersionMatch')
  const field = 'resourceVersionMatch'
  const refuse = (why: string): StatusError => invalidObject({ group: 'meta.k8s.io', kind: 'ListOptions' }, [forbidden(field, why)])
  if (!query.has('sendInitialEvents')) {
    if (match !== null) throw refuse('resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided')
  } else if (match !== 'NotOlderThan') throw refuse('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan')
}
