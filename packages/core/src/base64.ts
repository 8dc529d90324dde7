/**
 * Standard base64, canonical only: padded, no line breaks, no foreign characters, unused bits zero.
 * Follows: RFC 4648 4. Node's own decoder skips what it does not know.
 * @module
 */

/** @returns the bytes, or null if this is not the one text that encodes them */
export function decodeBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : null
}

export function encodeBase64(bytes: Uint8Array): string {
  const view = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return view.toString('base64')
}
