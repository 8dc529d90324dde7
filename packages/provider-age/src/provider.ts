/**
 * age as a kind of master key. Where identities come from is the program's business: it hands over sources, which are
 * read when the first key is to be unwrapped.
 * Follows: getsops/sops age/keysource.go (all sources are loaded and offered together, a broken one only adds to the error).
 * @module
 */
import { randomBytes } from 'node:crypto'
import { CodedError, type KeyProvider } from '@waxseal/core'
import { FILE_KEY_BYTES, parseAgeFile, PAYLOAD_NONCE_BYTES, readPayload, writeAgeFile, type AgeFile, type Stanza } from './age-file.ts'
import { armor, dearmor } from './armor.ts'
import { openWithPassphrase, unwrapHybrid, wrapHybrid } from './client.ts'
import { parseIdentities, type AgeIdentity } from './identity-file.ts'
import { fieldsOf, newRef, parseAgeRecipient, refFrom, type AgeRef } from './ref.ts'
import { unwrapForSsh, wrapForSsh } from './ssh.ts'
import { parseSshPrivateKey } from './ssh-key.ts'
import { POINT_BYTES, unwrapFileKey, wrapFileKey } from './x25519.ts'

export interface IdentitySource {
  /** The variable or file that messages name. */
  readonly location: string
  /** 'file': as age-keygen writes it. 'words': white space separates identities, too. 'ssh': one private key. */
  readonly form: 'file' | 'words' | 'ssh'
  /** Before the reason why the content cannot be read. Absent: the location's name in a sentence. */
  readonly unreadable?: string
  /** Not told among the places without keys when another source has something. */
  readonly isFallback?: boolean
  /**
   * @param recipient - of the key to be unwrapped; a command may want it
   * @returns the content; null if there is none at this location
   * @throws CodedError
   */
  load(recipient: string): Promise<string | Uint8Array | null>
}

export interface AgeOptions {
  /**
   * Asks for the passphrase of a protected identity file; only when no other identity fits. Absent: such files cannot be used.
   * @param location - of the identity source
   * @throws CodedError
   */
  readonly askPassphrase?: (location: string) => Promise<string>
}

interface LocatedIdentity {
  readonly location: string
  readonly identity: AgeIdentity
}

interface Loaded {
  readonly identities: readonly LocatedIdentity[]
  readonly problems: readonly string[]
  readonly unused: readonly string[]
}

const NATIVE_KINDS: ReadonlySet<string> = new Set(['X25519', 'ssh-ed25519', 'ssh-rsa'])

/** The reference's words for the step, which people look for. */
const UNWRAPPING = 'failed to create reader for decrypting sops data key with age'

export function createAgeProvider(sources: readonly IdentitySource[], options: AgeOptions = {}): KeyProvider<AgeRef> {
  const opened = new Map<string, { readonly file: Buffer; readonly identities: readonly AgeIdentity[] }>()
  return {
    type: 'age',
    parse: refFrom,
    serialize: fieldsOf,
    fromText: newRef,
    fromGroup(element) {
      if (typeof element !== 'string') throw new CodedError('CONFIG_INVALID', 'an age key of a key group must be a string')
      return element.split(',').map((text) => text.trim()).filter((text) => text !== '').map(newRef)
    },
    displayName: (ref) => ref.recipient,
    async wrap(part, ref) {
      return { ...ref, enc: armor(await wrap(part, ref.recipient)) }
    },
    async unwrap(ref) {
      const loaded = await loadIdentities(sources, ref.recipient)
      if (loaded.identities.length === 0) throw failure('failed to load age identities', loaded)
      try {
        const part = await unwrap(dearmor(ref.enc), loaded.identities)
        if (part) return part
      } catch (error) {
        if (!(error instanceof CodedError)) throw error
        throw failure(`${UNWRAPPING}: ${error.message}`, loaded, error)
      }
      throw failure(`${UNWRAPPING}: identity did not match any of the recipients: incorrect identity for recipient block`, loaded)
    },
  }

  /** Passphrases are asked for last, for one file after the other, and once in the life of this provider. */
  async function unwrap(bytes: Buffer, identities: readonly LocatedIdentity[]): Promise<Uint8Array | null> {
    const file = parseAgeFile(bytes)
    const opens = await unwrapWith(bytes, file, identities.map(({ identity }) => identity))
    if (opens) return opens
    for (const { location, identity } of identities) {
      if (identity.kind !== 'protected') continue
      let known = opened.get(location)
      if (!known?.file.equals(identity.file)) known = { file: identity.file, identities: await openProtected(identity.file, location, options) }
      opened.set(location, known)
      const part = await unwrapWith(bytes, file, known.identities)
      if (part) return part
    }
    return null
  }
}

async function openProtected(file: Buffer, location: string, { askPassphrase }: AgeOptions): Promise<readonly AgeIdentity[]> {
  if (!askPassphrase) {
    throw new CodedError('IDENTITY_INVALID', `identity '${location}' is protected by a passphrase, which cannot be asked for here`, { hint: 'decrypt it with age -d first' })
  }
  const content = await openWithPassphrase(file, await askPassphrase(location))
  if (!content) throw new CodedError('IDENTITY_INVALID', `incorrect passphrase for identity '${location}', or the file is damaged`)
  try {
    return parseIdentities(content)
  } finally {
    content.fill(0)
  }
}

async function unwrapWith(bytes: Buffer, file: AgeFile, identities: readonly AgeIdentity[]): Promise<Uint8Array | null> {
  return unwrapNatively(file, identities) ?? (await unwrapByLibrary(bytes, file, identities))
}

async function wrap(part: Uint8Array, text: string): Promise<Uint8Array> {
  const recipient = parseAgeRecipient(text)
  if (recipient.kind === 'hybrid') return wrapHybrid(part, text)
  const fileKey = randomBytes(FILE_KEY_BYTES)
  const scalar = randomBytes(POINT_BYTES)
  try {
    const stanza = recipient.kind === 'x25519' ? wrapFileKey(fileKey, recipient.point, scalar) : await wrapForSsh(fileKey, recipient, scalar)
    if (!stanza) throw new CodedError('RECIPIENT_INVALID', `age recipient ${text} is no point of the curve, or one of low order`)
    return writeAgeFile(part, fileKey, [stanza], randomBytes(PAYLOAD_NONCE_BYTES))
  } finally {
    fileKey.fill(0)
    scalar.fill(0)
  }
}

function unwrapNatively(file: AgeFile, identities: readonly AgeIdentity[]): Uint8Array | null {
  for (const identity of identities) {
    for (const stanza of file.stanzas) {
      const fileKey = fileKeyOf(stanza, identity)
      if (!fileKey) continue
      try {
        return readPayload(file, fileKey)
      } finally {
        fileKey.fill(0)
      }
    }
  }
  return null
}

function fileKeyOf(stanza: Stanza, identity: AgeIdentity): Buffer | null {
  if (identity.kind === 'x25519') return unwrapFileKey(stanza, identity.key)
  return identity.kind === 'ssh' ? unwrapForSsh(stanza, identity.key) : null
}

async function unwrapByLibrary(bytes: Buffer, file: AgeFile, identities: readonly AgeIdentity[]): Promise<Uint8Array | null> {
  const texts = identities.flatMap((identity) => (identity.kind === 'hybrid' ? [identity.text] : []))
  if (texts.length === 0 || file.stanzas.every(({ args }) => NATIVE_KINDS.has(args[0] ?? ''))) return null
  return unwrapHybrid(bytes, texts)
}

/** Everything is fetched before it is read: in that order the reference tells what went wrong. SSH keys come first, whole. */
async function loadIdentities(sources: readonly IdentitySource[], recipient: string): Promise<Loaded> {
  const loaded = { identities: [] as LocatedIdentity[], problems: [] as string[] }
  const [absent, empty]: [string[], string[]] = [[], []]
  const fetched: { readonly source: IdentitySource; readonly content: string | Uint8Array }[] = []
  const read = (source: IdentitySource, content: string | Uint8Array): void => {
    const found = identitiesIn(content, source)
    if (found.length === 0) empty.push(source.location)
    loaded.identities.push(...found.map((identity) => ({ location: source.location, identity })))
  }
  for (const source of sources) {
    await noting(loaded.problems, async () => {
      const content = await source.load(recipient)
      if (content === null) {
        if (!source.isFallback || (fetched.length === 0 && loaded.identities.length === 0)) absent.push(source.location)
      } else if (source.form === 'ssh') read(source, content)
      else fetched.push({ source, content })
    })
  }
  for (const { source, content } of fetched) await noting(loaded.problems, () => read(source, content))
  return { ...loaded, unused: [...absent, ...empty] }
}

/** A broken source does not stop the others. */
async function noting(problems: string[], step: () => void | Promise<void>): Promise<void> {
  try {
    await step()
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    problems.push(error.message)
  }
}

function identitiesIn(content: string | Uint8Array, { form, location, unreadable }: IdentitySource): readonly AgeIdentity[] {
  try {
    return form === 'ssh' ? [{ kind: 'ssh', key: parseSshPrivateKey(content) }] : parseIdentities(content, form === 'words')
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    throw new CodedError(error.code, `${unreadable ?? `failed to parse '${location}' age identities`}: ${error.message}`, { cause: error })
  }
}

function failure(what: string, { problems, unused }: Loaded, cause?: CodedError): CodedError {
  const trouble = problems.length ? `. Errors while loading age identities: ${problems.join(', ')}` : ''
  const quoted = unused.map((location) => `'${location}'`)
  const places = quoted.length < 3 ? quoted.join(' and ') : `${quoted.slice(0, -1).join(', ')}, and ${quoted.at(-1)}`
  const looked = quoted.length ? `. Did not find keys in location${quoted.length > 1 ? 's' : ''} ${places}.` : ''
  const hint = cause?.hint ?? 'set SOPS_AGE_KEY_FILE to a file with the identity of one of the recipients'
  return new CodedError(cause?.code ?? 'IDENTITY_INVALID', `${what}${trouble}${looked}`, { hint, cause })
}

