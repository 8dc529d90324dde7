/**
 * `sops exec-env` and `sops exec-file`: a command that gets decrypted values in its environment or in a file.
 * @module
 */
import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { isAbsolute, join, normalize } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { plainTree, Timestamp, type Value } from '@waxseal/core'
import { floatUpperG } from '@waxseal/formats'
import type { ChildEnd, Context } from '../context.ts'
import { errnoText } from '../files.ts'
import { withPrivateFolder } from '../temp-folder.ts'
import { type Action, type Invocation, SopsError } from './action.ts'
import { openFile } from './load.ts'
import { renderPlain, storesFor } from './stores.ts'
import { switchUser, userEnvironment } from './user.ts'

const STATUS_CONFLICT = 8
/** Go's status for a child that a signal ended. */
const STATUS_SIGNAL = 255
const FILE_NAME = 'tmp-file'
const FIFO_POLL_MS = 5

export const execEnv: Action = async (invocation) => {
  const { args, context, flags } = invocation
  const [file, command] = fileAndCommand(args)
  const stores = await storesFor(invocation, file)
  const background = warnOfBackground(invocation, 'exec-env')
  if (background && flags.bool('same-process')) {
    throw new SopsError('Error: The --same-process flag cannot be used with --background', STATUS_CONFLICT)
  }
  const opened = await openFile(invocation, file, stores.input, { ignoreMac: false, readOnly: true })
  const values = environmentOf(plainTree(opened)[0]?.items ?? [])
  const user = flags.string('user')
  const env = { ...(flags.bool('pristine') ? {} : context.env), ...userEnvironment(user), ...values }
  if (user !== '') switchUser(user)
  if (flags.bool('same-process')) {
    process.execve?.('/bin/sh', ['/bin/sh', '-c', command], env)
    throw new SopsError('this system cannot replace the process', 1)
  }
  return tell(context, await context.run('/bin/sh', ['-c', command], { env, background }))
}

export const execFile: Action = async (invocation) => {
  const { args, context, flags } = invocation
  const [file, command] = fileAndCommand(args)
  const stores = await storesFor(invocation, file)
  const opened = await openFile(invocation, file, stores.input, { ignoreMac: false, readOnly: true })
  const content = await renderPlain(opened, stores)
  const background = warnOfBackground(invocation, 'exec-file')
  const user = flags.string('user')
  const env = { ...context.env, ...userEnvironment(user) }
  if (user !== '') switchUser(user)
  const name = flags.string('filename')
  return await withPrivateFolder(context, '.sops', async (folder) => {
    if (name !== '' && !isLocal(name)) throw new SopsError('The provided filename is not a local path.', 1)
    const fifo = !flags.bool('no-fifo')
    const path = join(folder, name || (fifo ? FILE_NAME : FILE_NAME + randomBytes(4).readUInt32BE()))
    const run = (): Promise<ChildEnd> => context.run('/bin/sh', ['-c', command.replaceAll('{}', path)], { env, background })
    if (!fifo) {
      createPrivate(path, content)
      return tell(context, await run())
    }
    await makeFifo(context, path)
    const stop = new AbortController()
    const writing = writeToReader(path, content, stop.signal)
    try {
      return tell(context, await run())
    } finally {
      stop.abort()
      await writing
    }
  })
}

function fileAndCommand(args: readonly string[]): readonly [string, string] {
  const [file, command] = args
  if (file === undefined || command === undefined || args.length > 2) throw new SopsError('error: missing file to decrypt', 1)
  return [file, command]
}

function warnOfBackground({ flags, log }: Invocation, command: string): boolean {
  if (!flags.bool('background')) return false
  log.warn(`${command}'s --background option is deprecated and will be removed in a future version of sops`)
  return true
}

function environmentOf(items: ReturnType<typeof plainTree>[number]['items']): Readonly<Record<string, string>> {
  const env: Record<string, string> = Object.create(null)
  for (const item of items) {
    if (item.kind === 'comment') continue
    const { key, value } = item
    if (value.kind !== 'leaf') throw new SopsError(`cannot use complex value in environment; offending key ${key}`, 1)
    if (key.includes('=')) throw new SopsError(`cannot use keys with '=' in environment: ${key}`, 1)
    env[key] = environmentText(value.value)
    if (`${key}${env[key]}`.includes('\0')) throw new SopsError('exec: environment variable contains NUL', 1)
  }
  return env
}

function environmentText(value: Value): string {
  if (value === null) return '<nil>'
  if (typeof value === 'number') return floatUpperG(value)
  if (value instanceof Timestamp) return value.text.replace(/\.\d+/, '')
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : String(value)
}

function tell(context: Context, { status, signal, error }: ChildEnd): number {
  if (error) throw new SopsError(`fork/exec /bin/sh: ${error.code ?? 'failed'}`, 1)
  if (signal) {
    context.stderr.write(`signal: ${SIGNAL_NAMES[signal] ?? signal}\n`)
    return STATUS_SIGNAL
  }
  if (status !== 0) context.stderr.write(`exit status ${status}\n`)
  return status ?? 1
}

const SIGNAL_NAMES: Partial<Record<NodeJS.Signals, string>> = {
  SIGHUP: 'hangup',
  SIGINT: 'interrupt',
  SIGKILL: 'killed',
  SIGSEGV: 'segmentation fault',
  SIGTERM: 'terminated',
}

/** Below the folder whatever it says. */
function isLocal(name: string): boolean {
  const path = normalize(name)
  return !isAbsolute(path) && path !== '..' && !path.startsWith('../')
}

function createPrivate(path: string, content: Uint8Array): void {
  try {
    writeClosing(openSync(path, 'wx', 0o600), content)
  } catch (cause) {
    throw new SopsError(`open ${path}: ${errnoText(cause)}`, 1, cause)
  }
}

async function makeFifo(context: Context, path: string): Promise<void> {
  const { status, error } = await context.run('mkfifo', ['-m', '600', '--', path], { env: context.env })
  if (error) throw new SopsError('cannot make a FIFO: there is no program mkfifo; use --no-fifo', 1)
  if (status !== 0) throw new SopsError(`cannot make a FIFO at ${path}`, 1)
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
      if (code !== 'ENXIO') throw new SopsError(`open ${path}: ${code}`, 1, error)
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

function writeClosing(fd: number, content: Uint8Array): void {
  try {
    for (let at = 0; at < content.length; ) at += writeSync(fd, content, at)
  } finally {
    closeSync(fd)
  }
}
