/**
 * The metadata entry of a HuaweiCloud KMS key: `key_id` (`region:uuid`), `enc` (`cipher_text` as the service gave it) and `created_at`.
 * Follows: getsops/sops hckms/keysource.go (NewMasterKey, ToMap).
 * @module
 */
import { CodedError, formatTimestamp, isMap, weakString, type ErrorCode, type Plain, type PlainMap, type RecipientContext, type Ref } from '@waxseal/core'

export interface HuaweiRef extends Ref {
  readonly type: 'hckms'
  /** As written. */
  readonly keyId: string
  readonly region: string
  /** Of the key within its region. */
  readonly uuid: string
  /** Empty before the key is wrapped. */
  readonly enc: string
  readonly createdAt: string
  /** The entry as found: unknown fields survive. */
  readonly fields: PlainMap
}

/** @throws CodedError RECIPIENT_INVALID */
export function newRef(text: string, { now }: RecipientContext): HuaweiRef {
  const keyId = text.trim()
  return { type: 'hckms', keyId, ...splitKeyId(keyId, 'RECIPIENT_INVALID'), enc: '', createdAt: formatTimestamp(now), fields: Object.create(null) as PlainMap }
}

/** `{ key_id: region:uuid }`. @throws CodedError CONFIG_INVALID, RECIPIENT_INVALID */
export function refFromGroup(element: Plain, context: RecipientContext): HuaweiRef {
  const keyId = isMap(element) ? element['key_id'] : undefined
  if (typeof keyId !== 'string') throw new CodedError('CONFIG_INVALID', 'a hckms key of a key group must have a key_id', { hint: 'hckms: [{key_id: region:uuid}]' })
  return newRef(keyId, context)
}

/** @throws CodedError METADATA_INVALID */
export function refFrom(entry: PlainMap): HuaweiRef {
  const text = (name: string): string => weakString(entry[name], { code: 'METADATA_INVALID', name: `${name} of a hckms key in the sops metadata` })
  const keyId = text('key_id')
  return { type: 'hckms', keyId, ...splitKeyId(keyId, 'METADATA_INVALID'), enc: text('enc'), createdAt: text('created_at'), fields: entry }
}

export function fieldsOf({ keyId, enc, createdAt, fields }: HuaweiRef): PlainMap {
  return Object.assign(Object.create(null) as Record<string, Plain>, fields, { created_at: createdAt, enc, key_id: keyId })
}

function splitKeyId(keyId: string, code: ErrorCode): { readonly region: string; readonly uuid: string } {
  const [region = '', ...rest] = keyId.split(':').map((piece) => piece.trim())
  const uuid = rest.join(':')
  if (rest.length === 0) throw new CodedError(code, `invalid key ID format: expected 'region:key-uuid', got ${JSON.stringify(keyId)}`)
  if (region === '') throw new CodedError(code, `region cannot be empty in key ID: ${JSON.stringify(keyId)}`)
  if (uuid === '') throw new CodedError(code, `key UUID cannot be empty in key ID: ${JSON.stringify(keyId)}`)
  return { region, uuid }
}
