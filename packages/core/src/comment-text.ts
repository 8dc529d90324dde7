/**
 * Comments are strings, whatever bytes a file of a format without an encoding has in them: in one that is no UTF-8 text a lone surrogate,
 * which no text holds, stands for each byte beyond ASCII. So it comes back to the byte.
 * @module
 */
import { isUtf8 } from 'node:buffer'

const ONLY_BYTES = /^[\0-\x7f\udc80-\udcff]*$/
const BYTE = /[\udc80-\udcff]/
const MARK = 0xdc00

export function commentFromBytes(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString('utf8') : bytes.toString('latin1').replaceAll(/[\x80-\xff]/g, (byte) => String.fromCharCode(MARK + byte.charCodeAt(0)))
}

/** The text as it is, or the bytes of one that is no text. */
export function commentBytes(text: string): string | Uint8Array {
  // one latin1 unit is the low byte of a code unit
  return BYTE.test(text) && ONLY_BYTES.test(text) ? Buffer.from(text, 'latin1') : text
}
