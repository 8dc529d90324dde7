/**
 * JSON that services answer with. Whatever else comes, as a proxy's page, has no fields.
 * @module
 */
import type { Answer } from './client.ts'

export type Fields = Readonly<Record<string, unknown>>

export function bodyFields({ body }: Answer): Fields {
  try {
    return asFields(JSON.parse(body))
  } catch {
    return {}
  }
}

export function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}
