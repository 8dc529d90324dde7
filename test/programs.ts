/**
 * Runs the built programs and the real ones as a user would.
 * @module
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

export const ROOT = join(import.meta.dirname, '..')
export const FIXTURES = join(ROOT, 'fixtures')

/** Path of a built program. */
export function built(name: 'waxseal' | 'sops' | 'kubeseal' | 'waxseal-controller'): string {
  const path = join(ROOT, 'dist', 'bin', name)
  if (!existsSync(path)) throw new Error(`${path} is missing: run pnpm build first`)
  return path
}

export interface Finished {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: Buffer
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string | Uint8Array
}

/** Only what is given stands in the environment, beside PATH: no test sees the keys or settings of whoever runs it. */
export function start(program: string, args: readonly string[], options: RunOptions = {}): ChildProcess {
  return spawn(program, args, {
    cwd: options.cwd,
    env: { PATH: `${join(process.execPath, '..')}:${process.env['PATH'] ?? ''}`, HOME: options.cwd ?? tmpdir(), LC_ALL: 'C.UTF-8', ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
}

export function finished(child: ChildProcess, stdin?: string | Uint8Array): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk))
    child.on('error', reject)
    child.on('close', (status, signal) => resolve({ status, signal, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() }))
    child.stdin?.on('error', () => {}) // a program that ends without reading its input is no fault of the test
    child.stdin?.end(stdin)
  })
}

export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return finished(start(program, args, options), options.stdin)
}

/** A folder of the test's own, gone when the test ends. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Runs `work` over `items`, at most `width` at a time; results in order. */
export async function inParallel<T, R>(items: readonly T[], width: number, work: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++
      results[index] = await work(items[index] as T, index)
    }
  }
  await Promise.all(Array.from({ length: width }, worker))
  return results
}

/** The recorded test key that most fixtures are encrypted to. */
export const AGE_KEY_FILE = join(FIXTURES, 'sops-3.13.2', 'keys', 'age-a.txt')
export const AGE_RECIPIENT = 'age199na7we5t9rywgutuvjy50aahmfsgae6fmpsccs009m3s70lx3uq430348'
