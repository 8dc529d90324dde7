/**
 * Plaintext that must stand in a file for a while: a private folder that goes when the work ends, when a signal comes, and when
 * this process is killed.
 * @module
 */
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CodedError } from '@waxseal/core'
import type { Context } from '../context.ts'
import { errnoText } from '../files.ts'
import { ENDING_SIGNALS } from '../signals.ts'

/**
 * @param prefix - of the folder's name, before a random number
 * @param work - gets the folder (mode 0700)
 * @param isInterruptible - false: it ends at signals by itself
 * @throws CodedError CANCELED if a signal came first, FILE_UNWRITABLE if there is no place for the folder, and what `work` throws
 */
export async function withPrivateFolder<T>(context: Context, prefix: string, work: (folder: string) => Promise<T>, isInterruptible = true): Promise<T> {
  const folder = join(context.env['TMPDIR'] || tmpdir(), `${prefix}${randomInt(2 ** 47)}`)
  const watch = removeAfterDeath(folder) // before it is there: this process may be killed at any time
  try {
    mkdirSync(folder, 0o700)
  } catch (cause) {
    watch.forget()
    throw new CodedError('FILE_UNWRITABLE', `cannot make a temporary folder: ${errnoText(cause)}`, { cause })
  }
  const { promise: interrupted, reject } = Promise.withResolvers<never>()
  const onSignal = (): void => reject(new CodedError('CANCELED', 'user canceled operation'))
  const signals = isInterruptible ? ENDING_SIGNALS : []
  for (const signal of signals) process.on(signal, onSignal)
  try {
    return await Promise.race([work(folder), interrupted])
  } finally {
    rmSync(folder, { recursive: true, force: true })
    for (const signal of signals) process.off(signal, onSignal)
    watch.end()
  }
}

/** An editor that ends at the same time may still write into the folder; then it is removed once more. */
const REMOVE = 'read -r _; rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }'

interface Watch {
  /** The folder is gone. */
  end(): void
  /** The folder is somebody else's. */
  forget(): void
}

/** A shell in a session of its own waits for the end of a pipe, which comes with the end of this process, however it ends. */
function removeAfterDeath(folder: string): Watch {
  const watch = spawn('/bin/sh', ['-c', REMOVE, 'sh', folder], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  watch.on('error', () => {}) // no shell here: signals and the usual way out still remove the folder
  watch.stdin.on('error', () => {})
  watch.unref()
  return {
    end: () => void watch.stdin.destroy(),
    forget: () => void watch.kill('SIGKILL'),
  }
}
