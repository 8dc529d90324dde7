import { describe, expect, it } from 'vitest'
import { VERSION } from '../src/version.ts'
import { limitInFlight } from '../src/unseal.ts'
import manifest from '../package.json' with { type: 'json' }

describe('limitInFlight', () => {
  it('runs no more at once than it may, in the order of their coming, failures included', async () => {
    let running = 0
    let most = 0
    const order: number[] = []
    const work = limitInFlight(2, async (n: number) => {
      most = Math.max(most, ++running)
      order.push(n)
      await new Promise((resolve) => setImmediate(resolve))
      running--
      if (n === 1) throw new Error('x')
      return n
    })
    const results = await Promise.allSettled([0, 1, 2, 3, 4].map((n) => work(n)))
    expect(most).toBe(2)
    expect(order).toEqual([0, 1, 2, 3, 4])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'])
  })
})

describe('the version', () => {
  it('is the one of the package', () => {
    expect(VERSION).toBe(`v${manifest.version}`)
  })
})
