/**
 * Runs a program on a pseudo-terminal of its own, and answers what it asks.
 * @module
 */
import { spawnSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { startTerminal } from './terminal-session.ts'

/** A prompt is there before the terminal is set up for the answer. */
const ANSWER_AFTER_MS = 200

export interface Answered {
  readonly status: number
  /** All that the terminal shows. */
  readonly screen: string
}

/** Whether this machine has what it takes; without Python, tests of terminals are left out. */
export function hasTerminals(): boolean {
  return spawnSync('python3', ['-c', 'import pty']).status === 0
}

/**
 * Waits for each question, which ends in a blank, and types an answer.
 * @param answers - keys for each question; those that are left when the program ends are not typed
 * @param command - the program and its arguments
 */
export async function onTerminal(answers: readonly string[], command: readonly string[], cwd: string, env: Readonly<Record<string, string | undefined>>): Promise<Answered> {
  const session = await startTerminal(command, cwd, env)
  try {
    let asked = 0
    for (const keys of answers) {
      if (!(await session.asks(asked))) break
      await delay(ANSWER_AFTER_MS)
      asked = session.screen().length
      session.type(keys)
    }
    const status = await session.ended
    return { status, screen: session.screen() }
  } finally {
    session.hangUp() // one that never asked must not wait for ever
  }
}
