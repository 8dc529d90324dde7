/** The hidden prompt, on a pseudo-terminal: Python makes one without a native addon. */
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AGE_KEY_FILE, AGE_RECIPIENT, testFolder, type Ended } from '../test-context.ts'
import { waxseal } from './run-native.ts'

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts')

/** Runs a program with a terminal of its own, waits for the prompt, types. */
const DRIVER = `
import os, pty, select, sys, termios, time
keys = os.fsencode(sys.argv[1]).decode('unicode_escape').encode('latin-1')
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
out = b''
typed = False
while True:
    ready, _, _ = select.select([fd], [], [], 20)
    if not ready:
        os.kill(pid, 9)
        break
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    out += data
    if not typed and b': ' in out:
        time.sleep(0.2)
        os.write(fd, keys)
        typed = True
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(out)
sys.exit(os.waitstatus_to_exitcode(status) % 256)
`

function onTerminal(keys: string, args: readonly string[], cwd: string): Promise<Ended> {
  const env = { PATH: process.env['PATH'], HOME: cwd, SOPS_AGE_KEY_FILE: AGE_KEY_FILE }
  const child = spawn('python3', ['-c', DRIVER, keys, process.execPath, MAIN, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  return new Promise((resolve, reject) => {
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.on('error', reject)
    child.on('close', (status) => resolve({ status: status ?? -1, stdout, stderr }))
  })
}

async function folderWithSecret(): Promise<string> {
  const cwd = testFolder()
  writeFileSync(join(cwd, 'secret.yaml'), 'password: old\n')
  await waxseal(['encrypt', '-i', '--age', AGE_RECIPIENT, 'secret.yaml'], { cwd })
  return cwd
}

// Node cannot make a pseudo-terminal; a machine without Python leaves these out.
const hasPython = spawnSync('python3', ['-c', 'import pty']).status === 0

describe.runIf(hasPython)('hidden prompt', () => {
  it('takes a line without showing it, with corrections', async () => {
    const cwd = await folderWithSecret()
    const { status, stdout } = await onTerminal('wrong\\x15hunter3\\x7f2\\r', ['set', 'secret.yaml', 'password'], cwd)
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'value for password: \r\n' })
    expect((await waxseal(['get', 'secret.yaml', 'password'], { cwd })).stdout).toBe('hunter2')
  })

  it.each([
    ['Ctrl+C', 'hun\\x03', 1, 'waxseal: canceled'],
    ['Ctrl+D', '\\x04', 1, 'waxseal: canceled'],
    ['a paste of several lines', 'one\\rtwo\\rthree\\r', 7, 'waxseal: the answer has more than one line\r\nhint: use --file for a value of several lines'],
  ])('%s leaves the file as it is', async (_, keys, expected, message) => {
    const cwd = await folderWithSecret()
    const before = readFileSync(join(cwd, 'secret.yaml'), 'utf8')
    const { status, stdout } = await onTerminal(keys, ['set', 'secret.yaml', 'password'], cwd)
    expect({ status, stdout }).toEqual({ status: expected, stdout: `value for password: \r\n${message}\r\n` })
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
