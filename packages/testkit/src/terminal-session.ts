/**
 * A program on a pseudo-terminal that a test looks at and types on, step by step. Node cannot make one: Python does, without a native addon.
 * @module
 */
import { spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'

const LONGEST_MS = 60_000
const LOOK_AGAIN_MS = 20

/** Tells the process id of the program; then takes keys and gives what the terminal shows. It hangs up when no keys can come any more. */
const RELAY = `
import os, pty, select, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
os.write(2, b'%d\\n' % pid)
while True:
    ready, _, _ = select.select([fd, 0], [], [])
    if fd in ready:
        try:
            data = os.read(fd, 4096)
        except OSError:
            break
        if not data:
            break
        os.write(1, data)
    if 0 in ready:
        keys = os.read(0, 4096)
        if not keys:
            break
        os.write(fd, keys)
os.close(fd)
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status) % 256)
`

export interface TerminalSession {
  /** Of the program. */
  readonly pid: number
  /** All that the terminal has shown. */
  screen(): string
  /** Waits until the terminal shows a text that it did not show at the last call. @throws Error with the screen if it never does */
  shows(text: string): Promise<void>
  /** Waits until the screen, which was of this length, has grown and ends in a blank. @returns false if the program ended before. @throws as `shows` */
  asks(length: number): Promise<boolean>
  type(keys: string): void
  /** As when the window of the terminal is closed. */
  hangUp(): void
  /** The program's status; 256 less the number of a signal that ended it. */
  readonly ended: Promise<number>
}

/** @param command - the program and its arguments */
export async function startTerminal(command: readonly string[], cwd: string, env: Readonly<Record<string, string | undefined>>): Promise<TerminalSession> {
  const relay = spawn('python3', ['-c', RELAY, ...command], { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] })
  let [screen, told, seen] = ['', '', 0]
  relay.stdout.on('data', (chunk: Buffer) => (screen += chunk.toString()))
  relay.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()))
  relay.stdin.on('error', () => {}) // the program has ended
  const ended = new Promise<number>((resolve, reject) => relay.on('error', reject).on('close', (status) => resolve(status ?? -1)))
  const until = async (what: string, isSo: () => boolean): Promise<void> => {
    for (const deadlineMs = Date.now() + LONGEST_MS; !isSo(); await delay(LOOK_AGAIN_MS)) {
      if (Date.now() > deadlineMs || relay.exitCode !== null) throw new Error(`the terminal never showed ${what}:\n${screen}${told}`)
    }
  }
  await until('a process id', () => told.includes('\n'))
  return {
    pid: Number(told.slice(0, told.indexOf('\n'))),
    screen: () => screen,
    async shows(text) {
      await until(JSON.stringify(text), () => screen.includes(text, seen))
      seen = screen.indexOf(text, seen) + text.length
    },
    async asks(length) {
      const isAsked = (): boolean => screen.length > length && screen.endsWith(' ')
      await until('a question', () => isAsked() || relay.exitCode !== null)
      return isAsked()
    },
    type: (keys) => void relay.stdin.write(keys),
    hangUp: () => void relay.stdin.end(),
    ended,
  }
}
