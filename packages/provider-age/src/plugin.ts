/**
 * age plugins: programs named `age-plugin-NAME` that wrap and unwrap file keys. Recipients `age1NAME1...` and identities `AGE-PLUGIN-NAME-1...`
 * name them. Client and plugin send each other stanzas: first the client tells everything, then the plugin commands and the client answers.
 * Follows: C2SP age-plugin.md; FiloSottile/age plugin/client.go (what is malformed, which commands are answered).
 * @module
 */
import { randomBytes, randomInt } from 'node:crypto'
import { CodedError, type ErrorCode } from '@waxseal/core'
import type { AgeFile } from './age-file.ts'
import { decodeBech32 } from './bech32.ts'
import { decodeUnpadded, FILE_KEY_BYTES } from './primitives.ts'
import { StanzaReader, writeStanza, type Stanza } from './stanza.ts'

const RECIPIENT_PREFIX = 'age1'
const IDENTITY_PREFIX = 'age-plugin-'
/** Names become part of a program's name: no slash. */
const NAME = /^[a-z0-9+._-]+$/
/** A post-quantum stanza has some 60 lines. */
const MAX_STANZA_LINES = 4096
const MAX_COMMANDS = 4096
const EMPTY = Buffer.alloc(0)

export interface PluginRef {
  readonly name: string
  /** The whole recipient or identity, as the plugin gets it. */
  readonly text: string
}

/** A running plugin. */
export interface PluginProgram {
  write(text: string): void
  /** One line without its end; null at the end of its output. @throws CodedError CANCELED, or when it stays silent for too long */
  readLine(): Promise<string | null>
  /** Ends it, however far it is. */
  close(): Promise<void>
}

/** What a plugin needs of the program around. Texts are a plugin's: not to be trusted with the terminal. */
export interface PluginHost {
  /** @throws CodedError when it may not be started, or is not there */
  start(name: string, stateMachine: 'recipient-v1' | 'identity-v1', signal: AbortSignal): Promise<PluginProgram>
  show(name: string, message: string): void
  /** @throws CodedError when nobody answers; the plugin is told so. CANCELED ends everything */
  request(name: string, message: string, isSecret: boolean): Promise<string>
  /** @param no - undefined: there is only one answer. @throws CodedError as `request` does */
  confirm(name: string, message: string, yes: string, no: string | undefined): Promise<boolean>
}

/** null: no recipient of a plugin. */
export function parsePluginRecipient(text: string): PluginRef | null {
  const prefix = text === text.toLowerCase() ? decodeBech32(text)?.prefix : undefined
  return prefix?.startsWith(RECIPIENT_PREFIX) ? pluginRef(prefix.slice(RECIPIENT_PREFIX.length), text) : null
}

/** null: no identity of a plugin. */
export function parsePluginIdentity(text: string): PluginRef | null {
  const found = text === text.toUpperCase() ? decodeBech32(text) : null
  found?.bytes.fill(0)
  const prefix = found?.prefix
  return prefix?.startsWith(IDENTITY_PREFIX) && prefix.endsWith('-') ? pluginRef(prefix.slice(IDENTITY_PREFIX.length, -1), text) : null
}

function pluginRef(name: string, text: string): PluginRef | null {
  return NAME.test(name) ? { name, text } : null
}

/**
 * @param fileKey - 16 bytes; borrowed
 * @throws CodedError WRAP_FAILED, CANCELED, and what `host.start` throws
 */
export async function wrapByPlugin(fileKey: Buffer, { name, text }: PluginRef, host: PluginHost, signal: AbortSignal): Promise<readonly Stanza[]> {
  const stanzas: Stanza[] = []
  const talk = new Talk(name, 'WRAP_FAILED', host)
  const told = [command(['add-recipient', text]), grease(), command(['wrap-file-key'], fileKey), command(['done'])]
  await talk.run('recipient-v1', told, signal, ({ args: [type, index, ...args], body }) => {
    if (type !== 'recipient-stanza') return false
    if (index !== '0' || args.length === 0) throw talk.failed('malformed recipient stanza')
    stanzas.push({ args, body })
    return true
  })
  if (stanzas.length === 0) throw talk.failed('received zero recipient stanzas')
  return stanzas
}

/**
 * @returns the file key, 16 bytes, owned by the caller; null: the plugin has none for this file
 * @throws CodedError IDENTITY_INVALID, CANCELED, and what `host.start` throws
 */
export async function unwrapByPlugin(file: AgeFile, { name, text }: PluginRef, host: PluginHost, signal: AbortSignal): Promise<Buffer | null> {
  const found: Buffer[] = []
  const talk = new Talk(name, 'IDENTITY_INVALID', host)
  const stanzas = file.stanzas.map(({ args, body }) => command(['recipient-stanza', '0', ...args], body))
  try {
    await talk.run('identity-v1', [command(['add-identity', text]), grease(), ...stanzas, command(['done'])], signal, ({ args: [type, index, ...others], body }) => {
      if (type !== 'file-key') return false
      found.push(body)
      if (index !== '0' || others.length > 0 || body.length !== FILE_KEY_BYTES) throw talk.failed('malformed file-key stanza')
      if (found.length > 1) throw talk.failed('received duplicated file-key stanza')
      return true
    })
  } catch (error) {
    for (const fileKey of found) fileKey.fill(0)
    throw error
  }
  return found[0] ?? null
}

function command(args: readonly string[], body: Buffer = EMPTY): Stanza {
  return { args, body }
}

/** A command that nobody knows: a plugin that cannot pass over it would break with the next version. */
function grease(): Stanza {
  return command([`grease-${randomBytes(8).toString('hex')}`, ...Array.from({ length: randomInt(3) }, () => String(randomInt(100)))], randomBytes(randomInt(100)))
}

/** One conversation with one plugin. */
class Talk {
  readonly #name: string
  readonly #code: ErrorCode
  readonly #host: PluginHost

  constructor(name: string, code: ErrorCode, host: PluginHost) {
    this.#name = name
    this.#code = code
    this.#host = host
  }

  failed(reason: string): CodedError {
    return new CodedError(this.#code, `${this.#name} plugin: ${reason}`)
  }

  /** @param take - handles what the state machine is for; false: it is none of that */
  async run(stateMachine: 'recipient-v1' | 'identity-v1', told: readonly Stanza[], signal: AbortSignal, take: (stanza: Stanza) => boolean): Promise<void> {
    const program = await this.#host.start(this.#name, stateMachine, signal)
    try {
      program.write(told.map(writeStanza).join(''))
      for (let count = 0; count < MAX_COMMANDS; count++) {
        const stanza = await this.#next(program)
        if (stanza.args[0] === 'done') return
        program.write(writeStanza(take(stanza) ? command(['ok']) : await this.#answer(stanza, program)))
      }
      throw this.failed('it does not come to an end')
    } finally {
      await program.close()
    }
  }

  async #next(program: PluginProgram): Promise<Stanza> {
    const reader = new StanzaReader()
    for (let lines = 0; lines < MAX_STANZA_LINES; lines++) {
      const line = await program.readLine()
      if (line === null) throw this.failed('it ended before it was done')
      const stanza = this.#parsed(() => reader.take(line))
      if (stanza) return stanza
    }
    throw this.failed('malformed answer: it is too long')
  }

  #parsed(step: () => Stanza | null): Stanza | null {
    try {
      return step()
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
      throw this.failed('malformed answer')
    }
  }

  /** To what every state machine has. */
  async #answer({ args: [type, ...args], body }: Stanza, program: PluginProgram): Promise<Stanza> {
    const message = body.toString('utf8')
    switch (type) {
      case 'error':
        program.write(writeStanza(command(['ok'])))
        throw this.failed(message)
      case 'msg':
        this.#host.show(this.#name, message)
        return command(['ok'])
      case 'request-secret':
      case 'request-public':
        return this.#orFail(async () => command(['ok'], Buffer.from(await this.#host.request(this.#name, message, type === 'request-secret'))))
      case 'confirm': {
        const [yes, no] = args.map((text) => decodeUnpadded(text)?.toString('utf8'))
        if (yes === undefined || args.length > 2 || (args.length === 2 && no === undefined)) throw this.failed('malformed confirm stanza')
        return this.#orFail(async () => command(['ok', (await this.#host.confirm(this.#name, message, yes, no)) ? 'yes' : 'no']))
      }
      default:
        return command(['unsupported'])
    }
  }

  /** The plugin decides whether it can do without the answer. */
  async #orFail(ask: () => Promise<Stanza>): Promise<Stanza> {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof CodedError) || error.code === 'CANCELED') throw error
      return command(['fail'])
    }
  }
}
