/**
 * Private keys as ssh-keygen writes them: `openssh-key-v1`, cipher, key derivation, public key, and a part that may be encrypted.
 * Follows: OpenSSH PROTOCOL.key; bcrypt_pbkdf(3). Fixtures: fixtures/openssh-9.2p1
 * @module
 */
import { createDecipheriv, createPrivateKey } from 'node:crypto'
import { CodedError } from '@waxseal/core'
import { derInteger, derSequence } from './der.ts'
import { ED25519_BYTES, ed25519Key, MAX_MODULUS_BYTES, publicKeyOf, rsaKey, unreadable, type LockedSshKey, type SshPrivateKey } from './ssh-key.ts'
import { WireReader } from './ssh-wire.ts'

const MAGIC = Buffer.from('openssh-key-v1\0')
const BLOCK_BYTES = 16
/** As the reference's limit: some half a minute here. ssh-keygen takes 16 or 24 unless it is told otherwise. */
const MAX_ROUNDS = 2048
const MAX_SALT_BYTES = 1024
/** By the name that OpenSSH gives it: what Node calls it, and its key. */
const CIPHERS: ReadonlyMap<string, readonly [name: string, keyBytes: number]> = new Map([
  ['aes256-ctr', ['aes-256-ctr', 32]],
  ['aes192-ctr', ['aes-192-ctr', 24]],
  ['aes128-ctr', ['aes-128-ctr', 16]],
  ['aes256-cbc', ['aes-256-cbc', 32]],
  ['aes192-cbc', ['aes-192-cbc', 24]],
  ['aes128-cbc', ['aes-128-cbc', 16]],
])
const CHANGE_CIPHER = { hint: 'ssh-keygen -p -Z aes256-ctr -f FILE encrypts the key with a cipher that is' }

const damaged = (): CodedError => unreadable('malformed OpenSSH key')

/** @param file - kept while the key is locked */
export function readOpenSshKey(file: Buffer): SshPrivateKey | LockedSshKey {
  if (!file.subarray(0, MAGIC.length).equals(MAGIC)) throw unreadable('invalid openssh private key format')
  const reader = new WireReader(file.subarray(MAGIC.length))
  const [cipher, kdf, kdfOptions, count, wire, secret] = [reader.text(), reader.text(), reader.bytes(), reader.number(), reader.bytes(), reader.bytes()]
  if (cipher === null || kdf === null || !kdfOptions || count !== 1 || !wire || !secret) throw damaged()
  if (cipher === 'none' && kdf === 'none') {
    try {
      if (!reader.isAtEnd) throw damaged()
      return readSecret(secret) ?? fail()
    } finally {
      file.fill(0)
    }
  }
  const publicKey = publicKeyOf(wire) ?? fail(otherKind(new WireReader(wire).text()))
  const derivation = readDerivation(cipher, kdf, kdfOptions)
  if (!reader.isAtEnd || secret.length % BLOCK_BYTES !== 0) throw damaged()
  return {
    kind: 'locked',
    publicKey,
    async unlock(passphrase) {
      const plain = await decrypt(secret, passphrase, derivation)
      try {
        const key = readSecret(plain)
        if (key && !key.wire.equals(wire)) throw unreadable('the private key does not belong to the public key in the file')
        return key
      } finally {
        plain.fill(0)
      }
    },
  }
}

function fail(error = damaged()): never {
  throw error
}

function otherKind(kind: string | null): CodedError {
  return unreadable(`keys of type ${JSON.stringify(kind)} cannot be used`)
}

interface Derivation {
  readonly cipherName: string
  readonly keyBytes: number
  readonly salt: Buffer
  readonly rounds: number
}

function readDerivation(cipher: string, kdf: string, options: Buffer): Derivation {
  if (kdf !== 'bcrypt') throw unreadable(`key derivation ${JSON.stringify(kdf)} is not known`)
  const [cipherName, keyBytes] = CIPHERS.get(cipher) ?? []
  if (!cipherName || !keyBytes) throw new CodedError('IDENTITY_INVALID', `ssh: cipher ${JSON.stringify(cipher)} is not supported`, CHANGE_CIPHER)
  const reader = new WireReader(options)
  const [salt, rounds] = [reader.bytes(), reader.number()]
  if (!salt?.length || salt.length > MAX_SALT_BYTES || !rounds || !reader.isAtEnd) throw damaged()
  if (rounds > MAX_ROUNDS) throw unreadable(`${rounds} rounds of key derivation are more than ${MAX_ROUNDS}`)
  return { cipherName, keyBytes, salt, rounds }
}

/** @returns what comes out under any passphrase, owned by the caller */
async function decrypt(secret: Buffer, passphrase: string, { cipherName, keyBytes, salt, rounds }: Derivation): Promise<Buffer> {
  const { default: bcrypt } = await import('bcrypt-pbkdf')
  const key = Buffer.alloc(keyBytes + BLOCK_BYTES)
  const password = Buffer.from(passphrase)
  try {
    if (bcrypt.pbkdf(password, password.length, salt, salt.length, key, key.length, rounds) !== 0) return Buffer.alloc(0) // an empty passphrase
    const decipher = createDecipheriv(cipherName, key.subarray(0, keyBytes), key.subarray(keyBytes)).setAutoPadding(false)
    const plain = decipher.update(secret)
    decipher.final()
    return plain
  } finally {
    key.fill(0)
    password.fill(0)
  }
}

/** null: the two numbers that tell a wrong passphrase differ. */
function readSecret(secret: Buffer): SshPrivateKey | null {
  const fields = new WireReader(secret)
  const [check, again] = [fields.number(), fields.number()]
  if (check === null || again === null || check !== again) return null
  const kind = fields.text()
  const key = kind === 'ssh-ed25519' ? ed25519From(fields) : kind === 'ssh-rsa' ? rsaFrom(fields) : fail(otherKind(kind))
  const comment = fields.bytes()
  if (!key || !comment || fields.rest.some((byte, i) => byte !== ((i + 1) & 0xff))) throw damaged()
  return key
}

function ed25519From(fields: WireReader): SshPrivateKey | null {
  const [point, pair] = [fields.bytes(), fields.bytes()]
  if (point?.length !== ED25519_BYTES || pair?.length !== 2 * ED25519_BYTES) return null
  return ed25519Key(pair.subarray(0, ED25519_BYTES), pair.subarray(ED25519_BYTES))
}

function rsaFrom(fields: WireReader): SshPrivateKey | null {
  const [n, e, d, inverse, p, q] = [fields.bytes(), fields.bytes(), fields.bytes(), fields.bytes(), fields.bytes(), fields.bytes()]
  if (!n || !e || !d || !inverse || !p || !q) return null
  if ([n, e, d, inverse, p, q].some((number) => number.length > MAX_MODULUS_BYTES)) return null
  const numbers = [Buffer.of(0), n, e, d, p, q, reduced(d, p), reduced(d, q), inverse].map(derInteger)
  const der = derSequence(...numbers)
  try {
    return rsaKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs1' }), Buffer.from(e), Buffer.from(n))
  } catch {
    return null
  } finally {
    for (const bytes of [der, ...numbers]) bytes.fill(0)
  }
}

/** d mod (p - 1), which OpenSSH leaves out. */
function reduced(d: Buffer, p: Buffer): Buffer {
  const number = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex') || '0'}`)
  const divisor = number(p) - 1n
  const hex = (divisor > 0n ? number(d) % divisor : 0n).toString(16)
  return Buffer.from(`00${hex.length % 2 ? '0' : ''}${hex}`, 'hex')
}
