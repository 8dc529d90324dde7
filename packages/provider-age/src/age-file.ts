/**
 * An age v1 file: a header of stanzas that each wrap the file key, its MAC, and the payload.
 * Follows: C2SP age.md; RFC 5869 (HKDF). Vectors: fixtures/cctv-age-20251208
 * @module
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { openPayload, sealPayload } from './payload.ts'
import { decodeUnpadded, deriveKey, encodeUnpadded, malformed } from './primitives.ts'
import { StanzaReader, writeStanza, type Stanza } from './stanza.ts'

const VERSION = 'age-encryption.org/v1'
const MAC_BYTES = 32
export const PAYLOAD_NONCE_BYTES = 16
/** A header of more stanzas than this is nobody's. */
const MAX_STANZAS = 1024
const NO_SALT = Buffer.alloc(0)

export interface AgeFile {
  readonly stanzas: readonly Stanza[]
  /** Up to and with the `---` of the last line: what the MAC covers. */
  readonly authenticated: Buffer
  readonly mac: Buffer
  readonly payload: Buffer
}

/** @throws CodedError METADATA_INVALID */
export function parseAgeFile(file: Buffer): AgeFile {
  let at = 0
  const nextLine = (): string => {
    const end = file.indexOf(0x0a, at)
    if (end < 0) throw malformed('header is cut off')
    const text = file.toString('latin1', at, end)
    at = end + 1
    return text
  }
  if (nextLine() !== VERSION) throw malformed(`not ${VERSION}`)
  const stanzas: Stanza[] = []
  const reader = new StanzaReader()
  for (;;) {
    const start = at
    const line = nextLine()
    if (reader.isIdle && line.startsWith('---')) {
      const mac = decodeUnpadded(line.slice(4))
      if (!line.startsWith('--- ') || mac?.length !== MAC_BYTES) throw malformed('header has no MAC')
      if (stanzas.length === 0) throw malformed('header has no recipient')
      return { stanzas, authenticated: file.subarray(0, start + 3), mac, payload: file.subarray(at) }
    }
    const stanza = reader.take(line)
    if (!stanza) continue
    if (stanzas.length >= MAX_STANZAS) throw malformed('too many recipients')
    stanzas.push(stanza)
  }
}

/**
 * @param plain - at most 64 KiB
 * @param fileKey - 16 fresh random bytes; borrowed
 * @param nonce - 16 fresh random bytes
 */
export function writeAgeFile(plain: Uint8Array, fileKey: Uint8Array, stanzas: readonly Stanza[], nonce: Uint8Array): Buffer {
  const authenticated = Buffer.from(`${VERSION}\n${stanzas.map(writeStanza).join('')}---`)
  const payloadKey = deriveKey(fileKey, nonce, 'payload')
  try {
    return Buffer.concat([authenticated, Buffer.from(` ${encodeUnpadded(macOf(authenticated, fileKey))}\n`), nonce, sealPayload(payloadKey, plain)])
  } finally {
    payloadKey.fill(0)
  }
}

/**
 * @param fileKey - 16 bytes; borrowed
 * @returns the payload, owned by the caller
 * @throws CodedError METADATA_INVALID - header or payload do not authenticate
 */
export function readPayload(file: AgeFile, fileKey: Uint8Array): Buffer {
  if (!timingSafeEqual(macOf(file.authenticated, fileKey), file.mac)) throw malformed('bad header MAC')
  if (file.payload.length < PAYLOAD_NONCE_BYTES) throw malformed('the nonce is cut off')
  const payloadKey = deriveKey(fileKey, file.payload.subarray(0, PAYLOAD_NONCE_BYTES), 'payload')
  try {
    const plain = openPayload(payloadKey, file.payload.subarray(PAYLOAD_NONCE_BYTES))
    if (!plain) throw malformed('payload does not authenticate')
    return plain
  } finally {
    payloadKey.fill(0)
  }
}

function macOf(authenticated: Uint8Array, fileKey: Uint8Array): Buffer {
  const key = deriveKey(fileKey, NO_SALT, 'header')
  try {
    return createHmac('sha256', key).update(authenticated).digest()
  } finally {
    key.fill(0)
  }
}
