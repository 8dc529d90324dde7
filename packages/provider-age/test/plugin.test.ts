/** The talk with age plugins, at a plugin made of lines. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CodedError } from '@waxseal/core'
import { encodeBech32 } from '../src/bech32.ts'
import { createAgeProvider, generateIdentity, namedRecipients, type PluginHost } from '../src/index.ts'
import { parsePluginIdentity, parsePluginRecipient } from '../src/plugin.ts'
import { encodeUnpadded } from '../src/primitives.ts'
import { StanzaReader, writeStanza, type Stanza } from '../src/stanza.ts'

const RECIPIENT = encodeBech32('age1test', Buffer.alloc(4, 7))
const IDENTITY = encodeBech32('age-plugin-test-', Buffer.alloc(4, 9)).toUpperCase()
const options = { signal: new AbortController().signal }

type Answer = Stanza | string | null
/** What a plugin says, after it was told everything; it gets the answers to its commands. */
type Script = (told: readonly Stanza[]) => Generator<Answer, void, Stanza>

const stanza = (args: string, body: string | Uint8Array = ''): Stanza => ({ args: args.split(' '), body: Buffer.from(body) })
const DONE = stanza('done')

interface Played extends PluginHost {
  readonly started: string[]
  readonly shown: string[]
  closed: number
}

/** Plays the script on its side of the pipes. */
function playing(script: Script, person: Partial<PluginHost> = {}): Played {
  const refuse = async (): Promise<never> => {
    throw new CodedError('USAGE', 'there is no terminal to ask on')
  }
  const host: Played = {
    started: [],
    shown: [],
    closed: 0,
    async start(name, stateMachine) {
      host.started.push(`${name} ${stateMachine}`)
      const told: Stanza[] = []
      const lines: (string | null)[] = []
      const reader = new StanzaReader()
      let play: Generator<Answer, void, Stanza> | undefined
      const say = (answer: IteratorResult<Answer, void>): void => {
        if (answer.done || answer.value === null) lines.push(null)
        else lines.push(...(typeof answer.value === 'string' ? answer.value : writeStanza(answer.value)).split('\n').slice(0, -1))
      }
      return {
        write(text) {
          for (const line of text.split('\n').slice(0, -1)) {
            const heard = reader.take(line)
            if (!heard) continue
            if (play) say(play.next(heard))
            else if (heard.args[0] === 'done') say((play = script(told)).next())
            else told.push(heard)
          }
        },
        async readLine() {
          return lines.shift() ?? null
        },
        async close() {
          host.closed++
        },
      }
    },
    show: (name, message) => void host.shown.push(`${name}: ${message}`),
    request: refuse,
    confirm: refuse,
    ...person,
  }
  return host
}

/** A plugin that keeps the file key in clear, as `test KEY`. */
const honest: Script = function* (told) {
  const [given] = told.filter(({ args }) => args[0] === 'wrap-file-key')
  const [wrapped] = told.filter(({ args }) => args[0] === 'recipient-stanza' && args[2] === 'test')
  if (given) yield stanza(`recipient-stanza 0 test ${encodeUnpadded(given.body)}`)
  if (wrapped) yield stanza('file-key 0', Buffer.from(wrapped.args[3] ?? '', 'base64'))
  yield DONE
}

const sources = [{ location: 'SOPS_AGE_KEY', form: 'file', load: async () => IDENTITY }] as const
const providerOf = (plugins: PluginHost) => createAgeProvider(sources, { plugins })
const recipientOf = (provider: ReturnType<typeof providerOf>) => provider.fromText(RECIPIENT, { now: new Date() })

async function unwrapWith(script: Script, person?: Partial<PluginHost>) {
  const writer = providerOf(playing(honest))
  const wrapped = await writer.wrap(Buffer.alloc(32, 3), recipientOf(writer), options)
  const host = playing(script, person)
  const outcome = await providerOf(host).unwrap(wrapped, options).then((part) => part && Buffer.from(part).toString('hex'), (error: unknown) => error)
  return { host, outcome }
}

async function failureOf(script: Script, person?: Partial<PluginHost>): Promise<string> {
  const { host, outcome } = await unwrapWith(script, person)
  if (!(outcome instanceof CodedError)) throw new TypeError(`expected an error, got ${String(outcome)}`)
  expect(host.closed).toBe(host.started.length)
  return `${outcome.code} ${outcome.message.replace('failed to create reader for decrypting sops data key with age: ', '')}`
}

describe('a plugin', () => {
  it('wraps and unwraps', async () => {
    const host = playing(honest)
    const provider = providerOf(host)
    const wrapped = await provider.wrap(Buffer.alloc(33, 1), recipientOf(provider), options)
    expect(Buffer.from((await provider.unwrap(wrapped, options)) ?? [])).toEqual(Buffer.alloc(33, 1))
    expect({ started: host.started, closed: host.closed }).toEqual({ started: ['test recipient-v1', 'test identity-v1'], closed: 2 })
  })

  it('is told recipient, identity and stanzas, and a command that nobody knows', async () => {
    const heard: string[] = []
    const listening: Script = function* (told) {
      heard.push(...told.map(({ args }) => args.slice(0, 3).join(' ')))
      yield* honest(told)
    }
    const provider = providerOf(playing(listening))
    await provider.unwrap(await provider.wrap(Buffer.alloc(32), recipientOf(provider), options), options)
    expect(heard.filter((line) => !line.startsWith('grease-'))).toEqual([`add-recipient ${RECIPIENT}`, 'wrap-file-key', `add-identity ${IDENTITY}`, 'recipient-stanza 0 test'])
    expect(heard.filter((line) => line.startsWith('grease-')).length).toBe(2)
  })

  it('gets answers to its questions', async () => {
    const answers: string[] = []
    const curious: Script = function* (told) {
      for (const question of [stanza('msg', 'touch it'), stanza('request-secret', 'PIN?'), stanza('request-public', 'name?'), stanza('confirm eWVz', 'sure?'), stanza('confirm eWVz bm8', 'really?'), stanza('frobnicate 1 2', 'x')]) {
        const { args, body } = yield question
        answers.push(`${args.join(' ')} ${body.toString()}`.trim())
      }
      yield* honest(told)
    }
    const { host, outcome } = await unwrapWith(curious, {
      request: async (name, message, isSecret) => `${name} ${message} ${isSecret}`,
      confirm: async (_, message, yes, no) => message === 'sure?' && yes === 'yes' && no === undefined,
    })
    expect(outcome).toBe('03'.repeat(32))
    expect(answers).toEqual(['ok', 'ok test PIN? true', 'ok test name? false', 'ok yes', 'ok no', 'unsupported'])
    expect(host.shown).toEqual(['test: touch it'])
  })

  it('is told when nobody answers, and may go on without', async () => {
    const answers: string[] = []
    const { outcome } = await unwrapWith(function* (told) {
      for (const question of ['request-secret', 'request-public', 'confirm eWVz bm8']) answers.push((yield stanza(question, '?')).args.join(' '))
      yield* honest(told)
    })
    expect({ outcome, answers }).toEqual({ outcome: '03'.repeat(32), answers: ['fail', 'fail', 'fail'] })
  })

  it('does not go on when somebody cancels', async () => {
    const request = async (): Promise<never> => {
      throw new CodedError('CANCELED', 'canceled')
    }
    const canceled = await failureOf(function* () { yield stanza('request-secret', 'PIN?') }, { request })
    expect(canceled).toBe('CANCELED canceled')
  })

  it.each<[string, Script, string]>([
    ['an error', function* () { yield stanza('error internal', 'no token') }, 'IDENTITY_INVALID test plugin: no token'],
    ['no key', function* () { yield DONE }, 'IDENTITY_INVALID identity did not match any of the recipients: incorrect identity for recipient block'],
    ['an early end', function* () { yield null }, 'IDENTITY_INVALID test plugin: it ended before it was done'],
    ['a short key', function* () { yield stanza('file-key 0', 'short') }, 'IDENTITY_INVALID test plugin: malformed file-key stanza'],
    ['a key of another file', function* () { yield stanza('file-key 1', Buffer.alloc(16)) }, 'IDENTITY_INVALID test plugin: malformed file-key stanza'],
    ['two keys', function* () { yield stanza('file-key 0', Buffer.alloc(16)); yield stanza('file-key 0', Buffer.alloc(16)) }, 'IDENTITY_INVALID test plugin: received duplicated file-key stanza'],
    ['the wrong key', function* () { yield stanza('file-key 0', Buffer.alloc(16)); yield DONE }, 'METADATA_INVALID malformed age file: bad header MAC'],
    ['a confirm without answers', function* () { yield stanza('confirm', '?') }, 'IDENTITY_INVALID test plugin: malformed confirm stanza'],
    ['a confirm in bad Base64', function* () { yield stanza('confirm eWV', '?') }, 'IDENTITY_INVALID test plugin: malformed confirm stanza'],
    ['no stanza', function* () { yield 'hello\n' }, 'IDENTITY_INVALID test plugin: malformed answer'],
    ['a body without end', function* () { yield `-> msg\n${`${'A'.repeat(64)}\n`.repeat(5000)}` }, 'IDENTITY_INVALID test plugin: malformed answer: it is too long'],
    ['commands without end', function* () { for (;;) yield stanza('msg', 'again') }, 'IDENTITY_INVALID test plugin: it does not come to an end'],
  ])('that answers with %s opens nothing', async (_, script, message) => {
    expect(await failureOf(script)).toBe(message)
  })

  it.each<[string, Script, string]>([
    ['nothing', function* () { yield DONE }, 'received zero recipient stanzas'],
    ['an error', function* () { yield stanza('error recipient 0', 'unknown recipient') }, 'unknown recipient'],
    ['a stanza of another file', function* () { yield stanza('recipient-stanza 1 x', '') }, 'malformed recipient stanza'],
    ['a stanza without type', function* () { yield stanza('recipient-stanza 0', '') }, 'malformed recipient stanza'],
    ['lines in an argument', function* () { yield '-> recipient-stanza 0 x\ty\n\n' }, 'malformed answer'],
  ])('that wraps with %s is refused', async (_, script, reason) => {
    const provider = providerOf(playing(script))
    await expect(provider.wrap(Buffer.alloc(32), recipientOf(provider), options)).rejects.toMatchObject({ code: 'WRAP_FAILED', message: `test plugin: ${reason}` })
  })

  it('that fails does not hide another identity', async () => {
    const writer = providerOf(playing(honest))
    const wrapped = await writer.wrap(Buffer.alloc(32, 3), recipientOf(writer), options)
    let calls = 0
    const host = playing(function* (told) {
      if (calls++ === 0) yield stanza('error internal', 'no token')
      else yield* honest(told)
    })
    const both = createAgeProvider([...sources, { ...sources[0], location: 'again' }], { plugins: host })
    expect((await both.unwrap(wrapped, options))?.length).toBe(32)
  })

  it('cannot be used where there is no host for it', async () => {
    const alone = createAgeProvider(sources)
    await expect(alone.wrap(Buffer.alloc(32), alone.fromText(RECIPIENT, { now: new Date() }), options)).rejects.toMatchObject({ code: 'PROGRAM_REFUSED' })
  })

  it('whatever it says, only a coded error comes of it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 100 }), async (text) => {
        const { outcome } = await unwrapWith(function* () { yield `-> ${text}\n\n` })
        expect(outcome).toBeInstanceOf(CodedError)
      }),
      { numRuns: 50 },
    )
  })
})

describe('the recipient of a plugin', () => {
  it.each(['# public key: ', '#    Recipient: '])('is what a comment tells above its identity: %j', async (comment) => {
    expect(await namedRecipients(`# token\n${comment}${RECIPIENT}\n${IDENTITY}\n`)).toEqual([{ recipient: RECIPIENT, name: 'token' }])
  })

  it.each(['', '# public key: age1other1qqq\n', `# recipient: ${encodeBech32('age1other', Buffer.of(1))}\n`, `# public key: ${RECIPIENT}\n${generateIdentity(new Date()).fileText}`])(
    'is not known otherwise: %#',
    async (before) => {
      await expect(namedRecipients(`${before}${IDENTITY}\n`)).rejects.toMatchObject({ code: 'IDENTITY_INVALID', message: 'only age-plugin-test can tell the recipient of this identity' })
    },
  )
})

describe('names of plugins', () => {
  it.each(['test', 'yubikey', 'x-y_z.1+2', 'a1b'])('%s', (name) => {
    const [recipient, identity] = [encodeBech32(`age1${name}`, Buffer.of(1)), encodeBech32(`age-plugin-${name}-`, Buffer.of(1)).toUpperCase()]
    expect(parsePluginRecipient(recipient)).toEqual({ name, text: recipient })
    expect(parsePluginIdentity(identity)).toEqual({ name, text: identity })
  })

  it.each(['', '../x', 'a/b', 'a b', 'a\0', 'a$(x)'])('%j is none', (name) => {
    expect(parsePluginRecipient(encodeBech32(`age1${name}`, Buffer.of(1)))).toBeNull()
    expect(parsePluginIdentity(encodeBech32(`age-plugin-${name}-`, Buffer.of(1)).toUpperCase())).toBeNull()
  })

  it('stand in one case, with a checksum', () => {
    expect(parsePluginRecipient(RECIPIENT.toUpperCase())).toBeNull()
    expect(parsePluginIdentity(IDENTITY.toLowerCase())).toBeNull()
    expect(parsePluginRecipient(RECIPIENT.replace(/.$/, (c) => (c === 'q' ? 'p' : 'q')))).toBeNull()
    expect(() => createAgeProvider([]).fromText('age1x/y1qqq', { now: new Date() })).toThrow(expect.objectContaining({ code: 'RECIPIENT_INVALID' }))
  })
})
