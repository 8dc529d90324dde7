/** The key service as a program, and native commands that have no other keys. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { hasTerminals, startTerminal } from '@waxseal/testkit'
import { sops } from '../../src/sops/sops.ts'
import { AGE_KEY_FILE, AGE_RECIPIENT, type Ended, runHandler, testFolder } from '../test-context.ts'
import { waxseal } from './run-native.ts'

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts')
const PLAIN = 'user: admin\n'
/** A terminal waits for a minute. */
const LONG_MS = 120_000
const NO_KEYS = { SOPS_AGE_KEY_FILE: '' }

async function encrypted(): Promise<string> {
  const cwd = testFolder()
  writeFileSync(join(cwd, 'f.yaml'), PLAIN)
  expect((await waxseal(['encrypt', '-i', '--age', AGE_RECIPIENT, 'f.yaml'], { cwd })).status).toBe(0)
  return cwd
}

/** @returns once it listens; `end` stops it and gives its status */
async function start(cwd: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<{ readonly said: string; readonly end: () => Promise<unknown> }> {
  const child = spawn(process.execPath, [MAIN, 'keyservice', ...args], { cwd, env: { PATH: process.env['PATH'], HOME: cwd, SOPS_AGE_KEY_FILE: AGE_KEY_FILE, ...env }, stdio: ['ignore', 'ignore', 'pipe'], detached: true })
  onTestFinished(() => void child.kill('SIGKILL'))
  const closed = once(child, 'close')
  let said = ''
  await new Promise<void>((resolve) => {
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.endsWith('\n')) resolve()
    })
    child.stderr.on('end', resolve)
  })
  return {
    said,
    end: async () => {
      child.kill('SIGTERM')
      return (await closed)[0]
    },
  }
}

describe('keyservice', () => {
  it('opens files for those who have no keys, over a socket of its own, until it is ended', async () => {
    const cwd = await encrypted()
    mkdirSync(join(cwd, 'run'), { mode: 0o700 })
    const { said, end } = await start(cwd, [], { XDG_RUNTIME_DIR: join(cwd, 'run') })
    const path = join(cwd, 'run', 'waxseal-keyservice.sock')
    expect(said).toBe(`waxseal: listening on unix://${path}\n`)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect((await waxseal(['decrypt', 'f.yaml'], { cwd, env: NO_KEYS })).status).toBe(128)
    expect(await waxseal(['decrypt', 'f.yaml'], { cwd, env: { ...NO_KEYS, SOPS_KEYSERVICE: `unix://${path}` } })).toEqual({ status: 0, stdout: PLAIN, stderr: '' })
    expect(await waxseal(['decrypt', 'f.yaml'], { cwd, env: { SOPS_KEYSERVICE: `unix://${path}`, SOPS_ENABLE_LOCAL_KEYSERVICE: 'false' } })).toMatchObject({ status: 0, stdout: PLAIN })
    expect(await runHandler(sops, ['decrypt', '--keyservice', `unix://${path}`, 'f.yaml'], { cwd })).toMatchObject({ status: 0, stdout: PLAIN })
    const second = await waxseal(['keyservice', '--listen', `unix://${path}`], { cwd })
    expect([second.status, second.stderr]).toEqual([1, expect.stringContaining('it is in use')])
    expect(await end()).toBe(0)
    expect(existsSync(path)).toBe(false)
  })

  it('answers nothing that nobody agreed to', async () => {
    const cwd = await encrypted()
    const { end } = await start(cwd, ['--prompt', '--listen', `unix://${cwd}/s`])
    const { status, stderr } = await waxseal(['decrypt', 'f.yaml'], { cwd, env: { SOPS_ENABLE_LOCAL_KEYSERVICE: 'false', SOPS_KEYSERVICE: `unix://${cwd}/s` } })
    expect([status, stderr]).toEqual([128, expect.stringContaining('there is no terminal to ask on')])
    expect(await end()).toBe(0)
  })

  it.runIf(hasTerminals())('asks on its terminal before each answer', async () => {
    const cwd = await encrypted()
    const session = await startTerminal([process.execPath, MAIN, 'keyservice', '--prompt', '--listen', `unix://${cwd}/s`], cwd, { PATH: process.env['PATH'], HOME: cwd, SOPS_AGE_KEY_FILE: AGE_KEY_FILE })
    onTestFinished(() => session.hangUp())
    const answered = async (key: string): Promise<Ended> => {
      const ended = waxseal(['decrypt', 'f.yaml'], { cwd, env: { SOPS_ENABLE_LOCAL_KEYSERVICE: 'false', SOPS_KEYSERVICE: `unix://${cwd}/s` } })
      await session.shows(`decrypt with ${AGE_RECIPIENT}? (y/n) `)
      session.type(key)
      return await ended
    }
    await session.shows('listening on')
    expect(await answered('y')).toEqual({ status: 0, stdout: PLAIN, stderr: '' })
    const { status, stdout, stderr } = await answered('n')
    expect([status, stdout, stderr]).toEqual([128, '', expect.stringContaining('Request rejected by user')])
    expect(await answered('xy')).toMatchObject({ status: 0, stdout: PLAIN }) // other keys are no answer
    process.kill(session.pid, 'SIGTERM')
    expect(await session.ended).toBe(0)
  }, LONG_MS)

  it.each([
    ['tcp://0.0.0.0:5000', 'can be reached by others'],
    ['tcp://192.0.2.1:5000', 'can be reached by others'],
    ['tcp://[::]:5000', 'can be reached by others'],
    ['tcp://127.0.0.1', 'is no address to listen on'],
    ['http://127.0.0.1:5000', 'is no address to listen on'],
    ['unix://relative', 'is no address to listen on'],
    ['unix:///%zz', 'is no address to listen on'],
    ['/run/keys.sock', 'is no address to listen on'],
    ['unix:///nonexistent/keys.sock', 'permission denied|there is no such folder'],
  ])('does not listen on %s', async (address, says) => {
    const { status, stderr } = await waxseal(['keyservice', '--listen', address], { cwd: testFolder() })
    expect([status, stderr]).toEqual([1, expect.stringMatching(says)])
  })

  it('needs a place for its socket', async () => {
    expect((await waxseal(['keyservice'], { cwd: testFolder(), env: { XDG_RUNTIME_DIR: '' } })).stderr).toContain('give --listen unix:///absolute/path')
  })

  it('has an address in SOPS_KEYSERVICE', async () => {
    const cwd = await encrypted()
    expect((await waxseal(['decrypt', 'f.yaml'], { cwd, env: { SOPS_KEYSERVICE: 'keys.sock' } })).stderr).toContain('SOPS_KEYSERVICE: "keys.sock" is no address')
  })
})
