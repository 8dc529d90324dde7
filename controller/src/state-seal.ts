/**
 * Keyed digests of what is remembered outside the process: of a Secret's data, and of an entry as a whole. The key comes from
 * the sealing key that opened the SealedSecret, so nobody who reads the state can try values against a digest, nobody who
 * writes it can make an entry up, and a new sealing key makes nothing invalid.
 *
 *     key    = HKDF-SHA256(private key as PKCS#8 DER, no salt, "waxseal.dev/state")
 *     digest = base64url(HMAC-SHA256(key, purpose | 0 | JSON of the parts))
 *
 * @module
 */
import { createHmac, createSecretKey, hkdfSync, timingSafeEqual, type KeyObject } from 'node:crypto'
import type { SealingKey } from '@waxseal/sealed'
import type { SecretObject } from './observe.ts'

const PURPOSE = 'waxseal.dev/state'
const KEY_BYTES = 32

export class StateSeal {
  readonly #sealingKey: (fingerprint: string) => SealingKey | undefined
  /** They go with the sealing keys. */
  readonly #keys = new WeakMap<SealingKey, KeyObject>()

  constructor(sealingKey: (fingerprint: string) => SealingKey | undefined) {
    this.#sealingKey = sealingKey
  }

  /** @returns '' if the key is not loaded */
  ofData(fingerprint: string, { data }: SecretObject): string {
    const items = Object.entries(data ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
    return this.#digest(fingerprint, 'data', items)
  }

  ofEntry(fingerprint: string, parts: readonly unknown[]): string {
    return this.#digest(fingerprint, 'entry', parts)
  }

  #digest(fingerprint: string, what: string, parts: unknown): string {
    const key = this.#keyOf(fingerprint)
    return key ? createHmac('sha256', key).update(`${what}\0${JSON.stringify(parts)}`).digest('base64url') : ''
  }

  /** Only of keys that are still loaded: a retired key vouches for nothing. */
  #keyOf(fingerprint: string): KeyObject | undefined {
    const sealingKey = this.#sealingKey(fingerprint)
    if (!sealingKey) return undefined
    const known = this.#keys.get(sealingKey)
    if (known) return known
    const der = sealingKey.privateKey.export({ format: 'der', type: 'pkcs8' })
    const derived = Buffer.from(hkdfSync('sha256', der, Buffer.alloc(0), PURPOSE, KEY_BYTES))
    const key = createSecretKey(derived)
    der.fill(0)
    derived.fill(0)
    this.#keys.set(sealingKey, key)
    return key
  }
}

/** In constant time. The empty digest equals nothing. */
export function isSameDigest(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length > 0 && left.length === right.length && timingSafeEqual(left, right)
}
