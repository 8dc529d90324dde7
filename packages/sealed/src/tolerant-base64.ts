/**
 * Base64 as Go reads it: standard alphabet, CR and LF skipped anywhere, padding compulsory, unused bits ignored.
 * Follows: RFC 4648 4; encoding/base64 StdEncoding, whose error text and offsets users know. Vectors: test/tolerant-base64.test.ts
 * @module
 */
import { CodedError, decodeBase64, type ErrorCode } from '@waxseal/core'

const LF = 0x0a
const CR = 0x0d
const PAD = 0x3d

/** @throws CodedError `code` - the message tells the byte offset and nothing of the text */
export function decodeTolerantBase64(text: string, code: ErrorCode = 'SEALED_MALFORMED'): Buffer {
  return decodeBase64(text) ?? decodeSlowly(text, code)
}

function decodeSlowly(text: string, code: ErrorCode): Buffer {
  const source = Buffer.from(text, 'utf8')
  const corrupt = (at: number): CodedError => new CodedError(code, `illegal base64 data at input byte ${at}`)
  let digits = '' // what remains without line ends, up to the padding
  let at = 0
  for (; at < source.length; at++) {
    const byte = source[at]
    if (byte === LF || byte === CR) continue
    if (byte === PAD) break
    if (!isDigit(byte)) throw corrupt(at)
    digits += String.fromCharCode(byte)
  }
  const over = digits.length % 4
  if (at === source.length) {
    if (over > 0) throw corrupt(at - over)
    return Buffer.from(digits, 'base64')
  }
  if (over < 2) throw corrupt(at)
  at++
  if (over === 2) {
    at = skipLineEnds(source, at)
    if (at === source.length) throw corrupt(at)
    if (source[at] !== PAD) throw corrupt(at - 1)
    at++
  }
  at = skipLineEnds(source, at)
  if (at < source.length) throw corrupt(at)
  return Buffer.from(digits, 'base64')
}

function isDigit(byte: number | undefined): byte is number {
  if (byte === undefined) return false
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a) || byte === 0x2b || byte === 0x2f
}

function skipLineEnds(source: Buffer, from: number): number {
  let at = from
  while (source[at] === LF || source[at] === CR) at++
  return at
}
