/** The hidden prompt, on a pseudo-terminal. */
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hasTerminals } from '@waxseal/testkit'
import { programOnTerminal } from '../program-on-terminal.ts'
import { AGE_KEY_FILE, AGE_RECIPIENT, testFolder } from '../test-context.ts'
import { waxseal } from './run-native.ts'

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts')

async function folderWithSecret(): Promise<string> {
  const cwd = testFolder()
  writeFileSync(join(cwd, 'secret.yaml'), 'password: old\n')
  await waxseal(['encrypt', '-i', '--age', AGE_RECIPIENT, 'secret.yaml'], { cwd })
  return cwd
}

describe.runIf(hasTerminals())('hidden prompt', () => {
  it('takes a line without showing it, with corrections', async () => {
    const cwd = await folderWithSecret()
    const { status, screen } = await programOnTerminal(['wrong\x15hunter3\x7f2\r'], ['set', 'secret.yaml', 'password'], cwd)
    expect({ status, screen }).toEqual({ status: 0, screen: 'value for password: \r\n' })
    expect((await waxseal(['get', 'secret.yaml', 'password'], { cwd })).stdout).toBe('hunter2')
  })

  it.each([
    ['Ctrl+C', 'hun\x03', 1, 'waxseal: canceled'],
    ['Ctrl+D', '\x04', 1, 'waxseal: canceled'],
    ['a paste of several lines', 'one\rtwo\rthree\r', 7, 'waxseal: the answer has more than one line\r\nhint: use --file for a value of several lines'],
  ])('%s leaves the file as it is', async (_, keys, expected, message) => {
    const cwd = await folderWithSecret()
    const before = readFileSync(join(cwd, 'secret.yaml'), 'utf8')
    const { status, screen } = await programOnTerminal([keys], ['set', 'secret.yaml', 'password'], cwd)
    expect({ status, screen }).toEqual({ status: expected, screen: `value for password: \r\n${message}\r\n` })
    expect(readFileSync(join(cwd, 'secret.yaml'), 'utf8')).toBe(before)
  })

  it('says what to do where there is no terminal', async () => {
    const cwd = await folderWithSecret()
    const child = spawn(process.execPath, [MAIN, 'set', 'secret.yaml', 'password'], { cwd, env: { PATH: process.env['PATH'], SOPS_AGE_KEY_FILE: AGE_KEY_FILE }, stdio: ['ignore', 'ignore', 'pipe'], detached: true })
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    const status = await new Promise((resolve) => child.on('close', resolve))
    expect({ status, stderr }).toEqual({ status: 1, stderr: 'waxseal: there is no terminal to ask on\nhint: use --stdin or --file\n' })
  })
})
