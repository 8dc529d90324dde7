/**
 * Text of formats that take any bytes: a string with one character per byte, so that offsets are byte offsets and nothing is lost.
 * @module
 */
import { isUtf8 } from 'node:buffer'
import { commentBytes, commentFromBytes } from '@waxseal/core'

const NON_ASCII = /[\x80-\xff]/

export function byteText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'latin1')
}

/** The string or bytes that a piece of byte text stands for. */
export function decodePiece(piece: string): string | Uint8Array {
  if (!NON_ASCII.test(piece)) return piece
  const bytes = Buffer.from(piece, 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : new Uint8Array(bytes)
}

export function encodePiece(value: string | Uint8Array): string {
  return typeof value === 'string' ? Buffer.from(value, 'utf8').toString('latin1') : byteText(value)
}

/** The text of the comment that a piece of byte text holds. */
export function decodeComment(piece: string): string {
  return NON_ASCII.test(piece) ? commentFromBytes(Buffer.from(piece, 'latin1')) : piece
}

export function encodeComment(text: string): string {
  return encodePiece(commentBytes(text))
}
