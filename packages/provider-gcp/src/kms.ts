/**
 * What is asked of Google's key service, however it travels, and what its refusals mean.
 * Follows: google/cloud/kms/v1/service.proto (EncryptRequest, DecryptRequest), google/rpc/code.proto.
 * @module
 */
import { CodedError, type ErrorCode, type Failure } from '@waxseal/core'
import { judgeNetwork, quoted } from '@waxseal/http'

export interface KmsRequest {
  readonly action: 'encrypt' | 'decrypt'
  /** Resource name of the key: `checkResourceId`. */
  readonly key: string
  /** Borrowed. */
  readonly input: Uint8Array
  readonly inputCrc32c: number
}

export interface KmsAnswer {
  readonly output: Uint8Array
  /** Of the output, as the service says; not every service that speaks this protocol does. */
  readonly crc32c: number | undefined
}

/** @param authorization - headers @throws KmsRefusal, or what Node says of a connection that failed */
export type Transport = (request: KmsRequest, authorization: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<KmsAnswer>

/** By number. */
export const STATUS_NAMES = [
  'OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS', 'PERMISSION_DENIED', 'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED',
] as const
export type StatusName = (typeof STATUS_NAMES)[number]

const TRANSIENT: ReadonlySet<StatusName> = new Set(['DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS'])

const MEANINGS: Partial<Record<StatusName, { readonly code: ErrorCode; readonly hint: string }>> = {
  UNAUTHENTICATED: { code: 'KEY_ACCESS_DENIED', hint: 'the token has expired or is not for this service: gcloud auth application-default login makes a new one' },
  PERMISSION_DENIED: { code: 'KEY_ACCESS_DENIED', hint: 'the account needs roles/cloudkms.cryptoKeyEncrypterDecrypter for the key' },
  NOT_FOUND: { code: 'KEY_UNUSABLE', hint: 'check project, location, key ring and key' },
  FAILED_PRECONDITION: { code: 'KEY_UNUSABLE', hint: 'the key or its version is disabled or destroyed; enable or restore it, or use another key of the file' },
  INVALID_ARGUMENT: { code: 'KEY_REJECTED', hint: 'the key entry of the file was altered, or belongs to another key' },
}

export class KmsRefusal extends Error {
  readonly status: StatusName
  readonly retryAfterMs: number | undefined
  constructor(status: StatusName, said: string, retryAfterMs?: number) {
    super(said === '' ? status : `${status}: ${said}`)
    this.status = status
    this.retryAfterMs = retryAfterMs
  }
}

/** What the service said, without what it was sent. @param sent - the bytes as text, if they travelled so */
export function saying(text: string, authorization: Readonly<Record<string, string>>, sent = ''): string {
  return quoted(text, [sent, ...Object.values(authorization).flatMap((value) => value.split(' '))].filter((secret) => secret !== 'Bearer'))
}

export function judge(cause: unknown): Failure {
  if (!(cause instanceof KmsRefusal)) return judgeNetwork('GCP KMS cannot be reached', cause)
  const { code, hint = 'try again later' } = MEANINGS[cause.status] ?? { code: 'KEY_SERVICE_FAILED' }
  return { error: new CodedError(code, cause.message, { hint }), isTransient: TRANSIENT.has(cause.status), retryAfterMs: cause.retryAfterMs }
}
