/**
 * Where objects of a kind live on the API server.
 * @module
 */

export interface Resource {
  /** '' for the core group. */
  readonly group: string
  readonly version: string
  readonly plural: string
}

export const SECRETS: Resource = { group: '', version: 'v1', plural: 'secrets' }
export const EVENTS: Resource = { group: '', version: 'v1', plural: 'events' }
export const LEASES: Resource = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases' }

export interface ObjectMeta {
  readonly name?: string
  readonly generateName?: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  readonly creationTimestamp?: unknown
  readonly deletionTimestamp?: unknown
  readonly labels?: Readonly<Record<string, string>> | null
  readonly annotations?: Readonly<Record<string, string>> | null
  readonly ownerReferences?: readonly OwnerReference[] | null
  readonly finalizers?: readonly string[] | null
}

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
  readonly blockOwnerDeletion?: boolean
}

export interface KubeObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: ObjectMeta
}

export interface Place {
  /** Absent: all namespaces, or a resource without namespaces. */
  readonly namespace?: string | undefined
  readonly name?: string
  readonly subresource?: string
}

/** Path below the server's address; every part is escaped. */
export function resourcePath(resource: Resource, place: Place = {}): string {
  const parts = resource.group === '' ? ['api', resource.version] : ['apis', resource.group, resource.version]
  if (place.namespace !== undefined) parts.push('namespaces', place.namespace)
  parts.push(resource.plural)
  if (place.name !== undefined) parts.push(place.name)
  if (place.subresource !== undefined) parts.push(place.subresource)
  return `/${parts.map(encodeURIComponent).join('/')}`
}

/** `namespace/name`, the key of caches and queues. */
export function objectKey(object: KubeObject): string {
  const { namespace = '', name = '' } = object.metadata
  return namespace === '' ? name : `${namespace}/${name}`
}
