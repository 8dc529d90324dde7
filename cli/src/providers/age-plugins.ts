/**
 * Programs `age-plugin-NAME`, found on the PATH and started without a shell, and what they want of the person at the terminal.
 * Follows: C2SP age-plugin.md; FiloSottile/age plugin/tui.go (questions, notice after five seconds).
 * @module
 */
import type { ChildProcessByStdio } from 'node:child_process'
import { tmpdir } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { CodedError, type HostPolicy } from '@waxseal/core'
import type { PluginHost, PluginProgram } from '@waxseal/provider-age'
import type { Context } from '../context.ts'
import { printable } from '../ui/print-error.ts'
import { findProgram } from '../process/program-path.ts'

export interface PluginLimits {
  /** How long a plugin may be silent: somebody may have to find a token first, and touch it. */
  readonly silenceMs: number
  /** How long it has to end, once it is told to. */
  readonly endMs: number
}
const LIMITS: PluginLimits = { silenceMs: 120_000, endMs: 2000 }
/** When people are told what is being waited for. */
const NOTICE_MS = 5000
const MAX_LINE_LENGTH = 64 * 1024
/** The end of what it wrote to standard error, for the message of a failure. */
const MAX_STDERR_LENGTH = 300
const INSTEAD = 'start the program on a terminal'

export function agePlugins(context: Context, policy: HostPolicy, limits = LIMITS): PluginHost {
  const { stderr } = context
  /** Why there is no answer is told here: a plugin only learns that there is none. */
  const asking = async <T>(name: string, ask: () => Promise<T>): Promise<T> => {
    try {
      return await ask()
    } catch (error) {
      if (error instanceof CodedError && error.code !== 'CANCELED') stderr.write(`could not read value for age-plugin-${name}: ${error.message}\n`)
      throw error
    }
  }
  return {
    async start(name, stateMachine, signal) {
      const program = `age-plugin-${name}`
      policy.checkProgram(program)
      const path = findProgram(program, context)
      if (path === undefined) {
        throw new CodedError('IDENTITY_INVALID', `"${name}" plugin not found: exec: "${program}": executable file not found in $PATH`, { hint: `install ${program} into a folder of the PATH` })
      }
      const { spawn } = await import('node:child_process')
      // Clients differ in the folder that plugins run in, so none is to rely on it.
      const child = spawn(path, [`--age-plugin=${stateMachine}`], { cwd: tmpdir(), env: context.env, stdio: ['pipe', 'pipe', 'pipe'] })
      return new RunningPlugin(name, child, { signal, limits, waiting: () => stderr.write(`waiting on ${name} plugin...\n`) })
    },
    show: (name, message) => stderr.write(`${name} plugin: ${printable(message)}\n`),
    async request(name, message, isSecret) {
      const { askHidden, askVisible } = await import('../ui/terminal.ts')
      return await asking(name, () => (isSecret ? askHidden : askVisible)(`${printable(message)} `, INSTEAD))
    },
    async confirm(name, message, yes, no) {
      const { askHidden, askKey } = await import('../ui/terminal.ts')
      const [question, first] = [printable(message), printable(yes)]
      if (no === undefined) return await asking(name, async () => (await askHidden(`${question} (press enter for "${first}") `, INSTEAD), true))
      return await asking(name, async () => (await askKey(`${question} (press [1] for "${first}" or [2] for "${printable(no)}") `, ['1', '2'], INSTEAD)) === '1')
    },
  }
}

interface Watch {
  readonly signal: AbortSignal
  readonly limits: PluginLimits
  readonly waiting: () => void
}

class RunningPlugin implements PluginProgram {
  readonly #name: string
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #watch: Watch
  readonly #ended: Promise<void>
  readonly #complained: Promise<void>
  readonly #lines: AsyncGenerator<string, null>
  #complaint = ''

  constructor(name: string, child: ChildProcessByStdio<Writable, Readable, Readable>, watch: Watch) {
    this.#name = name
    this.#child = child
    this.#watch = watch
    this.#ended = new Promise((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()))
    this.#complained = new Promise((resolve) => child.stderr.once('close', () => resolve()))
    this.#lines = linesOf(child.stdout)
    child.stdin.on('error', () => {}) // a plugin that ends early is noticed by its output
    child.stderr.on('data', (chunk: Buffer) => (this.#complaint = (this.#complaint + chunk.toString()).slice(-MAX_STDERR_LENGTH)))
  }

  write(text: string): void {
    this.#child.stdin.write(text)
  }

  async readLine(): Promise<string | null> {
    const { signal, limits, waiting } = this.#watch
    const { promise: stopped, reject } = Promise.withResolvers<never>()
    const cancel = (): void => reject(new CodedError('CANCELED', 'canceled'))
    if (signal.aborted) cancel()
    signal.addEventListener('abort', cancel)
    const notice = setTimeout(waiting, NOTICE_MS)
    const limit = setTimeout(() => reject(this.#failed(`it has been silent for ${limits.silenceMs / 1000} seconds`)), limits.silenceMs)
    try {
      const { value } = await Promise.race([this.#lines.next(), stopped])
      if (value !== null) return value
      await Promise.race([this.#complained, pause(limits.endMs, undefined, { ref: false })])
      if (this.#complaint === '') return null
      throw this.#failed(`it ended before it was done: ${printable(this.#complaint.trim())}`)
    } finally {
      clearTimeout(notice)
      clearTimeout(limit)
      signal.removeEventListener('abort', cancel)
    }
  }

  async close(): Promise<void> {
    const child = this.#child
    child.stdin.end()
    child.stdout.destroy()
    child.stderr.destroy()
    child.kill('SIGINT')
    const limit = setTimeout(() => child.kill('SIGKILL'), this.#watch.limits.endMs)
    await this.#ended
    clearTimeout(limit)
  }

  #failed(reason: string): CodedError {
    return new CodedError('IDENTITY_INVALID', `${this.#name} plugin: ${reason}`)
  }
}

/** Ends with the output, and with a line that is too long to be one. */
async function* linesOf(stdout: Readable): AsyncGenerator<string, null> {
  let rest = ''
  try {
    for await (const chunk of stdout.setEncoding('latin1')) {
      const lines = (rest + String(chunk)).split('\n')
      rest = lines.pop() ?? ''
      yield* lines
      if (rest.length > MAX_LINE_LENGTH) return null
    }
  } catch {
    return null // closed from here
  }
  return null
}
