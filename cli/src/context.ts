/**
 * What a command handler may touch: everything outside the program comes through here, so that tests call handlers
 * in-process with a folder, an environment, a clock and captured output of their own.
 * @module
 */
import type { ChildProcess } from 'node:child_process'
import { readSync, writeSync } from 'node:fs'
import { CodedError, createRandomSource, type RandomSource } from '@waxseal/core'
import { createOptimizerSwitch } from './optimizer.ts'
import { ENDING_SIGNALS } from './signals.ts'

/** Largest input that is read unless the user says more. */
export const MAX_INPUT_BYTES = 256 * 1024 * 1024
const CHUNK_BYTES = 64 * 1024
const RETRY_MS = 5
/** What a shell sees of a program that SIGPIPE ended. */
const STATUS_PIPE = 141

export interface ReadLimit {
  readonly limitBytes: number
  /** How the user can raise it. */
  readonly hint?: string
}

export interface Input {
  readonly isTerminal: boolean
  /** Everything up to the end. @throws CodedError PARSE_LIMIT, FILE_UNREADABLE */
  readAll(limit?: ReadLimit): Uint8Array
  /** One line without its end; null at the end of the input. */
  readLine(): Promise<string | null>
}

export interface Output {
  readonly isTerminal: boolean
  /** Returns when everything is written. @throws CodedError FILE_UNWRITABLE */
  write(data: string | Uint8Array): void
}

export interface ChildOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Start it and do not wait; it gets no input and no output. */
  readonly background?: boolean
  /** Signals that would end this process are the child's, and its end is waited for. */
  readonly takesSignals?: boolean
}
/** How a child ended; `error` if it could not be started. */
export interface ChildEnd {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly error?: NodeJS.ErrnoException
}

export type AuditAction = 'encrypt' | 'decrypt' | 'rotate'

/** Who must know what is done to files, if anybody must. */
export interface Audit {
  /** Before anything is done. @throws CodedError AUDIT_FAILED, AUDIT_INVALID */
  start(context: Pick<Context, 'env'>): Promise<void>
  /** @param path - absolute; the working folder for standard input. @throws CodedError AUDIT_FAILED: then nothing may leave the program */
  record(action: AuditAction, path: string): Promise<void>
}

export const NO_AUDIT: Audit = { start: async () => {}, record: async () => {} }

export interface Context {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Absolute. Relative paths of the user are resolved against it. */
  readonly cwd: string
  readonly stdin: Input
  readonly stdout: Output
  readonly stderr: Output
  readonly now: () => Date
  readonly random: RandomSource
  /** Ends calls to key services. */
  readonly signal: AbortSignal
  readonly audit: Audit
  /** Told how many bytes will be worked on, before they are. */
  readonly expectWork: (bytes: number) => void
  /** Runs a program with this process's own input and output, without a shell. */
  run(program: string, args: readonly string[], options: ChildOptions): Promise<ChildEnd>
}

/** A handler returns the exit status. What it throws is printed by `program.ts`, or by its personality. */
export type Handler = (args: readonly string[], context: Context) => Promise<number>

/** Colours are for people: only on a terminal, and `NO_COLOR` and `TERM=dumb` switch them off. */
export function wantsColour(context: Context): boolean {
  return context.stdout.isTerminal && !context.env['NO_COLOR'] && context.env['TERM'] !== 'dumb'
}

/** The running process as a context. */
export function processContext(audit: Audit = NO_AUDIT): Context {
  return {
    env: process.env,
    cwd: process.cwd(),
    stdin: new ProcessInput(),
    stdout: new ProcessOutput(1),
    stderr: new ProcessOutput(2),
    now: () => new Date(),
    random: createRandomSource(),
    signal: new AbortController().signal,
    audit,
    expectWork: createOptimizerSwitch(),
    run: runChild,
  }
}

class ProcessInput implements Input {
  #rest = ''
  #ended = false

  get isTerminal(): boolean {
    return isTerminal(0)
  }

  readAll({ limitBytes, hint }: ReadLimit = { limitBytes: MAX_INPUT_BYTES }): Uint8Array {
    const chunks: Buffer[] = []
    for (let total = 0; ; ) {
      const chunk = Buffer.alloc(CHUNK_BYTES)
      const length = untilReady(() => readSync(0, chunk, 0, CHUNK_BYTES, null), 'FILE_UNREADABLE', 'cannot read standard input')
      if (length === 0) return Buffer.concat(chunks)
      total += length
      if (total > limitBytes) throw new CodedError('PARSE_LIMIT', `standard input is larger than ${limitBytes} bytes`, hint === undefined ? {} : { hint })
      chunks.push(chunk.subarray(0, length))
    }
  }

  async readLine(): Promise<string | null> {
    for (;;) {
      const end = this.#rest.indexOf('\n')
      if (end >= 0 || this.#ended) {
        if (end < 0 && this.#rest === '') return null
        const line = end < 0 ? this.#rest : this.#rest.slice(0, end)
        this.#rest = end < 0 ? '' : this.#rest.slice(end + 1)
        return line
      }
      // The stream, not a blocking read: signals must get through while somebody thinks.
      const chunk = await nextChunk(process.stdin)
      if (chunk === null) this.#ended = true
      else this.#rest += chunk
    }
  }
}

function nextChunk(stream: NodeJS.ReadStream): Promise<string | null> {
  stream.setEncoding('utf8')
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      stream.pause()
      stream.off('data', onData).off('end', onEnd).off('error', onError)
    }
    const onData = (chunk: string): void => {
      settle()
      resolve(chunk)
    }
    const onEnd = (): void => {
      settle()
      resolve(null)
    }
    const onError = (cause: Error): void => {
      settle()
      reject(new CodedError('FILE_UNREADABLE', 'cannot read standard input', { cause }))
    }
    if (stream.readableEnded) resolve(null)
    else stream.on('data', onData).on('end', onEnd).on('error', onError).resume()
  })
}

/** An open descriptor. */
export class ProcessOutput implements Output {
  readonly #fd: number
  constructor(fd: number) {
    this.#fd = fd
  }

  get isTerminal(): boolean {
    return isTerminal(this.#fd)
  }

  write(data: string | Uint8Array): void {
    const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : data
    for (let at = 0; at < bytes.length; ) {
      at += untilReady(() => writeSync(this.#fd, bytes, at), 'FILE_UNWRITABLE', this.#fd === 1 ? 'cannot write to standard output' : `cannot write to descriptor ${this.#fd}`)
    }
  }
}

/** A descriptor shared with others may be non-blocking: then waits instead of failing. */
function untilReady(operation: () => number, code: 'FILE_UNREADABLE' | 'FILE_UNWRITABLE', message: string): number {
  for (;;) {
    try {
      return operation()
    } catch (cause) {
      const { code: errno } = cause as NodeJS.ErrnoException
      if (errno === 'EOF') return 0
      if (errno === 'EPIPE') process.exit(STATUS_PIPE) // the reader has seen enough; Node ignores the signal that says so
      if (errno !== 'EAGAIN') throw new CodedError(code, message, { cause })
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS)
    }
  }
}

/** Loaded when it is asked: most runs neither log nor colour anything. */
function isTerminal(fd: number): boolean {
  return process.getBuiltinModule('node:tty').isatty(fd)
}

async function runChild(program: string, args: readonly string[], options: ChildOptions): Promise<ChildEnd> {
  const { spawn } = await import('node:child_process')
  return await new Promise((resolve) => {
    const background = options.background === true
    const passed = options.takesSignals ? ENDING_SIGNALS : []
    const pass = (signal: NodeJS.Signals): void => {
      if (signal !== 'SIGINT' || ![0, 1, 2].some(isTerminal)) child.kill(signal) // a terminal sends Ctrl+C to both
    }
    for (const signal of passed) process.on(signal, pass)
    const end = (how: ChildEnd): void => {
      for (const signal of passed) process.off(signal, pass)
      resolve(how)
    }
    let child: ChildProcess
    try {
      child = spawn(program, args, { env: options.env, stdio: background ? 'ignore' : 'inherit', detached: background })
    } catch (error) {
      return end({ status: null, signal: null, error: error as NodeJS.ErrnoException }) // arguments and environment are too long
    }
    child.on('error', (error: NodeJS.ErrnoException) => end({ status: null, signal: null, error }))
    child.on('close', (status, signal) => end({ status, signal }))
    if (background) {
      child.on('spawn', () => resolve({ status: 0, signal: null }))
      child.unref()
    }
  })
}
