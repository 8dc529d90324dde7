/**
 * Secrets as kubeseal reads them: whatever their kind, numbers and booleans taken for strings where a string belongs, documents
 * that cannot be read passed over.
 * @module
 */
import { CodedError } from '@waxseal/core'
import { isObject, secretItems, secretOf, type SecretManifest } from '@waxseal/sealed'
import { isJson, parseManifest, splitManifests } from '../sealing/manifest-input.ts'

type JsonObject = Readonly<Record<string, unknown>>

const TYPE_FIELDS = ['kind', 'apiVersion']
const FIELDS = [...TYPE_FIELDS, 'metadata', 'immutable', 'data', 'stringData', 'type']
const META_INTEGERS = ['generation', 'deletionGracePeriodSeconds']
const META_TIMES = ['creationTimestamp', 'deletionTimestamp']
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d?:\d\d:\d\d(?:[.,]\d+)?(?:Z|[-+]\d\d:\d\d)$/
const META_STRINGS = ['name', 'generateName', 'namespace', 'selfLink', 'uid', 'resourceVersion']

/** @throws CodedError PARSE_EMPTY, SECRET_INVALID - before any Secret is sealed */
export async function readSecrets(text: string): Promise<SecretManifest[]> {
  const objects = (await readableObjects(text)).filter((object) => !isNothing(object))
  if (objects.length === 0) throw new CodedError('PARSE_EMPTY', 'no secrets found. Ensure the input is valid and UTF-8 encoded')
  // YAML is decoded by way of JSON.
  const prefix = isJson(text) ? '' : 'error unmarshaling JSON: while decoding JSON: '
  return objects.map((object) => decodeSecret(object, prefix))
}

/** The objects of a stream. Anything else in it is passed over. */
export async function readableObjects(text: string): Promise<JsonObject[]> {
  const objects: JsonObject[] = []
  for (const document of splitManifests(text)) {
    try {
      const value = await parseManifest(document, { asGo: true })
      if (isObject(value)) objects.push(value)
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
    }
  }
  return objects
}

/** A document without any field of a Secret is none: `{}`, a map of something else. */
function isNothing(object: JsonObject): boolean {
  const { metadata, ...rest } = asFields(object)
  const isUnset = (value: unknown): boolean => value === undefined || value === null || value === ''
  return Object.values(rest).every(isUnset) && (isUnset(metadata) || (isObject(metadata) && Object.values(metadata).every(isUnset)))
}

function decodeSecret(object: JsonObject, prefix: string): SecretManifest {
  try {
    return decode(object)
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    throw new CodedError(error.code, prefix + error.message, { cause: error })
  }
}

function decode(manifest: JsonObject): SecretManifest {
  const object = asFields(manifest)
  const { metadata, stringData, type } = object
  const data = isObject(object['data']) ? asTexts(object['data']) : object['data']
  for (const field of TYPE_FIELDS) refuseOtherThanText(field, object[field])
  if (isObject(data)) Object.values(data).forEach(refuseNumber)
  const secret = secretOf({
    ...object,
    data,
    metadata: isObject(metadata) ? decodeMetadata(metadata) : metadata,
    stringData: isObject(stringData) ? asStrings(stringData) : stringData,
    type: asString(type),
  })
  secretItems(secret) // tells of values that are not base64
  return secret
}

/** Go knows a field whatever the case of its letters. Maps that come twice become one; of anything else the last counts. */
function asFields(manifest: JsonObject): JsonObject {
  const fields = new Map<string, unknown>()
  for (const [key, value] of Object.entries(manifest)) {
    const name = FIELDS.find((field) => field.toLowerCase() === key.toLowerCase())
    if (name === undefined) continue
    const before = fields.get(name)
    fields.set(name, isObject(before) && isObject(value) ? { ...before, ...value } : value)
  }
  return Object.fromEntries(fields)
}

function refuseOtherThanText(field: string, value: unknown): void {
  if (value === undefined || value === null || typeof value === 'string') return
  throw new CodedError('SECRET_INVALID', `json: cannot unmarshal ${typeName(value)} into Go struct field Secret.TypeMeta.${field} of type string`)
}

function refuseOtherThanInteger(field: string, value: unknown): void {
  if (value === undefined || value === null || Number.isInteger(value)) return
  throw new CodedError('SECRET_INVALID', `json: cannot unmarshal ${typeName(value)} into Go struct field ObjectMeta.metadata.${field} of type int64`)
}

/** As Go's decoder calls it. */
function typeName(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

function decodeMetadata(metadata: JsonObject): JsonObject {
  for (const field of META_TIMES) refuseOtherThanTime(field, metadata[field])
  for (const field of META_INTEGERS) refuseOtherThanInteger(field, metadata[field])
  return Object.fromEntries(
    Object.entries(metadata).map(([key, value]) => {
      if (META_STRINGS.includes(key)) return [key, asString(value)]
      return [key, (key === 'labels' || key === 'annotations') && isObject(value) ? asStrings(value) : value]
    }),
  )
}

/** Go takes a list of numbers for bytes, too. */
function asTexts(data: JsonObject): JsonObject {
  const isByte = (item: unknown): boolean => Number.isInteger(item) && (item as number) >= 0 && (item as number) < 256
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Array.isArray(value) && value.every(isByte) ? Buffer.from(value).toString('base64') : value]))
}

function refuseOtherThanTime(field: string, value: unknown): void {
  if (value === undefined || value === null || (typeof value === 'string' && RFC_3339.test(value) && !Number.isNaN(Date.parse(value)))) return
  throw new CodedError('SECRET_INVALID', `parsing time of metadata.${field}: cannot parse it as RFC 3339`)
}

function asStrings(map: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, asString(value)]))
}

function asString(value: unknown): unknown {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value
}

function refuseNumber(value: unknown): void {
  const type = typeName(value)
  if (type !== 'number' && type !== 'bool') return
  throw new CodedError('SECRET_INVALID', `json: cannot unmarshal ${type} into Go struct field Secret.data of type []uint8`)
}
