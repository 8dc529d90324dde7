/**
 * An age v1 file of one small chunk: header with stanzas, HMAC, payload.
 * Follows: C2SP age.md (file key, header, payload); RFC 5869 (HKDF), RFC 8439 (ChaCha20-Poly1305). Vectors: fixtures/cctv-age-20251208
 * @module
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { CodedError } from '@waxseal/core'

const VERSION = 'age-encryption.org/v1'
export const FILE_KEY_BYTES = 16
const KEY_BYTES = 32
const TAG_BYTES = 16
export const PAYLOAD_NONCE_BYTES = 16
const CHUNK_BYTES = 64 * 1024
const BODY_COLUMNS = 64
/** Counter 0 and the flag of a last chunk. */
const FIRST_AND_LAST = Buffer.from('000000000000000000000001', 'hex')
const ZERO_NONCE = Buffer.alloc(12)
/** A header of more stanzas than this is nobody's. */
const MAX_STANZAS = 1024

export interface Stanza {
  readonly args: readonly string[]
  readonly body: Buffer
}

export interface AgeFile {
  readonly stanzas: readonly Stanza[]
  /** Up to and with the `---` of the last line: what the MAC covers. */
  readonly authenticated: Buffer
  readonly mac: Buffer
  readonly payload: Buffer
}

/** Unpadded standard Base64. */
export function encodeUnpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}

/** null when not exactly what `encodeUnpadded` writes. */
export function decodeUnpadded(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64')
  return encodeUnpadded(bytes) === text ? bytes : null
}

export function malformed(what: string): CodedError {
  return new CodedError('METADATA_INVALID', `malformed age file: ${what}`)
}

/** @throws CodedError METADATA_INVALID */
export function parseAgeFile(file: Buffer): AgeFile {
  let at = 0
  const line = (): string => {
    const end = file.indexOf(0x0a, at)
    if (end < 0) throw malformed('header is cut off')
    const text = file.toString('latin1', at, end)
    if (!/^[\x20-\x7e]*$/.test(text)) throw malformed('header is not ASCII')
    at = end + 1
    return text
  }
  if (line() !== VERSION) throw malformed(`not ${VERSION}`)
  const stanzas: Stanza[] = []
  for (;;) {
    const start = at
    const text = line()
    if (text.startsWith('---')) {
      const mac = decodeUnpadded(text.slice(4))
      if (!text.startsWith('--- ') || mac?.length !== KEY_BYTES) throw malformed('header has no MAC')
      if (stanzas.length === 0) throw malformed('header has no recipient')
      return { stanzas, authenticated: file.subarray(0, start + 3), mac, payload: file.subarray(at) }
    }
    const args = text.split(' ')
    if (args.shift() !== '->' || args.length === 0 || args.includes('')) throw malformed('not a recipient stanza')
    if (stanzas.length >= MAX_STANZAS) throw malformed('too many recipients')
    const parts: Buffer[] = []
    for (let columns = BODY_COLUMNS; columns === BODY_COLUMNS; ) {
      const body = line()
      const bytes = decodeUnpadded(body)
      if (body.length > BODY_COLUMNS || !bytes) throw malformed('recipient body is not Base64')
      parts.push(bytes)
      columns = body.length
    }
    stanzas.push({ args, body: Buffer.concat(parts) })
  }
}

function derive(secret: Uint8Array, salt: Uint8Array, info: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, info, KEY_BYTES))
}

/** HKDF of a recipient type's own. @param secret - shared secret; borrowed */
export function deriveWrapKey(secret: Uint8Array, salt: Uint8Array, info: string): Buffer {
  return derive(secret, salt, info)
}

/** ChaCha20-Poly1305 under a key that is used once; ciphertext and tag. */
export function seal(key: Uint8Array, plain: Uint8Array, nonce: Uint8Array = ZERO_NONCE): Buffer {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES })
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** @returns null when it does not authenticate */
export function open(key: Uint8Array, sealed: Uint8Array, nonce: Uint8Array = ZERO_NONCE): Buffer | null {
  if (sealed.length < TAG_BYTES) return null
  const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
  const plain = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES)) // unverified until final() returns
  try {
    decipher.final()
    return plain
  } catch {
    plain.fill(0)
    return null
  }
}

/**
 * @param plain - at most 64 KiB
 * @param fileKey - 16 fresh random bytes
 * @param nonce - 16 fresh random bytes
 */
export function writeAgeFile(plain: Uint8Array, fileKey: Uint8Array, stanzas: readonly Stanza[], nonce: Uint8Array): Buffer {
  if (plain.length > CHUNK_BYTES) throw new RangeError('plain: more than one chunk')
  const lines = [VERSION]
  for (const { args, body } of stanzas) {
    const text = encodeUnpadded(body)
    lines.push(`-> ${args.join(' ')}`)
    for (let i = 0; i <= text.length; i += BODY_COLUMNS) lines.push(text.slice(i, i + BODY_COLUMNS))
  }
  const authenticated = Buffer.from(`${lines.join('\n')}\n---`)
  const macKey = derive(fileKey, Buffer.alloc(0), 'header')
  const payloadKey = derive(fileKey, nonce, 'payload')
  try {
    const mac = createHmac('sha256', macKey).update(authenticated).digest()
    return Buffer.concat([authenticated, Buffer.from(` ${encodeUnpadded(mac)}\n`), nonce, seal(payloadKey, plain, FIRST_AND_LAST)])
  } finally {
    macKey.fill(0)
    payloadKey.fill(0)
  }
}

/**
 * @param fileKey - 16 bytes; borrowed
 * @returns the payload, owned by the caller
 * @throws CodedError METADATA_INVALID - header or payload do not authenticate
 */
export function readPayload(file: AgeFile, fileKey: Uint8Array): Buffer {
  const macKey = derive(fileKey, Buffer.alloc(0), 'header')
  const payloadKey = derive(fileKey, file.payload.subarray(0, PAYLOAD_NONCE_BYTES), 'payload')
  try {
    if (!timingSafeEqual(createHmac('sha256', macKey).update(file.authenticated).digest(), file.mac)) throw malformed('bad header MAC')
    if (file.payload.length > PAYLOAD_NONCE_BYTES + CHUNK_BYTES + TAG_BYTES) throw malformed('payload is too large for a data key')
    const plain = open(payloadKey, file.payload.subarray(PAYLOAD_NONCE_BYTES), FIRST_AND_LAST)
    if (!plain) throw malformed('payload does not authenticate')
    return plain
  } finally {
    macKey.fill(0)
    payloadKey.fill(0)
  }
}
