/**
 * Bech32 without its length limit of 90, as age spells keys: lower case for recipients, upper case for identities.
 * Follows: BIP 173 (checksum constant 1); C2SP age.md.
 * @module
 */

const ALPHABET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]
const CHECKSUM_LENGTH = 6
/** More than a plugin can be told in a line. */
const MAX_LENGTH = 64 * 1024
const PREFIX = /^[\x21-\x7e]+$/

function polymod(values: readonly number[]): number {
  let checksum = 1
  for (const value of values) {
    const top = checksum >>> 25
    checksum = ((checksum & 0x1ffffff) << 5) ^ value
    for (const [i, word] of GENERATOR.entries()) if ((top >>> i) & 1) checksum ^= word
  }
  return checksum
}

function expandPrefix(prefix: string): number[] {
  const codes = Array.from(prefix, (c) => c.charCodeAt(0))
  return [...codes.map((code) => code >>> 5), 0, ...codes.map((code) => code & 31)]
}

/** Regroups bits; null when padding is wrong. */
export function regroup(data: Iterable<number>, from: number, to: number, pad: boolean): number[] | null {
  const out: number[] = []
  let bits = 0
  let value = 0
  for (const item of data) {
    value = ((value << from) | item) & 0xfff
    bits += from
    while (bits >= to) {
      bits -= to
      out.push((value >>> bits) & ((1 << to) - 1))
    }
  }
  if (pad) {
    if (bits > 0) out.push((value << (to - bits)) & ((1 << to) - 1))
  } else if (bits >= from || ((value << (to - bits)) & ((1 << to) - 1)) !== 0) return null
  return out
}

/** @param prefix - lower case */
export function encodeBech32(prefix: string, bytes: Uint8Array): string {
  const words = regroup(bytes, 8, 5, true) as number[]
  const checksum = polymod([...expandPrefix(prefix), ...words, 0, 0, 0, 0, 0, 0]) ^ 1
  const tail = Array.from({ length: CHECKSUM_LENGTH }, (_, i) => (checksum >>> (5 * (5 - i))) & 31)
  return `${prefix}1${[...words, ...tail].map((word) => ALPHABET[word]).join('')}`
}

/** Why a text is no Bech32, in age's words; it tells nothing of the text but its length. Empty: its spelling is right. */
export function bech32Fault(text: string): string {
  const at = text.lastIndexOf('1')
  if (at < 1 || text.length - at - 1 < CHECKSUM_LENGTH) return `: separator '1' at invalid position: pos=${at}, len=${text.length}`
  const found = decodeBech32(text)
  found?.bytes.fill(0)
  return found ? '' : ': invalid checksum'
}

/** @returns the prefix in lower case and the bytes, owned by the caller; null for anything but exact Bech32 of one case */
export function decodeBech32(text: string): { readonly prefix: string; readonly bytes: Buffer } | null {
  if (text.length > MAX_LENGTH) return null
  const lower = text.toLowerCase()
  if (text !== lower && text !== text.toUpperCase()) return null
  const at = lower.lastIndexOf('1')
  if (at < 1 || lower.length - at - 1 < CHECKSUM_LENGTH) return null
  const prefix = lower.slice(0, at)
  if (!PREFIX.test(prefix)) return null
  const words = Array.from(lower.slice(at + 1), (c) => ALPHABET.indexOf(c))
  if (words.includes(-1) || polymod([...expandPrefix(prefix), ...words]) !== 1) return null
  const digits = words.slice(0, -CHECKSUM_LENGTH)
  const values = regroup(digits, 5, 8, false)
  const bytes = values && Buffer.from(values)
  for (const secret of [words, digits, values]) secret?.fill(0)
  return bytes && { prefix, bytes }
}
