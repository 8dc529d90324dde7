/**
 * Identity texts: one identity a line, `#` comments, as age-keygen writes and SOPS reads them.
 * Follows: getsops/sops age/keysource.go (parseIdentities): no trimming, one bad line discards the source.
 * @module
 */
import type { KeyObject } from 'node:crypto'
import { CodedError } from '@waxseal/core'
import { parseIdentity, publicPoint, recipientText } from './x25519.ts'

export type AgeIdentity =
  | { readonly kind: 'x25519'; readonly key: KeyObject }
  /** For `age-encryption`, which has the post-quantum kind. */
  | { readonly kind: 'hybrid'; readonly text: string }

export interface NamedRecipient {
  readonly recipient: string
  /** From the comment above it. */
  readonly name: string
}

function identityOf(text: string): AgeIdentity {
  const bad = (what: string, hint?: string): CodedError => new CodedError('IDENTITY_INVALID', what, hint === undefined ? {} : { hint })
  if (text.startsWith('AGE-SECRET-KEY-PQ-1')) return { kind: 'hybrid', text }
  if (text.startsWith('AGE-PLUGIN-')) throw bad('age plugin identities cannot be used here', 'use an AGE-SECRET-KEY-1... identity')
  if (!text.startsWith('AGE-SECRET-KEY-1')) throw bad('unknown identity type')
  const key = parseIdentity(text)
  if (!key) throw bad('malformed secret key')
  return { kind: 'x25519', key }
}

/**
 * @param severalPerLine - white space separates identities, too (SOPS_AGE_KEY)
 * @throws CodedError IDENTITY_INVALID
 */
export function parseIdentities(text: string, severalPerLine = false): readonly AgeIdentity[] {
  if (/^(age-encryption|-----BEGIN AGE)/.test(text)) {
    throw new CodedError('IDENTITY_INVALID', 'the identity file is protected by a passphrase, which cannot be asked for here', { hint: 'decrypt it with age -d first' })
  }
  const found: AgeIdentity[] = []
  for (const line of text.split(/\r?\n/)) {
    if (line === '' || line.startsWith('#')) continue
    const words = severalPerLine ? line.split(/\s+/).filter((word) => word !== '') : [line]
    for (const word of words) found.push(identityOf(word))
  }
  return found
}

/** The X25519 recipients of an identity text, each with the nearest comment above it that is not a key or a date. */
export function namedRecipients(text: string): readonly NamedRecipient[] {
  const found: NamedRecipient[] = []
  let name = ''
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) {
      const comment = line.slice(1).trim()
      if (comment && !/^(public key|created):/i.test(comment)) name = comment
      continue
    }
    const key = parseIdentity(line)
    if (!key) continue
    found.push({ recipient: recipientText(publicPoint(key)), name })
    name = ''
  }
  return found
}
