/**
 * `sops exec-env` and `sops exec-file`: a command that gets decrypted values in its environment or in a file.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { isAbsolute, join, normalize } from 'node:path'
import { plainTree } from '@waxseal/core'
import { environmentOf, withSecretFile } from '../process/child-secrets.ts'
import type { ChildEnd, ChildOptions, Context } from '../context.ts'
import { errnoText } from '../files.ts'
import { signalText } from '../process/signal-text.ts'
import { withPrivateFolder } from '../process/temp-folder.ts'
import { type Action, type Invocation, SopsError } from './action.ts'
import { openFile } from './load.ts'
import { failingWith } from './reference-text.ts'
import { renderPlain, storesFor } from './stores.ts'
import { switchUser, userEnvironment } from './user.ts'

const STATUS_CONFLICT = 8
/** Go's status for a child that a signal ended. */
const STATUS_SIGNAL = 255
const FILE_NAME = 'tmp-file'

export const execEnv: Action = async (invocation) => {
  const { args, context, flags } = invocation
  const [file, command] = fileAndCommand(args)
  const stores = await storesFor(invocation, file)
  const background = warnOfBackground(invocation, 'exec-env')
  if (background && flags.bool('same-process')) {
    throw new SopsError('Error: The --same-process flag cannot be used with --background', STATUS_CONFLICT)
  }
  const opened = await openFile(invocation, file, stores.input, { ignoreMac: false, readOnly: true })
  const values = environmentOf(plainTree(opened)[0] ?? { kind: 'map', items: [] })
  const user = flags.string('user')
  const env = { ...(flags.bool('pristine') ? {} : context.env), ...userEnvironment(user), ...values }
  if (user !== '') switchUser(user)
  if (flags.bool('same-process')) {
    await checkStart(command, env)
    process.execve?.('/bin/sh', ['/bin/sh', '-c', command], env)
    throw new SopsError('this system cannot replace the process', 1)
  }
  return tell(context, await context.run('/bin/sh', ['-c', command], { env, background }))
}

/** A process that cannot be replaced ends by abortion, with its memory in a file. @throws SopsError where a shell cannot be started either */
async function checkStart(command: string, env: ChildOptions['env']): Promise<void> {
  const { spawnSync } = await import('node:child_process')
  const { error } = spawnSync('/bin/sh', ['-nc', command], { env, stdio: 'ignore' })
  if (error) throw new SopsError(errnoText(error), 1)
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
  const runIn = async (folder: string): Promise<number> => {
    if (name !== '' && !isLocal(name)) throw new SopsError('The provided filename is not a local path.', 1)
    const fifo = !flags.bool('no-fifo')
    const path = join(folder, name || (fifo ? FILE_NAME : FILE_NAME + randomBytes(4).readUInt32BE()))
    const run = (): Promise<ChildEnd> => context.run('/bin/sh', ['-c', command.replaceAll('{}', path)], { env, background })
    return tell(context, await withSecretFile(path, content, fifo, context, run))
  }
  return await failingWith(1, '', () => withPrivateFolder(context, '.sops', runIn))
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

function tell(context: Context, { status, signal, error }: ChildEnd): number {
  if (error) throw new SopsError(`fork/exec /bin/sh: ${errnoText(error)}`, 1)
  if (signal) {
    context.stderr.write(`${signalText(signal)}\n`)
    return STATUS_SIGNAL
  }
  if (status !== 0) context.stderr.write(`exit status ${status}\n`)
  return status ?? 1
}

/** Below the folder whatever it says. */
function isLocal(name: string): boolean {
  const path = normalize(name)
  return !isAbsolute(path) && path !== '..' && !path.startsWith('../')
}
