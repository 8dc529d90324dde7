import { describe, expect, it } from 'vitest'
import { FoundOnce, Turns } from '@waxseal/core'

describe('turns', () => {
  it('let no more run at once than they may, in the order of their coming, failures included', async () => {
    const turns = new Turns(2)
    let running = 0
    let most = 0
    const order: number[] = []
    const work = async (n: number): Promise<number> => {
      most = Math.max(most, ++running)
      order.push(n)
      await new Promise((resolve) => setImmediate(resolve))
      running--
      if (n === 1) throw new Error('x')
      return n
    }
    const results = await Promise.allSettled([0, 1, 2, 3, 4].map((n) => turns.run(() => work(n))))
    expect(most).toBe(2)
    expect(order).toEqual([0, 1, 2, 3, 4])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'])
  })

  it('pass over who no longer waits', async () => {
    const turns = new Turns(1)
    const run = new AbortController()
    const gate = Promise.withResolvers<void>()
    const first = turns.run(() => gate.promise)
    const second = turns.run(async () => 'second', run.signal)
    const third = turns.run(async () => 'third')
    run.abort()
    await expect(second).rejects.toMatchObject({ code: 'CANCELED' })
    await expect(turns.run(async () => 'late', run.signal)).rejects.toMatchObject({ code: 'CANCELED' })
    gate.resolve()
    await first
    expect(await third).toBe('third')
    expect(await turns.run(async () => 'free', run.signal)).toBe('free')
  })
})

describe('what is found once', () => {
  it('is shared by all who ask meanwhile and afterwards, each key by itself', async () => {
    const memory = new FoundOnce<string, string>()
    let asked = 0
    const find = async (): Promise<string> => `answer ${++asked}`
    expect(await Promise.all([memory.get('a', find), memory.get('a', find), memory.get('b', find)])).toEqual(['answer 1', 'answer 1', 'answer 2'])
    expect(await memory.get('a', find)).toBe('answer 1')
  })

  it('is looked for again after a failure, which does not take a newer answer away', async () => {
    const memory = new FoundOnce<string, string>()
    const failing = memory.get('a', async () => Promise.reject(new Error('x')))
    const alsoFailing = memory.get('a', async () => 'not asked')
    await expect(failing).rejects.toThrow('x')
    const found = memory.get('a', async () => 'found')
    await expect(alsoFailing).rejects.toThrow('x')
    expect(await found).toBe('found')
    expect(await memory.get('a', async () => 'not asked')).toBe('found')
  })
})
