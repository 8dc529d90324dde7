import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandomSource } from '../src/random.ts'
import { combineShares, multiply, splitSecret } from '../src/shamir.ts'
import { codeOf } from './support.ts'

const random = createRandomSource()

describe('shamir', () => {
  it('multiplies in GF(2^8) with 0x11b', () => {
    expect(multiply(0x53, 0xca)).toBe(0x01)
    expect(multiply(0x57, 0x83)).toBe(0xc1)
    expect(multiply(0, 0xff)).toBe(0)
  })

  it('splits as the reference does', () => {
    const shares = splitSecret(Buffer.from('0053ff', 'hex'), 3, 2, () => Buffer.from('01ca10', 'hex'))
    expect(shares.map((share) => share.toString('hex'))).toStrictEqual(['0199ef01', '02dcdf02', '0316cf03'])
  })

  it('recovers from any k of n shares, in any order', () => {
    const sizes = fc.integer({ min: 2, max: 8 }).chain((n) => fc.tuple(fc.constant(n), fc.integer({ min: 2, max: n })))
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 33 }), sizes, fc.infiniteStream(fc.nat()), (secret, [n, k], picks) => {
        const pool = splitSecret(secret, n, k, random)
        const chosen = Array.from({ length: k }, () => pool.splice(picks.next().value % pool.length, 1)[0]!)
        expect(combineShares(chosen)).toStrictEqual(Buffer.from(secret))
      }),
    )
  })

  it('gives other bytes from too few shares', () => {
    const secret = Buffer.alloc(32, 7)
    expect(combineShares(splitSecret(secret, 4, 4, random).slice(0, 3))).not.toStrictEqual(secret)
  })

  it('splits into 255 shares', () => {
    const shares = splitSecret(Buffer.from('key'), 255, 3, random)
    expect(combineShares([shares[254]!, shares[0]!, shares[100]!])).toStrictEqual(Buffer.from('key'))
  })

  it.each([
    [2, 3],
    [256, 2],
    [3, 1],
    [3, 0],
  ])('refuses %i shares with threshold %i', (shares, threshold) => {
    expect(codeOf(() => splitSecret(Buffer.alloc(32), shares, threshold, random))).toBe('SHAMIR_INVALID')
  })

  it('refuses shares that do not belong together', () => {
    const [a, b] = splitSecret(Buffer.alloc(32), 2, 2, random) as [Buffer, Buffer]
    for (const shares of [[], [a], [a, a], [a, b.subarray(1)], [Buffer.alloc(1), Buffer.from([1])]]) {
      expect(codeOf(() => combineShares(shares))).toBe('SHAMIR_INVALID')
    }
  })
})
