/**
 * The metadata entry of a GCP KMS key: `resource_id` (`projects/P/locations/L/keyRings/R/cryptoKeys/K`), `enc` (base64 of the cipher text)
 * and `created_at`. Flags and rules name the resource alone.
 * Follows: getsops/sops gcpkms/keysource.go (NewMasterKeyFromResourceID, newKMSClient, ToMap).
 * @module
 */
import { CodedError, formatTimestamp, isMap, weakString, type Plain, type PlainMap, type RecipientContext, type Ref } from '@waxseal/core'

export interface GcpRef extends Ref {
  readonly type: 'gcp_kms'
  readonly resourceId: string
  /** Empty before the key is wrapped. */
  readonly enc: string
  readonly createdAt: string
  /** The entry as found: unknown fields survive. */
  readonly fields: PlainMap
}

/** The names that Google takes; projects of an organization begin with its domain and a colon. */
const RESOURCE_ID = /^projects\/[a-z0-9][a-z0-9.:-]*\/locations\/[a-z0-9-]+\/keyRings\/[A-Za-z0-9_-]+\/cryptoKeys\/[A-Za-z0-9_-]+$/

/** Looked at when the key is used: a file may hold a name that is none, and `rotate` may remove it. */
export function newRef(text: string, { now }: RecipientContext): GcpRef {
  return { type: 'gcp_kms', resourceId: text.replaceAll(' ', ''), enc: '', createdAt: formatTimestamp(now), fields: Object.create(null) as PlainMap }
}

/** @throws CodedError CONFIG_INVALID */
export function refFromGroup(element: Plain, context: RecipientContext): GcpRef {
  if (!isMap(element)) throw new CodedError('CONFIG_INVALID', 'a gcp_kms key of a key group must be a mapping with resource_id')
  return newRef(weakString(element['resource_id'], { code: 'CONFIG_INVALID', name: 'resource_id of a gcp_kms key' }), context)
}

/** It becomes part of a URL: nothing in it may lead elsewhere. @throws CodedError RECIPIENT_INVALID */
export function checkResourceId({ resourceId }: GcpRef): void {
  if (RESOURCE_ID.test(resourceId) && !resourceId.includes('..')) return
  throw new CodedError('RECIPIENT_INVALID', `cannot create GCP KMS service: no valid resource ID found in ${JSON.stringify(resourceId)}`, {
    hint: 'it has the form projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY',
  })
}

/** @throws CodedError METADATA_INVALID */
export function refFrom(entry: PlainMap): GcpRef {
  const text = (name: string): string => weakString(entry[name], { code: 'METADATA_INVALID', name: `${name} of a gcp_kms key in the sops metadata` })
  return { type: 'gcp_kms', resourceId: text('resource_id'), enc: text('enc'), createdAt: text('created_at'), fields: entry }
}

export function fieldsOf({ resourceId, enc, createdAt, fields }: GcpRef): PlainMap {
  return Object.assign(Object.create(null) as Record<string, Plain>, fields, { created_at: createdAt, enc, resource_id: resourceId })
}
