import { beforeAll, describe, expect, it } from 'vitest'
import { generateSealingKey, sealItem, type GeneratedKey } from '@waxseal/sealed'
import { Keyring, type KeyEntry } from '../src/keyring.ts'

let keys: GeneratedKey[]
beforeAll(async () => {
  const dates = { notBefore: new Date(0), notAfter: new Date(86_400_000) }
  keys = await Promise.all([1, 2].map(() => generateSealingKey({ bits: 2048, ...dates })))
})

function entry(secretName: string, orderMs: number, createdMs = 0, which = 0): KeyEntry {
  return { secretName, ...keys[which]!, orderMs, createdMs }
}

describe('Keyring', () => {
  it('puts the newest first; of equal times the older Secret, then the smaller name', () => {
    const keyring = new Keyring()
    for (const each of [entry('d', 1, 5), entry('c', 2, 9), entry('b', 2, 7), entry('a', 2, 9)]) keyring.put(each)
    expect(keyring.entries.map(({ secretName }) => secretName)).toEqual(['b', 'a', 'c', 'd'])
    expect(keyring.newest?.secretName).toBe('b')
    keyring.remove('b')
    expect(keyring.newest?.secretName).toBe('a')
  })

  it('opens with the keys that it holds, and no longer with those that it held', async () => {
    const keyring = new Keyring()
    const label = Buffer.from('ns/a')
    const item = sealItem(Buffer.from('v'), keys[1]!.certificate.publicKey, label)
    await expect(keyring.open(item, label)).rejects.toMatchObject({ code: 'SEALED_REJECTED' })
    keyring.put(entry('a', 2))
    keyring.put(entry('b', 1, 0, 1))
    expect((await keyring.open(item, label)).bytes.toString()).toBe('v')
    keyring.remove('b')
    await expect(keyring.open(item, label)).rejects.toMatchObject({ code: 'SEALED_REJECTED' })
  })
})
