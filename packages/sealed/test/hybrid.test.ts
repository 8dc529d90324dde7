import { generateKeyPairSync, webcrypto, type KeyObject } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sealItem, startOfBlock } from '../src/hybrid.ts'
import { openWith, openWithAsync, sealingKey, type OpenItem, type SealingKey } from '../src/sealing-key.ts'
import { readSealedSecret } from '../src/manifest.ts'
import { openItems, openItemsAsync } from '../src/unseal.ts'
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
  const modulusOf = ({ key: { modulus } }: { readonly key: SealingKey }): number => modulus.readUInt32BE()
  const [small, big] = twoKeys()
  const blockOf = (text: string): number => Buffer.from(text, 'base64').readUInt32BE(2)
  const [ofSmall, ofBig] = [sealedWhere(small, () => true), sealedWhere(big, (block) => block < modulusOf(small))]
  const onlyOfBig = sealedWhere(big, (block) => block > modulusOf(small))

  /** The greater modulus exceeds the smaller by a tenth at least. */
  function twoKeys() {
    for (;;) {
      const pairs = [1, 2].map(() => generateKeyPairSync('rsa', { modulusLength: 1024 }))
      const [a, b] = pairs.map((pair) => ({ ...pair, key: sealingKey(pair.privateKey) })).toSorted((x, y) => modulusOf(x) - modulusOf(y))
      if (a && b && modulusOf(b) > 1.1 * modulusOf(a)) return [a, b] as const
    }
  }

  function sealedWhere({ publicKey }: { readonly publicKey: KeyObject }, isWanted: (block: number) => boolean): string {
    for (;;) {
      const text = sealItem(Buffer.from('secret'), publicKey, label)
      if (isWanted(blockOf(text))) return text
    }
  }

  const tried: string[] = []
  const names = new Map([[small.key.fingerprint, 'small'], [big.key.fingerprint, 'big'], [larger.fingerprint, 'larger']]) // prettier-ignore
  const watched = [larger, big.key, small.key].map((candidate) => ({
    ...candidate,
    get privateKey() {
      tried.push(names.get(candidate.fingerprint) ?? '')
      return candidate.privateKey
    },
  }))
  const triedBy = (open: OpenItem, sealed: string, expected?: string): readonly string[] => {
    tried.length = 0
    open(sealed, label, expected)
    return [...tried]
  }

  it('goes by modulus, and leaves out sizes that are not the item\'s', () => {
    expect(triedBy(openWith(watched), ofSmall)).toEqual(['small'])
    expect(triedBy(openWith(watched), ofBig)).toEqual(['small', 'big'])
  })

  it('leaves out a key whose modulus the item exceeds, even if it opened something last or is expected', () => {
    const open = openWith(watched)
    expect(triedBy(open, ofSmall)).toEqual(['small'])
    expect(triedBy(open, onlyOfBig)).toEqual(['big'])
    expect(triedBy(open, onlyOfBig, small.key.fingerprint)).toEqual(['big'])
  })

  it('begins with the item of an object that leaves the fewest keys', async () => {
    const sealed = readSealedSecret({ kind: 'SealedSecret', apiVersion: 'bitnami.com/v1alpha1', metadata: { namespace: 'shop', name: 'web' }, spec: { encryptedData: { a: ofBig, z: onlyOfBig } } })
    tried.length = 0
    expect([...openItems(sealed, openWith(watched)).items.keys()]).toEqual(['a', 'z'])
    expect(tried).toEqual(['big', 'big'])
    tried.length = 0
    expect([...(await openItemsAsync(sealed, openWithAsync(watched, 1))).items.keys()]).toEqual(['a', 'z'])
    expect(tried).toEqual(['big'])
  })

  it('begins with the expected key', () => {
    expect(triedBy(openWith(watched), ofBig, big.key.fingerprint)).toEqual(['big'])
    expect(triedBy(openWith(watched), ofBig, 'SHA256:unknown')).toEqual(['small', 'big'])
  })

  it('then takes the one that opened something last', () => {
    const open = openWith(watched)
    expect(triedBy(open, ofBig)).toEqual(['small', 'big'])
    expect(triedBy(open, ofBig)).toEqual(['big'])
    expect(triedBy(open, ofBig, small.key.fingerprint)).toEqual(['small', 'big'])
  })

  it('searches once where several items come at once', async () => {
    tried.length = 0
    const open = openWithAsync(watched, 1)
    const opened = await Promise.all([open(ofBig, label), open(ofBig, label), open(ofBig, label)])
    expect(new Set(opened.map(({ fingerprint }) => fingerprint))).toEqual(new Set([big.key.fingerprint]))
    expect(tried).toEqual(['small', 'big']) // imported once each
  })
})

describe('start of the block', () => {
  it('tells which of two blocks is greater', () => {
    const texts = Array.from({ length: 20 }, () => sealItem(Buffer.alloc(0), publicKey, label))
    const byBlock = texts.toSorted((a, b) => Buffer.compare(Buffer.from(a, 'base64').subarray(0, 258), Buffer.from(b, 'base64').subarray(0, 258)))
    expect(texts.toSorted((a, b) => Buffer.compare(startOfBlock(a), startOfBlock(b)))).toEqual(byBlock)
  })

  it('is there for a text that is no item', () => {
    for (const text of ['', '=', '\n', 'A A=', 'ä'.repeat(40)]) expect(startOfBlock(text).length).toBeLessThanOrEqual(18)
  })
})
