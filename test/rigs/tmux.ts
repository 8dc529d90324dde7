/**
 * A terminal of tmux with a shell in it, which remembers: what it shows is what somebody would see, and what was painted over is gone.
 * @module
 */
import { execFile } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { rigProgram } from './rigs.ts'

const LONGEST_MS = 60_000
const LOOK_AGAIN_MS = 50
/** With what has scrolled away. */
const WHOLE = ['-S', '-']
const ask = promisify(execFile)

export const tmuxProgram = rigProgram('tmux', 'tmux')

export interface TmuxScreen {
  /** Types text as it is, and then keys by tmux's names. */
  type(text: string, ...keys: readonly string[]): Promise<void>
  /** Waits until the screen shows this; gives the whole screen. @throws Error with the screen if it never does */
  shows(what: RegExp): Promise<string>
  /** All that was shown and not taken away. */
  everything(): Promise<string>
  /** The same with its colours, as escape sequences that begin with `\033`. */
  inColour(): Promise<string>
  stop(): Promise<void>
}

/** @param folder - for its socket, and where the shell stands */
export async function startTmux(folder: string, env: Readonly<Record<string, string>>): Promise<TmuxScreen> {
  const tmux = async (...args: readonly string[]): Promise<string> =>
    (await ask(tmuxProgram ?? '', ['-S', `${folder}/tmux`, '-f', '/dev/null', ...args], { cwd: folder, env: { ...env } })).stdout
  const pid = Number(await tmux('new-session', '-d', '-x', '120', '-y', '30', 'PS1="ready> " exec sh', ';', 'display-message', '-p', '#{pid}'))
  if (!(pid > 0)) throw new TypeError('a tmux server has a process id')
  const capture = (...how: readonly string[]): Promise<string> => tmux('capture-pane', '-p', ...how)
  return {
    async type(text, ...keys) {
      await tmux('send-keys', '-l', text)
      if (keys.length > 0) await tmux('send-keys', ...keys)
    },
    async shows(what) {
      for (const deadlineMs = Date.now() + LONGEST_MS; ; await delay(LOOK_AGAIN_MS)) {
        const screen = await capture()
        if (what.test(screen)) return screen
        if (Date.now() > deadlineMs) throw new Error(`the terminal never showed ${String(what)}:\n${screen}`)
      }
    },
    everything: () => capture(...WHOLE),
    inColour: () => capture(...WHOLE, '-e', '-C'),
    async stop() {
      process.kill(pid)
      while (await tmux('has-session').then(() => true, () => false)) await delay(LOOK_AGAIN_MS)
    },
  }
}
