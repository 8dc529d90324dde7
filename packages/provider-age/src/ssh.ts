/**
 * SSH keys as age recipients and identities. A stanza names its key by the first four bytes of a SHA-256.
 * Follows: FiloSottile/age agessh; RFC 8017 7.1 (RSA-OAEP with SHA-256 and a label), RFC 7748 and 4.1 (Ed25519 as X25519).
 * Vectors: files of the real program, fixtures/sops-3.13.2.
 * @module
 */
import { constants, createHash, privateDecrypt, publicEncrypt, type KeyObject } from 'node:crypto'
import { decodeUnpadded, deriveKey, encodeUnpadded, FILE_KEY_BYTES, malformed, open, seal } from './primitives.ts'
import type { Stanza } from './stanza.ts'
import type { SshPrivateKey, SshPublicKey } from './ssh-key.ts'
import { exchange, POINT_BYTES, privateKey, publicPoint } from './x25519.ts'

const ED25519_INFO = 'age-encryption.org/v1/ssh-ed25519'
const RSA_OPTIONS = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256', oaepLabel: Buffer.from('age-encryption.org/v1/ssh-rsa') }
const FINGERPRINT_BYTES = 4

function fingerprint(wire: Buffer): string {
  return encodeUnpadded(createHash('sha256').update(wire).digest().subarray(0, FINGERPRINT_BYTES))
}

/** Binds the secret to the SSH key that the X25519 point was made of. @param shared - taken over and wiped */
function tweaked(shared: Uint8Array, wire: Buffer): Buffer | null {
  const tweak = deriveKey(Buffer.alloc(0), wire, ED25519_INFO)
  try {
    return exchange(privateKey(tweak), shared)
  } finally {
    shared.fill(0)
  }
}

/**
 * @param fileKey - 16 bytes; borrowed
 * @param scalar - 32 fresh random bytes: the ephemeral key
 * @returns null for a key that is no point of the curve, or one of low order
 */
export async function wrapForSsh(fileKey: Uint8Array, recipient: SshPublicKey, scalar: Uint8Array): Promise<Stanza | null> {
  const { kind, wire } = recipient
  if (kind === 'ssh-rsa') return { args: [kind, fingerprint(wire)], body: publicEncrypt({ ...RSA_OPTIONS, key: recipient.key }, fileKey) }
  const point = await montgomeryPoint(recipient.point)
  const ephemeral = privateKey(scalar)
  const shared = point && exchange(ephemeral, point)
  const secret = shared && tweaked(shared, wire)
  if (!secret) return null
  const share = publicPoint(ephemeral)
  const key = deriveKey(secret, Buffer.concat([share, point]), ED25519_INFO)
  try {
    return { args: [kind, fingerprint(wire), encodeUnpadded(share)], body: seal(key, fileKey) }
  } finally {
    secret.fill(0)
    key.fill(0)
  }
}

/** null: not on the curve. */
async function montgomeryPoint(edwards: Uint8Array): Promise<Uint8Array | null> {
  const { ed25519 } = await import('@noble/curves/ed25519.js')
  try {
    return ed25519.utils.toMontgomery(edwards)
  } catch {
    return null
  }
}

/** Whether a stanza names the key: with it, the stanza must open. */
export function isForSshKey({ args }: Stanza, { kind, wire }: Pick<SshPublicKey, 'kind' | 'wire'>): boolean {
  return args[0] === kind && args[1] === fingerprint(wire)
}

/**
 * @returns the file key, owned by the caller; null if the stanza is for another key
 * @throws CodedError METADATA_INVALID - it is for this key, but damaged
 */
export function unwrapForSsh(stanza: Stanza, identity: SshPrivateKey): Buffer | null {
  if (!isForSshKey(stanza, identity)) return null
  const [, , shareText, ...others] = stanza.args
  if (identity.kind === 'ssh-rsa') {
    if (shareText !== undefined) throw malformed('ssh-rsa recipient of a wrong shape')
    return checked(decryptRsa(stanza.body, identity.key))
  }
  const share = decodeUnpadded(shareText ?? '')
  if (others.length > 0 || share?.length !== POINT_BYTES) throw malformed('ssh-ed25519 recipient of a wrong shape')
  return openEd25519(share, stanza.body, identity)
}

function openEd25519(share: Buffer, body: Buffer, { wire, key: own }: SshPrivateKey): Buffer {
  const shared = exchange(own, share)
  const secret = shared && tweaked(shared, wire)
  if (!secret) throw malformed('ssh-ed25519 share of low order')
  const key = deriveKey(secret, Buffer.concat([share, publicPoint(own)]), ED25519_INFO)
  try {
    return checked(open(key, body))
  } finally {
    secret.fill(0)
    key.fill(0)
  }
}

function decryptRsa(body: Buffer, key: KeyObject): Buffer | null {
  try {
    return privateDecrypt({ ...RSA_OPTIONS, key }, body)
  } catch {
    return null
  }
}

function checked(fileKey: Buffer | null): Buffer {
  if (fileKey?.length === FILE_KEY_BYTES) return fileKey
  fileKey?.fill(0)
  throw malformed('failed to decrypt file key')
}
