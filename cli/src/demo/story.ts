/**
 * Plays command lines as a user would type them, in a folder of their own, and stops at the first step that does not hold.
 * @module
 */
import { spawn } from 'node:child_process'
import { delimiter, dirname } from 'node:path'
import { CodedError } from '@waxseal/core'
import type { Context } from '../context.ts'

const MAX_SHOWN_COLUMNS = 110

export interface Answer {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export class Story {
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  readonly #context: Context
  readonly #program: string
  #steps = 0

  /** @param program - path of the running program: its commands are what is shown */
  constructor(folder: string, program: string, context: Context) {
    this.folder = folder
    this.#program = program
    this.#context = context
    // Nothing of the user's own keys and settings plays along.
    this.env = { HOME: folder, XDG_CONFIG_HOME: `${folder}/.config`, PATH: `${dirname(process.execPath)}${delimiter}${context.env['PATH'] ?? ''}`, LC_ALL: 'C.UTF-8' }
  }

  say(text: string): void {
    this.#context.stdout.write(`${text}\n`)
  }

  step(title: string): void {
    this.say(`\n${++this.#steps}. ${title}`)
  }

  show(lines: readonly string[]): void {
    for (const line of lines) this.say(`   ${line.length > MAX_SHOWN_COLUMNS ? `${line.slice(0, MAX_SHOWN_COLUMNS)}...` : line}`)
  }

  /** @param shown - the command line as a person types it; @param stdin - what is piped in */
  async run(shown: string, args: readonly string[], stdin?: string): Promise<Answer> {
    this.say(`   $ ${shown}`)
    return this.quietly(args, stdin)
  }

  /** As `run`, and must succeed. */
  async must(shown: string, args: readonly string[], stdin?: string): Promise<Answer> {
    const answer = await this.run(shown, args, stdin)
    this.check(answer.status === 0, `it succeeds`, answer.stderr)
    return answer
  }

  quietly(args: readonly string[], stdin?: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [this.#program, ...args], { cwd: this.folder, env: this.env, stdio: ['pipe', 'pipe', 'pipe'] })
      let [stdout, stderr] = ['', '']
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
      child.on('error', reject)
      child.on('close', (status) => resolve({ status, stdout, stderr }))
      child.stdin.on('error', () => {}) // it may end without reading
      child.stdin.end(stdin)
    })
  }

  /** @throws CodedError DEMO_FAILED */
  check(holds: boolean, what: string, details = ''): void {
    if (!holds) throw new CodedError('DEMO_FAILED', `step ${this.#steps} does not hold: ${what}`, { ...(details && { hint: details.trim().split('\n')[0] ?? '' }) })
  }

  held(what: string): void {
    this.say(`   ok: ${what}`)
  }
}

export interface LineDifference {
  readonly removed: readonly string[]
  readonly added: readonly string[]
}

/** Lines that only one text has, by a longest common subsequence: texts of a demo are short. */
export function lineDifference(before: string, after: string): LineDifference {
  const [a, b] = [before.split('\n'), after.split('\n')]
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1))
  const at = (i: number, k: number): number => lengths[i]?.[k] ?? 0
  for (let i = a.length - 1; i >= 0; i--) {
    for (let k = b.length - 1; k >= 0; k--) (lengths[i] as Uint16Array)[k] = a[i] === b[k] ? at(i + 1, k + 1) + 1 : Math.max(at(i + 1, k), at(i, k + 1))
  }
  const removed: string[] = []
  const added: string[] = []
  for (let i = 0, k = 0; i < a.length || k < b.length; ) {
    if (i < a.length && k < b.length && a[i] === b[k]) {
      i++
      k++
    } else if (k >= b.length || (i < a.length && at(i + 1, k) >= at(i, k + 1))) removed.push(a[i++] as string)
    else added.push(b[k++] as string)
  }
  return { removed, added }
}
