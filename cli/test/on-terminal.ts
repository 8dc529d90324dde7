/**
 * Runs the program on a pseudo-terminal of its own. Node cannot make one: Python does, without a native addon.
 * @module
 */
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { AGE_KEY_FILE, type Ended } from './test-context.ts'

const MAIN = join(import.meta.dirname, '..', 'src', 'main.ts')

/** A machine without Python leaves out what needs a terminal. */
export const hasPython = spawnSync('python3', ['-c', 'import pty']).status === 0

/** Waits for each question, which ends in a blank, and types an answer. */
const DRIVER = `
import os, pty, select, sys, termios, time
count = int(sys.argv[1])
answers = [os.fsencode(keys).decode('unicode_escape').encode('latin-1') for keys in sys.argv[2:2 + count]]
program = sys.argv[2 + count:]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(program[0], program)
out = b''
asked = 0
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
    if answers and out.endswith(b' ') and len(out) > asked:
        time.sleep(0.2)
        os.write(fd, answers.pop(0))
        asked = len(out)
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(out)
sys.exit(os.waitstatus_to_exitcode(status) % 256)
`

/**
 * @param answers - keys for each question, with Python's escapes
 * @returns what the terminal shows as `stdout`
 */
export function onTerminal(answers: readonly string[], args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const words = ['-c', DRIVER, String(answers.length), ...answers, process.execPath, MAIN, ...args]
  const child = spawn('python3', words, { cwd, env: { PATH: process.env['PATH'], HOME: cwd, SOPS_AGE_KEY_FILE: AGE_KEY_FILE, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  return new Promise((resolve, reject) => {
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.on('error', reject)
    child.on('close', (status) => resolve({ status: status ?? -1, stdout, stderr }))
  })
}
