import type { KeyObject } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { generateDataKey, parseDecryptionOrder, recoverDataKey, testKeys, wrapDataKey, type KeyReport } from '../src/data-key.ts'
import type { KeyGroup, Providers } from '../src/key-group.ts'
import { createRandomSource } from '../src/random.ts'
import { codeOf, DATA_KEY, errorOf, fakeProvider, fakeRef, providers, type FakeProvider, type FakeRef } from './support.ts'

const random = createRandomSource()
const wrap = (groups: readonly KeyGroup[], threshold = 0, known: Providers = providers(fakeProvider('age'), fakeProvider('pgp'))) =>
  wrapDataKey(DATA_KEY, { groups, threshold, providers: known, random })
const outcomes = (reports: readonly unknown[] | undefined) => (reports as KeyReport[]).map(({ group, name, outcome }) => `${group} ${name} ${outcome}`)
const bytesOf = (ref: unknown): number => Buffer.from((ref as FakeRef).enc, 'base64').length

describe('wrapping', () => {
  it('gives every key of a single group the data key itself', async () => {
    const { groups, threshold } = await wrap([[fakeRef('a'), fakeRef('b', 'pgp')]])
    expect(groups[0]!.map(bytesOf)).toStrictEqual([32, 32])
    expect(threshold).toBe(0)
  })

  it('stores the threshold of a single group as it was given', async () => {
    expect((await wrap([[fakeRef('a')]], 3)).threshold).toBe(3)
  })

  it('gives every key of several groups a share, and asks for all groups unless told otherwise', async () => {
    const { groups, threshold } = await wrap([[fakeRef('a')], [fakeRef('b'), fakeRef('c')], [fakeRef('d')]])
    expect(groups.flat().map(bytesOf)).toStrictEqual([33, 33, 33, 33])
    expect(threshold).toBe(3)
  })

  it('asks many keys at once, but not all that a file may name', async () => {
    let [running, most] = [0, 0]
    const age = fakeProvider('age')
    const counting: FakeProvider = {
      ...age,
      async wrap(part, ref, options) {
        most = Math.max(most, (running += 1))
        await new Promise((resolve) => setImmediate(resolve))
        running -= 1
        return await age.wrap(part, ref, options)
      },
    }
    const { groups } = await wrap([Array.from({ length: 300 }, (_, i) => fakeRef(`k${i}`)), [fakeRef('other')]], 2, providers(counting))
    expect(groups.flat().map(bytesOf)).toStrictEqual(Array(301).fill(33))
    expect(most).toBe(32)
  })

  it('fails if any key fails, naming every one that did', async () => {
    const known = providers(fakeProvider('age', { broken: ['b', 'd'] }))
    const error = await errorOf(() => wrap([[fakeRef('a'), fakeRef('b')], [fakeRef('d')]], 2, known))
    expect(error.code).toBe('WRAP_FAILED')
    expect(error.message).toMatch(/b .*d /)
    expect(outcomes(error.reports)).toStrictEqual(['0 b failed', '1 d failed'])
  })

  it.each<[string, string, KeyGroup[], number]>([
    ['no groups', 'KEY_GROUP_INVALID', [], 0],
    ['an empty group', 'KEY_GROUP_INVALID', [[fakeRef('a')], []], 0],
    ['a threshold above the number of groups', 'SHAMIR_INVALID', [[fakeRef('a')], [fakeRef('b')]], 3],
    ['a threshold of one for two groups', 'SHAMIR_INVALID', [[fakeRef('a')], [fakeRef('b')]], 1],
    ['a key of a kind without provider', 'WRAP_FAILED', [[{ type: 'kms', unread: {} } as never]], 0],
  ])('refuses %s: %s', async (_, code, groups, threshold) => {
    expect((await errorOf(() => wrap(groups, threshold))).code).toBe(code)
  })
})

describe('recovering', () => {
  it('stops at the first key that answers, in the order asked for', async () => {
    const { groups } = await wrap([[fakeRef('p', 'pgp'), fakeRef('a'), fakeRef('b')]])
    for (const [order, expected] of [[[], ['p']], [['age', 'pgp'], ['a']], [['kms', 'pgp'], ['p']], [undefined, ['a']]] as const) {
      const [age, pgp] = [fakeProvider('age'), fakeProvider('pgp')]
      const key = await recoverDataKey({ groups, threshold: 0, providers: providers(age, pgp), decryptionOrder: order })
      expect(key.equals(DATA_KEY)).toBe(true)
      expect([...age.asked, ...pgp.asked]).toStrictEqual(expected)
    }
  })

  it('goes on after keys that do not fit, fail, or have no provider', async () => {
    const { groups } = await wrap([[fakeRef('gone'), fakeRef('down'), fakeRef('good')]])
    const known = providers(fakeProvider('age', { absent: ['gone'], broken: ['down'] }))
    const all = [[{ type: 'kms', unread: {} } as never, ...groups[0]!]]
    const key = await recoverDataKey({ groups: all, threshold: 0, providers: known, decryptionOrder: [] })
    expect(key.equals(DATA_KEY)).toBe(true)
  })

  it('asks no more groups than the threshold needs, and any of them do', async () => {
    const { groups, threshold } = await wrap([[fakeRef('a')], [fakeRef('b')], [fakeRef('c')]], 2)
    for (const absent of [[], ['a'], ['b']]) {
      const age = fakeProvider('age', { absent })
      expect((await recoverDataKey({ groups, threshold, providers: providers(age) })).equals(DATA_KEY)).toBe(true)
      expect(age.asked).toHaveLength(2 + absent.length)
    }
  })

  it('takes any k of n groups, and never k - 1', async () => {
    const shapes = fc.integer({ min: 2, max: 7 }).chain((n) => fc.record({ n: fc.constant(n), k: fc.integer({ min: 2, max: n }), order: fc.shuffledSubarray(Array.from({ length: n }, (_, i) => i), { minLength: n }) }))
    await fc.assert(
      fc.asyncProperty(shapes, async ({ n, k, order }) => {
        const { groups, threshold } = await wrap(Array.from({ length: n }, (_, i) => [fakeRef(`g${i}`)]), k)
        const opened = (count: number): Promise<KeyObject> => {
          const absent = order.slice(count).map((i) => `g${i}`)
          return recoverDataKey({ groups, threshold, providers: providers(fakeProvider('age', { absent })) })
        }
        for (const count of [k, n]) expect((await opened(count)).equals(DATA_KEY)).toBe(true)
        expect((await errorOf(() => opened(k - 1))).code).toBe('DATA_KEY_UNRECOVERABLE')
      }),
      { numRuns: 100 },
    )
  })

  it('says what each key answered when too few did', async () => {
    const { groups, threshold } = await wrap([[fakeRef('a'), fakeRef('x')], [fakeRef('b')], [fakeRef('c'), fakeRef('d')]], 2)
    const known = providers(fakeProvider('age', { absent: ['c', 'd'], broken: ['b'] }))
    const error = await errorOf(() => recoverDataKey({ groups, threshold, providers: known }))
    expect(error.code).toBe('DATA_KEY_UNRECOVERABLE')
    expect(error.message).toContain('2 of 3 key groups')
    expect(outcomes(error.reports)).toStrictEqual(['0 a recovered', '0 x untried', '1 b failed', '2 c absent', '2 d absent'])
    expect((error.reports as KeyReport[])[2]!.error!.message).toBe('b does not answer')
  })

  it('combines all shares where no threshold is stored', async () => {
    const { groups } = await wrap([[fakeRef('a')], [fakeRef('b')], [fakeRef('c')]])
    expect((await recoverDataKey({ groups, threshold: 0, providers: providers(fakeProvider('age')) })).equals(DATA_KEY)).toBe(true)
  })

  it('takes a part of the wrong length for a failure of that key', async () => {
    const short = [[{ ...fakeRef('a'), enc: Buffer.alloc(16).toString('base64') }]]
    const error = await errorOf(() => recoverDataKey({ groups: short, threshold: 0, providers: providers(fakeProvider('age')) }))
    expect(outcomes(error.reports)).toStrictEqual(['0 a failed'])
  })

  it('lets a defect of a provider through instead of reporting it', async () => {
    const { groups } = await wrap([[fakeRef('a')]])
    const defect = { ...fakeProvider('age'), unwrap: () => Promise.reject(new TypeError('defect')) }
    await expect(recoverDataKey({ groups, threshold: 0, providers: providers(defect) })).rejects.toThrow(TypeError)
  })

  it('draws another key each time', () => {
    expect(generateDataKey(random).equals(generateDataKey(random))).toBe(false)
    expect(generateDataKey(random).symmetricKeySize).toBe(32)
  })
})

describe('decryption order', () => {
  it('is age and pgp unless given; unknown kinds match nothing', () => {
    expect(parseDecryptionOrder('')).toStrictEqual(['age', 'pgp'])
    expect(parseDecryptionOrder('kms,rot13')).toStrictEqual(['kms', 'rot13'])
  })

  it('refuses a kind that is named twice', () => {
    expect(codeOf(() => parseDecryptionOrder('age,pgp,age'))).toBe('DECRYPTION_ORDER_INVALID')
  })
})

describe('testing', () => {
  it('asks every key of every group, and tells how long each took and what it was used with', async () => {
    const age = fakeProvider('age', { absent: ['b'], broken: ['c'] })
    const known = providers({ ...age, credentialSource: async (ref) => (age.displayName(ref as FakeRef) === 'a' ? 'a test' : undefined) })
    const { groups } = await wrap([[fakeRef('a'), fakeRef('b')], [fakeRef('c'), fakeRef('d')]], 2)
    let now = 0
    const tests = await testKeys({ groups, providers: known, clock: () => (now += 5) })
    expect(outcomes(tests)).toStrictEqual(['0 a recovered', '0 b absent', '1 c failed', '1 d recovered'])
    expect(tests.map(({ elapsedMs, source }) => [elapsedMs, source])).toStrictEqual([[5, 'a test'], [5, undefined], [5, undefined], [5, undefined]])
  })
})
