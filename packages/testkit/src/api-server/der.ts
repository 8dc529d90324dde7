/**
 * As much of DER as a certificate needs.
 * Follows: ITU-T X.690 8 and 10.
 * @module
 */

const SHORT_LENGTH_MAX = 0x7f

/** Tag, length, content. */
export function tlv(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents)
  if (content.length <= SHORT_LENGTH_MAX) return Buffer.concat([Buffer.from([tag, content.length]), content])
  let hex = content.length.toString(16)
  if (hex.length % 2 === 1) hex = `0${hex}`
  const length = Buffer.from(hex, 'hex')
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, content])
}

export function sequence(...items: readonly Uint8Array[]): Buffer {
  return tlv(0x30, ...items)
}

export function set(...items: readonly Uint8Array[]): Buffer {
  return tlv(0x31, ...items)
}

/** @param bytes - big-endian, taken as positive */
export function integer(bytes: Uint8Array): Buffer {
  return (bytes[0] ?? 0) & 0x80 ? tlv(0x02, Buffer.from([0]), bytes) : tlv(0x02, bytes)
}

export function bitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return tlv(0x03, Buffer.from([unusedBits]), bytes)
}

export function octetString(bytes: Uint8Array): Buffer {
  return tlv(0x04, bytes)
}

export function utf8String(text: string): Buffer {
  return tlv(0x0c, Buffer.from(text))
}

export function boolean(value: boolean): Buffer {
  return tlv(0x01, Buffer.from([value ? 0xff : 0]))
}

/** Years 1950 to 2049. */
export function utcTime(time: Date): Buffer {
  return tlv(0x17, Buffer.from(`${time.toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`))
}

/** Context-specific, constructed: `[n]`. */
export function explicit(number: number, ...contents: readonly Uint8Array[]): Buffer {
  return tlv(0xa0 | number, ...contents)
}

export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second]
  for (const arc of rest) {
    const groups = [arc & 0x7f]
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80)
    bytes.push(...groups)
  }
  return tlv(0x06, Buffer.from(bytes))
}
