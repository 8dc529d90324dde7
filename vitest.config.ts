import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['packages/*/test/**/*.test.ts', 'cli/test/**/*.test.ts', 'controller/test/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 120_000, // for machines that do other things, too: no test waits so long otherwise
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: availableParallelism(), // tests wait a lot: a worker less than there are cores would leave one idle
  },
})
