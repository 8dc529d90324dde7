/**
 * Standard base64, canonical only: padded, no line breaks, no foreign characters, unused bits zero.
 * Follows: RFC 4648 4. Node's own decoder skips what it does not know.
 * @module
 */

const DIGITS = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
const PADDING = 0x3d

/** @returns the bytes, or null if this is not the one text that encodes them */
export function decodeBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : null
}

export function encodeBase64(bytes: Uint8Array): string {
  const view = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return view.toString('base64')
}

/**
 * As `encodeBase64`, for a few bytes in the midst of a longer text: asking Node for a string would take longer.
 * @returns where the text ends in `into`
 */
export function putBase64(bytes: Uint8Array, into: Uint8Array, at: number): number {
  const rest = bytes.length % 3
  const whole = bytes.length - rest
  let to = at
  for (let from = 0; from < whole; from += 3) {
    const group = (bytes[from]! << 16) | (bytes[from + 1]! << 8) | bytes[from + 2]!
    into[to] = DIGITS[group >> 18]!
    into[to + 1] = DIGITS[(group >> 12) & 63]!
    into[to + 2] = DIGITS[(group >> 6) & 63]!
    into[to + 3] = DIGITS[group & 63]!
    to += 4
  }
  if (rest === 0) return to
  const last = (bytes[whole]! << 16) | (rest === 2 ? bytes[whole + 1]! << 8 : 0)
  into[to] = DIGITS[last >> 18]!
  into[to + 1] = DIGITS[(last >> 12) & 63]!
  into[to + 2] = rest === 2 ? DIGITS[(last >> 6) & 63]! : PADDING
  into[to + 3] = PADDING
  return to + 4
}
