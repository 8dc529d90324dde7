/**
 * The metadata entry of a PGP key: `fp` (fingerprint; `!` behind it forces that subkey), `enc` (armored message, no final newline)
 * and `created_at`.
 * Follows: getsops/sops pgp/keysource.go (NewMasterKeyFromFingerprint, ToMap).
 * @module
 */
import { CodedError, formatTimestamp, weakString, type Plain, type PlainMap, type RecipientContext, type Ref } from '@waxseal/core'

export interface PgpRef extends Ref {
  readonly type: 'pgp'
  /** Without spaces, otherwise as written: other cases, short forms and `0x` are different names. */
  readonly fingerprint: string
  /** Empty before the key is wrapped. */
  readonly enc: string
  readonly createdAt: string
  /** The entry as found: unknown fields survive. */
  readonly fields: PlainMap
}

/** What gpg takes for a key ID or fingerprint. It takes user IDs, too, but whoever can add a name to a key could receive the data key then. */
const KEY_ID = /^(?:0x)?[0-9A-Fa-f]{8,64}!?$/

/** @throws CodedError RECIPIENT_INVALID */
export function checkFingerprint(fingerprint: string): void {
  if (KEY_ID.test(fingerprint)) return
  throw new CodedError('RECIPIENT_INVALID', `${JSON.stringify(fingerprint)} is not the fingerprint of a PGP key`, { hint: 'gpg --fingerprint shows those of your keys' })
}

/** @throws CodedError RECIPIENT_INVALID */
export function newRef(text: string, { now }: RecipientContext): PgpRef {
  const fingerprint = text.replaceAll(' ', '')
  checkFingerprint(fingerprint)
  return { type: 'pgp', fingerprint, enc: '', createdAt: formatTimestamp(now), fields: Object.create(null) as PlainMap }
}

/** @throws CodedError METADATA_INVALID */
export function refFrom(entry: PlainMap): PgpRef {
  const text = (name: string): string => weakString(entry[name], { code: 'METADATA_INVALID', name: `${name} of a pgp key in the sops metadata` })
  return { type: 'pgp', fingerprint: text('fp'), enc: text('enc'), createdAt: text('created_at'), fields: entry }
}

export function fieldsOf({ fingerprint, enc, createdAt, fields }: PgpRef): PlainMap {
  return Object.assign(Object.create(null) as Record<string, Plain>, fields, { created_at: createdAt, enc, fp: fingerprint })
}
