import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { AGE_KEY_FILE, built, FIXTURES, run } from '../programs.ts'

const folder = join(FIXTURES, 'sops-3.13.2', 'fixtures', 'yaml', 'ints')

it.each([[['/dev/stdin']], [[]]])('a file from standard input: decrypt %j', async (path) => {
  const { status, stdout, stderr } = await run(built('sops'), ['decrypt', '--input-type', 'yaml', '--output-type', 'yaml', ...path], {
    env: { SOPS_AGE_KEY_FILE: AGE_KEY_FILE },
    stdin: readFileSync(join(folder, 'encrypted.yaml')),
  })
  expect([status, stderr]).toEqual([0, ''])
  expect(stdout.toString()).toBe(readFileSync(join(folder, 'decrypted.yaml'), 'utf8'))
})
