/**
 * Scalars of metadata and rule files read as the type that a field wants.
 * Follows: mapstructure's weakly typed input, which getsops/sops stores/metadata.go switches on; flattened formats have strings only.
 * @module
 */
import { CodedError, type ErrorCode } from './errors.ts'
import type { Plain, PlainMap } from './tree.ts'
import { floatText, readValue } from './value-text.ts'

/** Which error a field of the wrong type is. */
export interface FieldContext {
  readonly code: ErrorCode
  /** For the message: "lastmodified of the sops metadata". */
  readonly name: string
}

/** Absent and null are empty. */
export function weakString(value: Plain | undefined, context: FieldContext): string {
  switch (typeof value) {
    case 'undefined': return ''
    case 'string': return value
    case 'bigint': return value.toString()
    case 'number': return floatText(value)
    case 'boolean': return value ? '1' : '0'
    default: {
      if (value === null) return ''
      throw wrongType('a string', context)
    }
  }
}

/** Absent, null and the empty string are 0. */
export function weakInt(value: Plain | undefined, context: FieldContext): number {
  if (isNothing(value)) return 0
  const int = typeof value === 'string' ? readValue('int', Buffer.from(value)) : value
  if (typeof int === 'bigint' || typeof int === 'boolean' || (typeof int === 'number' && Number.isFinite(int))) return Math.trunc(Number(int))
  throw wrongType('a number', context)
}

/** Absent, null and the empty string are false. */
export function weakBool(value: Plain | undefined, context: FieldContext): boolean {
  if (isNothing(value)) return false
  const bool = typeof value === 'string' ? readValue('bool', Buffer.from(value)) : value
  if (typeof bool === 'boolean') return bool
  if (typeof bool === 'bigint' || typeof bool === 'number') return Number(bool) !== 0
  throw wrongType('true or false', context)
}

/** Absent, null and an empty map are no elements; anything else that is no list is its only element. */
export function weakList(value: Plain | undefined): readonly Plain[] {
  if (isNothing(value)) return []
  if (isList(value)) return value
  return isMap(value) && Object.keys(value).length === 0 ? [] : [value]
}

export function isList(value: Plain | undefined): value is readonly Plain[] {
  return Array.isArray(value)
}

export function isMap(value: Plain | undefined): value is PlainMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A copy with a null prototype. */
export function plainMap(entries: Iterable<readonly [string, Plain]>): PlainMap {
  const map: Record<string, Plain> = Object.create(null) as Record<string, Plain>
  for (const [key, value] of entries) map[key] = value
  return map
}

function isNothing(value: Plain | undefined): value is undefined | null | '' {
  return value === undefined || value === null || value === ''
}

function wrongType(wanted: string, { code, name }: FieldContext): CodedError {
  return new CodedError(code, `${name} is not ${wanted}`)
}
