/**
 * Nonces of decrypted values, so that a value which did not change is encrypted to the very same token again.
 * Keyed by associated data, type and exact plaintext: under one data key a nonce then never meets two texts.
 * Follows: getsops/sops aes/cipher.go (its stash; that one is keyed by the typed value). The last value decrypted wins.
 * @module
 */

export const NONCE_BYTES = 32

export class NonceCache {
  readonly #byPath = new Map<string, Map<string, Uint8Array>>()

  /** Nonces of another length are forgotten: a new one is drawn instead. */
  remember(path: string, type: string, text: string | Uint8Array, nonce: Uint8Array): void {
    if (nonce.length !== NONCE_BYTES) return
    let nonces = this.#byPath.get(path)
    if (nonces === undefined) this.#byPath.set(path, (nonces = new Map()))
    nonces.set(textKey(type, text), nonce)
  }

  find(path: string, type: string, text: string | Uint8Array): Uint8Array | undefined {
    return this.#byPath.get(path)?.get(textKey(type, text))
  }
}

/** Types are letters only, so the mark tells text from bytes that are no text. */
function textKey(type: string, text: string | Uint8Array): string {
  return typeof text === 'string' ? `${type}:${text}` : `${type}~${Buffer.from(text).toString('latin1')}`
}
