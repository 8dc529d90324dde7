/**
 * A kind of master key without a service: parts are wrapped with AES-256-GCM under a key made from the recipient's name.
 * Each key can be told to misbehave. Not a secret in any sense.
 * Entry: `{ recipient: NAME, enc: base64(12-byte nonce, ciphertext, 16-byte tag) }`.
 * @module
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { CodedError, type KeyProvider, type PlainMap, type Ref } from '@waxseal/core'

const NONCE_BYTES = 12
const TAG_BYTES = 16

export interface FakeRef extends Ref {
  readonly recipient: string
  readonly enc: string
  /** Unknown fields of the entry. */
  readonly rest: PlainMap
}

/** `absent`: unwraps nothing, `broken`: fails both ways, `hung`: answers only to the abort signal. */
export type Misbehaviour = 'absent' | 'broken' | 'hung'

export interface FakeProvider extends KeyProvider<FakeRef> {
  /** What was asked, in order: `wrap NAME` and `unwrap NAME`. */
  readonly calls: readonly string[]
  /** @param how - undefined: behaves again */
  misbehave(recipient: string, how: Misbehaviour | undefined): void
}

export function fakeProvider(type = 'fake'): FakeProvider {
  const calls: string[] = []
  const moods = new Map<string, Misbehaviour>()
  const fromText = (text: string): FakeRef => {
    if (text === '') throw new CodedError('RECIPIENT_INVALID', 'an empty recipient')
    return { type, recipient: text, enc: '', rest: {} }
  }
  const meet = async (recipient: string, signal: AbortSignal): Promise<void> => {
    const mood = moods.get(recipient)
    if (mood === 'broken') throw new CodedError('WRAP_FAILED', `${recipient} is broken`)
    if (mood === 'hung') await aborted(signal)
  }
  return {
    type,
    calls,
    misbehave(recipient, how) {
      if (how) moods.set(recipient, how)
      else moods.delete(recipient)
    },
    parse({ recipient, enc, ...rest }) {
      if (typeof recipient !== 'string' || typeof enc !== 'string') throw new CodedError('METADATA_INVALID', `an entry of ${type} needs recipient and enc`)
      return { type, recipient, enc, rest }
    },
    serialize: ({ recipient, enc, rest }) => ({ ...rest, recipient, enc }),
    fromText,
    fromGroup(element) {
      if (typeof element !== 'string') throw new CodedError('CONFIG_INVALID', `a key of ${type} must be a text`)
      return [fromText(element)]
    },
    displayName: ({ recipient }) => recipient,
    async wrap(part, ref, { signal }) {
      calls.push(`wrap ${ref.recipient}`)
      await meet(ref.recipient, signal)
      const nonce = randomBytes(NONCE_BYTES)
      const gcm = createCipheriv('aes-256-gcm', keyOf(ref.recipient), nonce, { authTagLength: TAG_BYTES })
      return { ...ref, enc: Buffer.concat([nonce, gcm.update(part), gcm.final(), gcm.getAuthTag()]).toString('base64') }
    },
    async unwrap(ref, { signal }) {
      calls.push(`unwrap ${ref.recipient}`)
      await meet(ref.recipient, signal)
      if (moods.get(ref.recipient) === 'absent') return null
      const sealed = Buffer.from(ref.enc, 'base64')
      const gcm = createDecipheriv('aes-256-gcm', keyOf(ref.recipient), sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
      gcm.setAuthTag(sealed.subarray(-TAG_BYTES))
      return new Uint8Array(Buffer.concat([gcm.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), gcm.final()]))
    },
  }
}

function keyOf(recipient: string): Buffer {
  return createHash('sha256').update(`fake master key ${recipient}`).digest()
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = (): void => reject(new CodedError('CANCELED', 'the call was given up', { cause: signal.reason }))
    if (signal.aborted) fail()
    else signal.addEventListener('abort', fail, { once: true })
  })
}
