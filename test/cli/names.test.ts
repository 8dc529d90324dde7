import { describe, expect, it } from 'vitest'
import { built, run } from '../programs.ts'

describe('the first word of a command line', () => {
  it.each(['constructor', 'toString', '__proto__'])('is no program just because objects have a property %s', async (word) => {
    const { status, stdout, stderr } = await run(built('waxseal'), [word])
    expect([status, stdout.toString()]).toEqual([1, ''])
    expect(stderr).toContain(`waxseal: unknown command '${word}'`)
  })
})
