/**
 * Base32 in upper case. Follows: RFC 4648 6.
 * @module
 */
import { regroup } from './bech32.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** @param bytes - a multiple of five: then there is no padding */
export function encodeBase32(bytes: Uint8Array): string {
  return (regroup(bytes, 8, 5, true) ?? []).map((word) => ALPHABET[word]).join('')
}
