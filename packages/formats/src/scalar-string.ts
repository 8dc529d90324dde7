/**
 * Typed values in formats that only have strings.
 * Follows: getsops/sops stores/stores.go (ValToString).
 * @module
 */
import { Timestamp, type Value } from '@waxseal/core'
import { floatUpperG } from './number-text.ts'

/** @returns bytes if the value is a string that is not UTF-8 */
export function scalarString(value: Value): string | Uint8Array {
  if (value === null) return '<nil>'
  if (typeof value === 'number') return floatUpperG(value)
  if (value instanceof Timestamp) return value.text.replace(/\.\d+/, '')
  return value instanceof Uint8Array ? value : String(value)
}
