/**
 * Writes to a Vault or OpenBao server over its HTTP API. Loaded when the first key is used.
 * Follows: hashicorp/vault api/client.go, logical.go, response.go.
 * @module
 */
import { CodedError, type Call, type Failure } from '@waxseal/core'
import { asFields, bodyFields, createHttpClient, judgeNetwork, judgeStatus, quoted, type Answer, type Fields, type HttpClient } from '@waxseal/http'
import type { VaultSettings } from './settings.ts'

const REDIRECTS = new Set([301, 302, 307])
/** Vault has no codes for what is wrong, only these texts. */
const KEY_PROBLEMS = ['encryption key not found', 'disallowed by policy']
const LOGIN = 'vault login, or set VAULT_TOKEN'

/** Thrown for answers that are no success; `judge` tells what they mean. */
class Refused extends Error {
  readonly url: URL
  readonly answer: Answer
  readonly said: string
  constructor(url: URL, answer: Answer, said: string) {
    super('refused')
    this.url = url
    this.answer = answer
    this.said = said
  }
}

export function judge(cause: unknown): Failure {
  if (!(cause instanceof Refused)) return judgeNetwork('Vault cannot be reached', cause)
  const { url, answer, said } = cause
  const what = `Error making API request. URL: PUT ${url.href}. Code: ${answer.status}. Errors: * ${said}`
  if (answer.status === 401 || answer.status === 403) return judgeStatus(what, answer, { hint: LOGIN })
  if (answer.status !== 400) return judgeStatus(what, answer)
  return judgeStatus(what, answer, { code: KEY_PROBLEMS.some((text) => said.includes(text)) ? 'KEY_UNUSABLE' : 'KEY_REJECTED' })
}

export class VaultClient {
  readonly #settings: VaultSettings
  readonly #http: HttpClient

  constructor(settings: VaultSettings) {
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    if (/[^\u0020-\u007e]/.test(settings.token)) {
      throw new CodedError('CREDENTIALS_MISSING', 'the configured Vault token contains non-printable characters and cannot be used', { hint: LOGIN })
    }
    this.#settings = settings
    this.#http = createHttpClient(settings.http)
  }

  /**
   * @param field - its value is a secret or becomes one, and stands in no error
   * @param checkTarget - asked before a redirect is followed, which takes the token and the field along. @throws CodedError HOST_REFUSED
   * @returns `data` of the answer
   */
  async write(call: Call, url: URL, field: Readonly<Record<string, string>>, checkTarget: (target: URL) => void): Promise<Fields> {
    return dataOf(await call((signal) => this.#put(url, field, signal, checkTarget)))
  }

  async #put(url: URL, field: Readonly<Record<string, string>>, signal: AbortSignal, checkTarget: ((target: URL) => void) | undefined): Promise<Answer> {
    const { token, namespace, headers } = this.#settings
    const sent = {
      ...headers,
      'content-type': 'application/json',
      'x-vault-request': 'true',
      ...(token !== '' && { 'x-vault-token': token }),
      ...(namespace !== '' && { 'x-vault-namespace': namespace }),
    }
    const answer = await this.#http.send({ method: 'PUT', url, headers: sent, body: JSON.stringify(field) }, signal)
    if (answer.status >= 200 && answer.status < 300) return answer
    const target = checkTarget === undefined ? null : this.#redirectOf(url, answer)
    if (target !== null) {
      checkTarget?.(target)
      return await this.#put(target, field, signal, undefined)
    }
    throw new Refused(url, answer, quoted(reasonOf(answer), [token, ...Object.values(headers), ...Object.values(field)]))
  }

  /** A standby sends to the active server, once. @throws CodedError KEY_SERVICE_FAILED */
  #redirectOf(url: URL, { status, headers }: Answer): URL | null {
    const target = REDIRECTS.has(status) && this.#settings.followsRedirect ? URL.parse(headers.location ?? '', url.href) : null
    if (target === null || target.protocol === 'https:' || target.protocol === url.protocol) return target
    throw new CodedError('KEY_SERVICE_FAILED', 'redirect would cause protocol downgrade')
  }
}

/** `{"errors": [...]}`. Other bodies are not quoted: whoever answered is not Vault. */
function reasonOf(answer: Answer): string {
  const { errors } = bodyFields(answer)
  const texts = Array.isArray(errors) ? errors.filter((error) => typeof error === 'string') : []
  return texts.length > 0 ? texts.join(' * ') : 'without a reason'
}

/** @throws CodedError KEY_SERVICE_FAILED */
function dataOf(answer: Answer): Fields {
  const { data } = bodyFields(answer)
  if (typeof data !== 'object' || data === null) throw new CodedError('KEY_SERVICE_FAILED', 'transit backend is empty')
  return asFields(data)
}
