/**
 * Every parser over a fixed sequence of inputs: a minute together in CI, a part of it in an everyday run. `node test/fuzz/run.ts` goes on
 * for as long as wanted.
 */
import { describe, expect, it } from 'vitest'
import { fuzz } from './fuzz.ts'
import { MISSING, TARGETS } from './targets.ts'

const SEED = 20_261_125
const MILLISECONDS = (process.env['CI'] === 'true' ? 60_000 : 20_000) / TARGETS.length

describe('parsers take any input', () => {
  it('all of them, each with seeds', () => {
    expect(MISSING).toEqual([])
    expect(TARGETS.filter(({ seeds }) => seeds.length < 2).map(({ name }) => name)).toEqual([])
  })

  it.each(TARGETS.map(({ name }) => name))('%s', { timeout: 120_000 }, async (target) => {
    const { inputs, failure } = await fuzz({ target, seed: SEED, milliseconds: MILLISECONDS })
    expect(failure).toBeUndefined()
    expect(inputs).toBeGreaterThan(20)
  })
})
