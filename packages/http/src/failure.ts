/**
 * What failed requests mean, for `createServiceCaller`.
 * @module
 */
import { CodedError, type ErrorCode, type Failure } from '@waxseal/core'
import type { Answer } from './client.ts'

const MAX_QUOTED = 300
const CERTIFICATE = /CERT|ISSUER|SIGNATURE|ERR_TLS/

/** @param what - what was tried, before the reason. @param cause - as Node threw it */
export function judgeNetwork(what: string, cause: unknown): Failure {
  const reason = (cause as NodeJS.ErrnoException | undefined)?.code ?? 'unknown error'
  const hint = CERTIFICATE.test(reason) ? 'the certificate of the server is not trusted here: is there a proxy, or an authority of your own?' : 'check the address, the network and the proxy'
  return { error: new CodedError('KEY_SERVICE_FAILED', `${what}: ${reason}`, { hint }), isTransient: false }
}

/** @param what - what was tried, and what the service said */
export function judgeStatus(what: string, { status, headers }: Answer, facts: { readonly code?: ErrorCode; readonly hint?: string } = {}): Failure {
  const isTransient = status === 429 || (status >= 500 && status !== 501)
  const seconds = Number(headers['retry-after'] ?? Number.NaN)
  const { code = isTransient ? 'KEY_SERVICE_FAILED' : codeOf(status), hint } = facts
  return {
    error: new CodedError(code, what, hint === undefined ? {} : { hint }),
    isTransient,
    ...(isTransient && seconds >= 0 && { retryAfterMs: seconds * 1000 }),
  }
}

function codeOf(status: number): ErrorCode {
  if (status === 401 || status === 403) return 'KEY_ACCESS_DENIED'
  return status === 404 ? 'KEY_UNUSABLE' : 'KEY_SERVICE_FAILED'
}

/**
 * What a service said, for a message: one line of a bounded length.
 * @param secrets - what was sent and must not be read in a message, whoever sends it back
 */
export function quoted(text: string, secrets: readonly string[]): string {
  const clean = secrets.filter((secret) => secret !== '').reduce((rest, secret) => rest.replaceAll(secret, '...'), text)
  const line = clean.split(/\s+/).join(' ').trim()
  return line.length > MAX_QUOTED ? `${line.slice(0, MAX_QUOTED)}...` : line
}
