import { expect, it } from 'vitest'
import { createOptimizerSwitch } from '../src/optimizer.ts'

const MEGABYTE = 2 ** 20

it.each<[string, number[], string[]]>([
  ['a small file', [1000], []],
  ['a few small files', [20_000, 20_000], []],
  ['one file of a megabyte', [MEGABYTE], ['--no-turbofan']],
  ['one large file', [10 * MEGABYTE], []],
  ['a tree of files', Array.from({ length: 10 }, () => MEGABYTE), ['--no-turbofan', '--turbofan']],
  ['a large file behind a small one', [1000, 10 * MEGABYTE], []],
])('V8 is told to optimize or not: %s', (_name, sizes, flags) => {
  const set: string[] = []
  const expectWork = createOptimizerSwitch((flag) => void set.push(flag))
  for (const size of sizes) expectWork(size)
  expect(set).toEqual(flags)
})
