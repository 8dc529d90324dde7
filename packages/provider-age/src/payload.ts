/**
 * The payload of an age file: chunks of 64 KiB, each sealed under one key with a counter for a nonce, the last one marked.
 * Follows: C2SP age.md (payload), which is the STREAM construction. Vectors: fixtures/cctv-age-20251208
 * @module
 */
import { open, seal, TAG_BYTES } from './primitives.ts'

const CHUNK_BYTES = 64 * 1024
const NONCE_BYTES = 12
const COUNTER_AT = 7 // eleven bytes big-endian; four of them count more chunks than a file can have

function nonceOf(counter: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES)
  nonce.writeUInt32BE(counter, COUNTER_AT)
  nonce[NONCE_BYTES - 1] = isLast ? 1 : 0
  return nonce
}

/**
 * @param key - 32 bytes for this payload alone; borrowed
 * @param plain - at most one chunk
 */
export function sealPayload(key: Uint8Array, plain: Uint8Array): Buffer {
  if (plain.length > CHUNK_BYTES) throw new RangeError('plain: more than one chunk')
  return seal(key, plain, nonceOf(0, true))
}

/**
 * @param key - 32 bytes; borrowed
 * @returns the whole plaintext, owned by the caller; null if anything in it does not authenticate
 */
export function openPayload(key: Uint8Array, sealed: Uint8Array): Buffer | null {
  const chunks: Buffer[] = []
  try {
    for (let at = 0, counter = 0; ; counter++) {
      const end = Math.min(at + CHUNK_BYTES + TAG_BYTES, sealed.length)
      const isLast = end === sealed.length
      const chunk = open(key, sealed.subarray(at, end), nonceOf(counter, isLast))
      if (!chunk) return null
      chunks.push(chunk)
      if (isLast) return chunk.length === 0 && counter > 0 ? null : Buffer.concat(chunks)
      at = end
    }
  } finally {
    for (const chunk of chunks) chunk.fill(0)
  }
}
