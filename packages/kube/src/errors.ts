/**
 * What the API server, or the way to it, answered instead of the wanted object.
 * The message is the server's own sentence (the `message` of its Status object) or one of ours; never a body, a header or
 * an object. Match on `status` and `reason`, never on the text.
 * @module
 */
import { CodedError } from '@waxseal/core'

/** Timers cannot wait for weeks: one that is asked to comes back at once. */
const LONGEST_RETRY_AFTER_MS = 3_600_000
/** The server's sentences are short; whatever is longer is not one. */
const MAX_MESSAGE_CHARS = 4096

export interface KubeErrorFacts {
  /** HTTP status; 0 if no answer came. */
  readonly status: number
  /** `reason` of the Status object, such as `NotFound`, `AlreadyExists`, `Conflict`, `Expired`; '' if there is none. */
  readonly reason?: string
  /** How long the server asks us to stay away. */
  readonly retryAfterMs?: number | undefined
  /** System or TLS error code where no answer came, such as `ECONNREFUSED`. */
  readonly systemCode?: string | undefined
}

export class KubeError extends Error {
  override readonly name = 'KubeError'
  readonly status: number
  readonly reason: string
  readonly retryAfterMs: number | undefined
  readonly systemCode: string | undefined

  constructor(message: string, facts: KubeErrorFacts) {
    super(message)
    this.status = facts.status
    this.reason = facts.reason ?? ''
    this.retryAfterMs = facts.retryAfterMs
    this.systemCode = facts.systemCode
  }

  /** The wanted version is compacted away: list again. */
  get isGone(): boolean {
    return this.status === 410 || this.reason === 'Expired' || this.reason === 'Gone'
  }
}

/** Reads a Status object, of a response or of a watch's ERROR event. */
export function kubeErrorFromStatus(status: number, value: unknown, retryAfterMs?: number): KubeError {
  const { kind, message, reason, details, code } = isRecord(value) ? value : {}
  const seconds = isRecord(details) ? details['retryAfterSeconds'] : undefined
  const wait = retryAfterMs ?? (typeof seconds === 'number' ? seconds * 1000 : undefined)
  const isStatus = kind === 'Status' && typeof message === 'string' && message !== ''
  return new KubeError(isStatus ? message.slice(0, MAX_MESSAGE_CHARS) : `the API server answered ${status}`, {
    status: status === 200 && typeof code === 'number' ? code : status,
    reason: kind === 'Status' && typeof reason === 'string' ? reason : '',
    retryAfterMs: wait === undefined ? undefined : Math.min(Math.max(wait, 0), LONGEST_RETRY_AFTER_MS),
  })
}

/** No answer: the connection was refused, cut, timed out or could not be trusted. */
export function unreachable(cause: unknown): KubeError {
  const systemCode = isRecord(cause) && typeof cause['code'] === 'string' ? cause['code'] : undefined
  return new KubeError(`no answer from the API server${systemCode ? ` (${systemCode})` : ''}`, { status: 0, systemCode })
}

/** For people: the same failure with a code and a hint. */
export function toCodedError(error: KubeError): CodedError {
  if (error.status === 0) {
    return new CodedError('KUBE_UNREACHABLE', error.message, { hint: 'check the server address in the kubeconfig, and the network', cause: error })
  }
  const hint =
    error.status === 401 ? 'the credentials of the kubeconfig are not accepted: log in again'
    : error.status === 403 ? 'ask for a role that permits this request'
    : undefined
  return new CodedError('KUBE_REFUSED', error.message, { ...(hint ? { hint } : {}), cause: error })
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
