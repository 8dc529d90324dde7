/**
 * What is wrong with one field of an object: the causes of a 422 answer.
 * Follows: k8s.io/apimachinery validation/field (kinds, wording of each kind).
 * @module
 */
import type { Json, JsonObject } from './json.ts'

export interface FieldError extends JsonObject {
  readonly reason: string
  /** Without the field's name, which the whole message puts in front. */
  readonly message: string
  readonly field: string
}

export function required(field: string, detail = ''): FieldError {
  return { reason: 'FieldValueRequired', message: `Required value${detail && `: ${detail}`}`, field }
}

export function invalid(field: string, value: Json, detail: string): FieldError {
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${shown(value)}: ${detail}`, field }
}

export function wrongType(field: string, value: Json, detail: string): FieldError {
  return { reason: 'FieldValueTypeInvalid', message: `Invalid value: ${shown(value)}: ${detail}`, field }
}

export function notSupported(field: string, value: Json, allowed: readonly string[]): FieldError {
  const list = allowed.map((one) => JSON.stringify(one)).join(', ')
  return { reason: 'FieldValueNotSupported', message: `Unsupported value: ${shown(value)}: supported values: ${list}`, field }
}

export function forbidden(field: string, detail: string): FieldError {
  return { reason: 'FieldValueForbidden', message: `Forbidden: ${detail}`, field }
}

export function tooLong(field: string, maxBytes: number): FieldError {
  return { reason: 'FieldValueTooLong', message: `Too long: may not be more than ${maxBytes} bytes`, field }
}

export function duplicate(field: string, value: Json): FieldError {
  return { reason: 'FieldValueDuplicate', message: `Duplicate value: ${shown(value)}`, field }
}

function shown(value: Json): string {
  return JSON.stringify(value)
}
