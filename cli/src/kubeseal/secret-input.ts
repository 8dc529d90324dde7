/**
 * Secrets as kubeseal reads them: whatever their kind, numbers and booleans taken for strings where a string belongs, documents
 * that cannot be read passed over.
 * @module
 */
import { CodedError } from '@waxseal/core'
import { isObject, secretItems, secretOf, type SecretManifest } from '@waxseal/sealed'
import { isJson, parseManifest, splitManifests } from '../sealing/manifest-input.ts'

type JsonObject = Readonly<Record<string, unknown>>

const META_STRINGS = ['name', 'generateName', 'namespace', 'selfLink', 'uid', 'resourceVersion']

/** @throws CodedError PARSE_EMPTY, SECRET_INVALID - before any Secret is sealed */
export async function readSecrets(text: string): Promise<SecretManifest[]> {
  const objects = await readableObjects(text)
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
      const value = await parseManifest(document)
      if (isObject(value)) objects.push(value)
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
    }
  }
  return objects
}

function decodeSecret(object: JsonObject, prefix: string): SecretManifest {
  try {
    return decode(object)
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    throw new CodedError(error.code, prefix + error.message, { cause: error })
  }
}

function decode(object: JsonObject): SecretManifest {
  const { metadata, data, stringData, type } = object
  if (isObject(data)) Object.values(data).forEach(refuseNumber)
  const secret = secretOf({
    ...object,
    metadata: isObject(metadata) ? decodeMetadata(metadata) : metadata,
    stringData: isObject(stringData) ? asStrings(stringData) : stringData,
    type: asString(type),
  })
  secretItems(secret) // tells of values that are not base64
  return secret
}

function decodeMetadata(metadata: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(metadata).map(([key, value]) => {
      if (META_STRINGS.includes(key)) return [key, asString(value)]
      return [key, (key === 'labels' || key === 'annotations') && isObject(value) ? asStrings(value) : value]
    }),
  )
}

function asStrings(map: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, asString(value)]))
}

function asString(value: unknown): unknown {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value
}

function refuseNumber(value: unknown): void {
  const type = typeof value === 'boolean' ? 'bool' : typeof value
  if (type !== 'number' && type !== 'bool') return
  throw new CodedError('SECRET_INVALID', `json: cannot unmarshal ${type} into Go struct field Secret.data of type []uint8`)
}
