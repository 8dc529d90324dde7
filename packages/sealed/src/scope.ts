/**
 * Who may use a sealed item: only this name in this namespace, any name in the namespace, or anybody. The scope stands in
 * annotations and is bound to each item as the OAEP label, UTF-8 without length or terminator:
 *
 *     strict          namespace/name
 *     namespace-wide  namespace
 *     cluster-wide    (empty)
 *
 * Follows: bitnami-labs/sealed-secrets sealedsecret_expansion.go. The item's own name is bound to nothing.
 * @module
 */
import type { ObjectMeta, StringMap } from './manifest.ts'

export const ANNOTATION_PREFIX = 'sealedsecrets.bitnami.com/'
export const NAMESPACE_WIDE_ANNOTATION = `${ANNOTATION_PREFIX}namespace-wide`
export const CLUSTER_WIDE_ANNOTATION = `${ANNOTATION_PREFIX}cluster-wide`

export const SCOPES = ['strict', 'namespace-wide', 'cluster-wide'] as const
export type Scope = (typeof SCOPES)[number]

/** Only the exact value `true` counts. Cluster-wide wins over namespace-wide. */
export function scopeOf(annotations: StringMap | undefined): Scope {
  if (annotations?.[CLUSTER_WIDE_ANNOTATION] === 'true') return 'cluster-wide'
  if (annotations?.[NAMESPACE_WIDE_ANNOTATION] === 'true') return 'namespace-wide'
  return 'strict'
}

/** The annotation that says this scope; strict is said by none. */
export function scopeAnnotations(scope: Scope): StringMap {
  if (scope === 'cluster-wide') return { [CLUSTER_WIDE_ANNOTATION]: 'true' }
  if (scope === 'namespace-wide') return { [NAMESPACE_WIDE_ANNOTATION]: 'true' }
  return {}
}

/** Replaces whatever scope the annotations say. */
export function withScope(annotations: StringMap | undefined, scope: Scope): StringMap {
  const others = Object.entries(annotations ?? {}).filter(([key]) => key !== CLUSTER_WIDE_ANNOTATION && key !== NAMESPACE_WIDE_ANNOTATION)
  return Object.fromEntries([...others, ...Object.entries(scopeAnnotations(scope))])
}

/** The OAEP label. */
export function scopeLabel(scope: Scope, namespace: string, name: string): Buffer {
  if (scope === 'cluster-wide') return Buffer.alloc(0)
  return Buffer.from(scope === 'namespace-wide' ? namespace : `${namespace}/${name}`, 'utf8')
}

/** The label under which the items of an object are sealed, by its own metadata and never by its template's. */
export function labelOf({ annotations, namespace = '', name = '' }: ObjectMeta): Buffer {
  return scopeLabel(scopeOf(annotations), namespace, name)
}
