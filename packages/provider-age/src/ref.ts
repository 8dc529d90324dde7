/**
 * The metadata entry of an age key, and the recipients that may stand in it.
 * Follows: getsops/sops age/keysource.go (parseRecipient).
 * @module
 */
import { CodedError, type Plain, type PlainMap, type Ref } from '@waxseal/core'
import { isHybridRecipient } from './client.ts'
import { parseRecipient } from './x25519.ts'

export interface AgeRef extends Ref {
  readonly type: 'age'
  readonly recipient: string
  /** Armored age file with one recipient; empty before the key is wrapped. */
  readonly enc: string
  /** The entry as found: unknown fields survive. */
  readonly fields: PlainMap
}

export type RecipientKind = 'x25519' | 'hybrid'

/** @throws CodedError RECIPIENT_INVALID */
export function recipientKind(recipient: string): RecipientKind {
  const bad = (message: string, hint?: string): CodedError => new CodedError('RECIPIENT_INVALID', message, hint === undefined ? {} : { hint })
  if (recipient.startsWith('age1pq1')) {
    if (!isHybridRecipient(recipient)) throw bad(`malformed post-quantum recipient ${JSON.stringify(recipient)}`)
    return 'hybrid'
  }
  if (recipient.startsWith('age1') && recipient.lastIndexOf('1') > 3) throw bad(`age plugin recipients cannot be used here: ${recipient}`)
  if (recipient.startsWith('age1')) {
    if (!parseRecipient(recipient)) throw bad(`failed to parse input as Bech32-encoded age public key: malformed recipient ${JSON.stringify(recipient)}`, 'age-keygen -y FILE prints the recipient of an identity')
    return 'x25519'
  }
  if (recipient.startsWith('ssh-')) throw bad('ssh keys cannot be used as age recipients here')
  if (recipient.startsWith('AGE-SECRET-KEY-')) throw bad('that is a secret age identity, not a recipient', 'waxseal keygen -y FILE prints its recipient')
  throw bad(`failed to parse input, unknown recipient type: ${JSON.stringify(recipient)}`, 'age recipients begin with age1')
}

export function newRef(text: string): AgeRef {
  const recipient = text.trim()
  recipientKind(recipient)
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
