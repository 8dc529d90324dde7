/**
 * What `age-encryption` has and Node's crypto has not: post-quantum hybrid keys. It also opens identity files that a
 * passphrase protects. Loaded when first used.
 * @module
 */
import { decodeBech32 } from './bech32.ts'

const HYBRID_RECIPIENT_BYTES = 1216 // ML-KEM-768 encapsulation key and X25519 point
const HYBRID_SEED_BYTES = 32

/** An `age1pq1...` recipient. */
export function isHybridRecipient(text: string): boolean {
  const found = decodeBech32(text)
  return found?.prefix === 'age1pq' && text === text.toLowerCase() && found.bytes.length === HYBRID_RECIPIENT_BYTES
}

/** An `AGE-SECRET-KEY-PQ-1...` identity. */
export function isHybridIdentity(text: string): boolean {
  const found = decodeBech32(text)
  const fits = found?.prefix === 'age-secret-key-pq-' && text === text.toUpperCase() && found.bytes.length === HYBRID_SEED_BYTES
  found?.bytes.fill(0)
  return fits
}

/** @param recipient - `isHybridRecipient` */
export async function wrapHybrid(part: Uint8Array, recipient: string): Promise<Uint8Array> {
  const { Encrypter } = await import('age-encryption')
  const encrypter = new Encrypter()
  encrypter.addRecipient(recipient)
  return encrypter.encrypt(part)
}

/**
 * @param identities - `isHybridIdentity`
 * @returns null if none of them fits
 */
export async function unwrapHybrid(file: Uint8Array, identities: readonly string[]): Promise<Uint8Array | null> {
  const { Decrypter } = await import('age-encryption')
  const decrypter = new Decrypter()
  for (const identity of identities) decrypter.addIdentity(identity)
  try {
    return await decrypter.decrypt(file)
  } catch {
    return null
  }
}

/** @param identity - `isHybridIdentity` */
export async function hybridRecipient(identity: string): Promise<string> {
  const { identityToRecipient } = await import('age-encryption')
  return identityToRecipient(identity)
}

/**
 * @param file - whole age file, not armored
 * @returns null for a wrong passphrase or a damaged file: nothing tells them apart
 */
export async function openWithPassphrase(file: Uint8Array, passphrase: string): Promise<Uint8Array | null> {
  const { Decrypter } = await import('age-encryption')
  const decrypter = new Decrypter()
  decrypter.addPassphrase(passphrase)
  try {
    return await decrypter.decrypt(file)
  } catch {
    return null
  }
}
