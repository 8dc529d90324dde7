/**
 * Secrets for another program: in its environment, or in a file that is a FIFO unless it must be a regular one.
 * @module
 */
import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { CodedError, Timestamp, type MapNode, type Value } from '@waxseal/core'
import { floatUpperG } from '@waxseal/formats'
import type { Context } from '../context.ts'
import { errnoText } from '../files.ts'

const FIFO_POLL_MS = 5

/** The values of a flat document as a program's environment holds them. @throws CodedError CHILD_REFUSED for what an environment cannot hold */
export function environmentOf({ items }: MapNode): Readonly<Record<string, string>> {
  const env: Record<string, string> = Object.create(null)
  for (const item of items) {
    if (item.kind === 'comment') continue
    const { key, value } = item
    if (value.kind !== 'leaf') throw new CodedError('CHILD_REFUSED', `cannot use complex value in environment; offending key ${key}`, { hint: 'exec-file hands over a file with maps and lists' })
    if (key.includes('=')) throw new CodedError('CHILD_REFUSED', `cannot use keys with '=' in environment: ${key}`)
    if (value.value instanceof Uint8Array) throw new CodedError('CHILD_REFUSED', `the value of ${key} is not UTF-8 text`, { hint: 'exec-file hands over its bytes' })
    env[key] = environmentText(value.value)
    if (`${key}${env[key]}`.includes('\0')) throw new CodedError('CHILD_REFUSED', 'exec: environment variable contains NUL')
  }
  return env
}

function environmentText(value: Exclude<Value, Uint8Array>): string {
  if (value === null) return '<nil>'
  if (typeof value === 'number') return floatUpperG(value)
  if (value instanceof Timestamp) return value.text.replace(/\.\d+/, '')
  return String(value)
}

/**
 * Runs work while a file of mode 0600 holds the content.
 * @param path - in a private folder, which takes the file away
 * @throws CodedError CHILD_REFUSED, and what the work throws
 */
export async function withSecretFile<T>(path: string, content: Uint8Array, isFifo: boolean, context: Context, work: () => Promise<T>): Promise<T> {
  if (!isFifo) {
    createPrivate(path, content)
    return await work()
  }
  await makeFifo(path, context)
  const stop = new AbortController()
  const writing = writeToReader(path, content, stop.signal)
  try {
    return await work()
  } finally {
    stop.abort()
    await writing
  }
}

function createPrivate(path: string, content: Uint8Array): void {
  try {
    const fd = openSync(path, 'wx', 0o600)
    try {
      for (let at = 0; at < content.length; ) at += writeSync(fd, content, at)
    } finally {
      closeSync(fd)
    }
  } catch (cause) {
    throw new CodedError('CHILD_REFUSED', `open ${path}: ${errnoText(cause)}`, { cause })
  }
}

async function makeFifo(path: string, context: Context): Promise<void> {
  const { status, error } = await context.run('mkfifo', ['-m', '600', '--', path], { env: context.env })
  if (error) throw new CodedError('CHILD_REFUSED', 'cannot make a FIFO: there is no program mkfifo; use --no-fifo')
  if (status !== 0) throw new CodedError('CHILD_REFUSED', `cannot make a FIFO at ${path}`)
}

/** Opening waits for a reader, and a blocking open could not be taken back; so it is tried until one is there. */
async function writeToReader(path: string, content: Uint8Array, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    try {
      await writePolling(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK), content, stop)
      return
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EPIPE') return
      if (code !== 'ENXIO') throw new CodedError('CHILD_REFUSED', `open ${path}: ${code}`, { cause: error })
      await delay(FIFO_POLL_MS)
    }
  }
}

async function writePolling(fd: number, content: Uint8Array, stop: AbortSignal): Promise<void> {
  try {
    for (let at = 0; at < content.length && !stop.aborted; ) {
      try {
        at += writeSync(fd, content, at)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
        await delay(FIFO_POLL_MS)
      }
    }
  } finally {
    closeSync(fd)
  }
}
