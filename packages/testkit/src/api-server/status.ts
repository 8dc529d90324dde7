/**
 * Failures as the API tells them: an HTTP status with a `Status` object whose reason and details clients branch on.
 * Follows: k8s.io/apimachinery api/errors. The wording is the reference's where clients are known to match it.
 * @module
 */
import type { Trouble } from './faults.ts'
import type { FieldError } from './field-errors.ts'
import type { JsonObject } from './json.ts'
import type { RequestInfo } from './request-info.ts'

/** What an error is about: a resource (`secrets`) or, for invalid objects, a kind (`Secret`). */
export interface Subject {
  readonly group: string
  readonly kind: string
  readonly name?: string
}

export class StatusError extends Error {
  override readonly name = 'StatusError'
  readonly code: number
  readonly reason: string
  readonly details: JsonObject | undefined
  readonly headers: Readonly<Record<string, string>>
  /** Goes to the Status object's own metadata: the continue token of an expired list. */
  readonly metadata: JsonObject

  constructor(
    code: number,
    reason: string,
    message: string,
    facts: { readonly details?: JsonObject; readonly headers?: Readonly<Record<string, string>>; readonly metadata?: JsonObject } = {},
  ) {
    super(message)
    this.code = code
    this.reason = reason
    this.details = facts.details
    this.headers = facts.headers ?? {}
    this.metadata = facts.metadata ?? {}
  }

  toStatus(): JsonObject {
    const { details, message, reason, code, metadata } = this
    const status = { kind: 'Status', apiVersion: 'v1', metadata, status: 'Failure', message }
    return { ...status, ...(reason === '' ? {} : { reason }), ...(details === undefined ? {} : { details }), code }
  }
}

/** The answer to a deletion that is done. */
export function success(details: JsonObject): JsonObject {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details }
}

export function badRequest(message: string): StatusError {
  return new StatusError(400, 'BadRequest', message)
}

export function unauthorized(): StatusError {
  return new StatusError(401, 'Unauthorized', 'Unauthorized')
}

export function forbiddenRequest(subject: Subject, why: string, causes: readonly JsonObject[] = []): StatusError {
  const details = { ...detailsOf(subject), ...(causes.length === 0 ? {} : { causes }) }
  const name = subject.name === undefined ? '' : ` "${subject.name}"`
  return new StatusError(403, 'Forbidden', `${qualified(subject)}${name} is forbidden: ${why}`, { details })
}

export function notFound(subject: Subject): StatusError {
  return new StatusError(404, 'NotFound', `${qualified(subject)} "${subject.name ?? ''}" not found`, { details: detailsOf(subject) })
}

export function methodNotAllowed(verb: string): StatusError {
  return new StatusError(405, 'MethodNotAllowed', `the server does not allow this method on the requested resource (${verb})`, { details: {} })
}

export function alreadyExists(subject: Subject): StatusError {
  return new StatusError(409, 'AlreadyExists', `${qualified(subject)} "${subject.name ?? ''}" already exists`, { details: detailsOf(subject) })
}

export function conflict(subject: Subject, why = 'the object has been modified; please apply your changes to the latest version and try again'): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(subject)} "${subject.name ?? ''}": ${why}`
  return new StatusError(409, 'Conflict', message, { details: detailsOf(subject) })
}

/** The path names a group and version that exist, but nothing in them. */
export function noSuchResource(): StatusError {
  return new StatusError(404, 'NotFound', 'the server could not find the requested resource', { details: {} })
}

/** History that a list or watch would need is gone. */
export function expired(message: string, metadata: JsonObject = {}): StatusError {
  return new StatusError(410, 'Expired', message, { metadata })
}

export function tooLarge(limitBytes: number): StatusError {
  return new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${limitBytes}`)
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`
  return new StatusError(415, 'UnsupportedMediaType', message)
}

/** A patch of a kind that no resource knows. */
export function unknownPatchType(): StatusError {
  return new StatusError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', { details: {} })
}

export function notAcceptable(message: string): StatusError {
  return new StatusError(406, 'NotAcceptable', message)
}

export function invalidObject(subject: Subject, errors: readonly FieldError[]): StatusError {
  const lines = errors.map((error) => `${error.field}: ${error.message}`)
  const list = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`
  const message = `${qualified(subject)} "${subject.name ?? ''}" is invalid: ${list}`
  return new StatusError(422, 'Invalid', message, { details: { ...detailsOf(subject), causes: [...errors] } })
}

export function tooManyRequests(retryAfterSeconds: number): StatusError {
  return new StatusError(429, 'TooManyRequests', 'Too many requests, please try again later.', {
    details: { retryAfterSeconds },
    headers: { 'retry-after': String(retryAfterSeconds) },
  })
}

export function internalError(message: string): StatusError {
  return new StatusError(500, 'InternalError', `Internal error occurred: ${message}`, { details: { causes: [{ message }] } })
}

/** What the reference's storage layer refuses without a kind of error: its text alone, and no reason. */
export function uncategorized(message: string): StatusError {
  return new StatusError(500, '', message)
}

export function serviceUnavailable(message: string): StatusError {
  return new StatusError(503, 'ServiceUnavailable', message)
}

function detailsOf({ group, kind, name }: Subject): JsonObject {
  return { ...(name ? { name } : {}), ...(group === '' ? {} : { group }), kind }
}

function qualified({ group, kind }: Subject): string {
  return group === '' ? kind : `${kind}.${group}`
}

/** The answer that the real server would give with a status. */
export function plannedFailure(status: number, { retryAfterSeconds }: Trouble, { resource }: RequestInfo): StatusError {
  const subject = { group: resource?.group ?? '', kind: resource?.plural ?? '', name: resource?.name ?? '' }
  const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }
  switch (status) {
    case 401:
      return unauthorized()
    case 404:
      return notFound(subject)
    case 409:
      return conflict(subject)
    case 410:
      return expired('The resourceVersion for the provided watch is too old.')
    case 429:
      return tooManyRequests(retryAfterSeconds ?? 1)
    case 500:
      return internalError('planned failure')
    default: {
      const { message, reason, details } = serviceUnavailable('the server is currently unable to handle the request')
      return new StatusError(status, status === 503 ? reason : 'Unknown', message, { headers, ...(details ? { details } : {}) })
    }
  }
}
