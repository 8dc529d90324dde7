/** Known answers of the standards that age is made of. */
import { createCipheriv } from 'node:crypto'
import { Decrypter, Encrypter, generateHybridIdentity, identityToRecipient } from 'age-encryption'
import { describe, expect, it } from 'vitest'
import { armor, dearmor } from '../src/armor.ts'
import { encodeBase32 } from '../src/base32.ts'
import { decodeBech32, encodeBech32 } from '../src/bech32.ts'
import { createAgeProvider, generateIdentity } from '../src/index.ts'
import { deriveKey, open, seal } from '../src/primitives.ts'
import { exchange, privateKey, publicPoint } from '../src/x25519.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

describe('X25519, RFC 7748', () => {
  it.each([
    ['a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4', 'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c', 'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552'],
    ['4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d', 'e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493', '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957'],
  ])('5.2: %s', (scalar, point, result) => {
    expect(exchange(privateKey(hex(scalar)), hex(point))?.toString('hex')).toBe(result)
  })

  it('5.2: a thousand times over', () => {
    let [scalar, point] = [hex(`09${'00'.repeat(31)}`), hex(`09${'00'.repeat(31)}`)]
    for (let i = 0; i < 1000; i++) [scalar, point] = [exchange(privateKey(scalar), point) ?? Buffer.alloc(0), scalar]
    expect(scalar.toString('hex')).toBe('684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51')
  })

  it('6.1: two sides find the same secret', () => {
    const alice = privateKey(hex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'))
    const bob = privateKey(hex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'))
    expect(publicPoint(alice).toString('hex')).toBe('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a')
    expect(publicPoint(bob).toString('hex')).toBe('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f')
    const secret = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742'
    expect(exchange(alice, publicPoint(bob))?.toString('hex')).toBe(secret)
    expect(exchange(bob, publicPoint(alice))?.toString('hex')).toBe(secret)
  })

  // The points of low order, and their spellings above the prime.
  it.each([
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000000',
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  ])('6.1: %s gives no secret', (point) => {
    expect(exchange(privateKey(Buffer.alloc(32, 5)), hex(point))).toBeNull()
  })
})

it('HKDF, RFC 5869 A.3: without salt and info', () => {
  expect(deriveKey(Buffer.alloc(22, 0x0b), Buffer.alloc(0), '').toString('hex')).toBe('8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d')
})

describe('ChaCha20-Poly1305, RFC 8439', () => {
  const key = hex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f')
  const nonce = hex('070000004041424344454647')
  const text = Buffer.from("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.")

  it('2.8.2: the ciphertext; what is authenticated beside it changes only the tag', () => {
    const expected = `d31a8d34648e60db7b86afbc53ef7ec2 a4aded51296e08fea9e2b5a736ee62d6 3dbea45e8ca9671282fafb69da92728b 1a71de0a9e060b2905d6a5b67ecd3b36
      92ddbd7f2d778b8c9803aee328091b58 fab324e4fad675945585808b4831d7bc 3ff4def08e4b7a9de576d26586cec64b 6116`.replaceAll(/\s/g, '')
    const sealed = seal(key, text, nonce)
    expect(sealed.subarray(0, text.length).toString('hex')).toBe(expected)
    const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
    cipher.setAAD(hex('50515253c0c1c2c3c4c5c6c7'), { plaintextLength: text.length })
    cipher.update(text)
    cipher.final()
    expect(cipher.getAuthTag().toString('hex')).toBe('1ae10b594f09e26a7e902ecbd0600691')
    expect(open(key, sealed, nonce)).toEqual(text)
  })

  it('opens nothing that was changed', () => {
    const sealed = seal(key, text, nonce)
    for (let i = 0; i < sealed.length; i++) {
      const changed = Buffer.from(sealed)
      changed[i] = (changed[i] ?? 0) ^ 1
      expect(open(key, changed, nonce)).toBeNull()
    }
    for (const length of [0, 15, 16, sealed.length - 1]) expect(open(key, sealed.subarray(0, length), nonce)).toBeNull()
  })
})

describe('Bech32, BIP 173', () => {
  it.each([
    ['A12UEL5L', 'a', ''],
    ['a12uel5l', 'a', ''],
    ['an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs', 'an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio', ''],
    ['abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw', 'abcdef', '00443214c74254b635cf84653a56d7c675be77df'],
    ['11qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqc8247j', '1', '00'.repeat(51)],
    ['split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w', 'split', 'c5f38b70305f519bf66d85fb6cf03058f3dde463ecd7918f2dc743918f2d'],
    ['?1ezyfcl', '?', ''],
  ])('%s is valid', (text, prefix, data) => {
    expect(decodeBech32(text)).toEqual({ prefix, bytes: hex(data) })
    // 51 zero bytes have one padding word less than the example.
    if (!text.startsWith('11')) expect(encodeBech32(prefix, hex(data))).toBe(text.toLowerCase())
  })

  it.each(['\u00201nwldj5', '\u007f1axkwrx', '\u00801eym55h', 'pzry9x0s0muk', '1pzry9x0s0muk', 'x1b4n0q5v', 'li1dgmt3', 'de1lg7wt\u00ff', 'A1G7SGD8', '10a06t8', '1qzzfhee', 'a12UEL5L'])(
    '%j is not',
    (text) => expect(decodeBech32(text)).toBeNull(),
  )

  it('nothing longer than a line that a plugin can be told', () => {
    expect(decodeBech32(encodeBech32('age1x', Buffer.alloc(32 * 1024)))?.bytes).toHaveLength(32 * 1024)
    expect(decodeBech32(encodeBech32('age1x', Buffer.alloc(64 * 1024)))).toBeNull()
  })
})

it.each([['fooba', 'MZXW6YTB'], ['foobafooba', 'MZXW6YTBMZXW6YTB'], ['', '']])('Base32, RFC 4648 10: %j', (text, encoded) => {
  expect(encodeBase32(Buffer.from(text))).toBe(encoded)
})

describe('the library of the age project', () => {
  const options = { signal: new AbortController().signal }
  const part = Buffer.alloc(32, 6)

  it.each([
    ['X25519', async () => /AGE-SECRET-KEY-1\S+/.exec(generateIdentity(new Date()).fileText)?.[0] ?? ''],
    ['hybrid', generateHybridIdentity],
  ])('and this one open each other\'s files: %s', async (_, generate) => {
    const identity = await generate()
    const recipient = await identityToRecipient(identity)
    const provider = createAgeProvider([{ location: 'key', form: 'file', load: async () => identity }])
    const ours = await provider.wrap(part, provider.fromText(recipient, { now: new Date() }), options)
    const decrypter = new Decrypter()
    decrypter.addIdentity(identity)
    expect(Buffer.from(await decrypter.decrypt(dearmor(ours.enc)))).toEqual(part)
    const encrypter = new Encrypter()
    encrypter.addRecipient(recipient)
    expect(Buffer.from((await provider.unwrap({ ...ours, enc: armor(await encrypter.encrypt(part)) }, options)) ?? [])).toEqual(part)
  })
})
