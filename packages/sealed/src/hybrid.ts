/**
 * One sealed item, base64 of
 *
 *     L (2 bytes, big endian) | RSA block (L bytes) | AES-256-GCM ciphertext | tag (16 bytes)
 *
 * The RSA block wraps a session key of 32 random bytes by RSA-OAEP with SHA-256 for label and MGF1; the OAEP label is the
 * scope's (scope.ts). The GCM nonce is 12 zero bytes, which is safe because a session key encrypts one item and no other.
 * There is no version and no key identifier: readers try their keys.
 *
 * Follows: bitnami-labs/sealed-secrets pkg/crypto/crypto.go; RFC 8017 7.1; NIST SP 800-38D. Vectors: fixtures/sealed-secrets-*
 *
 * Authenticated: the plaintext and the label. Not authenticated: the item's name, and who sealed it.
 * @module
 */
import { constants, createCipheriv, createDecipheriv, createSecretKey, privateDecrypt, publicEncrypt, randomFillSync, type KeyObject } from 'node:crypto'
import { CodedError } from '@waxseal/core'
import { decodeTolerantBase64 } from './tolerant-base64.ts'

export const SESSION_KEY_BYTES = 32
const LENGTH_BYTES = 2
const NONCE = Buffer.alloc(12)
const TAG_BYTES = 16
const OAEP_HASH = 'sha256'

/** Fills its argument with random bytes. */
export type FillRandom = (bytes: Buffer) => void

/**
 * Seal one item.
 * @param plaintext - borrowed for the call
 * @param publicKey - RSA; 1024 bits at least, or OAEP has no room for the session key
 * @param label - from scope.ts
 * @param fillRandom - for vectors; the session key must never repeat
 * @returns canonical base64
 */
export function sealItem(plaintext: Uint8Array, publicKey: KeyObject, label: Uint8Array, fillRandom: FillRandom = randomFillSync): string {
  const sessionKey = Buffer.alloc(SESSION_KEY_BYTES)
  try {
    fillRandom(sessionKey)
    const wrapped = publicEncrypt({ key: publicKey, ...oaep(label) }, sessionKey)
    const length = Buffer.alloc(LENGTH_BYTES)
    length.writeUInt16BE(wrapped.length)
    const gcm = createCipheriv('aes-256-gcm', sessionKey, NONCE, { authTagLength: TAG_BYTES })
    return Buffer.concat([length, wrapped, gcm.update(plaintext), gcm.final(), gcm.getAuthTag()]).toString('base64')
  } finally {
    sessionKey.fill(0)
  }
}

/** A sealed item taken apart; nothing in it is verified. */
export interface SealedParts {
  readonly wrapped: Buffer
  readonly ciphertext: Buffer
}

/**
 * @returns null if it is too short to have its parts, which readers answer like any other item that no key opens
 * @throws CodedError SEALED_MALFORMED - not base64
 */
export function splitSealed(text: string): SealedParts | null {
  const bytes = decodeTolerantBase64(text)
  if (bytes.length < LENGTH_BYTES) return null
  const end = LENGTH_BYTES + bytes.readUInt16BE()
  if (bytes.length < end + TAG_BYTES) return null
  return { wrapped: bytes.subarray(LENGTH_BYTES, end), ciphertext: bytes.subarray(end) }
}

/** Length and first bytes of the RSA block, to compare blocks without decoding whole items; of a text that is no item, whatever it starts with. */
export function startOfBlock(text: string): Buffer {
  return Buffer.from(text.slice(0, 24), 'base64')
}

/** @returns the session key, which the caller wipes; null if this key or label does not fit */
export function unwrapSessionKey({ wrapped }: SealedParts, privateKey: KeyObject, label: Uint8Array): Buffer | null {
  try {
    return privateDecrypt({ key: privateKey, ...oaep(label) }, wrapped)
  } catch {
    return null
  }
}

/**
 * @param sessionKey - wiped here. Writers use 32 bytes; 16 and 24 were always read as well
 * @returns the plaintext, which the caller owns; null if it was altered
 */
export function openWithSessionKey({ ciphertext }: SealedParts, sessionKey: Buffer): Buffer | null {
  try {
    const gcm = createDecipheriv(algorithmFor(sessionKey), createSecretKey(sessionKey), NONCE, { authTagLength: TAG_BYTES })
    gcm.setAuthTag(ciphertext.subarray(-TAG_BYTES))
    const plaintext = gcm.update(ciphertext.subarray(0, -TAG_BYTES)) // unverified until final() returns
    try {
      gcm.final()
    } catch {
      plaintext.fill(0)
      return null
    }
    return plaintext
  } catch {
    return null // no length for an AES key
  } finally {
    sessionKey.fill(0)
  }
}

/** One answer for wrong key, scope, name or namespace, truncation and altered bytes. */
export function rejected(): CodedError {
  return new CodedError('SEALED_REJECTED', 'no key could decrypt secret', { hint: 'it is sealed for another key, name, namespace or scope, or it was altered' })
}

function algorithmFor(sessionKey: Buffer): 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm' {
  if (sessionKey.length === 16) return 'aes-128-gcm'
  return sessionKey.length === 24 ? 'aes-192-gcm' : 'aes-256-gcm'
}

function oaep(label: Uint8Array): { padding: number; oaepHash: string; oaepLabel: Buffer } {
  return { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: OAEP_HASH, oaepLabel: Buffer.from(label) }
}
