/**
 * Private keys in PEM: PKCS 1, PKCS 8, and both with a passphrase.
 * Follows: RFC 7468, RFC 1421 4.6 (`Proc-Type: 4,ENCRYPTED`), RFC 8410 7 (Ed25519).
 * @module
 */
import { createPrivateKey, createPublicKey, type KeyObject, type PrivateKeyInput } from 'node:crypto'
import { ED25519_BYTES, ed25519Key, rsaKey, unreadable, type LockedSshKey, type SshPrivateKey } from './ssh-key.ts'

const PROTECTED = /^(?:-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED)$/m

/** @param block - from its first line to its last */
export function readPemKey(block: string): SshPrivateKey | LockedSshKey {
  const input: PrivateKeyInput = { key: block, format: 'pem' }
  if (PROTECTED.test(block)) return { kind: 'locked', publicKey: null, unlock: async (passphrase) => decoded({ ...input, passphrase }) }
  return decoded(input) ?? fail()
}

function fail(): never {
  throw unreadable('malformed private key')
}

/** null: damaged, or the passphrase is wrong; the format does not tell. */
function decoded(input: PrivateKeyInput): SshPrivateKey | null {
  let key: KeyObject
  try {
    key = createPrivateKey(input)
  } catch {
    return null
  }
  if (key.asymmetricKeyType === 'ed25519') return ed25519From(key)
  if (key.asymmetricKeyType === 'rsa') {
    const { n = '', e = '' } = createPublicKey(key).export({ format: 'jwk' })
    return rsaKey(key, mpint(e), mpint(n))
  }
  throw unreadable(`keys of type ${key.asymmetricKeyType ?? 'unknown'} cannot be used`)
}

function ed25519From(key: KeyObject): SshPrivateKey {
  const der = key.export({ format: 'der', type: 'pkcs8' })
  const point = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-ED25519_BYTES)
  try {
    return ed25519Key(der.subarray(-ED25519_BYTES), point)
  } finally {
    der.fill(0)
  }
}

/** A zero byte keeps the highest bit free. */
function mpint(base64url: string): Buffer {
  const bytes = Buffer.from(base64url, 'base64url')
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes
}
