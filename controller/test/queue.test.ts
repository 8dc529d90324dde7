import { describe, expect, it } from 'vitest'
import type { Clock } from '@waxseal/kube'
import { WorkQueue, type Outcome } from '../src/queue.ts'

/** Waits last until the test lets them go. */
class HeldClock implements Clock {
  readonly waits: number[] = []
  readonly #wake: (() => void)[] = []

  now(): number {
    return 0
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.waits.push(ms)
    return new Promise((resolve) => {
      this.#wake.push(resolve)
      signal?.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  async pass(): Promise<void> {
    for (const wake of this.#wake.splice(0)) wake()
    await settle()
  }
}

async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

/** Work that ends when the test says so. */
function workbench(options: { readonly concurrency?: number } = {}) {
  const clock = new HeldClock()
  const started: string[] = []
  const open: { readonly key: string; end(outcome: Outcome): void; fail(error: unknown): void }[] = []
  const errors: unknown[] = []
  const queue = new WorkQueue({
    concurrency: options.concurrency ?? 10,
    clock,
    random: () => 0,
    onError: (_key, error) => errors.push(error),
    work: (key) =>
      new Promise((resolve, reject) => {
        started.push(key)
        open.push({ key, end: resolve, fail: reject })
      }),
  })
  const end = async (outcome: Outcome = { type: 'done' }): Promise<void> => {
    open.shift()?.end(outcome)
    await settle()
  }
  const fail = async (error: unknown): Promise<void> => {
    open.shift()?.fail(error)
    await settle()
  }
  return { queue, clock, started, errors, end, fail }
}

describe('WorkQueue', () => {
  it('waits until it is started', () => {
    const { queue, started } = workbench()
    queue.add('a')
    expect(started).toEqual([])
    queue.start()
    expect(started).toEqual(['a'])
  })

  it('holds a name once, however often it is added', () => {
    const { queue, started } = workbench()
    for (const key of ['a', 'b', 'a', 'a']) queue.add(key)
    expect(queue.length).toBe(2)
    queue.start()
    expect(started).toEqual(['a', 'b'])
  })

  it('works on a name by one worker at a time, and once more if it was added meanwhile', async () => {
    const { queue, started, end } = workbench()
    queue.start()
    queue.add('a')
    queue.add('a')
    queue.add('a')
    expect(started).toEqual(['a'])
    await end()
    expect(started).toEqual(['a', 'a'])
    await end()
    expect(started).toEqual(['a', 'a'])
  })

  it('works on no more names at once than it may', async () => {
    const { queue, started, end } = workbench({ concurrency: 2 })
    queue.start()
    for (const key of ['a', 'b', 'c']) queue.add(key)
    expect(started).toEqual(['a', 'b'])
    await end()
    expect(started).toEqual(['a', 'b', 'c'])
  })

  it('lets namespaces take turns, each in the order of arrival', async () => {
    const { queue, started, end } = workbench({ concurrency: 1 })
    for (const key of ['a/1', 'a/2', 'a/3', 'b/1', 'c/1', 'b/2', 'a/2']) queue.add(key)
    expect(queue.length).toBe(6)
    queue.start()
    for (let i = 0; i < 6; i++) await end()
    expect(started).toEqual(['a/1', 'b/1', 'c/1', 'a/2', 'b/2', 'a/3'])
  })

  it('keeps workers free of a namespace that has many names', async () => {
    const { queue, started, end } = workbench({ concurrency: 4 })
    queue.start()
    for (const key of ['a/1', 'a/2', 'a/3', 'a/4', 'a/5']) queue.add(key)
    expect(started).toEqual(['a/1', 'a/2', 'a/3'])
    queue.add('b/1')
    expect(started).toEqual(['a/1', 'a/2', 'a/3', 'b/1'])
    await end()
    expect(started.slice(4)).toEqual(['a/4'])
  })

  it('comes back to failures for ever, with waits that double up to five minutes', async () => {
    const { queue, clock, started, end } = workbench()
    queue.start()
    queue.add('a')
    for (let i = 0; i < 14; i++) {
      await end({ type: 'retry' })
      await clock.pass()
    }
    expect(started).toHaveLength(15)
    expect(clock.waits.slice(0, 4)).toEqual([250, 500, 1000, 2000])
    expect(clock.waits.at(-1)).toBe(150_000)
  })

  it('forgets failures after a success', async () => {
    const { queue, clock, end } = workbench()
    queue.start()
    queue.add('a')
    await end({ type: 'retry' })
    await clock.pass()
    expect(queue.failures('a')).toBe(1)
    await end()
    expect(queue.failures('a')).toBe(0)
  })

  it('waits at least as long as the server asks for', async () => {
    const { queue, clock, end } = workbench()
    queue.start()
    queue.add('a')
    await end({ type: 'retry', atLeastMs: 9000 })
    expect(clock.waits).toEqual([9000])
  })

  it('takes an exception for a failure', async () => {
    const { queue, clock, started, errors, fail } = workbench()
    queue.start()
    queue.add('a')
    await fail(new Error('x'))
    await clock.pass()
    expect(errors).toHaveLength(1)
    expect(started).toEqual(['a', 'a'])
  })

  it('does not make a changed name wait for its retry', async () => {
    const { queue, clock, started, end } = workbench()
    queue.start()
    queue.add('a')
    await end({ type: 'retry' })
    queue.add('a')
    expect(started).toEqual(['a', 'a'])
    await end()
    await clock.pass()
    expect(started).toEqual(['a', 'a'])
  })

  it('looks again when told to', async () => {
    const { queue, clock, started, end } = workbench()
    queue.start()
    queue.add('a')
    await end({ type: 'again', afterMs: 77 })
    expect(clock.waits).toEqual([77])
    await clock.pass()
    expect(started).toEqual(['a', 'a'])
  })

  it('lets what runs come to its end when it stops, and starts nothing more', async () => {
    const { queue, started, end } = workbench({ concurrency: 1 })
    queue.start()
    queue.add('a')
    queue.add('b')
    let stopped = false
    const stopping = queue.stop().then(() => (stopped = true))
    await settle()
    expect(stopped).toBe(false)
    await end()
    await stopping
    expect(started).toEqual(['a'])
  })

  it('goes on after a pause with what is left', async () => {
    const { queue, started, end } = workbench({ concurrency: 1 })
    queue.start()
    queue.add('a')
    queue.add('b')
    const pausing = queue.pause()
    await end()
    await pausing
    queue.start()
    expect(started).toEqual(['a', 'b'])
  })

  it('looks at a name after a while, unless it comes sooner', async () => {
    const { queue, clock, started, end } = workbench()
    queue.start()
    queue.addLater('a', 2000)
    queue.addLater('a', 3000)
    await settle()
    expect([started, clock.waits, queue.delayed]).toEqual([[], [2000], 1])
    queue.addLater('a', 1000)
    expect([clock.waits, queue.delayed]).toEqual([[2000, 1000], 1])
    await clock.pass()
    expect(started).toEqual(['a'])
    queue.addLater('a', 2000) // while it is worked on
    await end()
    await clock.pass()
    expect(started).toEqual(['a', 'a'])
  })

  it('goes at once where it would have waited', async () => {
    const { queue, clock, started, end } = workbench()
    queue.start()
    queue.addLater('a', 2000)
    queue.add('a')
    await settle()
    await end()
    await clock.pass()
    expect([started, queue.delayed]).toEqual([['a'], 0])
  })
})
