/**
 * SSH keys, as age uses them; a public one is a line `ssh-ed25519 BASE64 comment`. ssh-key-file.ts reads private ones.
 * Follows: RFC 4253 6.6 and RFC 8709 4 (public keys), RFC 8032 5.1.5 (the scalar of an Ed25519 key).
 * @module
 */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { CodedError } from '@waxseal/core'
import { derInteger, derSequence } from './der.ts'
import { WireReader, wireOf } from './ssh-wire.ts'
import { privateKey } from './x25519.ts'

export const ED25519_BYTES = 32
/** As the reference's limit for RSA, in bytes of an mpint. */
export const MAX_MODULUS_BYTES = 8192 / 8 + 1
const SCALAR_BYTES = 32

/** `wire` is the whole public key as the SSH protocol carries it: what fingerprints are made of. */
export type SshPublicKey =
  | { readonly kind: 'ssh-ed25519'; readonly wire: Buffer; readonly point: Buffer }
  | { readonly kind: 'ssh-rsa'; readonly wire: Buffer; readonly key: KeyObject }

export interface SshPrivateKey {
  readonly kind: 'ssh-ed25519' | 'ssh-rsa'
  readonly wire: Buffer
  /** Of ssh-ed25519 the X25519 key that age makes of it. */
  readonly key: KeyObject
}

/** A private key that a passphrase protects. */
export interface LockedSshKey {
  readonly kind: 'locked'
  /** PEM does not hold it. */
  readonly publicKey: SshPublicKey | null
  /**
   * @returns null for a wrong passphrase
   * @throws CodedError IDENTITY_INVALID
   */
  unlock(passphrase: string): Promise<SshPrivateKey | null>
}

/** null: not a public key of a kind that age knows. */
export function parseSshPublicKey(line: string): SshPublicKey | null {
  const [kind = '', base64 = ''] = line.split(/[ \t]+/, 2)
  const wire = Buffer.from(base64, 'base64')
  if (wire.toString('base64') !== base64) return null
  const key = publicKeyOf(wire)
  return key?.kind === kind ? key : null
}

/** @param wire - kept */
export function publicKeyOf(wire: Buffer): SshPublicKey | null {
  const reader = new WireReader(wire)
  const kind = reader.text()
  if (kind === 'ssh-ed25519') {
    const point = reader.bytes()
    return point?.length === ED25519_BYTES && reader.isAtEnd ? { kind, wire, point } : null
  }
  if (kind !== 'ssh-rsa') return null
  const [exponent, modulus] = [reader.bytes(), reader.bytes()]
  if (!exponent || !modulus || !reader.isAtEnd || modulus.length > MAX_MODULUS_BYTES) return null
  try {
    const key = createPublicKey({ key: derSequence(derInteger(modulus), derInteger(exponent)), format: 'der', type: 'pkcs1' })
    return { kind, wire, key }
  } catch {
    return null
  }
}

export function unreadable(reason: string): CodedError {
  return new CodedError('IDENTITY_INVALID', `ssh: ${reason}`)
}

/**
 * @param seed - 32 bytes; borrowed
 * @param point - its public key, 32 bytes; borrowed
 */
export function ed25519Key(seed: Uint8Array, point: Uint8Array): SshPrivateKey {
  const hash = createHash('sha512').update(seed).digest() // X25519 clamps the scalar itself
  try {
    return { kind: 'ssh-ed25519', wire: wireOf(Buffer.from('ssh-ed25519'), point), key: privateKey(hash.subarray(0, SCALAR_BYTES)) }
  } finally {
    hash.fill(0)
  }
}

/** @param exponent - as mpint, like the modulus */
export function rsaKey(key: KeyObject, exponent: Uint8Array, modulus: Uint8Array): SshPrivateKey {
  return { kind: 'ssh-rsa', wire: wireOf(Buffer.from('ssh-rsa'), exponent, modulus), key }
}
