/**
 * Identity files: one identity a line, `#` comments, as age-keygen writes and SOPS reads them; or such a file in an age file
 * that a passphrase protects.
 * Follows: getsops/sops age/keysource.go (parseIdentities): no trimming, one bad line discards the source.
 * @module
 */
import type { KeyObject } from 'node:crypto'
import { CodedError } from '@waxseal/core'
import { dearmor } from './armor.ts'
import { hybridRecipient, isHybridIdentity } from './client.ts'
import type { SshPrivateKey } from './ssh-key.ts'
import { parseIdentity, publicPoint, recipientText } from './x25519.ts'

export type AgeIdentity =
  | { readonly kind: 'x25519'; readonly key: KeyObject }
  /** For `age-encryption`, which has the post-quantum kind. */
  | { readonly kind: 'hybrid'; readonly text: string }
  | { readonly kind: 'ssh'; readonly key: SshPrivateKey }
  /** An age file for a passphrase, not armored, with identities in it. */
  | { readonly kind: 'protected'; readonly file: Buffer }

export interface NamedRecipient {
  readonly recipient: string
  /** From the comment above it. */
  readonly name: string
}

function invalid(what: string, hint?: string): CodedError {
  return new CodedError('IDENTITY_INVALID', what, hint === undefined ? {} : { hint })
}

function identityOf(text: string): AgeIdentity {
  if (text.startsWith('AGE-SECRET-KEY-PQ-1')) {
    if (!isHybridIdentity(text)) throw invalid('malformed secret key')
    return { kind: 'hybrid', text }
  }
  if (text.startsWith('AGE-PLUGIN-')) throw invalid('age plugin identities cannot be used here', 'use an AGE-SECRET-KEY-1... identity')
  if (!text.startsWith('AGE-SECRET-KEY-1')) throw invalid('unknown identity type')
  const key = parseIdentity(text)
  if (!key) throw invalid('malformed secret key')
  return { kind: 'x25519', key }
}

/**
 * @param severalPerLine - white space separates identities, too (SOPS_AGE_KEY)
 * @throws CodedError IDENTITY_INVALID
 */
export function parseIdentities(source: string | Uint8Array, severalPerLine = false): readonly AgeIdentity[] {
  const bytes = Buffer.from(source)
  const text = bytes.toString('utf8')
  if (text.startsWith('age-encryption')) return [{ kind: 'protected', file: bytes }]
  if (text.startsWith('-----BEGIN AGE')) return [{ kind: 'protected', file: withoutArmor(text) }]
  const found: AgeIdentity[] = []
  for (const line of text.split(/\r?\n/)) {
    if (line === '' || line.startsWith('#')) continue
    const words = severalPerLine ? line.split(/\s+/).filter((word) => word !== '') : [line]
    for (const word of words) found.push(identityOf(word))
  }
  return found
}

function withoutArmor(text: string): Buffer {
  try {
    return dearmor(text)
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause
    throw new CodedError('IDENTITY_INVALID', 'the armor of the file is damaged', { cause })
  }
}

/**
 * The recipients of an identity file, each with the nearest comment above it that is not a key or a date.
 * @throws CodedError IDENTITY_INVALID
 */
export async function namedRecipients(source: string | Uint8Array): Promise<readonly NamedRecipient[]> {
  const found: NamedRecipient[] = []
  let name = ''
  for (const line of Buffer.from(source).toString('utf8').split(/\r?\n/)) {
    if (line.startsWith('#')) {
      const comment = line.slice(1).trim()
      if (comment && !/^(public key|created):/i.test(comment)) name = comment
    } else if (line !== '') {
      for (const identity of parseIdentities(line)) found.push({ recipient: await recipientOf(identity), name })
      name = ''
    }
  }
  return found
}

async function recipientOf(identity: AgeIdentity): Promise<string> {
  if (identity.kind === 'x25519') return recipientText(publicPoint(identity.key))
  if (identity.kind === 'hybrid') return hybridRecipient(identity.text)
  throw invalid('the file is protected by a passphrase', 'decrypt it with age -d first')
}
