/**
 * Runs a program on a pseudo-terminal of its own, and answers what it asks. Node cannot make one: Python does, without a native addon.
 * @module
 */
import { spawn, spawnSync } from 'node:child_process'

export interface Answered {
  readonly status: number
  /** All that the terminal shows. */
  readonly screen: string
}

/** Waits for each question, which ends in a blank, and types an answer. */
const DRIVER = `
import os, pty, select, sys, time
count = int(sys.argv[1])
answers = [os.fsencode(keys) for keys in sys.argv[2:2 + count]]
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

/** Whether this machine has what it takes; without Python, tests of terminals are left out. */
export function hasTerminals(): boolean {
  return spawnSync('python3', ['-c', 'import pty']).status === 0
}

/**
 * @param answers - keys for each question
 * @param command - the program and its arguments
 */
export function onTerminal(answers: readonly string[], command: readonly string[], cwd: string, env: Readonly<Record<string, string | undefined>>): Promise<Answered> {
  const child = spawn('python3', ['-c', DRIVER, String(answers.length), ...answers, ...command], { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] })
  return new Promise((resolve, reject) => {
    let screen = ''
    child.stdout.on('data', (chunk: Buffer) => (screen += chunk.toString()))
    child.on('error', reject)
    child.on('close', (status) => resolve({ status: status ?? -1, screen }))
  })
}
