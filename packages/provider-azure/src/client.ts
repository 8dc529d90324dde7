/**
 * A client of Key Vaults and Managed HSMs: `GET /keys/NAME/` for the newest version, `POST /keys/NAME/VERSION/encrypt` and `/decrypt` with
 * `{"alg": "RSA-OAEP-256", "value": base64url}`. Loaded when the first key is used.
 * Follows: learn.microsoft.com/rest/api/keyvault/keys (Get Key, Encrypt, Decrypt).
 * @module
 */
import { CodedError, FoundOnce, type Call, type ErrorCode, type Failure } from '@waxseal/core'
import { asFields, bodyFields, createHttpClient, judgeNetwork, judgeStatus, quoted, type Agents, type Answer, type Fields, type Request } from '@waxseal/http'
import { parseChallenge, type Challenge } from './challenge.ts'
import { createTokenSource } from './credentials.ts'

const API_VERSION = '7.4'
const ALGORITHM = 'RSA-OAEP-256'
const KEY_ID = /^\/keys\/([^/]+)\/([A-Za-z0-9-]{1,64})$/

/** A key of a vault: `checkAddress`. */
export interface VaultKey {
  readonly vault: URL
  readonly name: string
  /** Empty: the newest. */
  readonly version: string
}

export interface KeyVaultClient {
  newestVersion(call: Call, key: VaultKey): Promise<string>
  /** @returns what the key made of the input, owned by the caller, and the version that did */
  perform(call: Call, action: 'encrypt' | 'decrypt', key: VaultKey, input: Uint8Array): Promise<{ readonly output: Uint8Array; readonly version: string }>
}

class VaultRefusal extends Error {
  readonly answer: Answer
  readonly facts: { readonly code?: ErrorCode; readonly hint?: string }
  constructor(answer: Answer, message: string, facts: { readonly code?: ErrorCode; readonly hint?: string }) {
    super(message)
    this.answer = answer
    this.facts = facts
  }
}

export function judge(cause: unknown): Failure {
  if (cause instanceof VaultRefusal) return judgeStatus(cause.message, cause.answer, cause.facts)
  return judgeNetwork('Azure Key Vault cannot be reached', cause)
}

export function createKeyVaultClient(agents: Agents): KeyVaultClient {
  const http = createHttpClient({ agents })
  const tokenFor = createTokenSource(agents)
  const challenges = new FoundOnce<string, Challenge>()

  /** Without token and without content. */
  async function ask(call: Call, vault: URL, { method, url, headers }: Request): Promise<Challenge> {
    const answer = await call(async (signal) => {
      const first = await http.send({ method, url, headers }, signal)
      if (first.status !== 401) throw refusalOf(first, [])
      return first
    })
    return parseChallenge(answer.headers['www-authenticate'], vault)
  }

  /** @param value - of the request: it stands in no error */
  async function send(call: Call, vault: URL, request: Request, value = ''): Promise<Fields> {
    const challenge = await challenges.get(vault.origin, () => ask(call, vault, request))
    const token = await call((signal) => tokenFor(challenge, signal))
    return await call(async (signal) => {
      const answer = await http.send({ ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } }, signal)
      if (answer.status !== 200) throw refusalOf(answer, [token, value])
      return bodyFields(answer)
    })
  }

  return {
    async newestVersion(call, key) {
      const answer = await send(call, key.vault, { method: 'GET', url: urlOf(key), headers: { accept: 'application/json' } })
      return versionIn(asFields(answer['key']), key)
    },
    async perform(call, action, key, input) {
      const value = Buffer.from(input.buffer, input.byteOffset, input.byteLength).toString('base64url')
      const request: Request = {
        method: 'POST',
        url: urlOf(key, action),
        headers: { accept: 'application/json', 'content-type': 'application/json' },
        body: JSON.stringify({ alg: ALGORITHM, value }),
      }
      const answer = await send(call, key.vault, request, value)
      const version = versionIn(answer, key)
      const { value: text } = answer
      const output = typeof text === 'string' ? decodeBase64Url(text) : null
      if (!output?.length) throw new CodedError('KEY_SERVICE_FAILED', 'the answer of Azure Key Vault has no value')
      return { output, version }
    },
  }
}

function urlOf({ vault, name, version }: VaultKey, action?: string): URL {
  const url = new URL(['', 'keys', name, version, action].filter((part) => part !== undefined).join('/'), vault)
  url.searchParams.set('api-version', API_VERSION)
  return url
}

/** @throws CodedError KEY_SERVICE_FAILED - another key answered than was asked */
function versionIn({ kid }: Fields, { name, version }: VaultKey): string {
  const [, answering = '', answeringVersion = ''] = KEY_ID.exec((typeof kid === 'string' && URL.parse(kid)?.pathname) || '') ?? []
  // Names differ in case only between what people write and what the service calls them.
  if (answering.toLowerCase() === name.toLowerCase() && (version === '' || answeringVersion.toLowerCase() === version.toLowerCase())) return answeringVersion
  throw new CodedError('KEY_SERVICE_FAILED', 'Azure Key Vault answered for another key than it was asked for', { hint: 'check the vault URL and the proxy' })
}

/** `{"error": {"code", "message", "innererror": {"code"}}}` */
function refusalOf(answer: Answer, secrets: readonly string[]): VaultRefusal {
  const error = asFields(bodyFields(answer)['error'])
  const said = [error['code'], error['message']].filter((text) => typeof text === 'string').join(': ')
  const message = `Azure Key Vault answered ${answer.status}${said === '' ? '' : `: ${quoted(said, secrets)}`}`
  return new VaultRefusal(answer, message, meaningOf(answer.status, asFields(error['innererror'])['code']))
}

function meaningOf(status: number, inner: unknown): VaultRefusal['facts'] {
  // KeyDisabled, KeyExpired, KeyNotYetValid: told as forbidden, but nobody may use it then.
  if (status === 403 && typeof inner === 'string' && inner.startsWith('Key')) return { code: 'KEY_UNUSABLE', hint: 'enable this version of the key, or use another key of the file' }
  if (status === 401) return { hint: 'the token has expired or is for another tenant: az login' }
  if (status === 403) return { hint: 'the account needs the permissions encrypt, decrypt and get for the key, as the role Key Vault Crypto User has' }
  if (status === 404) return { hint: 'check vault, name and version; deleted keys can be recovered for some time' }
  if (status === 409) return { code: 'KEY_UNUSABLE', hint: 'the key is being deleted or recovered' }
  return status === 400 ? { code: 'KEY_REJECTED', hint: 'the key entry of the file was altered, or belongs to another version of the key' } : {}
}

function decodeBase64Url(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text.replace(/={1,2}$/, '') ? bytes : null
}
