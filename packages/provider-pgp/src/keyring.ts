/**
 * OpenPGP in this process, with keys from files: for machines without GnuPG, such as containers.
 * Keys are read when the first one is needed, and once.
 * Follows: getsops/sops pgp/keysource.go (encryptWithOpenPGP, decryptWithOpenPGP).
 * @module
 */
import { CodedError, FoundOnce } from '@waxseal/core'
import { decryptMessage, encryptMessage, readKeys, unlockKey, type OpenPgpKey, type OpenPgpSecretKey } from './client.ts'
import type { Engine } from './engine.ts'

export interface Keyring {
  /** Asked before the gpg program, not after it. */
  readonly isPreferred: boolean
  /**
   * Armored blocks or binary packets, other keys between them.
   * @throws CodedError if there are none
   */
  secretKeys(): Promise<Uint8Array>
  /** To encrypt to; secret keys will do. @throws CodedError if there are none */
  publicKeys(): Promise<Uint8Array>
  /**
   * Of a protected secret key; asked only when no other key opens a message.
   * @param keyId - the short one, as people and agents know it
   * @throws CodedError if there is none
   */
  passphrase(keyId: string): Promise<string>
  /** It was wrong: nobody is to remember it. Absent: nobody does. */
  forgetPassphrase?(keyId: string): Promise<void>
}

export function keyringEngine(keyring: Keyring): Engine {
  let secret: Promise<readonly OpenPgpKey[]> | undefined
  let known: Promise<readonly OpenPgpKey[]> | undefined
  const unlocked = new FoundOnce<OpenPgpSecretKey, OpenPgpSecretKey>()

  return {
    async wrap(part, fingerprint) {
      const unavailable = (cause?: unknown): CodedError => new CodedError('WRAP_FAILED', `key with fingerprint '${fingerprint}' is not available in keyring`, { cause })
      known ??= keyring.publicKeys().then(readKeys)
      const keys = await known.catch((error: unknown) => {
        throw error instanceof CodedError ? unavailable(error) : error
      })
      const message = await encryptMessage(part, keys, fingerprint)
      if (message === null) throw unavailable()
      return message
    },
    async unwrap(message) {
      secret ??= keyring.secretKeys().then(readKeys)
      return await decryptMessage(message, await secret, (key) => unlocked.get(key, () => unlockKey(key, keyring)))
    },
  }
}
