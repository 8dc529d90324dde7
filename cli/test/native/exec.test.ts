import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { AGE_RECIPIENT, testFolder } from '../test-context.ts'
import { waxseal } from './run-native.ts'

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const cwd = testFolder()
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(cwd, name), text)
    expect((await waxseal(['encrypt', '-i', '--age', AGE_RECIPIENT, name], { cwd })).status).toBe(0)
  }
  return cwd
}

it('exec-env gives a program the values, its status becomes ours', async () => {
  const cwd = await folderWith({ 'app.yaml': 'A: x y\nN: 42\n' })
  const outer = { OUTER: 'o', PATH: process.env['PATH'] ?? '' }
  for (const name of ['exec-env', 'run']) {
    expect(await waxseal([name, 'app.yaml', '--', 'sh', '-c', 'echo "$A|$N|$OUTER"; exit 4'], { cwd, env: outer })).toEqual({ status: 4, stdout: 'x y|42|o\n', stderr: '' })
  }
  expect((await waxseal(['exec-env', '--pristine', 'app.yaml', '--', '/bin/sh', '-c', 'echo "$A|$OUTER"'], { cwd, env: outer })).stdout).toBe('x y|\n')
  expect((await waxseal(['exec-env', 'app.yaml', '--', 'sh', '-c', 'kill -9 $$'], { cwd, env: outer })).status).toBe(137)
})

it('exec-file serves the plaintext once, or as a private file', async () => {
  const plain = 'a: 1 # note\n'
  const cwd = await folderWith({ 'f.yaml': plain })
  const env = { PATH: process.env['PATH'] ?? '', TMPDIR: cwd }
  expect(await waxseal(['exec-file', 'f.yaml', '--', 'sh', '-c', 'test -p "$0" && cat "$0"', '{}'], { cwd, env })).toEqual({ status: 0, stdout: plain, stderr: '' })
  const file = await waxseal(['exec-file', '--no-fifo', 'f.yaml', '--', 'sh', '-c', 'stat -c %a "$0"; basename "$0"; cat "$0"', '{}'], { cwd, env })
  expect(file).toEqual({ status: 0, stdout: `600\nf.yaml\n${plain}`, stderr: '' })
})

it.each([
  { words: ['exec-env', 'nested.yaml', '--', 'true'], says: 'nested.yaml: cannot use complex value in environment; offending key db' },
  { words: ['exec-env', 'nested.yaml'], says: "missing required argument 'command'" },
  { words: ['exec-file', 'nested.yaml', '--', 'cat'], says: 'no word of the command holds {}' },
  { words: ['exec-file', 'nested.yaml', '--', '/none/such', '{}'], says: 'cannot start /none/such: there is no such program' },
])('refuses $words: $says', async ({ words, says }) => {
  const cwd = await folderWith({ 'nested.yaml': 'db:\n  password: x\n' })
  const { status, stdout, stderr } = await waxseal(words, { cwd, env: { PATH: process.env['PATH'] ?? '' } })
  expect([status, stdout]).toEqual([1, ''])
  expect(stderr).toContain(says)
})
