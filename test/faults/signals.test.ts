import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { AGE_KEY_FILE, AGE_RECIPIENT, built, run, start, testFolder } from '../programs.ts'

const env = { SOPS_AGE_KEY_FILE: AGE_KEY_FILE }
const PLAIN = 'password: secret\n'

type Program = 'sops' | 'waxseal'
const COMMANDS: readonly (readonly [Program, string, readonly string[]])[] = [
  ['sops', 'edit', ['edit', 'f.yaml']],
  ['sops', 'exec-file', ['exec-file', '--no-fifo', 'f.yaml', './wait.sh {}']],
  ['sops', 'exec-file with a FIFO', ['exec-file', 'f.yaml', './wait.sh {}']],
  ['waxseal', 'edit', ['edit', 'f.yaml']],
  ['waxseal', 'exec-file', ['exec-file', '--no-fifo', 'f.yaml', '--', './wait.sh', '{}']],
]

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500 && !isSo(); tries++) await delay(20)
}

/** A command whose child has the plaintext before it and stays. */
async function held(program: Program, args: readonly string[]): Promise<{ readonly child: ReturnType<typeof start>; readonly temporary: string; readonly file: string; readonly before: string }> {
  const folder = testFolder()
  const [temporary, file, told] = ['t', 'f.yaml', 'told'].map((name) => join(folder, name)) as [string, string, string]
  mkdirSync(temporary)
  writeFileSync(file, PLAIN)
  expect((await run(built('sops'), ['encrypt', '-i', '--age', AGE_RECIPIENT, file], { cwd: folder, env })).stderr).toBe('')
  writeFileSync(join(folder, 'wait.sh'), '#!/bin/sh\ncat "$1" > seen; echo $$ > told\nexec sleep 60\n')
  chmodSync(join(folder, 'wait.sh'), 0o755)
  const child = start(built(program), args, { cwd: folder, env: { ...env, TMPDIR: temporary, EDITOR: './wait.sh' } })
  const pid = (): number => (existsSync(told) ? Number(readFileSync(told, 'utf8')) : 0)
  onTestFinished(() => {
    child.kill('SIGKILL')
    try {
      if (pid() > 0) process.kill(pid(), 'SIGKILL')
    } catch {
      // it was ended with its parent
    }
  })
  await until(() => pid() > 0)
  expect(readFileSync(join(folder, 'seen'), 'utf8')).toBe(PLAIN)
  expect(readdirSync(temporary)).toHaveLength(1)
  return { child, temporary, file, before: readFileSync(file, 'utf8') }
}

describe.each(COMMANDS)('%s %s', (program, _, args) => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('ends at %s, with no plaintext left behind and the file as it was', async (signal) => {
    const { child, temporary, file, before } = await held(program, args)
    const ended = once(child, 'exit')
    child.kill(signal)
    expect((await ended)[0]).not.toBe(0)
    expect(readdirSync(temporary)).toEqual([])
    expect(readFileSync(file, 'utf8')).toBe(before)
  })

  it('leaves no plaintext when it is killed', async () => {
    const { child, temporary, file, before } = await held(program, args)
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    await until(() => readdirSync(temporary).length === 0)
    expect(readdirSync(temporary)).toEqual([])
    expect(readFileSync(file, 'utf8')).toBe(before)
  })
})
