/**
 * One encrypted scalar: `ENC[AES256_GCM,data:D,iv:I,tag:T,type:N]`, fields in canonical padded base64.
 * Follows: getsops/sops aes/cipher.go (wire form); NIST SP 800-38D 7 (AES-GCM with a 256-bit IV, J0 by GHASH).
 * Vectors: test/value-cipher.test.ts
 *
 * Authenticated: the text and its path. Not authenticated: the type, which the file's MAC covers only as far as it changes
 * the text that is hashed. An empty string stands for itself.
 * @module
 */
import { isUtf8 } from 'node:buffer'
import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'
import { decodeBase64, encodeBase64, putBase64 } from './base64.ts'
import { commentBytes, commentFromBytes } from './comment-text.ts'
import { CodedError } from './errors.ts'
import { NONCE_BYTES, type NonceCache } from './nonce-cache.ts'
import type { Value } from './tree.ts'
import { readValue, valueText, valueType } from './value-text.ts'

const ALGORITHM = 'aes-256-gcm'
const TAG_BYTES = 16
const GCM_OPTIONS = { authTagLength: TAG_BYTES }
const PREFIX = 'ENC[AES256_GCM,data:'

/** Plaintext of a token that holds a comment. */
export class Comment {
  /** As `CommentNode` has it. */
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

export type Decrypted = Value | Comment

export interface ValueCipher {
  /**
   * @param path - associated data: the keys joined by ":", plus a trailing ":"
   * @returns the token; the empty string for an empty string or comment
   */
  encrypt(value: Exclude<Decrypted, null>, path: string): string
  /**
   * @param token - exactly as it stands in the file
   * @throws CodedError VALUE_MALFORMED - not a token, non-canonical base64, tag not 16 bytes, text not of its type
   * @throws CodedError VALUE_REJECTED - wrong key, wrong path or altered bytes: one answer for all three
   */
  decrypt(token: string, path: string): Exclude<Decrypted, null>
}

export interface ValueCipherOptions {
  /** Filled by `decrypt`, asked by `encrypt`. */
  readonly nonces?: NonceCache | undefined
  /** Gives fresh bytes that the cipher owns. */
  readonly random: (bytes: number) => Uint8Array
}

/** @param dataKey - 32 bytes, as a `KeyObject`: a raw key costs five times as much on Node 24 */
export function createValueCipher(dataKey: KeyObject, { nonces, random }: ValueCipherOptions): ValueCipher {
  const replay = nonces?.replay()
  return {
    encrypt(value, path) {
      const type = value instanceof Comment ? 'comment' : valueType(value)
      const text = value instanceof Comment ? commentBytes(value.text) : valueText(value)
      if (text.length === 0) return ''
      const nonce = replay?.find(path, type, text) ?? random(NONCE_BYTES)
      const gcm = createCipheriv(ALGORITHM, dataKey, nonce, GCM_OPTIONS)
      gcm.setAAD(Buffer.from(path, 'utf8'))
      const data = typeof text === 'string' ? gcm.update(text, 'utf8') : gcm.update(text)
      gcm.final() // computes the tag; GCM has no last block
      return formatToken({ data, iv: nonce, tag: gcm.getAuthTag(), type })
    },
    decrypt(token, path) {
      if (token === '') return ''
      const { data, iv, tag, type } = parseToken(token, path)
      const bytes = open(dataKey, data, iv, tag, path)
      const value = type === 'comment' ? new Comment(commentFromBytes(bytes)) : readValue(type, bytes)
      if (value === undefined || value === null) throw new CodedError('VALUE_MALFORMED', `value at ${path} is not of its type`, { path })
      nonces?.remember(path, type, exactText(value, bytes), iv)
      return value
    },
  }
}

function open(dataKey: KeyObject, data: Buffer, iv: Uint8Array, tag: Buffer, path: string): Buffer {
  try {
    const gcm = createDecipheriv(ALGORITHM, dataKey, iv, GCM_OPTIONS)
    gcm.setAAD(Buffer.from(path, 'utf8')).setAuthTag(tag)
    const bytes = gcm.update(data) // unverified until final() returns
    try {
      gcm.final()
    } catch (cause) {
      bytes.fill(0)
      throw cause
    }
    return bytes
  } catch {
    throw new CodedError('VALUE_REJECTED', `value at ${path} failed authentication`, { path })
  }
}

interface Token {
  readonly data: Buffer
  readonly iv: Uint8Array
  readonly tag: Buffer
  readonly type: string
}

/** Nearly every token is put together in one buffer: a string for each field costs a third of what the cipher does, and lasts as long as the token. */
const line = Buffer.alloc(1024)
const MAX_LINE_DATA = 512

function formatToken({ data, iv, tag, type }: Token): string {
  if (data.length > MAX_LINE_DATA) return `${PREFIX}${encodeBase64(data)},iv:${encodeBase64(iv)},tag:${encodeBase64(tag)},type:${type}]`
  let end = putBase64(data, line, putAscii(PREFIX, 0))
  end = putBase64(iv, line, putAscii(',iv:', end))
  end = putBase64(tag, line, putAscii(',tag:', end))
  end = putAscii(']', putAscii(type, putAscii(',type:', end)))
  return line.toString('latin1', 0, end)
}

function putAscii(text: string, at: number): number {
  for (let i = 0; i < text.length; i += 1) line[at + i] = text.charCodeAt(i)
  return at + text.length
}

/** Takes what the reference's greedy pattern takes: text behind the last "]" of the first line is ignored. */
function parseToken(token: string, path: string): Token {
  const lineEnd = token.indexOf('\n')
  const end = token.lastIndexOf(']', lineEnd === -1 ? token.length : lineEnd)
  const typeAt = token.lastIndexOf(',type:', end - 7)
  const tagAt = token.lastIndexOf(',tag:', typeAt - 6)
  const ivAt = token.lastIndexOf(',iv:', tagAt - 5)
  if (!token.startsWith(PREFIX) || typeAt < 6 || tagAt < 5 || ivAt <= PREFIX.length) {
    throw new CodedError('VALUE_MALFORMED', `value at ${path} does not match sops' data format`, { path })
  }
  const data = decodeBase64(token.slice(PREFIX.length, ivAt))
  const iv = decodeBase64(token.slice(ivAt + 4, tagAt))
  const tag = decodeBase64(token.slice(tagAt + 5, typeAt))
  if (data === null || iv === null || tag === null) throw new CodedError('VALUE_MALFORMED', `value at ${path} has a field that is not base64`, { path })
  if (tag.length !== TAG_BYTES) throw new CodedError('VALUE_MALFORMED', `value at ${path} has a tag that is not ${TAG_BYTES} bytes`, { path })
  return { data, iv, tag, type: token.slice(typeAt + 6, end) }
}

function exactText(value: Decrypted, bytes: Buffer): string | Uint8Array {
  if (typeof value === 'string') return value
  return value instanceof Comment ? commentBytes(value.text) : isUtf8(bytes) ? bytes.toString('utf8') : bytes
}
