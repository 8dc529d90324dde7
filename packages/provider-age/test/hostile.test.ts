/** Whatever a file holds, its reader gives an answer or a coded error, soon. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CodedError } from '@waxseal/core'
import { parseAgeFile, writeAgeFile } from '../src/age-file.ts'
import { armor, dearmor } from '../src/armor.ts'
import { namedRecipients, parseIdentities } from '../src/identity-file.ts'
import { parseAgeRecipient } from '../src/ref.ts'
import { parseSshPrivateKey, parseSshPublicKeyFile } from '../src/ssh-key-file.ts'
import { writeStanza } from '../src/stanza.ts'
import { wireOf } from '../src/ssh-wire.ts'

const FIXTURES = join(import.meta.dirname, '../../../fixtures')
const readAll = (folder: string): Buffer[] => readdirSync(join(FIXTURES, folder)).filter((name) => !name.endsWith('.md')).map((name) => readFileSync(join(FIXTURES, folder, name)))
const RUNS = Number(process.env['WAXSEAL_FUZZ_RUNS'] ?? 300)

const identityFiles = readdirSync(join(FIXTURES, 'sops-3.13.2/keys')).filter((name) => name.startsWith('age')).map((name) => readFileSync(join(FIXTURES, 'sops-3.13.2/keys', name)))
const sshKeys = [...readAll('openssh-9.2p1'), ...['ssh_ed25519', 'ssh_rsa'].map((name) => readFileSync(join(FIXTURES, 'sops-3.13.2/keys', name)))]
const lockedFiles = readAll('age-1.3.1')
const ageFiles = lockedFiles.map((file) => dearmor(file.toString('latin1')))

interface Cut {
  readonly at: number
  readonly drop: number
  readonly put: Uint8Array
}

/** A good file with a few pieces replaced, so that most of it is still read. */
function damaged(files: readonly Buffer[]): fc.Arbitrary<Buffer> {
  const cut = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), drop: fc.nat({ max: 8 }), put: fc.uint8Array({ maxLength: 6 }) })
  return fc.tuple(fc.constantFrom(...files), fc.array(cut, { maxLength: 3 }), fc.boolean()).map(([file, cuts, inBase64]) => {
    const [, head = '', base64 = '', tail = ''] = (inBase64 && /^(-----BEGIN .*-----\n)([\sA-Za-z0-9+/=]+)(-----END [^]*)$/.exec(file.toString('latin1'))) || []
    if (!base64) return replaced(file, cuts)
    return Buffer.from(head + replaced(Buffer.from(base64, 'base64'), cuts).toString('base64').replaceAll(/.{64}(?=.)/g, '$&\n') + `\n${tail}`, 'latin1')
  })
}

function replaced(file: Buffer, cuts: readonly Cut[]): Buffer {
  return cuts.reduce((bytes, { at, drop, put }) => {
    const place = Math.floor(at * bytes.length)
    return Buffer.concat([bytes.subarray(0, place), put, bytes.subarray(place + drop)])
  }, file)
}

/** Anything, or something that is nearly right. */
async function survives(files: readonly Buffer[], read: (bytes: Buffer) => unknown): Promise<void> {
  const anything = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
  await fc.assert(
    fc.asyncProperty(fc.oneof({ weight: 4, arbitrary: damaged(files) }, { weight: 1, arbitrary: anything }), async (bytes) => {
      try {
        await read(Buffer.from(bytes))
      } catch (error) {
        expect(error).toBeInstanceOf(CodedError)
      }
    }),
    { numRuns: RUNS, seed: 20261125, interruptAfterTimeLimit: 600_000 },
  )
}

function codeOf(step: () => unknown): string {
  try {
    step()
    return 'none'
  } catch (error) {
    return error instanceof CodedError ? error.code : 'foreign'
  }
}

describe('hostile files', () => {
  it('have good ones to begin with', () => {
    expect([identityFiles.length, sshKeys.length, lockedFiles.length].every((count) => count > 0)).toBe(true)
  })

  it('headers', () => survives(ageFiles, parseAgeFile), 700_000)
  it('armor', () => survives(lockedFiles, (bytes) => dearmor(bytes.toString('latin1'))), 700_000)
  it('identity files', () => survives([...identityFiles, ...lockedFiles, ...ageFiles], (bytes) => parseIdentities(bytes, { severalPerLine: true })), 700_000)
  it('identity files with names', () => survives(identityFiles, (bytes) => namedRecipients(bytes)), 700_000)
  it('SSH keys', () => survives(sshKeys, (bytes) => parseSshPrivateKey(bytes)), 700_000)
  it('public SSH keys', () => survives(sshKeys, (bytes) => parseSshPublicKeyFile(bytes)), 700_000)
  it('recipients', () => survives([Buffer.from('age199na7we5t9rywgutuvjy50aahmfsgae6fmpsccs009m3s70lx3uq430348')], (bytes) => parseAgeRecipient(bytes.toString('latin1'))), 700_000)
})

describe('what is accepted is written again as it was', () => {
  it('headers', () => {
    const word = fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)), minLength: 1, maxLength: 20 })
    const stanza = fc.record({ args: fc.array(word, { minLength: 1, maxLength: 4 }), body: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) })
    fc.assert(
      fc.property(fc.array(stanza, { minLength: 1, maxLength: 4 }), (stanzas) => {
        const file = writeAgeFile(Buffer.alloc(32), Buffer.alloc(16), stanzas, Buffer.alloc(16))
        const read = parseAgeFile(file)
        expect(read.stanzas).toEqual(stanzas)
        expect(read.authenticated.toString()).toBe(`age-encryption.org/v1\n${read.stanzas.map(writeStanza).join('')}---`)
        expect(dearmor(armor(file))).toEqual(file)
      }),
    )
  })
})

describe('large files are read in the time of their size', () => {
  const within = (limitMs: number, step: () => unknown): string => {
    const started = performance.now()
    const code = codeOf(step)
    expect(performance.now() - started).toBeLessThan(limitMs)
    return code
  }

  it.each([
    ['a header of many stanzas', () => parseAgeFile(Buffer.from(`age-encryption.org/v1\n${'-> x\n\n'.repeat(500_000)}`)), 'METADATA_INVALID'],
    ['a header of one endless stanza', () => parseAgeFile(Buffer.from(`age-encryption.org/v1\n-> x\n${`${'A'.repeat(64)}\n`.repeat(100_000)}`)), 'METADATA_INVALID'],
    ['armor of many lines', () => dearmor(`-----BEGIN AGE ENCRYPTED FILE-----\n${`${'A'.repeat(64)}\n`.repeat(100_000)}x`), 'METADATA_INVALID'],
    ['blanks', () => dearmor(' '.repeat(5_000_000) + 'x'), 'METADATA_INVALID'],
    ['many words', () => parseIdentities(`${'# x\n'.repeat(500_000)}${'\t'.repeat(1_000_000)}x`, { severalPerLine: true }), 'IDENTITY_INVALID'],
    ['one long word', () => parseIdentities(`AGE-SECRET-KEY-1${'Q'.repeat(2_000_000)}`), 'IDENTITY_INVALID'],
    ['a recipient without end', () => parseAgeRecipient(`age1x1${'q'.repeat(2_000_000)}`), 'RECIPIENT_INVALID'],
    ['PEM without end', () => parseSshPrivateKey(`-----BEGIN OPENSSH PRIVATE KEY-----\n${'A\n'.repeat(2_000_000)}`), 'IDENTITY_INVALID'],
    ['PEM of blanks', () => parseSshPrivateKey(`-----BEGIN PRIVATE KEY-----${'\n '.repeat(2_000_000)}\n-----END PRIVATE KEY-----`), 'IDENTITY_INVALID'],
    ['a public key of many bits', () => parseSshPublicKeyFile(`ssh-rsa ${wireOf(Buffer.from('ssh-rsa'), Buffer.of(3), Buffer.alloc(1_000_000, 0x7f)).toString('base64')}`), 'IDENTITY_INVALID'],
    [
      'a private key of many bits',
      () => {
        const big = Buffer.alloc(2_000_000, 0x7f)
        const fields = wireOf(Buffer.from('ssh-rsa'), big, Buffer.of(3), big, big, big, big, Buffer.alloc(0))
        const file = Buffer.concat([Buffer.from('openssh-key-v1\0'), wireOf(Buffer.from('none'), Buffer.from('none'), Buffer.alloc(0)), Buffer.of(0, 0, 0, 1), wireOf(Buffer.from('x'), Buffer.concat([Buffer.alloc(8), fields]))])
        parseSshPrivateKey(`-----BEGIN OPENSSH PRIVATE KEY-----\n${file.toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`)
      },
      'IDENTITY_INVALID',
    ],
  ])('%s', (_, step, code) => {
    expect(within(25_000, step)).toBe(code)
  })
})
