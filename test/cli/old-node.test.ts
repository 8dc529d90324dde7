import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { built, run, testFolder } from '../programs.ts'

it('a Node that is too old is told so in one line', async () => {
  const folder = testFolder()
  // The same entry in a process that gives itself out for an older one.
  const entry = readFileSync(built('waxseal'), 'utf8').replace('process.versions.node.split', "'20.20.2'.split")
  writeFileSync(join(folder, 'entry.mjs'), entry)
  const result = await run(process.execPath, [join(folder, 'entry.mjs')], { cwd: folder })
  expect(result.status).toBe(1)
  expect(result.stderr).toBe(`waxseal: needs Node 22.15 or newer, this is ${process.versions.node}\n`)
})
