import { generateKeyPairSync, webcrypto, type KeyObject } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sealItem } from '../src/hybrid.ts'
import { openWith, openWithAsync, sealingKey, type OpenItem } from '../src/sealing-key.ts'
import { codeOf, errorOf, fixtureKey } from './support.ts'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const key = sealingKey(privateKey)
const other = sealingKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)
const larger = fixtureKey('k2')
const label = Buffer.from('shop/web')
const open = openWith([key])

/** The wire form written out for WebCrypto, independent of the code under test. */
async function openIndependently(text: string, privateKey: KeyObject, label: Uint8Array<ArrayBuffer>): Promise<Buffer> {
  const { subtle } = webcrypto
  const bytes = new Uint8Array(Buffer.from(text, 'base64'))
  const end = 2 + new DataView(bytes.buffer).getUint16(0)
  const der = new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' }))
  const rsa = await subtle.importKey('pkcs8', der, { name: 'RSA-OAEP', hash: 'SHA-256' }, false, ['decrypt'])
  const session = await subtle.decrypt({ name: 'RSA-OAEP', label }, rsa, bytes.slice(2, end))
  expect(session.byteLength).toBe(32)
  const aes = await subtle.importKey('raw', session, 'AES-GCM', false, ['decrypt'])
  return Buffer.from(await subtle.decrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, aes, bytes.slice(end)))
}

describe('sealed item', () => {
  it('is opened by an independent implementation', async () => {
    for (const [text, scope] of [
      ['geheim', 'shop/web'],
      ['', ''],
      ['x'.repeat(100_000), 'näme'],
    ] as const) {
      const sealed = sealItem(Buffer.from(text), publicKey, Buffer.from(scope))
      expect((await openIndependently(sealed, privateKey, new Uint8Array(Buffer.from(scope)))).toString()).toBe(text)
    }
  })

  it('begins with the length of its RSA block', () => {
    expect(sealItem(Buffer.alloc(0), publicKey, label)).toMatch(/^AQ[A-P]/)
    expect(Buffer.from(sealItem(Buffer.alloc(5), publicKey, label), 'base64').length).toBe(2 + 256 + 5 + 16)
  })

  it('never looks the same twice', () => {
    expect(sealItem(Buffer.from('a'), publicKey, label)).not.toBe(sealItem(Buffer.from('a'), publicKey, label))
  })

  it('opens to what was sealed, on and off the event loop', async () => {
    const openAsync = openWithAsync([other, key], 2)
    await fc.assert(
      fc.asyncProperty(fc.uint8Array(), fc.string(), async (plaintext, scope) => {
        const bytes = Buffer.from(scope)
        const sealed = sealItem(plaintext, publicKey, bytes)
        const expected = { bytes: Buffer.from(plaintext), fingerprint: key.fingerprint }
        expect(open(sealed, bytes)).toEqual(expected)
        expect(await openAsync(sealed, bytes)).toEqual(expected)
      }),
      { numRuns: 40 },
    )
  })

  it('is refused with one answer when any bit is flipped', async () => {
    const sealed = Buffer.from(sealItem(Buffer.from('secret'), publicKey, label), 'base64')
    const openAsync = openWithAsync([key], 2)
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: sealed.length * 8 - 1 }), async (bit) => {
        const altered = Buffer.from(sealed)
        altered.writeUInt8((altered[bit >> 3] ?? 0) ^ (1 << (bit & 7)), bit >> 3)
        const text = altered.toString('base64')
        const { code, message } = errorOf(() => open(text, label))
        expect([code, message]).toEqual(['SEALED_REJECTED', 'no key could decrypt secret'])
        await expect(openAsync(text, label)).rejects.toMatchObject({ code, message })
      }),
      { numRuns: 60 },
    )
  })

  it('is refused with the same answer for another label, another key, no key, and when it is cut short', () => {
    const sealed = sealItem(Buffer.from('secret'), publicKey, label)
    const bytes = Buffer.from(sealed, 'base64')
    const calls = [
      () => open(sealed, Buffer.from('shop/other')),
      () => open(sealed, Buffer.alloc(0)),
      () => openWith([other, larger])(sealed, label),
      () => openWith([])(sealed, label),
      ...[0, 1, 2, 3, 200, 258, 258 + 15, bytes.length - 1].map((end) => () => open(bytes.subarray(0, end).toString('base64'), label)),
    ]
    expect(calls.map((call) => errorOf(call).message)).toEqual(calls.map(() => 'no key could decrypt secret'))
    expect(new Set(calls.map(codeOf))).toEqual(new Set(['SEALED_REJECTED']))
  })

  it('that is not base64 says so', () => {
    expect(codeOf(() => open('A A=', label))).toBe('SEALED_MALFORMED')
  })
})

describe('trying keys', () => {
  const sealed = sealItem(Buffer.from('secret'), publicKey, label)

  it('finds the one that fits among others', () => {
    expect(openWith([larger, other, key])(sealed, label).fingerprint).toBe(key.fingerprint)
  })

  const tried: string[] = []
  const watched = [other, key].map((candidate) => ({
    ...candidate,
    get privateKey() {
      tried.push(candidate.fingerprint)
      return candidate.privateKey
    },
  }))
  const triedBy = (open: OpenItem, expected?: string): readonly string[] => {
    tried.length = 0
    open(sealed, label, expected)
    return [...tried]
  }

  it('begins with the expected key', () => {
    expect(triedBy(openWith(watched), key.fingerprint)).toEqual([key.fingerprint])
    expect(triedBy(openWith(watched), 'SHA256:unknown')).toEqual([other.fingerprint, key.fingerprint])
  })

  it('then takes the one that opened something last', () => {
    const open = openWith(watched)
    expect(triedBy(open)).toEqual([other.fingerprint, key.fingerprint])
    expect(triedBy(open)).toEqual([key.fingerprint])
    expect(triedBy(open, other.fingerprint)).toEqual([other.fingerprint, key.fingerprint])
  })

  it('searches once where several items come at once', async () => {
    tried.length = 0
    const open = openWithAsync(watched, 1)
    const opened = await Promise.all([open(sealed, label), open(sealed, label), open(sealed, label)])
    expect(opened.map(({ fingerprint }) => fingerprint)).toEqual([key.fingerprint, key.fingerprint, key.fingerprint])
    expect(tried).toEqual([other.fingerprint, key.fingerprint]) // imported once each
  })
})
