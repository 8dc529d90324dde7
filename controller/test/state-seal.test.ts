import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { sealingKey } from '@waxseal/sealed'
import { isSameDigest, StateSeal } from '../src/state-seal.ts'

const [a, b] = [newKey(), newKey()]
const seal = new StateSeal((fingerprint) => [a, b].find((key) => key.fingerprint === fingerprint))

function newKey() {
  return sealingKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)
}

describe('digests of what is remembered', () => {
  it('depend on the sealing key, on every item and on nothing else', () => {
    const secret = { metadata: {}, data: { x: 'MQ==', y: 'Mg==' } }
    const digest = seal.ofData(a.fingerprint, secret)
    expect(digest).toHaveLength(43)
    expect(seal.ofData(a.fingerprint, { metadata: { labels: { l: '1' } }, data: { y: 'Mg==', x: 'MQ==' } })).toBe(digest)
    const others = [seal.ofData(b.fingerprint, secret), seal.ofEntry(a.fingerprint, Object.entries(secret.data)), seal.ofData(a.fingerprint, { metadata: {}, data: { x: 'MQ==' } })]
    expect(new Set([digest, ...others]).size).toBe(4)
  })

  it('cannot be made without the key, and the missing one fits nothing', () => {
    expect(seal.ofEntry('SHA256:retired', ['x'])).toBe('')
    expect(isSameDigest('', '')).toBe(false)
    expect(isSameDigest('a', 'ab')).toBe(false)
    expect(isSameDigest('ab', 'ab')).toBe(true)
  })
})
