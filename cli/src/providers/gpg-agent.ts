/**
 * gpg-agent as the keeper of passphrases that are not GnuPG's: it asks with its own pinentry, and remembers for a while.
 * Follows: getsops/gopgagent (which socket, which commands); GnuPG's manual, "Agent GET_PASSPHRASE"; libassuan's manual (lines, escapes).
 * @module
 */
import { readlinkSync, statSync } from 'node:fs'
import { createConnection, type Socket } from 'node:net'
import { join } from 'node:path'
import { CodedError } from '@waxseal/core'
import type { Context } from '../context.ts'

/** For an agent that is there, and does not say so. */
const GREETING_MS = 5000
/** libassuan's own limit is 1000. */
const MAX_LINE_LENGTH = 4096
/** libgpg-error: the lower 16 bits of a code are the error, the others tell where it comes from. */
const CODE_MASK = 0xffff
const NO_PIN_ENTRY = 85
const CANCELED: ReadonlySet<number> = new Set([99, 198])

/**
 * @param cacheId - under which the agent keeps the answer
 * @returns null if no agent is there that could ask
 * @throws CodedError CANCELED; IDENTITY_INVALID - the agent fails
 */
export async function askAgent(context: Context, cacheId: string, question: string): Promise<string | null> {
  const agent = await connect(context)
  if (!agent) return null
  try {
    for (const [name, value] of terminalOptions(context)) if (value) await agent.send(`OPTION ${name}=${value}`)
    const answer = await agent.send(`GET_PASSPHRASE ${[cacheId, '', 'Passphrase', question].map(escaped).join(' ')}`)
    if (answer.startsWith('OK')) return Buffer.from(answer.slice(3), 'hex').toString()
    const error = Number(/^ERR (\d+)/.exec(answer)?.[1]) & CODE_MASK
    if (error === NO_PIN_ENTRY) return null
    if (CANCELED.has(error)) throw new CodedError('CANCELED', 'canceled')
    throw new CodedError('IDENTITY_INVALID', `gpg-agent passphrase request errored: ${answer}`)
  } finally {
    agent.close()
  }
}

/** Does nothing where there is no agent. */
export async function forgetInAgent(context: Context, cacheId: string): Promise<void> {
  const agent = await connect(context)
  await agent?.send(`CLEAR_PASSPHRASE ${escaped(cacheId)}`)
  agent?.close()
}

/** Where pinentry may show itself. */
function terminalOptions({ env }: Context): readonly (readonly [name: string, value: string | undefined])[] {
  return [['display', env['DISPLAY']], ['ttyname', env['GPG_TTY'] || ownTerminal()], ['ttytype', env['TERM']]]
}

function ownTerminal(): string | undefined {
  try {
    const path = readlinkSync('/proc/self/fd/0')
    return path.startsWith('/dev/') ? path : undefined
  } catch {
    return undefined
  }
}

/** An argument without blanks. `X` stands for none. */
function escaped(text: string): string {
  return text === '' ? 'X' : encodeURIComponent(text)
}

/** `GPG_AGENT_INFO` of old versions, and of those who want none: empty. */
function socketPath({ env }: Context): string | undefined {
  const info = env['GPG_AGENT_INFO']
  if (info !== undefined) return info.split(':')[0] || undefined
  const places = [env['HOME'] && join(env['HOME'], '.gnupg', 'S.gpg-agent'), env['XDG_RUNTIME_DIR'] && join(env['XDG_RUNTIME_DIR'], 'gnupg', 'S.gpg-agent')]
  return places.find((path): path is string => Boolean(path) && statSync(path as string, { throwIfNoEntry: false })?.isSocket() === true)
}

interface Agent {
  /** @returns the line `OK ...` or `ERR ...` */
  send(command: string): Promise<string>
  close(): void
}

/** null: there is none. */
async function connect(context: Context): Promise<Agent | null> {
  const path = socketPath(context)
  if (path === undefined) return null
  const socket = createConnection({ path, signal: context.signal })
  const answers = answersOf(socket)
  const agent: Agent = {
    async send(command) {
      socket.write(`${command}\n`)
      const { value } = await answers.next()
      if (value === undefined) throw new CodedError(context.signal.aborted ? 'CANCELED' : 'IDENTITY_INVALID', 'gpg-agent closed the connection')
      return value
    },
    close: () => socket.destroy(),
  }
  const timer = setTimeout(() => socket.destroy(), GREETING_MS)
  const { value: greeting } = await answers.next()
  clearTimeout(timer)
  if (greeting?.startsWith('OK')) return agent
  agent.close()
  return null
}

/** Lines but for comments and status reports; ends with the connection, whatever ends that. */
async function* answersOf(socket: Socket): AsyncGenerator<string, undefined> {
  let rest = ''
  try {
    for await (const chunk of socket.setEncoding('utf8')) {
      const lines = (rest + String(chunk)).split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > MAX_LINE_LENGTH) return undefined
      yield* lines.filter((line) => !/^(?:#|S )/.test(line))
    }
  } catch {
    return undefined
  }
  return undefined
}
