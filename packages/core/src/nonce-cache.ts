/**
 * Nonces of decrypted values, so that a value which did not change is encrypted to the very same token again.
 * Keyed by associated data, type and exact plaintext: under one data key a nonce then never meets two texts.
 * Follows: getsops/sops aes/cipher.go (its stash; that one is keyed by the typed value). The same text twice under one path (elements of a
 * list) gets its nonces back in order, where the reference gives all of them the last.
 * @module
 */

export const NONCE_BYTES = 32

/** Hands out nonces for one encryption of a whole document. */
export interface NonceReplay {
  find(path: string, type: string, text: string | Uint8Array): Uint8Array | undefined
}

interface Remembered {
  readonly nonces: Uint8Array[]
}

export class NonceCache {
  readonly #byPath = new Map<string, Map<string, Remembered>>()

  /** Nonces of another length are forgotten: a new one is drawn instead. */
  remember(path: string, type: string, text: string | Uint8Array, nonce: Uint8Array): void {
    if (nonce.length !== NONCE_BYTES) return
    let texts = this.#byPath.get(path)
    if (texts === undefined) this.#byPath.set(path, (texts = new Map()))
    const key = textKey(type, text)
    const remembered = texts.get(key)
    if (remembered === undefined) texts.set(key, { nonces: [nonce] })
    else remembered.nonces.push(nonce)
  }

  /** Each text's nonces from the first on; the last one again when there are more of it than there were. */
  replay(): NonceReplay {
    const used = new Map<Remembered, number>()
    return {
      find: (path, type, text) => {
        const remembered = this.#byPath.get(path)?.get(textKey(type, text))
        if (remembered === undefined) return undefined
        const { nonces } = remembered
        if (nonces.length === 1) return nonces[0]
        const at = used.get(remembered) ?? 0
        used.set(remembered, at + 1)
        return nonces[Math.min(at, nonces.length - 1)]
      },
    }
  }
}

/** Types are letters only, so the mark tells text from bytes that are no text. */
function textKey(type: string, text: string | Uint8Array): string {
  return typeof text === 'string' ? `${type}:${text}` : `${type}~${Buffer.from(text).toString('latin1')}`
}
