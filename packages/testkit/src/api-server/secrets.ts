/**
 * What the API server does to Secrets: `stringData` is folded into `data`, an empty type becomes Opaque, known types
 * need their keys, and immutable ones stay as they are.
 * Follows: k8s.io/kubernetes pkg/apis/core/validation (ValidateSecret, ValidateSecretUpdate).
 * @module
 */
import { isDeepStrictEqual } from 'node:util'
import { forbidden, invalid, required, tooLong, type FieldError } from './field-errors.ts'
import { isObject, textOf, type JsonObject } from './json.ts'
import { readMetadata, stringMap, undecodable } from './metadata.ts'
import type { KubeObject } from './objects.ts'

const DATA_MAX_BYTES = 1024 * 1024
const KEY_MAX = 253
const KEY = /^[-._a-zA-Z0-9]+$/
const KEY_TEXT =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'" +
  " (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
const FROZEN = 'field is immutable when `immutable` is set'

/** Keys that a type asks for; of a list of several, one is enough. */
const REQUIRED_KEYS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'kubernetes.io/tls': [['tls.crt'], ['tls.key']],
  'kubernetes.io/ssh-auth': [['ssh-privatekey']],
  'kubernetes.io/basic-auth': [['username', 'password']],
  'kubernetes.io/dockercfg': [['.dockercfg']],
  'kubernetes.io/dockerconfigjson': [['.dockerconfigjson']],
}
const JSON_KEYS: Readonly<Record<string, string>> = { 'kubernetes.io/dockercfg': '.dockercfg', 'kubernetes.io/dockerconfigjson': '.dockerconfigjson' }

/** Unknown fields are dropped. @throws StatusError 400 */
export function readSecret(raw: JsonObject): KubeObject {
  const data = new Map(Object.entries(stringMap(raw['data'], 'Secret', 'data')))
  for (const value of data.values()) checkBase64(value)
  for (const [key, text] of Object.entries(stringMap(raw['stringData'], 'Secret', 'stringData'))) data.set(key, Buffer.from(text).toString('base64'))
  const { type, immutable } = raw
  if (typeof immutable !== 'boolean' && immutable !== undefined && immutable !== null) throw undecodable('Secret', 'immutable must be a boolean')
  if (typeof type !== 'string' && type !== undefined && type !== null) throw undecodable('Secret', 'type must be a string')
  return {
    kind: 'Secret',
    apiVersion: 'v1',
    metadata: readMetadata(raw['metadata'], 'Secret'),
    ...(data.size === 0 ? {} : { data: Object.fromEntries(data) }),
    ...(typeof immutable === 'boolean' ? { immutable } : {}),
    type: type || 'Opaque',
  }
}

/** Go's decoder: line ends are skipped, padding is compulsory, trailing bits are tolerated. */
function checkBase64(text: string): void {
  const compact = text.replace(/[\r\n]/g, '')
  const bad = compact.search(/[^A-Za-z0-9+/]/)
  const body = bad < 0 ? compact.length : bad
  const padding = compact.slice(body)
  if (compact.length % 4 === 0 && (padding === '' || padding === '=' || padding === '==')) return
  throw undecodable('Secret', `illegal base64 data at input byte ${bad < 0 ? compact.length - (compact.length % 4) : bad}`)
}

function dataOf(secret: KubeObject): Readonly<Record<string, string>> {
  return isObject(secret['data']) ? (secret['data'] as Readonly<Record<string, string>>) : {}
}

export function configKeyErrors(field: string, keys: readonly string[]): FieldError[] {
  return keys.flatMap((key) => {
    const errors: FieldError[] = []
    const at = `${field}[${key}]`
    if (key.length > KEY_MAX) errors.push(invalid(at, key, `must be no more than ${KEY_MAX} characters`))
    if (!KEY.test(key)) errors.push(invalid(at, key, KEY_TEXT))
    if (key === '.') errors.push(invalid(at, key, "must not be '.'"))
    else if (key === '..') errors.push(invalid(at, key, "must not be '..'"))
    else if (key.startsWith('..')) errors.push(invalid(at, key, "must not start with '..'"))
    return errors
  })
}

export function validateSecret(secret: KubeObject, previous: KubeObject | undefined): FieldError[] {
  return [...(previous ? updateErrors(secret, previous) : []), ...contentErrors(secret)]
}

function contentErrors(secret: KubeObject): FieldError[] {
  const data = dataOf(secret)
  const errors = configKeyErrors('data', Object.keys(data))
  const totalBytes = Object.values(data).reduce((sum, value) => sum + Buffer.byteLength(value, 'base64'), 0)
  if (totalBytes > DATA_MAX_BYTES) errors.push(tooLong('data', DATA_MAX_BYTES))
  const type = textOf(secret['type'])
  if (type === 'kubernetes.io/service-account-token' && secret.metadata.annotations?.['kubernetes.io/service-account.name'] === undefined) {
    errors.push(required('metadata.annotations[kubernetes.io/service-account.name]'))
  }
  for (const choice of REQUIRED_KEYS[type] ?? []) {
    if (!choice.some((key) => Object.hasOwn(data, key))) errors.push(...choice.map((key) => required(`data[${key}]`)))
  }
  const jsonKey = JSON_KEYS[type]
  if (jsonKey !== undefined && Object.hasOwn(data, jsonKey)) {
    try {
      JSON.parse(Buffer.from(data[jsonKey] ?? '', 'base64').toString())
    } catch {
      errors.push(invalid(`data[${jsonKey}]`, '<secret contents redacted>', 'not valid JSON'))
    }
  }
  return errors
}

function updateErrors(secret: KubeObject, previous: KubeObject): FieldError[] {
  const errors: FieldError[] = []
  if (secret['type'] !== previous['type']) errors.push(invalid('type', secret['type'] ?? '', 'field is immutable'))
  if (previous['immutable'] !== true) return errors
  if (secret['immutable'] !== true) errors.push(forbidden('immutable', FROZEN))
  if (!isDeepStrictEqual(dataOf(secret), dataOf(previous))) errors.push(forbidden('data', FROZEN))
  return errors
}
