/**
 * Identity files: one identity a line, `#` comments, as age-keygen writes and SOPS reads them; or such a file in an age file
 * that a passphrase protects.
 * Follows: getsops/sops age/keysource.go (parseIdentities): no trimming, one bad line discards the source;
 * age/encrypted_keys.go (the passphrase is asked for when the file is needed, and remembered by gpg-agent under the file's digest).
 * @module
 */
import { createHash } from 'node:crypto'
import { CodedError } from '@waxseal/core'
import { parseAgeFile, readPayload } from './age-file.ts'
import { dearmor } from './armor.ts'
import { encodeBase32 } from './base32.ts'
import { bech32Fault } from './bech32.ts'
import { hybridRecipientText, parseHybridIdentity } from './hybrid.ts'
import { type AgeIdentity, type LockedIdentity, wipeIdentities } from './identity.ts'
import { parsePluginIdentity, parsePluginRecipient } from './plugin.ts'
import { readScryptStanza, unwrapForPassphrase } from './scrypt.ts'
import { parseIdentity, publicPoint, recipientText } from './x25519.ts'

/** Of the digest: more would be too long a name for gpg-agent. */
const CACHE_ID_BYTES = 25

export interface NamedRecipient {
  readonly recipient: string
  /** From the comment above it. */
  readonly name: string
}

export interface IdentityFileOptions {
  /** Of the source, for questions. */
  readonly location?: string
  /** White space separates identities, too (SOPS_AGE_KEY). */
  readonly severalPerLine?: boolean
}

function invalid(what: string, hint?: string): CodedError {
  return new CodedError('IDENTITY_INVALID', what, hint === undefined ? {} : { hint })
}

function identityOf(text: string): AgeIdentity {
  if (text.startsWith('AGE-SECRET-KEY-PQ-1')) {
    const seed = parseHybridIdentity(text)
    if (!seed) throw invalid(`malformed secret key${bech32Fault(text)}`)
    return { kind: 'hybrid', seed }
  }
  if (text.startsWith('AGE-PLUGIN-')) {
    const plugin = parsePluginIdentity(text)
    if (!plugin) throw invalid('malformed identity of an age plugin')
    return { kind: 'plugin', ...plugin }
  }
  if (!text.startsWith('AGE-SECRET-KEY-1')) throw invalid('unknown identity type')
  const key = parseIdentity(text)
  if (!key) throw invalid(`malformed secret key${bech32Fault(text)}`)
  return { kind: 'x25519', key }
}

/**
 * @param source - borrowed
 * @throws CodedError IDENTITY_INVALID
 */
export function parseIdentities(source: string | Uint8Array, { location = '', severalPerLine = false }: IdentityFileOptions = {}): readonly AgeIdentity[] {
  const bytes = typeof source === 'string' ? Buffer.from(source) : Buffer.from(source.buffer, source.byteOffset, source.byteLength)
  const text = bytes.toString('utf8')
  if (text.startsWith('age-encryption')) return [lockedFile(Buffer.from(bytes), location)]
  if (text.startsWith('-----BEGIN AGE')) return [asIdentityError(() => lockedFile(dearmor(text), location))]
  const found: AgeIdentity[] = []
  try {
    for (const line of text.split(/\r?\n/)) {
      if (line === '' || line.startsWith('#')) continue
      const words = severalPerLine ? line.split(/\s+/).filter((word) => word !== '') : [line]
      for (const word of words) found.push(identityOf(word))
    }
    return found
  } catch (error) {
    wipeIdentities(found)
    throw error
  }
}

/** @param bytes - kept */
function lockedFile(bytes: Buffer, location: string): LockedIdentity {
  const file = asIdentityError(() => parseAgeFile(bytes))
  const stanza = asIdentityError(() => readScryptStanza(file))
  if (!stanza) throw invalid('the file is encrypted, but not with a passphrase', 'decrypt it with age -d first')
  const digest = createHash('sha256').update(bytes).digest()
  return {
    kind: 'locked',
    name: `identity '${location}'`,
    digest: digest.toString('hex'),
    cacheId: `SopsAge${encodeBase32(digest.subarray(0, CACHE_ID_BYTES))}`,
    mayOpen: () => true,
    async unlock(passphrase) {
      const fileKey = await unwrapForPassphrase(stanza, passphrase)
      if (!fileKey) return null
      let content: Buffer | undefined
      try {
        content = asIdentityError(() => readPayload(file, fileKey))
        return parseIdentities(content, { location })
      } finally {
        fileKey.fill(0)
        content?.fill(0)
      }
    },
  }
}

/** Here it is not the secrets file that is damaged. */
function asIdentityError<T>(step: () => T): T {
  try {
    return step()
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause
    throw new CodedError('IDENTITY_INVALID', cause.message, { cause })
  }
}

/** As age-keygen and plugins write it above an identity. */
const TOLD_RECIPIENT = /^(?:public key|recipient): *(\S+)$/i

/**
 * The recipients of an identity file, each with the nearest comment above it that is not a key or a date.
 * That of a plugin's identity is the one that a comment tells.
 * @throws CodedError IDENTITY_INVALID
 */
export async function namedRecipients(source: string | Uint8Array): Promise<readonly NamedRecipient[]> {
  const found: NamedRecipient[] = []
  let name = ''
  let told: string | undefined
  for (const line of Buffer.from(source).toString('utf8').split(/\r?\n/)) {
    if (line.startsWith('#')) {
      const comment = line.slice(1).trim()
      const recipient = TOLD_RECIPIENT.exec(comment)?.[1]
      if (recipient !== undefined) told = recipient
      else if (comment && !/^created:/i.test(comment)) name = comment
    } else if (line !== '') {
      if (line.startsWith('age-encryption') || line.startsWith('-----BEGIN AGE')) throw invalid('the file is protected by a passphrase', 'decrypt it with age -d first')
      found.push({ recipient: await recipientOf(identityOf(line), told), name })
      name = ''
      told = undefined
    }
  }
  return found
}

async function recipientOf(identity: AgeIdentity, told: string | undefined): Promise<string> {
  if (identity.kind === 'x25519') return recipientText(publicPoint(identity.key))
  if (identity.kind === 'plugin') {
    if (told !== undefined && parsePluginRecipient(told)?.name === identity.name) return told
    throw invalid(`only age-plugin-${identity.name} can tell the recipient of this identity`, 'write it above the identity as a comment: # recipient: age1...')
  }
  if (identity.kind !== 'hybrid') throw new TypeError('no line holds such an identity')
  try {
    return await hybridRecipientText(identity.seed)
  } finally {
    identity.seed.fill(0)
  }
}
