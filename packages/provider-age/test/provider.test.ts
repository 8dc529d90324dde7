import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Encrypter } from 'age-encryption'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CodedError, type PlainMap } from '@waxseal/core'
import { createAgeProvider, generateIdentity, namedRecipients, type IdentitySource, type PassphraseRequest, type Passphrases } from '../src/index.ts'
import { parseAgeFile } from '../src/age-file.ts'
import { armor, dearmor } from '../src/armor.ts'
import { decodeBech32, encodeBech32 } from '../src/bech32.ts'
import { decodeUnpadded, encodeUnpadded } from '../src/primitives.ts'

const keys = join(import.meta.dirname, '../../../fixtures/sops-3.13.2/keys')
const fixture = join(import.meta.dirname, '../../../fixtures/sops-3.13.2/fixtures/json/basic/encrypted.json')
const options = { signal: new AbortController().signal }
const source = (text: string | null, location = 'SOPS_AGE_KEY'): IdentitySource => ({ location, form: 'file', load: async () => text })
const fields = (entry: Record<string, string>): PlainMap => entry

async function codeOf(run: Promise<unknown>): Promise<string> {
  try {
    await run
  } catch (error) {
    if (error instanceof CodedError) return error.code
    throw error
  }
  return 'none'
}

const [identityA = '', identityB = '', identityC = ''] = ['age-a', 'age-b', 'age-c'].map((name) => readFileSync(join(keys, `${name}.txt`), 'utf8'))
const provider = createAgeProvider([source(identityA)])

describe('age provider', () => {
  const { sops } = JSON.parse(readFileSync(fixture, 'utf8')) as { sops: { age: { enc: string; recipient: string }[] } }
  const entry = sops.age[0] as { enc: string; recipient: string }

  it("opens the real program's wrapped data key", async () => {
    const part = await provider.unwrap(provider.parse(fields(entry)), options)
    expect(part?.length).toBe(32)
  })

  it.each([32, 33])('wraps and unwraps %i bytes, with a fresh file each time', async (size) => {
    const part = createHash('sha512').update(String(size)).digest().subarray(0, size)
    const ref = provider.fromText(entry.recipient, { now: new Date() })
    const [first, second] = [await provider.wrap(part, ref, options), await provider.wrap(part, ref, options)]
    expect(first.enc).not.toBe(second.enc)
    expect(first.enc).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----\n[\s\S]+\n-----END AGE ENCRYPTED FILE-----\n$/)
    expect(Buffer.from((await provider.unwrap(first, options)) ?? [])).toEqual(part)
  })

  it('wraps to and unwraps from post-quantum keys', async () => {
    const text = readFileSync(join(keys, 'age-pq.txt'), 'utf8')
    const recipient = /age1pq1\S+/.exec(text)?.[0] ?? ''
    const hybrid = createAgeProvider([source(text)])
    const wrapped = await hybrid.wrap(Buffer.alloc(32, 7), hybrid.fromText(recipient, { now: new Date() }), options)
    expect(Buffer.from((await hybrid.unwrap(wrapped, options)) ?? [])).toEqual(Buffer.alloc(32, 7))
    expect(await codeOf(provider.unwrap(wrapped, options))).toBe('IDENTITY_INVALID')
  })

  it('keeps unknown fields of an entry', () => {
    expect(provider.serialize(provider.parse({ ...entry, note: 'kept' }))).toEqual({ ...entry, note: 'kept' })
  })

  it('refuses an altered byte anywhere in the file', async () => {
    const bytes = dearmor(entry.enc)
    for (let i = 0; i < bytes.length; i += 3) {
      const altered = Buffer.from(bytes)
      altered[i] = (altered[i] as number) ^ 1
      const answer = await codeOf(provider.unwrap(provider.parse(fields({ enc: armor(altered), recipient: '' })), options))
      expect(['METADATA_INVALID', 'IDENTITY_INVALID']).toContain(answer)
    }
  })

  it('says where it looked', async () => {
    const empty = createAgeProvider([source(null), source(null, '/k'), { location: 'CMD', form: 'file', load: async () => { throw new CodedError('FILE_UNREADABLE', 'CMD: no') } }])
    await expect(empty.unwrap(provider.parse(fields(entry)), options)).rejects.toMatchObject({
      code: 'IDENTITY_INVALID',
      message: "failed to load age identities. Errors while loading age identities: CMD: no. Did not find keys in locations 'SOPS_AGE_KEY' and '/k'.",
    })
  })

  it.each([
    ['one identity', identityB, 'identity did not match any of the recipients: incorrect identity for recipient block'],
    ['one of several', identityB + identityC, 'no identity matched any of the recipients'],
  ])('says that %s does not match', async (_, text, message) => {
    const others = createAgeProvider([source(text)])
    await expect(others.unwrap(provider.parse(fields(entry)), options)).rejects.toMatchObject({ message: `failed to create reader for decrypting sops data key with age: ${message}` })
  })

  it('a broken source does not hide a good one', async () => {
    const mixed = createAgeProvider([source('nonsense\n'), source(identityA, 'file')])
    expect((await mixed.unwrap(provider.parse(fields(entry)), options))?.length).toBe(32)
  })

  it.each(['AGE-SECRET-KEY-PQ-1QQQ', 'AGE-PLUGIN-YUBIKEY-1QQQ', 'AGE-SECRET-KEY-1QQQ', 'age1qqq'])('an identity %j is told as broken', async (text) => {
    const broken = createAgeProvider([source(text)])
    await expect(broken.unwrap(provider.parse(fields(entry)), options)).rejects.toMatchObject({
      code: 'IDENTITY_INVALID',
      message: expect.stringMatching(/^failed to load age identities\. Errors while loading age identities: failed to parse 'SOPS_AGE_KEY' age identities: /),
    })
  })

  it('asks for the passphrase of an identity file once, and only when nothing else fits', async () => {
    const encrypter = new Encrypter()
    encrypter.setPassphrase('correct horse')
    encrypter.setScryptWorkFactor(10)
    const file = await encrypter.encrypt(identityA)
    const asked: PassphraseRequest[] = []
    const passphrases: Passphrases = { ask: async (request) => (asked.push(request), 'correct horse'), forget: async () => {} }
    const locked: IdentitySource = { location: 'keys.age', form: 'file', load: async () => Uint8Array.from(file) }
    const both = createAgeProvider([locked, source(identityA)], { passphrases })
    expect((await both.unwrap(both.parse(fields(entry)), options))?.length).toBe(32)
    expect(asked).toEqual([])
    const alone = createAgeProvider([locked], { passphrases })
    const opening = [1, 2].map(() => alone.unwrap(alone.parse(fields(entry)), options))
    for (const part of await Promise.all(opening)) expect(part?.length).toBe(32)
    expect(asked).toEqual([{ question: "Enter passphrase for identity 'keys.age':", cacheId: expect.stringMatching(/^SopsAge[A-Z2-7]{40}$/) }])
    const mute = createAgeProvider([locked])
    await expect(mute.unwrap(mute.parse(fields(entry)), options)).rejects.toMatchObject({ code: 'IDENTITY_INVALID', hint: 'use a key without one' })
  })

  it.each([
    ['age1', 'RECIPIENT_INVALID'],
    ['age1pq1qqq', 'RECIPIENT_INVALID'],
    ['age1zzzz', 'RECIPIENT_INVALID'],
    ['AGE-SECRET-KEY-1QQQ', 'RECIPIENT_INVALID'],
    ['age-secret-key-1qqq', 'RECIPIENT_INVALID'],
    ['ssh-ed25519 AAAA', 'RECIPIENT_INVALID'],
    ['', 'RECIPIENT_INVALID'],
    [encodeBech32('age', new Uint8Array(31)), 'RECIPIENT_INVALID'],
  ])('refuses the recipient %j', (text, code) => {
    expect(() => provider.fromText(text, { now: new Date() })).toThrow(expect.objectContaining({ code }))
  })

  it.each(['AGE-SECRET-KEY-1QQQSECRET', 'age-secret-key-1qqqsecret', 'x AGE-SECRET-KEY-PQ-1QQQSECRET'])('does not quote the identity %j that was given for a recipient', (text) => {
    expect(() => provider.fromText(text, { now: new Date() })).toThrow(/^that is a secret age identity, not a recipient$/)
  })

  it('refuses a recipient of low order when wrapping', async () => {
    const ref = provider.fromText(encodeBech32('age', new Uint8Array(32)), { now: new Date() })
    expect(await codeOf(provider.wrap(new Uint8Array(32), ref, options))).toBe('RECIPIENT_INVALID')
  })

  it('makes identities that open what is wrapped to them', async () => {
    const made = generateIdentity(new Date('2026-01-02T03:04:05.678Z'))
    expect(made.fileText).toMatch(/^# created: 2026-01-02T03:04:05Z\n# public key: age1[a-z0-9]{58}\nAGE-SECRET-KEY-1[A-Z0-9]{58}\n$/)
    const own = createAgeProvider([source(made.fileText)])
    const wrapped = await own.wrap(Buffer.alloc(32, 1), own.fromText(made.recipient, { now: new Date() }), options)
    expect(Buffer.from((await own.unwrap(wrapped, options)) ?? [])).toEqual(Buffer.alloc(32, 1))
  })

  it('names recipients by the comments of a key file', async () => {
    const made = generateIdentity(new Date())
    const hybrid = readFileSync(join(keys, 'age-pq.txt'), 'utf8')
    expect(await namedRecipients(`# alice\n${made.fileText}\n${hybrid}`)).toEqual([
      { recipient: made.recipient, name: 'alice' },
      { recipient: /age1pq1\S+/.exec(hybrid)?.[0], name: '' },
    ])
    await expect(namedRecipients('nonsense')).rejects.toMatchObject({ code: 'IDENTITY_INVALID' })
  })
})

describe('encodings', () => {
  it('bech32, armor and unpadded Base64 give every text of bytes back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (given) => {
        const bytes = Buffer.from(given)
        expect(decodeBech32(encodeBech32('age', bytes))).toEqual({ prefix: 'age', bytes })
        expect(decodeUnpadded(encodeUnpadded(bytes))).toEqual(bytes)
        if (bytes.length > 0) expect(dearmor(armor(bytes))).toEqual(bytes)
      }),
    )
  })

  it('nothing but a coded error comes out of any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        for (const read of [() => dearmor(text), () => parseAgeFile(Buffer.from(`age-encryption.org/v1\n${text}`)), () => provider.fromText(text, { now: new Date() })]) {
          try {
            read()
          } catch (error) {
            expect(error).toBeInstanceOf(CodedError)
          }
        }
      }),
    )
  })

  it('bech32 refuses mixed case, a wrong checksum and wrong padding', () => {
    const text = encodeBech32('age', new Uint8Array(32).fill(9))
    expect(decodeBech32(text)?.bytes).toEqual(Buffer.alloc(32, 9))
    expect(decodeBech32(`${text.slice(0, -1)}A`)).toBeNull()
    expect(decodeBech32(text.replace(/.$/, (c) => (c === 'q' ? 'p' : 'q')))).toBeNull()
  })

  it.each([
    ['no opening line', 'abc'],
    ['no closing line', '-----BEGIN AGE ENCRYPTED FILE-----\nAAAA\n'],
    ['wrong line length', `-----BEGIN AGE ENCRYPTED FILE-----\n${'A'.repeat(68)}\n-----END AGE ENCRYPTED FILE-----\n`],
    ['not canonical Base64', '-----BEGIN AGE ENCRYPTED FILE-----\nAAB=\n-----END AGE ENCRYPTED FILE-----\n'],
  ])('armor: %s', (what, text) => {
    expect(() => dearmor(text)).toThrow(expect.objectContaining({ code: 'METADATA_INVALID', message: `invalid armor: ${what}` }))
  })

  it('header: unpadded Base64 must be canonical', () => {
    expect(decodeUnpadded('AAA')).toEqual(Buffer.of(0, 0))
    expect(decodeUnpadded('AAB')).toBeNull()
    expect(decodeUnpadded('AA==')).toBeNull()
  })

  it.each(['', 'age-encryption.org/v2\n', 'age-encryption.org/v1\n', 'age-encryption.org/v1\n-> X25519 a\n', 'age-encryption.org/v1\n--- AAAA\n', 'age-encryption.org/v1\n->  X\n\n--- A\n'])('header %j is refused', (text) => {
    expect(() => parseAgeFile(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'METADATA_INVALID' }))
  })
})
