/**
 * Files for a passphrase: one stanza `scrypt SALT LOG2N`. SOPS never writes one into a secrets file; identity files come like this.
 * Follows: C2SP age.md (the scrypt recipient type); RFC 7914 with r = 8 and p = 1. Vectors: fixtures/cctv-age-20251208
 * @module
 */
import { scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import { CodedError } from '@waxseal/core'
import type { AgeFile } from './age-file.ts'
import { decodeUnpadded, malformed, open, SEALED_KEY_BYTES } from './primitives.ts'

const LABEL = Buffer.from('age-encryption.org/v1/scrypt')
const SALT_BYTES = 16
const KEY_BYTES = 32
const BLOCK_SIZE = 8
/** As the reference's limit: 4 GiB of memory. */
const MAX_LOG2N = 22

const stretch = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt)

export interface ScryptStanza {
  readonly salt: Buffer
  readonly log2n: number
  readonly body: Buffer
}

/** null: no passphrase opens the file. @throws CodedError METADATA_INVALID */
export function readScryptStanza({ stanzas }: AgeFile): ScryptStanza | null {
  const stanza = stanzas.find(({ args }) => args[0] === 'scrypt')
  if (!stanza) return null
  if (stanzas.length > 1) throw malformed('a passphrase must be the only recipient')
  const [, saltText = '', workText = '', ...others] = stanza.args
  const salt = decodeUnpadded(saltText)
  if (others.length > 0 || salt?.length !== SALT_BYTES || !/^[1-9][0-9]?$/.test(workText) || stanza.body.length !== SEALED_KEY_BYTES) {
    throw malformed('scrypt recipient of a wrong shape')
  }
  const log2n = Number(workText)
  if (log2n > MAX_LOG2N) throw malformed(`scrypt work factor ${log2n} is more than ${MAX_LOG2N}`)
  return { salt, log2n, body: stanza.body }
}

/** @returns the file key, owned by the caller; null for a wrong passphrase. @throws CodedError IDENTITY_INVALID if the memory does not suffice */
export async function unwrapForPassphrase({ salt, log2n, body }: ScryptStanza, passphrase: string): Promise<Buffer | null> {
  const key = await stretched(passphrase, salt, log2n)
  try {
    return open(key, body)
  } finally {
    key.fill(0)
  }
}

async function stretched(passphrase: string, salt: Buffer, log2n: number): Promise<Buffer> {
  const N = 2 ** log2n
  try {
    return await stretch(passphrase, Buffer.concat([LABEL, salt]), KEY_BYTES, { N, r: BLOCK_SIZE, p: 1, maxmem: 256 * N * BLOCK_SIZE })
  } catch (cause) {
    const mib = Math.ceil((128 * N * BLOCK_SIZE) / 2 ** 20)
    throw new CodedError('IDENTITY_INVALID', `the work factor ${log2n} of the passphrase takes ${mib} MiB of memory, which there are not`, {
      cause,
      hint: 'decrypt the identity file with age -d on a larger machine, and encrypt it with a lower work factor',
    })
  }
}
