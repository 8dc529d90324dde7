/**
 * age as a kind of master key. Where identities come from is the program's business: it hands over sources, which are
 * read when the first key is to be unwrapped.
 * Follows: getsops/sops age/keysource.go (all sources are loaded and offered together, a broken one only adds to the error).
 * @module
 */
import { randomBytes } from 'node:crypto'
import { CodedError, type KeyProvider } from '@waxseal/core'
import { FILE_KEY_BYTES, parseAgeFile, readPayload, writeAgeFile, type AgeFile } from './age-file.ts'
import { armor, dearmor } from './armor.ts'
import { openWithPassphrase, unwrapHybrid, wrapHybrid } from './client.ts'
import { parseIdentities, type AgeIdentity } from './identity-file.ts'
import { fieldsOf, newRef, recipientKind, refFrom, type AgeRef } from './ref.ts'
import { parseRecipient, unwrapFileKey, wrapFileKey } from './x25519.ts'

export interface IdentitySource {
  /** The variable or file that messages name. */
  readonly location: string
  /** White space separates identities, too. */
  readonly severalPerLine?: boolean
  /**
   * @param recipient - of the key to be unwrapped; a command may want it
   * @returns an identity file's content; null if there is none at this location
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

export function createAgeProvider(sources: readonly IdentitySource[], options: AgeOptions = {}): KeyProvider<AgeRef> {
  const opened = new Map<string, readonly AgeIdentity[]>()
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
      const bytes = dearmor(ref.enc)
      const file = parseAgeFile(bytes)
      const part =
        (await unwrapWith(bytes, file, loaded.identities.map(({ identity }) => identity))) ?? (await unwrapWithProtected(bytes, file, loaded.identities))
      if (!part) throw failure('no identity matched the recipient', loaded)
      return part
    },
  }

  /** Passphrases are asked for one file after the other, and once in the life of this provider. */
  async function unwrapWithProtected(bytes: Buffer, file: AgeFile, identities: readonly LocatedIdentity[]): Promise<Uint8Array | null> {
    for (const { location, identity } of identities) {
      if (identity.kind !== 'protected') continue
      const inner = opened.get(location) ?? (await openProtected(identity.file, location, options))
      opened.set(location, inner)
      const part = await unwrapWith(bytes, file, inner)
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

async function wrap(part: Uint8Array, recipient: string): Promise<Uint8Array> {
  if (recipientKind(recipient) === 'hybrid') return wrapHybrid(part, recipient)
  const fileKey = randomBytes(FILE_KEY_BYTES)
  const scalar = randomBytes(32)
  try {
    const stanza = wrapFileKey(fileKey, parseRecipient(recipient) as Buffer, scalar)
    if (!stanza) throw new CodedError('RECIPIENT_INVALID', `age recipient ${recipient} is a point of low order`)
    return writeAgeFile(part, fileKey, [stanza], randomBytes(16))
  } finally {
    fileKey.fill(0)
    scalar.fill(0)
  }
}

function unwrapNatively(file: AgeFile, identities: readonly AgeIdentity[]): Uint8Array | null {
  for (const identity of identities) {
    if (identity.kind !== 'x25519') continue
    for (const stanza of file.stanzas) {
      const fileKey = unwrapFileKey(stanza, identity.key)
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

async function unwrapByLibrary(bytes: Buffer, file: AgeFile, identities: readonly AgeIdentity[]): Promise<Uint8Array | null> {
  const texts = identities.flatMap((identity) => (identity.kind === 'hybrid' ? [identity.text] : []))
  if (texts.length === 0 || file.stanzas.every(({ args }) => args[0] === 'X25519')) return null
  return unwrapHybrid(bytes, texts)
}

async function loadIdentities(sources: readonly IdentitySource[], recipient: string): Promise<Loaded> {
  const identities: LocatedIdentity[] = []
  const problems: string[] = []
  const unused: string[] = []
  for (const source of sources) {
    try {
      const content = await source.load(recipient)
      const found = content === null ? [] : parseIdentities(content, source.severalPerLine)
      if (found.length === 0) unused.push(source.location)
      identities.push(...found.map((identity) => ({ location: source.location, identity })))
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
      problems.push(error.code === 'IDENTITY_INVALID' ? `failed to parse '${source.location}' age identities: ${error.message}` : error.message)
    }
  }
  return { identities, problems, unused }
}

function failure(what: string, { problems, unused }: Loaded): CodedError {
  const trouble = problems.length ? `. Errors while loading age identities: ${problems.join(', ')}` : ''
  const quoted = unused.map((location) => `'${location}'`)
  const places = quoted.length < 3 ? quoted.join(' and ') : `${quoted.slice(0, -1).join(', ')}, and ${quoted.at(-1)}`
  const looked = quoted.length ? `. Did not find keys in location${quoted.length > 1 ? 's' : ''} ${places}.` : ''
  return new CodedError('IDENTITY_INVALID', `${what}${trouble}${looked}`, { hint: 'set SOPS_AGE_KEY_FILE to a file with the identity of one of the recipients' })
}

