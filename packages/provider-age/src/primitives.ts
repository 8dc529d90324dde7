/**
 * What all recipient types are made of: unpadded Base64, HKDF, and ChaCha20-Poly1305.
 * Follows: C2SP age.md; RFC 4648 3.5 (canonical Base64), RFC 5869 (HKDF), RFC 8439 (ChaCha20-Poly1305). Vectors: test/primitives.test.ts
 * @module
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import { CodedError } from '@waxseal/core'

export const FILE_KEY_BYTES = 16
export const TAG_BYTES = 16
/** Of a file key in a stanza. */
export const SEALED_KEY_BYTES = FILE_KEY_BYTES + TAG_BYTES
const KEY_BYTES = 32
const ZERO_NONCE = Buffer.alloc(12)

export function malformed(what: string): CodedError {
  return new CodedError('METADATA_INVALID', `malformed age file: ${what}`)
}

/** Unpadded standard Base64. */
export function encodeUnpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64').replace(/=+$/, '')
}

/** null when not exactly what `encodeUnpadded` writes. */
export function decodeUnpadded(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64')
  return encodeUnpadded(bytes) === text ? bytes : null
}

/**
 * HKDF with SHA-256.
 * @param secret - borrowed
 * @returns 32 bytes, owned by the caller
 */
export function deriveKey(secret: Uint8Array, salt: Uint8Array, info: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, info, KEY_BYTES))
}

/** ChaCha20-Poly1305 under a key that is used once with each nonce; ciphertext and tag. */
export function seal(key: Uint8Array, plain: Uint8Array, nonce: Uint8Array = ZERO_NONCE): Buffer {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES })
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** @returns null when it does not authenticate */
export function open(key: Uint8Array, sealed: Uint8Array, nonce: Uint8Array = ZERO_NONCE): Buffer | null {
  if (sealed.length < TAG_BYTES) return null
  const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
  const plain = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES)) // unverified until final() returns
  try {
    decipher.final()
    return plain
  } catch {
    plain.fill(0)
    return null
  }
}
