/**
 * The metadata entry of an age key, and the recipients that may stand in it.
 * Follows: getsops/sops age/keysource.go (parseRecipient).
 * @module
 */
import { CodedError, type Plain, type PlainMap, type Ref } from '@waxseal/core'
import { bech32Fault } from './bech32.ts'
import { parseHybridRecipient } from './hybrid.ts'
import { parsePluginRecipient, type PluginRef } from './plugin.ts'
import { parseSshPublicKey, type SshPublicKey } from './ssh-key.ts'
import { parseRecipient } from './x25519.ts'

export interface AgeRef extends Ref {
  readonly type: 'age'
  readonly recipient: string
  /** Armored age file with one recipient; empty before the key is wrapped. */
  readonly enc: string
  /** The entry as found: unknown fields survive. */
  readonly fields: PlainMap
}

export type AgeRecipient =
  | { readonly kind: 'x25519'; readonly point: Buffer }
  | { readonly kind: 'hybrid'; readonly key: Buffer }
  | (PluginRef & { readonly kind: 'plugin' })
  | SshPublicKey

const MIN_RSA_BITS = 2048

/** @throws CodedError RECIPIENT_INVALID */
export function parseAgeRecipient(text: string): AgeRecipient {
  if (text.startsWith('age1pq1')) {
    const key = parseHybridRecipient(text)
    if (!key) throw invalid(`failed to parse input as Bech32-encoded age public key: malformed recipient ${JSON.stringify(text)}${bech32Fault(text)}`)
    return { kind: 'hybrid', key }
  }
  if (text.startsWith('age1') && text.lastIndexOf('1') > 3) {
    const plugin = parsePluginRecipient(text)
    if (!plugin) throw invalid(`failed to parse input as age key from age plugin: invalid recipient encoding${bech32Fault(text)}`)
    return { kind: 'plugin', ...plugin }
  }
  if (text.startsWith('age1')) {
    const point = parseRecipient(text)
    if (!point) throw invalid(`failed to parse input as Bech32-encoded age public key: malformed recipient ${JSON.stringify(text)}${bech32Fault(text)}`, 'age-keygen -y FILE prints the recipient of an identity')
    return { kind: 'x25519', point }
  }
  if (text.startsWith('ssh-')) return sshRecipient(text)
  // Not quoted: an identity is secret, in whatever case it was pasted.
  if (/age-(?:secret-key|plugin)-/i.test(text)) throw invalid('that is a secret age identity, not a recipient', 'waxseal keygen -y FILE prints its recipient')
  throw invalid(`failed to parse input, unknown recipient type: ${JSON.stringify(text)}`, 'age recipients begin with age1')
}

function sshRecipient(text: string): SshPublicKey {
  const malformed = `failed to parse input as age-ssh public key: malformed SSH recipient: ${JSON.stringify(text)}`
  const key = parseSshPublicKey(text)
  if (!key) throw invalid(malformed, 'ssh-ed25519 and ssh-rsa keys can be recipients, as their .pub file has them')
  if (key.kind === 'ssh-rsa' && (key.key.asymmetricKeyDetails?.modulusLength ?? 0) < MIN_RSA_BITS) throw invalid(`${malformed}: RSA key size is too small`)
  return key
}

function invalid(message: string, hint?: string): CodedError {
  return new CodedError('RECIPIENT_INVALID', message, hint === undefined ? {} : { hint })
}

export function newRef(text: string): AgeRef {
  const recipient = text.trim()
  parseAgeRecipient(recipient)
  return { type: 'age', recipient, enc: '', fields: Object.create(null) as PlainMap }
}

function textField(entry: PlainMap, name: string): string {
  const value: Plain | undefined = entry[name]
  return typeof value === 'string' ? value : ''
}

/** The recipient is not looked at when a key is unwrapped: a missing one does no harm. */
export function refFrom(entry: PlainMap): AgeRef {
  return { type: 'age', recipient: textField(entry, 'recipient'), enc: textField(entry, 'enc'), fields: entry }
}

export function fieldsOf(ref: AgeRef): PlainMap {
  return Object.assign(Object.create(null) as Record<string, Plain>, ref.fields, { enc: ref.enc, recipient: ref.recipient })
}
