/**
 * Secrets and SealedSecrets as JSON has them, in the field order and with the omissions of Kubernetes' own encoder, so that
 * what is read and written again looks the same. Unknown fields of typed structures are dropped, as every typed client does.
 * Follows: k8s.io/apimachinery metav1.ObjectMeta; the SealedSecret schema. Maps are null-safe copies with sorted keys.
 * @module
 */
import { CodedError } from '@waxseal/core'
import { decodeTolerantBase64 } from './tolerant-base64.ts'

export type StringMap = Readonly<Record<string, string>>
type JsonObject = Readonly<Record<string, unknown>>

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
  readonly blockOwnerDeletion?: boolean
}

/** Fields of which we need no detail stay as they came. */
export interface ObjectMeta {
  readonly name?: string
  readonly generateName?: string
  readonly namespace?: string
  readonly selfLink?: unknown
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  readonly creationTimestamp?: unknown
  readonly deletionTimestamp?: unknown
  readonly deletionGracePeriodSeconds?: unknown
  readonly labels?: StringMap
  readonly annotations?: StringMap
  readonly ownerReferences?: readonly OwnerReference[]
  readonly finalizers?: readonly string[]
  readonly managedFields?: unknown
}

export interface SecretManifest {
  readonly kind: 'Secret'
  readonly apiVersion: 'v1'
  readonly metadata: ObjectMeta
  readonly immutable?: boolean
  /** Values in base64. */
  readonly data?: StringMap
  readonly stringData?: StringMap
  readonly type?: string
}

export interface SecretTemplate {
  readonly metadata: ObjectMeta
  readonly type?: string
  readonly immutable?: boolean
  /** Go templates; null leaves the sealed item of that name out of the Secret. */
  readonly data?: Readonly<Record<string, string | null>>
}

export interface SealedSecretManifest {
  readonly kind: 'SealedSecret'
  readonly apiVersion: typeof SEALED_SECRET_API_VERSION
  readonly metadata: ObjectMeta
  readonly spec: {
    readonly template: SecretTemplate
    readonly encryptedData: StringMap
    /** A whole sealed Secret, the form before `encryptedData`. Present even if it is empty. */
    readonly data?: string
  }
  /** As the controller left it; of no use here. */
  readonly status?: JsonObject
}

export const SEALED_SECRET_API_VERSION = 'bitnami.com/v1alpha1'

/** In the order in which Kubernetes writes them. */
const META_STRINGS_BEFORE = ['name', 'generateName', 'namespace', 'selfLink', 'uid', 'resourceVersion'] as const
const META_PLAIN = ['generation', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const
const OWNER_FIELDS = ['apiVersion', 'kind', 'name', 'uid', 'controller', 'blockOwnerDeletion'] as const
const MANAGED_FIELDS = ['manager', 'operation', 'apiVersion', 'time', 'fieldsType', 'fieldsV1', 'subresource'] as const

/** Of a map or list. A cluster stores 1.5 MiB, which has no room for more items: none that opens is shorter than 196 characters. */
const MAX_ENTRIES = 10_000
/** Of metadata; whoever writes JSON that is nested a few thousand deep runs out of stack. */
const MAX_DEPTH = 100

/** @throws CodedError SECRET_INVALID - not a Secret, or a field of another type than the API has */
export function readSecret(value: unknown): SecretManifest {
  const object = asObject(value, 'the manifest')
  if (object['kind'] !== 'Secret' || object['apiVersion'] !== 'v1') {
    throw new CodedError('SECRET_INVALID', 'not a Secret of apiVersion v1', { hint: 'give a manifest with kind: Secret and apiVersion: v1' })
  }
  return secretOf(object)
}

/** As `readSecret`, whatever the manifest says of its kind. */
export function secretOf(value: unknown): SecretManifest {
  const object = asObject(value, 'the manifest')
  const immutable = optionalBoolean(object, 'immutable')
  const data = optionalStrings(object, 'data')
  const stringData = optionalStrings(object, 'stringData')
  const type = optionalString(object, 'type')
  return {
    kind: 'Secret',
    apiVersion: 'v1',
    metadata: readMetadata(object['metadata']),
    ...(immutable === undefined ? {} : { immutable }),
    ...(data === undefined ? {} : { data }),
    ...(stringData === undefined ? {} : { stringData }),
    ...(type ? { type } : {}),
  }
}

/**
 * Lenient where upstream is, so that one bad object cannot stop a watch: an item that is no string becomes an empty one,
 * which no key opens, and `encryptedData` that is no map is empty.
 * @throws CodedError SECRET_INVALID - not a SealedSecret, or another field of the wrong type
 */
export function readSealedSecret(value: unknown): SealedSecretManifest {
  const object = asObject(value, 'the manifest')
  if (object['kind'] !== 'SealedSecret' || object['apiVersion'] !== SEALED_SECRET_API_VERSION) {
    const hint = `give a manifest with kind: SealedSecret and apiVersion: ${SEALED_SECRET_API_VERSION}`
    throw new CodedError('SECRET_INVALID', `not a SealedSecret of apiVersion ${SEALED_SECRET_API_VERSION}`, { hint })
  }
  return sealedSecretOf(object)
}

/** As `readSealedSecret`, whatever the manifest says of its kind. */
export function sealedSecretOf(value: unknown): SealedSecretManifest {
  const object = asObject(value, 'the manifest')
  const spec = asObject(object['spec'] ?? {}, 'spec')
  const data = spec['data'] ?? undefined
  if (data !== undefined && typeof data !== 'string') throw wrongType('spec.data', 'a string')
  const items = isObject(spec['encryptedData']) ? entriesOf(spec['encryptedData'], 'spec.encryptedData') : []
  return {
    kind: 'SealedSecret',
    apiVersion: SEALED_SECRET_API_VERSION,
    metadata: readMetadata(object['metadata']),
    spec: {
      template: readTemplate(spec['template']),
      encryptedData: sortedMap(items.map(([name, item]) => [name, typeof item === 'string' ? item : ''])),
      ...(data === undefined ? {} : { data }),
    },
    ...(isObject(object['status']) ? { status: Object.fromEntries(Object.entries(object['status']).filter(([, field]) => !isEmpty(field))) } : {}),
  }
}

function readTemplate(value: unknown): SecretTemplate {
  const object = asObject(value ?? {}, 'spec.template')
  const type = optionalString(object, 'type')
  const immutable = optionalBoolean(object, 'immutable')
  const data = object['data'] ?? undefined
  return {
    metadata: readMetadata(object['metadata']),
    ...(type ? { type } : {}),
    ...(immutable === undefined ? {} : { immutable }),
    ...(data === undefined ? {} : { data: readTemplateData(data) }),
  }
}

function readTemplateData(value: unknown): Readonly<Record<string, string | null>> {
  return sortedMap(
    entriesOf(asObject(value, 'spec.template.data'), 'spec.template.data').map(([key, text]) => {
      if (text !== null && typeof text !== 'string') throw wrongType('a value of spec.template.data', 'a string')
      return [key, text]
    }),
  )
}

/** @throws CodedError SECRET_INVALID */
export function readMetadata(value: unknown): ObjectMeta {
  const object = asObject(value ?? {}, 'metadata')
  refuseDeep(object)
  const fields: [string, unknown][] = META_STRINGS_BEFORE.map((key) => [key, optionalString(object, key)])
  fields.push(...META_PLAIN.map((key): [string, unknown] => [key, object[key]]))
  fields.push(['labels', optionalStrings(object, 'labels')], ['annotations', optionalStrings(object, 'annotations')])
  fields.push(['ownerReferences', optionalObjects(object, 'ownerReferences', OWNER_FIELDS)])
  fields.push(['finalizers', optionalList(object, 'finalizers')])
  fields.push(['managedFields', optionalObjects(object, 'managedFields', MANAGED_FIELDS)])
  return Object.fromEntries(fields.filter(([, field]) => !isEmpty(field)))
}

function refuseDeep(value: unknown, depth = 0): void {
  if (depth > MAX_DEPTH) throw new CodedError('SECRET_INVALID', 'metadata is nested too deep')
  if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) refuseDeep(inner, depth + 1)
}

/** What Kubernetes leaves out of its JSON. */
function isEmpty(field: unknown): boolean {
  if (field === undefined || field === null || field === '' || field === 0) return true
  return typeof field === 'object' && Object.keys(field).length === 0
}

function optionalString(object: JsonObject, key: string): string | undefined {
  const field = object[key] ?? undefined
  if (field !== undefined && typeof field !== 'string') throw wrongType(key, 'a string')
  return field
}

function optionalBoolean(object: JsonObject, key: string): boolean | undefined {
  const field = object[key] ?? undefined
  if (field !== undefined && typeof field !== 'boolean') throw wrongType(key, 'true or false')
  return field
}

function optionalStrings(object: JsonObject, key: string): StringMap | undefined {
  const field = object[key] ?? undefined
  if (field === undefined) return undefined
  return sortedMap(
    entriesOf(asObject(field, key), key).map(([name, text]) => {
      if (text !== null && typeof text !== 'string') throw wrongType(`a value of ${key}`, 'a string')
      return [name, text ?? '']
    }),
  )
}

function optionalList(object: JsonObject, key: string): readonly unknown[] | undefined {
  const field = object[key] ?? undefined
  if (field === undefined) return undefined
  if (!Array.isArray(field)) throw wrongType(key, 'a list')
  if (field.length > MAX_ENTRIES) throw tooMany(key)
  return field
}

function optionalObjects(object: JsonObject, key: string, order: readonly string[]): readonly JsonObject[] | undefined {
  return optionalList(object, key)?.map((entry) => {
    const fields = asObject(entry, `an entry of ${key}`)
    return Object.fromEntries(order.filter((name) => (fields[name] ?? undefined) !== undefined).map((name) => [name, fields[name]]))
  })
}

/** Keys in the order of their UTF-8 bytes, as Go's encoder writes maps. */
export function sortedMap<Value>(entries: readonly (readonly [string, Value])[]): Readonly<Record<string, Value>> {
  const keyed = entries.map((entry) => ({ entry, key: Buffer.from(entry[0]) }))
  return Object.fromEntries(keyed.sort((a, b) => Buffer.compare(a.key, b.key)).map(({ entry }) => entry))
}

/** Every item with its bytes; `stringData` wins over `data`. @throws CodedError SECRET_INVALID - a value is not base64 */
export function secretItems({ data = {}, stringData = {} }: SecretManifest): Map<string, Buffer> {
  const items = new Map<string, Buffer>()
  for (const [name, text] of Object.entries(data)) items.set(name, decodeTolerantBase64(text, 'SECRET_INVALID'))
  for (const [name, text] of Object.entries(stringData)) items.set(name, Buffer.from(text, 'utf8'))
  return items
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function asObject(value: unknown, what: string): JsonObject {
  if (!isObject(value)) throw wrongType(what, 'a map')
  return value
}

function entriesOf(object: JsonObject, what: string): [string, unknown][] {
  const entries = Object.entries(object)
  if (entries.length > MAX_ENTRIES) throw tooMany(what)
  return entries
}

function tooMany(what: string): CodedError {
  return new CodedError('SECRET_INVALID', `${what} has more than ${MAX_ENTRIES} entries`)
}

function wrongType(what: string, wanted: string): CodedError {
  return new CodedError('SECRET_INVALID', `${what} is not ${wanted}`)
}
