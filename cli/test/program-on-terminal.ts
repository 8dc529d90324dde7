/**
 * The program on a terminal, from its sources.
 * @module
 */
import { join } from 'node:path'
import { onTerminal, type Answered } from '@waxseal/testkit'
import { AGE_KEY_FILE } from './test-context.ts'

const MAIN = join(import.meta.dirname, '..', 'src', 'main.ts')

export function programOnTerminal(answers: readonly string[], args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): Promise<Answered> {
  return onTerminal(answers, [process.execPath, MAIN, ...args], cwd, { PATH: process.env['PATH'], HOME: cwd, SOPS_AGE_KEY_FILE: AGE_KEY_FILE, ...env })
}
