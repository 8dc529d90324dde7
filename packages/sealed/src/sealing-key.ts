/**
 * Private sealing keys: reading them, and opening sealed items with many of them.
 *
 * An item does not say which key it was sealed for. The one that the caller expects is tried first, then the two that opened
 * something last, since what was sealed for an old key seldom comes alone. More than two remembered would cost more wherever
 * many keys are in use.
 *
 * Of the others the smallest modulus is tried first, and only moduli above the item's RSA block at all: the block is a number
 * below the modulus (RFC 8017 5.1.2), anywhere below it with the same chance, so it is likelier the nearer the modulus lies
 * above. Among 60 keys that were used alike an object of five items takes 18 attempts on average, in any fixed order 30.
 * @module
 */
import { createPrivateKey, createPublicKey, webcrypto, type KeyObject } from 'node:crypto'
import { CodedError } from '@waxseal/core'
import { keyFingerprint } from './certificate.ts'
import { openWithSessionKey, rejected, splitSealed, unwrapSessionKey, type SealedParts } from './hybrid.ts'
import { pemBlocks } from './pem.ts'

export interface SealingKey {
  readonly privateKey: KeyObject
  readonly fingerprint: string
  /** Big endian, without zeros in front. */
  readonly modulus: Buffer
}

/** What came out of one sealed item. */
export interface Opened {
  /** The caller owns them. */
  readonly bytes: Buffer
  /** Of the key that opened it. */
  readonly fingerprint: string
}

/**
 * Open one sealed item.
 * @param text - as it stands in `encryptedData`
 * @param label - the OAEP label, from scope.ts
 * @param expected - fingerprint of the key to try first
 * @throws CodedError SEALED_MALFORMED - not base64
 * @throws CodedError SEALED_REJECTED - everything else, with one text
 */
export type OpenItem = (text: string, label: Uint8Array, expected?: string) => Opened
export type OpenItemAsync = (...parameters: Parameters<OpenItem>) => Promise<Opened>

/** Keys that opened something last. */
const REMEMBERED = 2

/** Imported copies of each key. Node works on one copy at a time, on as many copies as libuv has threads. */
const COPIES = 4

/**
 * The first usable RSA key in a PEM text, PKCS#1 or PKCS#8.
 * @throws CodedError SEALING_KEY_INVALID
 */
export function parseSealingKey(text: string): SealingKey {
  for (const { type, der } of pemBlocks(text)) {
    const privateKey = readPrivateKey(type, der)
    if (privateKey === null) continue
    if (privateKey.asymmetricKeyType !== 'rsa') throw new CodedError('SEALING_KEY_INVALID', 'private key is not an RSA key')
    return sealingKey(privateKey)
  }
  throw new CodedError('SEALING_KEY_INVALID', 'data does not contain a valid RSA or ECDSA private key')
}

function readPrivateKey(type: string, der: Buffer): KeyObject | null {
  const kinds = { 'RSA PRIVATE KEY': 'pkcs1', 'PRIVATE KEY': 'pkcs8', 'EC PRIVATE KEY': 'sec1' } as const
  if (!Object.hasOwn(kinds, type)) return null
  try {
    return createPrivateKey({ key: der, format: 'der', type: kinds[type as keyof typeof kinds] })
  } catch {
    return null
  }
}

export function sealingKey(privateKey: KeyObject): SealingKey {
  const publicKey = createPublicKey(privateKey)
  const { n = '' } = publicKey.export({ format: 'jwk' })
  return { privateKey, fingerprint: keyFingerprint(publicKey), modulus: Buffer.from(n, 'base64url') }
}

/** Opens on this thread; an RSA-4096 operation takes milliseconds. */
export function openWith(keys: readonly SealingKey[]): OpenItem {
  const ranking = new Ranking(keys)
  return (text, label, expected) => {
    const parts = splitSealed(text)
    for (const key of ranking.candidates(parts, expected)) {
      const bytes = parts && openParts(parts, unwrapSessionKey(parts, key.privateKey, label))
      if (bytes) return { bytes, fingerprint: ranking.opened(key) }
    }
    throw rejected()
  }
}

/** Opens off the event loop, on several threads. The caller bounds how much is in flight: file work shares the threads. */
export function openWithAsync(keys: readonly SealingKey[], copies: number = COPIES): OpenItemAsync {
  const imported = new Map(keys.map((key) => [key.fingerprint, new ImportedKey(key, copies)]))
  const ranking = new Ranking(keys)
  const open: OpenItemAsync = async (text, label, expected) => {
    const parts = splitSealed(text)
    for (const key of ranking.candidates(parts, expected)) {
      const bytes = parts && openParts(parts, (await imported.get(key.fingerprint)?.unwrap(parts, label)) ?? null)
      if (bytes) return { bytes, fingerprint: ranking.opened(key) }
    }
    throw rejected()
  }
  let first: Promise<unknown> | undefined
  return async (...item) => {
    if (first === undefined) {
      const opened = open(...item)
      first = opened.catch(() => {})
      return opened
    }
    await first // who searches with it finds nothing else
    return open(...item)
  }
}

class Ranking {
  readonly #keys: readonly SealingKey[]
  #latest: readonly SealingKey[] = []

  constructor(keys: readonly SealingKey[]) {
    this.#keys = keys.toSorted((a, b) => Buffer.compare(a.modulus, b.modulus))
  }

  /** Lazily: the first is nearly always the one. */
  *candidates(parts: SealedParts | null, expected: string | undefined): Generator<SealingKey> {
    const latest = this.#latest // as it is now: others open something meanwhile
    const likely = [...this.#keys.filter((key) => key.fingerprint === expected), ...latest.filter((key) => key.fingerprint !== expected)]
    for (const key of likely) if (parts && fits(parts, key)) yield key
    for (const key of this.#keys) if (parts && fits(parts, key) && !likely.includes(key)) yield key
  }

  /** @returns its fingerprint */
  opened(key: SealingKey): string {
    if (this.#latest[0] !== key) this.#latest = [key, ...this.#latest.filter((other) => other !== key)].slice(0, REMEMBERED)
    return key.fingerprint
  }
}

function fits({ wrapped }: SealedParts, { modulus }: SealingKey): boolean {
  return wrapped.length === modulus.length && Buffer.compare(wrapped, modulus) < 0
}

function openParts(parts: SealedParts, sessionKey: Buffer | null): Buffer | null {
  return sessionKey && openWithSessionKey(parts, sessionKey)
}

/** Copies of one key for WebCrypto, made when first needed and used in turn. */
class ImportedKey {
  readonly #key: SealingKey
  readonly #copies: (Promise<webcrypto.CryptoKey> | undefined)[]
  #turn = 0

  constructor(key: SealingKey, copies: number) {
    this.#key = key
    this.#copies = Array.from({ length: copies })
  }

  async unwrap({ wrapped }: SealedParts, label: Uint8Array): Promise<Buffer | null> {
    const key = await this.#next()
    try {
      return Buffer.from(await webcrypto.subtle.decrypt({ name: 'RSA-OAEP', label: Buffer.from(label) }, key, Buffer.from(wrapped)))
    } catch {
      return null
    }
  }

  #next(): Promise<webcrypto.CryptoKey> {
    this.#turn = (this.#turn + 1) % this.#copies.length
    return (this.#copies[this.#turn] ??= this.#import())
  }

  async #import(): Promise<webcrypto.CryptoKey> {
    const der = this.#key.privateKey.export({ format: 'der', type: 'pkcs8' })
    try {
      return await webcrypto.subtle.importKey('pkcs8', new Uint8Array(der), { name: 'RSA-OAEP', hash: 'SHA-256' }, false, ['decrypt'])
    } finally {
      der.fill(0)
    }
  }
}
