/**
 * The little of DER that an RSA key needs.
 * Follows: ITU-T X.690 8.1.3, 8.3, 8.9.
 * @module
 */

/** @param bytes - big-endian two's complement, as the number stands in SSH's mpint */
export function derInteger(bytes: Uint8Array): Buffer {
  return element(0x02, bytes)
}

export function derSequence(...elements: readonly Buffer[]): Buffer {
  return element(0x30, Buffer.concat(elements))
}

function element(tag: number, content: Uint8Array): Buffer {
  if (content.length < 0x80) return Buffer.concat([Buffer.of(tag, content.length), content])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(content.length)
  const digits = length.subarray(length.findIndex((byte) => byte !== 0))
  return Buffer.concat([Buffer.of(tag, 0x80 | digits.length), digits, content])
}
