/**
 * X25519 recipients and identities on Node's own curve.
 * Follows: C2SP age.md (the X25519 recipient type); RFC 7748. Vectors: fixtures/cctv-age-20251208
 * @module
 */
import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto'
import { decodeUnpadded, deriveKey, encodeUnpadded, malformed, open, seal, SEALED_KEY_BYTES } from './primitives.ts'
import type { Stanza } from './stanza.ts'
import { decodeBech32, encodeBech32 } from './bech32.ts'

export const POINT_BYTES = 32
const INFO = 'age-encryption.org/v1/X25519'
const RECIPIENT_PREFIX = 'age'
const IDENTITY_PREFIX = 'age-secret-key-'
// The fixed fronts of the two DER encodings, RFC 8410.
const PKCS8_FRONT = Buffer.from('302e020100300506032b656e04220420', 'hex')
const SPKI_FRONT = Buffer.from('302a300506032b656e032100', 'hex')

/** @param scalar - 32 bytes; borrowed */
export function privateKey(scalar: Uint8Array): KeyObject {
  const der = Buffer.alloc(PKCS8_FRONT.length + POINT_BYTES)
  PKCS8_FRONT.copy(der)
  der.set(scalar, PKCS8_FRONT.length)
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  } finally {
    der.fill(0)
  }
}

function publicKey(point: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_FRONT, point]), format: 'der', type: 'spki' })
}

/** The public point, 32 bytes. */
export function publicPoint(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(SPKI_FRONT.length)
}

/** null: not an `age1...` recipient of this kind. */
export function parseRecipient(text: string): Buffer | null {
  const found = decodeBech32(text)
  return found?.prefix === RECIPIENT_PREFIX && text === text.toLowerCase() && found.bytes.length === POINT_BYTES ? found.bytes : null
}

export function recipientText(point: Uint8Array): string {
  return encodeBech32(RECIPIENT_PREFIX, point)
}

/** null: not an `AGE-SECRET-KEY-1...` identity. */
export function parseIdentity(text: string): KeyObject | null {
  const found = decodeBech32(text)
  if (found?.prefix !== IDENTITY_PREFIX || text !== text.toUpperCase() || found.bytes.length !== POINT_BYTES) return null
  try {
    return privateKey(found.bytes)
  } finally {
    found.bytes.fill(0)
  }
}

export function identityText(scalar: Uint8Array): string {
  return encodeBech32(IDENTITY_PREFIX, scalar).toUpperCase()
}

/** The shared secret, or null for a point of low order. */
export function exchange(key: KeyObject, point: Uint8Array): Buffer | null {
  try {
    const shared = diffieHellman({ privateKey: key, publicKey: publicKey(point) })
    return shared.some((byte) => byte !== 0) ? shared : null
  } catch {
    return null
  }
}

/**
 * @param fileKey - 16 bytes; borrowed
 * @param recipient - 32 bytes
 * @param scalar - 32 fresh random bytes: the ephemeral key
 * @returns null for a recipient of low order
 */
export function wrapFileKey(fileKey: Uint8Array, recipient: Uint8Array, scalar: Uint8Array): Stanza | null {
  const ephemeral = privateKey(scalar)
  const share = publicPoint(ephemeral)
  const shared = exchange(ephemeral, recipient)
  if (!shared) return null
  const key = deriveKey(shared, Buffer.concat([share, recipient]), INFO)
  try {
    return { args: ['X25519', encodeUnpadded(share)], body: seal(key, fileKey) }
  } finally {
    shared.fill(0)
    key.fill(0)
  }
}

/**
 * @returns 16 bytes, owned by the caller; null if the stanza is of another kind or for another identity
 * @throws CodedError METADATA_INVALID - a stanza of this kind that nobody may write
 */
export function unwrapFileKey({ args, body }: Stanza, identity: KeyObject): Buffer | null {
  const [kind, shareText = '', ...others] = args
  if (kind !== 'X25519') return null
  const share = decodeUnpadded(shareText)
  if (others.length > 0 || share?.length !== POINT_BYTES || body.length !== SEALED_KEY_BYTES) throw malformed('X25519 recipient of a wrong shape')
  const shared = exchange(identity, share)
  if (!shared) throw malformed('X25519 share of low order')
  const key = deriveKey(shared, Buffer.concat([share, publicPoint(identity)]), INFO)
  try {
    return open(key, body)
  } finally {
    shared.fill(0)
    key.fill(0)
  }
}
