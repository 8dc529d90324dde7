/**
 * The recorded kubeseal cases: reading them, and turning what was printed into the form in which they were recorded. Every
 * ciphertext is opened by hand (RFC 8017 7.1.2), so that key, OAEP label and plaintext are compared too.
 * Format: fixtures/sealed-secrets-0.38.4-de72a97b/PROVENANCE.md.
 * @module
 */
import { constants, createDecipheriv, createHash, createPrivateKey, privateDecrypt, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FIXTURES } from '../test-context.ts'

export const CORPUS = join(FIXTURES, 'sealed-secrets-0.38.4-de72a97b')
const HASH_BYTES = 32
const TAG_BYTES = 16
const LONG_VALUE_BYTES = 256
const CIPHERTEXT = /A[A-Za-z0-9+/]{170,}={0,2}/g
/** Item names of an error come in any order from the original. */
const NAME_LIST = /\(([^\s(),]+(?:, [^\s(),]+)+)\)/g

export interface Content {
  readonly text?: string
  readonly b64?: string
  readonly ref?: string
}

export interface Exchange {
  readonly method: string
  readonly path: string
  readonly accept: string
  readonly body: string
}

export interface Outcome {
  readonly exit: number
  readonly stdout: string
  readonly stderr: string
  readonly files: Readonly<Record<string, { readonly text: string; readonly mode: string }>>
  readonly requests?: readonly Exchange[]
}

export interface Case {
  readonly id: string
  readonly area: string
  readonly argv: readonly string[]
  readonly note?: string
  readonly class?: string
  readonly stdin?: Content
  readonly env?: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, Content>>
  readonly http?: Readonly<Record<string, { readonly status: number; readonly type?: string; readonly body: string }>>
  readonly expect: Partial<Outcome> & { readonly stdout_re?: string; readonly stderr_re?: string }
}

interface Index {
  readonly labels: readonly string[]
  readonly keys: readonly { readonly name: string; readonly private?: string }[]
  readonly cases: readonly Case[]
}

export const index = JSON.parse(readFileSync(join(CORPUS, 'index.json'), 'utf8')) as Index

export function contentOf({ text, b64, ref }: Content): Buffer {
  if (text !== undefined) return Buffer.from(text, 'utf8')
  return b64 === undefined ? readFileSync(join(CORPUS, ref ?? '')) : Buffer.from(b64, 'base64')
}

const keys: readonly (readonly [string, KeyObject])[] = index.keys
  .filter(({ private: file }) => file !== undefined)
  .map(({ name, private: file = '' }) => [name, createPrivateKey(readFileSync(join(CORPUS, file)))] as const)
  .filter(([, key]) => key.asymmetricKeyType === 'rsa')
const labels = new Map(index.labels.map((label) => [sha256(Buffer.from(label)).toString('hex'), label]))

/** Labels beside those of the recorded cases. */
export function knowLabels(...more: readonly string[]): void {
  for (const label of more) labels.set(sha256(Buffer.from(label)).toString('hex'), label)
}

/** Ciphertexts as what is in them, item lists sorted. */
export function normalise(text: string): string {
  return text.replace(CIPHERTEXT, describe).replace(NAME_LIST, (_, names: string) => `(${names.split(', ').sort().join(', ')})`)
}

function describe(ciphertext: string): string {
  const bytes = Buffer.from(ciphertext, 'base64')
  const end = 2 + bytes.readUInt16BE()
  for (const [name, key] of keys) {
    const opened = openOaep(key, bytes.subarray(2, end))
    const plaintext = opened && openGcm(opened.message, bytes.subarray(end))
    if (!opened || !plaintext) continue
    const isLong = plaintext.length > LONG_VALUE_BYTES
    const value = isLong ? `len=${plaintext.length} sha256=${sha256(plaintext).toString('hex')}` : `b64=${plaintext.toString('base64')}`
    return `<sealed key=${name} label='${labels.get(opened.labelHash) ?? '?'}' ${value}>`
  }
  return ciphertext
}

function openOaep(key: KeyObject, block: Buffer): { readonly labelHash: string; readonly message: Buffer } | undefined {
  let encoded: Buffer
  try {
    encoded = privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, block)
  } catch {
    return undefined
  }
  const seed = xor(encoded.subarray(1, 1 + HASH_BYTES), mask(encoded.subarray(1 + HASH_BYTES), HASH_BYTES))
  const data = xor(encoded.subarray(1 + HASH_BYTES), mask(seed, encoded.length - 1 - HASH_BYTES))
  const start = data.indexOf(1, HASH_BYTES)
  if (encoded[0] !== 0 || start < 0 || data.subarray(HASH_BYTES, start).some((byte) => byte !== 0)) return undefined
  return { labelHash: data.subarray(0, HASH_BYTES).toString('hex'), message: data.subarray(start + 1) }
}

function openGcm(key: Buffer, ciphertext: Buffer): Buffer | undefined {
  try {
    const gcm = createDecipheriv('aes-256-gcm', key, Buffer.alloc(12), { authTagLength: TAG_BYTES })
    gcm.setAuthTag(ciphertext.subarray(-TAG_BYTES))
    return Buffer.concat([gcm.update(ciphertext.subarray(0, -TAG_BYTES)), gcm.final()])
  } catch {
    return undefined
  }
}

/** MGF1 with SHA-256. */
function mask(seed: Buffer, length: number): Buffer {
  const blocks: Buffer[] = []
  for (let counter = 0; counter * HASH_BYTES < length; counter++) {
    const number = Buffer.alloc(4)
    number.writeUInt32BE(counter)
    blocks.push(sha256(Buffer.concat([seed, number])))
  }
  return Buffer.concat(blocks).subarray(0, length)
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, at) => byte ^ (b[at] ?? 0)))
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}
