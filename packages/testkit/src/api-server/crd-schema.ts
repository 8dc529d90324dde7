/**
 * Structural schemas of custom resources: unknown fields are pruned, the rest is checked.
 * Follows: k8s.io/apiextensions-apiserver (pruning, nullable, wording); the keywords that real SealedSecret and Flux definitions use.
 * @module
 */
import { invalid, notSupported, required, wrongType, type FieldError } from './field-errors.ts'
import { arrayOf, isObject, objectOf, textOf, type Json, type JsonObject } from './json.ts'

/** Removes what the schema does not know. The object's own apiVersion, kind and metadata are not its business. */
export function prune(value: JsonObject, schema: JsonObject): { readonly value: JsonObject; readonly unknownFields: readonly string[] } {
  const unknownFields: string[] = []
  const walk = (here: Json, at: JsonObject, path: string): Json => {
    if (Array.isArray(here)) return (here as readonly Json[]).map((item, index) => walk(item, objectOf(at['items']), `${path}[${index}]`))
    if (!isObject(here)) return here
    const properties = objectOf(at['properties'])
    const additional = at['additionalProperties']
    const entries: [string, Json][] = []
    for (const [key, child] of Object.entries(here)) {
      if (child === undefined) continue
      const where = path === '' ? key : `${path}.${key}`
      if (Object.hasOwn(properties, key)) entries.push([key, walk(child, objectOf(properties[key]), where)])
      else if (isObject(additional)) entries.push([key, walk(child, additional, where)])
      else if (at['x-kubernetes-preserve-unknown-fields'] === true || additional === true) entries.push([key, child])
      else unknownFields.push(where)
    }
    return Object.fromEntries(entries)
  }
  const kept = walk(value, schema, '') as JsonObject
  return { value: kept, unknownFields }
}

/** Drops null where the schema does not allow it, and fills in `default` where a field is absent. */
export function applyDefaults(value: Json, schema: JsonObject): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => applyDefaults(item, objectOf(schema['items'])))
  if (!isObject(value)) return value
  const result = new Map(Object.entries(value))
  const properties = objectOf(schema['properties'])
  for (const [key, child] of result) {
    const childSchema = Object.hasOwn(properties, key) ? objectOf(properties[key]) : schema['additionalProperties']
    if (!isObject(childSchema) || child === undefined) continue
    if (child === null && childSchema['nullable'] !== true) result.delete(key)
    else result.set(key, applyDefaults(child, childSchema))
  }
  for (const [key, child] of Object.entries(properties)) {
    const byDefault = objectOf(child)['default']
    if (!result.has(key) && byDefault !== undefined) result.set(key, byDefault)
  }
  return Object.fromEntries(result)
}

/** Checks a value against the schema. */
export function schemaErrors(value: Json, schema: JsonObject, path = ''): FieldError[] {
  if (value === null && schema['nullable'] === true) return []
  const type = textOf(schema['type'])
  if (schema['x-kubernetes-int-or-string'] === true ? !['integer', 'string'].includes(typeOf(value)) : type !== '' && !hasType(value, type)) {
    const found = typeOf(value)
    return [wrongType(path, found, `${path} in body must be of type ${type || 'integer,string'}: ${JSON.stringify(found)}`)]
  }
  const errors: FieldError[] = []
  const allowed = arrayOf(schema['enum'])
  if (allowed.length > 0 && !allowed.includes(value)) errors.push(notSupported(path, value, allowed.map(String)))
  if (typeof value === 'string') errors.push(...textErrors(value, schema, path))
  if (typeof value === 'number') errors.push(...numberErrors(value, schema, path))
  if (Array.isArray(value)) {
    value.forEach((item: Json, index) => errors.push(...schemaErrors(item, objectOf(schema['items']), `${path}[${index}]`)))
  } else if (isObject(value)) errors.push(...objectErrors(value, schema, path))
  return errors
}

function objectErrors(value: JsonObject, schema: JsonObject, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const name of arrayOf(schema['required']).map(textOf)) {
    if (!Object.hasOwn(value, name)) errors.push(required(join(path, name)))
  }
  const properties = objectOf(schema['properties'])
  for (const [key, child] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (child === undefined) continue
    if (Object.hasOwn(properties, key)) errors.push(...schemaErrors(child, objectOf(properties[key]), join(path, key)))
    else if (isObject(schema['additionalProperties'])) errors.push(...schemaErrors(child, schema['additionalProperties'], join(path, key)))
  }
  return errors
}

function textErrors(value: string, schema: JsonObject, path: string): FieldError[] {
  const { pattern, minLength, maxLength, format } = schema
  const errors: FieldError[] = []
  if (typeof pattern === 'string' && !new RegExp(pattern, 'u').test(value)) {
    errors.push(invalid(path, value, `${path} in body should match '${pattern}'`))
  }
  if (typeof minLength === 'number' && value.length < minLength) errors.push(invalid(path, value, `${path} in body should be at least ${minLength} chars long`))
  if (typeof maxLength === 'number' && value.length > maxLength) errors.push(invalid(path, value, `may not be more than ${maxLength} bytes`))
  if (format === 'date-time' && !/^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(value)) {
    errors.push(wrongType(path, value, `${path} in body must be of type date-time: ${JSON.stringify(value)}`))
  }
  if (format === 'byte' && !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) errors.push(wrongType(path, value, `${path} in body must be of type byte: ${JSON.stringify(value)}`))
  return errors
}

function numberErrors(value: number, { minimum, maximum }: JsonObject, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (typeof minimum === 'number' && value < minimum) errors.push(invalid(path, value, `${path} in body should be greater than or equal to ${minimum}`))
  if (typeof maximum === 'number' && value > maximum) errors.push(invalid(path, value, `${path} in body should be less than or equal to ${maximum}`))
  return errors
}

function hasType(value: Json, type: string): boolean {
  const found = typeOf(value)
  return found === type || (type === 'number' && found === 'integer')
}

function typeOf(value: Json): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}
