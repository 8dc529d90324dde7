/**
 * The metadata entry of an AWS KMS key: `arn`, `role` and `context` if there are any, `aws_profile` (written even if empty),
 * `created_at` and `enc` (base64 of KMS's ciphertext).
 * Follows: getsops/sops kms/keysource.go (NewMasterKeyFromArn, ToString), stores/stores.go (kmskey). Vectors: test/ref.test.ts
 * @module
 */
import { CodedError, formatTimestamp, isMap, plainMap, weakString, type FieldContext, type Plain, type PlainMap, type RecipientContext, type Ref } from '@waxseal/core'

export interface AwsRef extends Ref {
  readonly type: 'kms'
  /** Of a key or an alias, as written: it is checked when it is used. */
  readonly arn: string
  /** Role to be assumed first; empty if there is none. */
  readonly role: string
  /** Authenticated by KMS, and part of the key's name. */
  readonly context: ReadonlyMap<string, string>
  /** Of the shared configuration; empty: whatever credentials are there. */
  readonly profile: string
  /** Empty before the key is wrapped. */
  readonly enc: string
  readonly createdAt: string
  /** The entry as found: unknown fields survive. */
  readonly fields: PlainMap
}

/** What separates the key from the role; ARNs of KMS hold no plus sign. */
const ROLE_SEPARATOR = '+arn:'

/** @param text - `ARN` or `ARN+ROLE-ARN`, with or without spaces */
export function newRef(text: string, { now, awsProfile = '', encryptionContext = {} }: RecipientContext): AwsRef {
  const compact = text.replaceAll(' ', '')
  const end = compact.indexOf(ROLE_SEPARATOR)
  return {
    type: 'kms',
    arn: end > 0 ? compact.slice(0, end) : compact,
    role: end > 0 ? compact.slice(end + 1) : '',
    context: new Map(Object.entries(encryptionContext)),
    profile: awsProfile,
    enc: '',
    createdAt: formatTimestamp(now),
    fields: plainMap([]),
  }
}

/** An element of `kms` in a rule's key group. @throws CodedError CONFIG_INVALID */
export function refFromGroup(element: Plain, { now }: RecipientContext): AwsRef {
  if (!isMap(element)) throw new CodedError('CONFIG_INVALID', 'a kms key of a key group must be a mapping with arn, and perhaps role, context and aws_profile')
  const field = (name: string): FieldContext => ({ code: 'CONFIG_INVALID', name: `${name} of a kms key of a key group` })
  return { type: 'kms', ...textFields(element, field), enc: '', createdAt: formatTimestamp(now), fields: plainMap([]) }
}

/** @throws CodedError METADATA_INVALID */
export function refFrom(entry: PlainMap): AwsRef {
  const field = (name: string): FieldContext => ({ code: 'METADATA_INVALID', name: `${name} of a kms key in the sops metadata` })
  return { type: 'kms', ...textFields(entry, field), enc: weakString(entry['enc'], field('enc')), createdAt: weakString(entry['created_at'], field('created_at')), fields: entry }
}

function textFields(entry: PlainMap, field: (name: string) => FieldContext): Pick<AwsRef, 'arn' | 'role' | 'context' | 'profile'> {
  const text = (name: string): string => weakString(entry[name], field(name))
  return { arn: text('arn'), role: text('role'), context: contextFrom(entry['context'], field('context')), profile: text('aws_profile') }
}

/** A value that is null is as good as absent; the reference crashes on it. */
function contextFrom(value: Plain | undefined, field: FieldContext): ReadonlyMap<string, string> {
  if (value === undefined || value === null || value === '') return new Map()
  if (!isMap(value)) throw new CodedError(field.code, `${field.name} is not a mapping`)
  return new Map(Object.entries(value).flatMap(([name, text]) => (text === null ? [] : [[name, weakString(text, field)] as const])))
}

export function fieldsOf(ref: AwsRef): PlainMap {
  const known: (readonly [string, Plain])[] = [['arn', ref.arn], ['aws_profile', ref.profile], ['created_at', ref.createdAt], ['enc', ref.enc]]
  if (ref.role !== '') known.push(['role', ref.role])
  if (ref.context.size > 0) known.push(['context', plainMap(ref.context)])
  const unknown = Object.entries(ref.fields).filter(([name]) => name !== 'role' && name !== 'context')
  return plainMap([...unknown, ...known])
}

/** A rule or a flag names it; what a file names has to be allowed. */
export function isFromFile({ fields }: AwsRef): boolean {
  return Object.keys(fields).length > 0
}

/** `ARN[+ROLE]`, then the context if there is one, then the profile: two keys of the same name are the same key. */
export function displayName({ arn, role, context, profile }: AwsRef): string {
  const key = role === '' ? arn : `${arn}+${role}`
  const pairs = [...context].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))).map((pair) => pair.join(':')).join(',')
  if (profile !== '') return `${key}|${pairs}|${profile}`
  return pairs === '' ? key : `${key}|${pairs}`
}
