/**
 * A context for handlers that run inside a test: a folder, an environment and a clock of their own, output that is kept.
 * @module
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandomSource } from '@waxseal/core'
import { onTestFinished } from 'vitest'
import { NO_AUDIT, type Audit, type ChildEnd, type Context, type Handler } from '../src/context.ts'

export const FIXTURES = join(import.meta.dirname, '..', '..', 'fixtures')
export const AGE_KEY_FILE = join(FIXTURES, 'sops-3.13.2', 'keys', 'age-a.txt')
export const AGE_RECIPIENT = 'age199na7we5t9rywgutuvjy50aahmfsgae6fmpsccs009m3s70lx3uq430348'
export const OTHER_KEY_FILE = join(FIXTURES, 'sops-3.13.2', 'keys', 'age-b.txt')

export interface Ended {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** A folder that goes when the test ends. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export interface RunOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  /** Instead of `stdin`, if it is no text. */
  readonly stdinBytes?: Uint8Array
  readonly audit?: Audit
}

export async function runHandler(handler: Handler, args: readonly string[], options: RunOptions): Promise<Ended> {
  const { status, stdout, stderr } = await runForBytes(handler, args, options)
  return { status, stdout: stdout.toString(), stderr: stderr.toString() }
}

export interface EndedWithBytes {
  readonly status: number
  readonly stdout: Buffer
  readonly stderr: Buffer
}

/** Children get the test's pipes instead of the process's own input and output. */
export async function runForBytes(handler: Handler, args: readonly string[], { cwd, env = {}, stdin = '', stdinBytes, audit = NO_AUDIT }: RunOptions): Promise<EndedWithBytes> {
  let input = stdinBytes ? Buffer.from(stdinBytes).toString() : stdin
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []]
  const context: Context = {
    env: { PATH: process.env['PATH'], HOME: cwd, ...env },
    cwd,
    stdin: {
      isTerminal: false,
      readAll: () => Buffer.from(stdinBytes ?? input),
      async readLine() {
        const end = input.indexOf('\n')
        if (end < 0 && input === '') return null
        const line = end < 0 ? input : input.slice(0, end)
        input = end < 0 ? '' : input.slice(end + 1)
        return line
      },
    },
    stdout: { isTerminal: false, write: (data) => void stdout.push(Buffer.from(data)) },
    stderr: { isTerminal: false, write: (data) => void stderr.push(Buffer.from(data)) },
    now: () => new Date('2026-01-02T03:04:05Z'),
    random: createRandomSource(),
    expectWork: () => {},
    signal: new AbortController().signal,
    audit,
    run(program, words, options) {
      return new Promise<ChildEnd>((resolve) => {
        const child = spawn(program, words, { cwd, env: options.env, stdio: ['pipe', 'pipe', 'pipe'] })
        child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
        child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
        child.on('error', (error: NodeJS.ErrnoException) => resolve({ status: null, signal: null, error }))
        child.on('close', (status, signal) => resolve({ status, signal }))
        child.stdin.on('error', () => {})
        child.stdin.end(input)
      })
    },
  }
  const status = await handler(args, context)
  return { status, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) }
}
