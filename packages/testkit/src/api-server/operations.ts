/**
 * Create, read, update, patch and delete, as the generic registry of the real server does them: names and versions are
 * checked, a write without change is no write, status and spec are written apart, finalizers hold deletions back.
 * Follows: k8s.io/apiserver pkg/registry/generic/registry, pkg/registry/rest.
 * @module
 */
import { randomInt, randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { invalid } from './field-errors.ts'
import { isObject, objectOf, omit, textOf, type Json, type JsonObject } from './json.ts'
import { validateMetadata, validateMetadataUpdate } from './metadata.ts'
import { keyOf, storeKey, timestamp, withMeta, type KubeObject } from './objects.ts'
import { jsonPatch, mergePatch, strategicMergePatch } from './patch.ts'
import { apiVersionOf, kindSubject, resourceName, resourceSubject, type Decoded, type ResourceType } from './resource-type.ts'
import { alreadyExists, badRequest, conflict, forbiddenRequest, invalidObject, notFound, uncategorized, unsupportedMediaType } from './status.ts'
import type { Store } from './store.ts'

export interface WriteOptions {
  readonly dryRun?: boolean
  /** What to do about unknown fields; custom resources only. */
  readonly fieldValidation?: string
  /** '' or 'status'. */
  readonly subresource?: string
}

export interface Written {
  readonly object: KubeObject
  readonly created: boolean
  readonly warnings: readonly string[]
}

export interface DeleteOptions {
  readonly dryRun?: boolean
  readonly uid?: string
  readonly resourceVersion?: string
  readonly propagationPolicy?: string
}

export interface Deleted {
  readonly object: KubeObject
  /** False while finalizers hold the object back. */
  readonly gone: boolean
}

export type PatchType = 'merge' | 'strategic' | 'json'

/** Letters and digits of generated names: no vowels and nothing that looks alike. */
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'
const FOREGROUND = 'foregroundDeletion'
const ORPHAN = 'orphan'

export class Operations {
  readonly #store: Store
  readonly #now: () => Date

  constructor(store: Store, now: () => Date) {
    this.#store = store
    this.#now = now
  }

  get(type: ResourceType, namespace: string, name: string): KubeObject {
    const object = this.#store.get(resourceName(type), storeKey(namespace, name))
    if (!object) throw notFound(resourceSubject(type, name))
    return object
  }

  create(type: ResourceType, namespace: string, body: Json, options: WriteOptions = {}): Written {
    const decoded = this.#decode(type, body, options)
    let object = inNamespace(type, decoded.object, namespace)
    this.#admitToNamespace(type, namespace, object.metadata.name ?? '')
    const { name, generateName, resourceVersion } = object.metadata
    if (resourceVersion !== undefined) throw uncategorized('resourceVersion should not be set on objects to be created')
    object = { ...object, metadata: omit(object.metadata, 'uid', 'generation', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds') }
    if (type.isCustom && type.hasStatus) object = omit(object, 'status')
    object = withMeta(object, {
      name: name ?? (generateName === undefined ? '' : this.#generateName(type, namespace, generateName)),
      uid: randomUUID(),
      creationTimestamp: timestamp(this.#now()),
      ...(type.hasGeneration ? { generation: 1 } : {}),
    })
    if (!type.isCustom) object = type.decode(object).object
    const errors = [...validateMetadata(object, type.nameRule), ...type.validate(object, undefined)]
    if (errors.length > 0) throw invalidObject(kindSubject(type, object.metadata.name ?? ''), errors)
    const key = storeKey(namespace, object.metadata.name ?? '')
    if (this.#store.get(resourceName(type), key)) throw alreadyExists(resourceSubject(type, object.metadata.name))
    const stored = options.dryRun ? object : this.#store.put(resourceName(type), object)
    return { object: stored, created: true, warnings: warningsOf(decoded) }
  }

  update(type: ResourceType, namespace: string, name: string, body: Json, options: WriteOptions = {}): Written {
    const decoded = this.#decode(type, body, options)
    const object = inNamespace(type, decoded.object, namespace)
    if (object.metadata.name !== name) {
      if (object.metadata.name === undefined) throw badRequest('the name of the object (based on URL) was undeterminable: name must be provided')
      throw badRequest(`the name of the object (${object.metadata.name}) does not match the name on the URL (${name})`)
    }
    const current = this.#store.get(resourceName(type), storeKey(namespace, name))
    if (!current) {
      if (!type.createOnUpdate || (options.subresource ?? '') !== '') throw notFound(resourceSubject(type, name))
      const { uid } = object.metadata
      if (uid !== undefined) throw conflict(resourceSubject(type, name), uidMismatch(uid, ''))
      const raw = objectOf(body)
      return this.create(type, namespace, { ...raw, metadata: omit(objectOf(raw['metadata']), 'resourceVersion') }, options)
    }
    return this.#replace(type, current, object, decoded, options)
  }

  patch(type: ResourceType, namespace: string, name: string, patchType: PatchType, patch: Json, options: WriteOptions = {}): Written {
    if (patchType === 'strategic' && type.isCustom) throw unsupportedMediaType(['application/json-patch+json', 'application/merge-patch+json', 'application/apply-patch+yaml'])
    const current = this.get(type, namespace, name)
    const apply = { merge: mergePatch, strategic: strategicMergePatch, json: jsonPatch }[patchType]
    const patched = apply(current, patch)
    const decoded = this.#decode(type, patched, options)
    const object = inNamespace(type, decoded.object, namespace)
    if (object.metadata.name !== name) throw badRequest(`the name of the object (${object.metadata.name ?? ''}) does not match the name on the URL (${name})`)
    return this.#replace(type, current, object, decoded, options)
  }

  delete(type: ResourceType, namespace: string, name: string, options: DeleteOptions = {}): Deleted {
    const current = this.get(type, namespace, name)
    const { uid, resourceVersion } = current.metadata
    if (options.uid !== undefined && options.uid !== uid) throw conflict(resourceSubject(type, name), uidMismatch(options.uid, uid ?? ''))
    if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion) {
      const why = `Precondition failed: ResourceVersion in precondition: ${options.resourceVersion}, ResourceVersion in object meta: ${resourceVersion ?? ''}`
      throw conflict(resourceSubject(type, name), why)
    }
    if (options.dryRun) return { object: current, gone: true }
    const finalizers = finalizersFor(current, options.propagationPolicy)
    if (type.plural !== 'namespaces' && finalizers.length === 0) return this.#remove(type, current)
    if (current.metadata.deletionTimestamp !== undefined && isDeepStrictEqual(finalizers, current.metadata.finalizers ?? [])) return { object: current, gone: false }
    const { generation } = current.metadata
    let marked = withMeta(current, {
      deletionTimestamp: current.metadata.deletionTimestamp ?? timestamp(this.#now()),
      ...(type.plural === 'namespaces' ? {} : { deletionGracePeriodSeconds: 0 }),
      ...(generation === undefined ? {} : { generation: generation + 1 }),
      ...(finalizers.length === 0 ? {} : { finalizers }),
    })
    if (type.plural === 'namespaces') marked = { ...marked, status: { phase: 'Terminating' } }
    return { object: this.#store.put(resourceName(type), marked), gone: false }
  }

  /** Takes a finalizer off; the object goes when it was the last one of a pending deletion. */
  finalize(type: ResourceType, object: KubeObject, finalizer: string): void {
    const finalizers = (object.metadata.finalizers ?? []).filter((one) => one !== finalizer)
    const rest = { ...object, metadata: { ...omit(object.metadata, 'finalizers'), ...(finalizers.length === 0 ? {} : { finalizers }) } }
    if (finalizers.length === 0 && object.metadata.deletionTimestamp !== undefined) this.#remove(type, rest)
    else this.#store.put(resourceName(type), rest)
  }

  #replace(type: ResourceType, current: KubeObject, wanted: KubeObject, decoded: Decoded, options: WriteOptions): Written {
    const name = current.metadata.name ?? ''
    const { uid, resourceVersion } = wanted.metadata
    if (uid !== undefined && uid !== current.metadata.uid) throw conflict(resourceSubject(type, name), uidMismatch(uid, current.metadata.uid ?? ''))
    if (resourceVersion === undefined && !type.unconditionalUpdate) {
      throw invalidObject(resourceSubject(type, name), [invalid('metadata.resourceVersion', 0, 'must be specified for an update')])
    }
    if (resourceVersion !== undefined && resourceVersion !== current.metadata.resourceVersion) throw conflict(resourceSubject(type, name))
    const object = merged(type, current, wanted, options.subresource ?? '')
    const errors = [...validateMetadata(object, type.nameRule), ...validateMetadataUpdate(object, current), ...type.validate(object, current)]
    if (errors.length > 0) throw invalidObject(kindSubject(type, name), errors)
    const warnings = warningsOf(decoded)
    if (isDeepStrictEqual(object, current)) return { object: current, created: false, warnings }
    if (options.dryRun) return { object, created: false, warnings }
    if (object.metadata.deletionTimestamp !== undefined && (object.metadata.finalizers ?? []).length === 0 && type.plural !== 'namespaces') {
      return { ...this.#remove(type, object), created: false, warnings }
    }
    return { object: this.#store.put(resourceName(type), object), created: false, warnings }
  }

  #remove(type: ResourceType, object: KubeObject): Deleted {
    this.#store.delete(resourceName(type), keyOf(object))
    return { object, gone: true }
  }

  #decode(type: ResourceType, body: Json, { fieldValidation = 'Warn' }: WriteOptions): Decoded {
    if (!isObject(body)) throw badRequest(`the object provided is unrecognized (must be of type ${type.kind})`)
    const expected = apiVersionOf(type)
    const { apiVersion, kind } = body
    if (type.isCustom && (typeof kind !== 'string' || kind === '')) throw badRequest(`the object provided is unrecognized (must be of type ${type.kind}): Object 'Kind' is missing`)
    if (typeof apiVersion === 'string' && apiVersion !== '' && apiVersion !== expected) {
      throw badRequest(`${type.kind} in version ${JSON.stringify(apiVersion)} cannot be handled as a ${type.kind}: the expected version is ${JSON.stringify(expected)}`)
    }
    if (typeof kind === 'string' && kind !== '' && kind !== type.kind) {
      throw badRequest(`${kind} in version "${type.version}" cannot be handled as a ${type.kind}: no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(expected)}`)
    }
    const decoded = type.decode(body)
    if (fieldValidation === 'Strict' && decoded.unknownFields.length > 0) {
      const list = decoded.unknownFields.map((field) => `unknown field ${JSON.stringify(field)}`).join(', ')
      throw badRequest(`${type.kind} in version "${type.version}" cannot be handled as a ${type.kind}: strict decoding error: ${list}`)
    }
    return fieldValidation === 'Ignore' ? { ...decoded, unknownFields: [] } : decoded
  }

  #admitToNamespace(type: ResourceType, namespace: string, name: string): void {
    if (!type.namespaced) return
    const home = this.#store.get('namespaces', namespace)
    if (!home) throw notFound({ group: '', kind: 'namespaces', name: namespace })
    if (home.metadata.deletionTimestamp === undefined) return
    const message = `namespace ${namespace} is being terminated`
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`
    throw forbiddenRequest(resourceSubject(type, name), why, [{ reason: 'NamespaceTerminating', message, field: 'metadata.namespace' }])
  }

  #generateName(type: ResourceType, namespace: string, prefix: string): string {
    for (;;) {
      const suffix = Array.from({ length: 5 }, () => SUFFIX_ALPHABET[randomInt(SUFFIX_ALPHABET.length)]).join('')
      if (!this.#store.get(resourceName(type), storeKey(namespace, prefix + suffix))) return prefix + suffix
    }
  }
}

/** @throws StatusError 400 when the object names another namespace */
function inNamespace(type: ResourceType, object: KubeObject, namespace: string): KubeObject {
  if (!type.namespaced) return { ...object, metadata: omit(object.metadata, 'namespace') }
  if (object.metadata.namespace !== undefined && object.metadata.namespace !== namespace) {
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`)
  }
  return withMeta(object, { namespace })
}

/** The object that an update stores: system fields stay, and only the addressed part changes. */
function merged(type: ResourceType, current: KubeObject, wanted: KubeObject, subresource: string): KubeObject {
  if (subresource === 'status') {
    const { status } = wanted
    return { ...omit(current, 'status'), ...(status === undefined ? {} : { status }) }
  }
  const kept: Record<string, JsonObject[string]> = {}
  for (const field of ['uid', 'resourceVersion', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'generation', 'generateName']) {
    if (current.metadata[field] !== undefined) kept[field] = current.metadata[field]
  }
  const free = omit(wanted.metadata, 'uid', 'resourceVersion', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'generation', 'generateName')
  let object: KubeObject = { ...wanted, metadata: { ...free, ...kept } }
  if (type.hasStatus) object = { ...omit(object, 'status'), ...(current['status'] === undefined ? {} : { status: current['status'] }) }
  if (type.hasGeneration && !isDeepStrictEqual(omit(object, 'metadata', 'status'), omit(current, 'metadata', 'status'))) {
    object = withMeta(object, { generation: (current.metadata.generation ?? 0) + 1 })
  }
  return object
}

function finalizersFor({ metadata }: KubeObject, policy: string | undefined): readonly string[] {
  const others = (metadata.finalizers ?? []).filter((one) => policy === undefined || (one !== FOREGROUND && one !== ORPHAN))
  if (policy === 'Foreground') return [...others, FOREGROUND]
  return policy === 'Orphan' ? [...others, ORPHAN] : others
}

function uidMismatch(wanted: string, there: string): string {
  return `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${there}`
}

function warningsOf({ unknownFields }: Decoded): string[] {
  return unknownFields.map((field) => `unknown field ${JSON.stringify(field)}`)
}

const POLICIES = ['Foreground', 'Background', 'Orphan']

/** Delete options as a body or as a query carries them. @throws StatusError 400 */
export function readDeleteOptions(body: Json | undefined, query: URLSearchParams): DeleteOptions {
  const { dryRun, propagationPolicy, orphanDependents, preconditions } = objectOf(body)
  const { uid, resourceVersion } = objectOf(preconditions)
  const orphan = orphanDependents ?? query.get('orphanDependents')
  const byOrphan = orphan === null ? undefined : orphan === true || orphan === 'true' ? 'Orphan' : 'Background'
  const policy = propagationPolicy ?? query.get('propagationPolicy') ?? byOrphan
  if (policy !== undefined && !POLICIES.includes(textOf(policy))) throw badRequest(`propagationPolicy must be one of ${POLICIES.join(', ')}`)
  return {
    dryRun: Array.isArray(dryRun) ? dryRun.length > 0 : query.has('dryRun'),
    ...(typeof uid === 'string' ? { uid } : {}),
    ...(typeof resourceVersion === 'string' ? { resourceVersion } : {}),
    ...(policy === undefined ? {} : { propagationPolicy: textOf(policy) }),
  }
}
