/**
 * Post-quantum hybrid recipients and identities: ML-KEM-768 with X25519 (X-Wing) under HPKE. Node's crypto has no ML-KEM everywhere;
 * the library that has it is loaded when it is first used.
 * Follows: C2SP age.md (the mlkem768x25519 recipient type); RFC 9180 5.1 (key schedule, mode base, HKDF-SHA256, ChaCha20-Poly1305),
 * draft-connolly-cfrg-xwing-kem (KEM 0x647a). Vectors: fixtures/cctv-age-20251208
 * @module
 */
import { createHmac } from 'node:crypto'
import { decodeBech32, encodeBech32 } from './bech32.ts'
import { decodeUnpadded, encodeUnpadded, malformed, open, seal, SEALED_KEY_BYTES } from './primitives.ts'
import type { Stanza } from './stanza.ts'

const KIND = 'mlkem768x25519'
const INFO = Buffer.from('age-encryption.org/mlkem768x25519')
const RECIPIENT_PREFIX = 'age1pq'
const IDENTITY_PREFIX = 'age-secret-key-pq-'
const RECIPIENT_BYTES = 1216 // ML-KEM-768 encapsulation key and X25519 point
const SHARE_BYTES = 1120 // ML-KEM-768 ciphertext and X25519 point
const SEED_BYTES = 32
const KEY_BYTES = 32
const NONCE_BYTES = 12
const NOTHING = Buffer.alloc(0)
/** RFC 9180 5.1: "HPKE", the KEM, HKDF-SHA256 and ChaCha20-Poly1305. */
const SUITE = Buffer.concat([Buffer.from('HPKE'), Buffer.from('647a00010003', 'hex')])

async function loadKem() {
  const { ml_kem768_x25519 } = await import('@noble/post-quantum/hybrid.js')
  return ml_kem768_x25519
}

/** null: not an `age1pq1...` recipient. */
export function parseHybridRecipient(text: string): Buffer | null {
  const found = decodeBech32(text)
  return found?.prefix === RECIPIENT_PREFIX && text === text.toLowerCase() && found.bytes.length === RECIPIENT_BYTES ? found.bytes : null
}

/** The seed, 32 bytes, owned by the caller; null: not an `AGE-SECRET-KEY-PQ-1...` identity. */
export function parseHybridIdentity(text: string): Buffer | null {
  const found = decodeBech32(text)
  if (found?.prefix === IDENTITY_PREFIX && text === text.toUpperCase() && found.bytes.length === SEED_BYTES) return found.bytes
  found?.bytes.fill(0)
  return null
}

/** @param seed - borrowed */
export async function hybridRecipientText(seed: Uint8Array): Promise<string> {
  return encodeBech32(RECIPIENT_PREFIX, (await loadKem()).getPublicKey(seed))
}

/**
 * @param fileKey - 16 bytes; borrowed
 * @param recipient - 1216 bytes
 * @returns null for a recipient that is no key
 */
export async function wrapForHybrid(fileKey: Uint8Array, recipient: Uint8Array): Promise<Stanza | null> {
  const kem = await loadKem()
  let made: ReturnType<typeof kem.encapsulate>
  try {
    made = kem.encapsulate(recipient)
  } catch {
    return null
  }
  return { args: [KIND, encodeUnpadded(made.cipherText)], body: withKey(made.sharedSecret, (key, nonce) => seal(key, fileKey, nonce)) }
}

/**
 * @param seed - of the identity; borrowed
 * @returns 16 bytes, owned by the caller; null if the stanza is of another kind or for another identity
 * @throws CodedError METADATA_INVALID - a stanza of this kind that nobody may write
 */
export async function unwrapForHybrid({ args, body }: Stanza, seed: Uint8Array): Promise<Buffer | null> {
  const [kind, shareText = '', ...others] = args
  if (kind !== KIND) return null
  const share = decodeUnpadded(shareText)
  if (others.length > 0 || share?.length !== SHARE_BYTES || body.length !== SEALED_KEY_BYTES) throw malformed(`${KIND} recipient of a wrong shape`)
  const kem = await loadKem()
  let shared: Uint8Array
  try {
    shared = kem.decapsulate(share, seed)
  } catch {
    throw malformed(`${KIND} share of low order`)
  }
  return withKey(shared, (key, nonce) => open(key, body, nonce))
}

/** Key schedule of HPKE in mode base without PSK. @param shared - taken over and wiped */
function withKey<T>(shared: Uint8Array, use: (key: Buffer, nonce: Buffer) => T): T {
  const context = Buffer.concat([Buffer.of(0), labeledExtract(NOTHING, 'psk_id_hash', NOTHING), labeledExtract(NOTHING, 'info_hash', INFO)])
  const secret = labeledExtract(shared, 'secret', NOTHING)
  const key = labeledExpand(secret, 'key', context, KEY_BYTES)
  try {
    return use(key, labeledExpand(secret, 'base_nonce', context, NONCE_BYTES))
  } finally {
    for (const bytes of [shared, secret, key]) bytes.fill(0)
  }
}

function labeledExtract(salt: Uint8Array, label: string, input: Uint8Array): Buffer {
  return createHmac('sha256', salt).update('HPKE-v1').update(SUITE).update(label).update(input).digest()
}

/** @param length - at most 32: one block of HKDF-Expand */
function labeledExpand(secret: Uint8Array, label: string, info: Uint8Array, length: number): Buffer {
  const size = Buffer.of(length >>> 8, length & 0xff)
  return createHmac('sha256', secret).update(size).update('HPKE-v1').update(SUITE).update(label).update(info).update(Buffer.of(1)).digest().subarray(0, length)
}
