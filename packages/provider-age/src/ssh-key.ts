/**
 * SSH keys as files hold them: a line `ssh-ed25519 BASE64 comment`, an OpenSSH private key, or PEM.
 * Follows: RFC 4253 6.6 and RFC 8709 4 (public keys), RFC 4251 5 (string, mpint), OpenSSH PROTOCOL.key (private keys).
 * @module
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { CodedError } from '@waxseal/core'
import { derInteger, derSequence } from './der.ts'

const ED25519_BYTES = 32
const MAGIC = Buffer.from('openssh-key-v1\0')
const OPENSSH = /^-----BEGIN OPENSSH PRIVATE KEY-----\n([A-Za-z0-9+/=\n]+)-----END OPENSSH PRIVATE KEY-----\s*$/

/** `wire` is the whole public key as the SSH protocol carries it: what fingerprints are made of. */
export type SshPublicKey =
  | { readonly kind: 'ssh-ed25519'; readonly wire: Buffer; readonly point: Buffer }
  | { readonly kind: 'ssh-rsa'; readonly wire: Buffer; readonly key: KeyObject }

export type SshPrivateKey =
  | { readonly kind: 'ssh-ed25519'; readonly wire: Buffer; readonly seed: Buffer }
  | { readonly kind: 'ssh-rsa'; readonly wire: Buffer; readonly key: KeyObject }

/** Fields of the wire form, one after the other; `null` once one is cut off. */
class WireReader {
  #rest: Buffer
  constructor(bytes: Buffer) {
    this.#rest = bytes
  }

  get isAtEnd(): boolean {
    return this.#rest.length === 0
  }

  number(): number | null {
    if (this.#rest.length < 4) return null
    const value = this.#rest.readUInt32BE()
    this.#rest = this.#rest.subarray(4)
    return value
  }

  bytes(): Buffer | null {
    const length = this.number()
    if (length === null || length > this.#rest.length) return null
    const bytes = this.#rest.subarray(0, length)
    this.#rest = this.#rest.subarray(length)
    return bytes
  }

  text(): string | null {
    return this.bytes()?.toString('latin1') ?? null
  }
}

function wireOf(...fields: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    fields.flatMap((field) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(field.length)
      return [length, field]
    }),
  )
}

/** null: not a public key of a kind that age knows. */
export function parseSshPublicKey(line: string): SshPublicKey | null {
  const [kind = '', base64 = ''] = line.split(/[ \t]+/, 2)
  const wire = Buffer.from(base64, 'base64')
  if (wire.toString('base64') !== base64) return null
  return publicKeyOf(kind, wire)
}

function publicKeyOf(kind: string, wire: Buffer): SshPublicKey | null {
  const reader = new WireReader(wire)
  if (reader.text() !== kind) return null
  if (kind === 'ssh-ed25519') {
    const point = reader.bytes()
    return point?.length === ED25519_BYTES && reader.isAtEnd ? { kind, wire, point } : null
  }
  if (kind !== 'ssh-rsa') return null
  const [exponent, modulus] = [reader.bytes(), reader.bytes()]
  if (!exponent || !modulus || !reader.isAtEnd) return null
  try {
    const key = createPublicKey({ key: derSequence(derInteger(modulus), derInteger(exponent)), format: 'der', type: 'pkcs1' })
    return { kind, wire, key }
  } catch {
    return null
  }
}

function unreadable(reason: string): CodedError {
  return new CodedError('IDENTITY_INVALID', `ssh: ${reason}`)
}

/** @throws CodedError IDENTITY_INVALID - no key, a key of another kind, or one that a passphrase protects */
export function parseSshPrivateKey(source: Uint8Array | string): SshPrivateKey {
  const text = Buffer.from(source).toString('latin1').replaceAll('\r\n', '\n')
  if (!text.startsWith('-----BEGIN ')) throw unreadable('no key found')
  const openSsh = OPENSSH.exec(text)?.[1]
  return openSsh === undefined ? fromPem(text) : fromOpenSsh(Buffer.from(openSsh, 'base64'))
}

function fromOpenSsh(file: Buffer): SshPrivateKey {
  if (!file.subarray(0, MAGIC.length).equals(MAGIC)) throw unreadable('invalid openssh private key format')
  const reader = new WireReader(file.subarray(MAGIC.length))
  const cipher = reader.text()
  reader.text() // key derivation
  reader.bytes() // and its options
  const count = reader.number()
  const wire = reader.bytes()
  const secret = reader.bytes()
  if (count !== 1 || !wire || !secret || !reader.isAtEnd) throw unreadable('malformed OpenSSH key')
  if (cipher !== 'none') throw isProtected()
  const fields = new WireReader(secret)
  const [check, again, kind] = [fields.number(), fields.number(), fields.text()]
  if (check === null || check !== again) throw unreadable('malformed OpenSSH key')
  const key = kind === 'ssh-ed25519' ? ed25519From(fields, wire) : kind === 'ssh-rsa' ? rsaFrom(fields, wire) : undefined
  if (key === undefined) throw unreadable(`keys of type ${JSON.stringify(kind)} cannot be used`)
  if (key === null) throw unreadable('malformed OpenSSH key')
  return key
}

function ed25519From(fields: WireReader, wire: Buffer): SshPrivateKey | null {
  const [point, pair] = [fields.bytes(), fields.bytes()]
  if (point?.length !== ED25519_BYTES || pair?.length !== 2 * ED25519_BYTES) return null
  return { kind: 'ssh-ed25519', wire, seed: pair.subarray(0, ED25519_BYTES) }
}

function rsaFrom(fields: WireReader, wire: Buffer): SshPrivateKey | null {
  const [n, e, d, inverse, p, q] = [fields.bytes(), fields.bytes(), fields.bytes(), fields.bytes(), fields.bytes(), fields.bytes()]
  if (!n || !e || !d || !inverse || !p || !q) return null
  const der = derSequence(...[Buffer.of(0), n, e, d, p, q, reduced(d, p), reduced(d, q), inverse].map(derInteger))
  try {
    return { kind: 'ssh-rsa', wire, key: createPrivateKey({ key: der, format: 'der', type: 'pkcs1' }) }
  } catch {
    return null
  } finally {
    der.fill(0)
  }
}

/** d mod (p - 1), which OpenSSH leaves out. */
function reduced(d: Buffer, p: Buffer): Buffer {
  const number = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex') || '0'}`)
  const divisor = number(p) - 1n
  const hex = (divisor > 0n ? number(d) % divisor : 0n).toString(16)
  return Buffer.from(`00${hex.length % 2 ? '0' : ''}${hex}`, 'hex')
}

function fromPem(text: string): SshPrivateKey {
  if (/^(?:-----BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED)/m.test(text)) throw isProtected()
  let key: KeyObject
  try {
    key = createPrivateKey({ key: text, format: 'pem' })
  } catch {
    throw unreadable('malformed private key')
  }
  const publicKey = createPublicKey(key)
  if (key.asymmetricKeyType === 'ed25519') {
    const seed = key.export({ format: 'der', type: 'pkcs8' }).subarray(-ED25519_BYTES)
    const point = publicKey.export({ format: 'der', type: 'spki' }).subarray(-ED25519_BYTES)
    return { kind: 'ssh-ed25519', wire: wireOf(Buffer.from('ssh-ed25519'), point), seed }
  }
  if (key.asymmetricKeyType === 'rsa') {
    const { n = '', e = '' } = publicKey.export({ format: 'jwk' })
    return { kind: 'ssh-rsa', wire: wireOf(Buffer.from('ssh-rsa'), positive(e), positive(n)), key }
  }
  throw unreadable(`keys of type ${key.asymmetricKeyType ?? 'unknown'} cannot be used`)
}

/** A number as mpint has it: a zero byte keeps the highest bit free. */
function positive(base64url: string): Buffer {
  const bytes = Buffer.from(base64url, 'base64url')
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes
}

function isProtected(): CodedError {
  return new CodedError('IDENTITY_INVALID', 'ssh: this private key is protected by a passphrase, which is not supported', { hint: 'use a key without one, or an age identity' })
}
