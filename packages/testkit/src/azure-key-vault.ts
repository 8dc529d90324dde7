/**
 * Azure Key Vault with real RSA keys of several versions, and the two ways to its tokens: the managed identity of a machine and Microsoft's login
 * service. Handlers for `startScriptedServer`; a vault needs TLS and a host name of its cloud, as behind `startConnectProxy`.
 * Follows: what azkeys 1.5 (Go), @azure/keyvault-keys 4.10 and @azure/identity 4.14 send and read; learn.microsoft.com/rest/api/keyvault/keys.
 * @module
 */
import { constants, createPublicKey, privateDecrypt, publicEncrypt } from 'node:crypto'
import type { ReceivedRequest, Reply } from './scripted-server.ts'

const TOKEN_SECONDS = 3600
const TENANT = '11111111-2222-3333-4444-555555555555'

/** Private keys as PEM by version. */
export interface AzureSeed {
  readonly vault_url: string
  readonly keys: Readonly<Record<string, { readonly current: string; readonly versions: Readonly<Record<string, string>> }>>
}

class Refusal extends Error {
  readonly reply: Reply
  constructor(status: number, code: string, message: string, innerCode?: string) {
    super(message)
    this.reply = { status, body: { error: { code, message, ...(innerCode !== undefined && { innererror: { code: innerCode } }) } } }
  }
}

export type AzureKeyState = 'disabled' | 'forbidden'

export class AzureKeyVault {
  readonly #seed: AzureSeed
  readonly #states = new Map<string, AzureKeyState>()
  #isExpired = false

  constructor(seed: AzureSeed) {
    this.#seed = seed
  }

  setState(name: string, version: string, state: AzureKeyState | undefined): void {
    if (state) this.#states.set(`${name}/${version}`, state)
    else this.#states.delete(`${name}/${version}`)
  }

  /** Tokens are refused from now on. */
  expireTokens(): void {
    this.#isExpired = true
  }

  /** `https://NAME.vault.azure.net`, whatever NAME is; a token for another resource is refused. */
  vault = (request: ReceivedRequest): Reply => {
    const host = request.headers.host ?? ''
    const resource = `https://${host.replace(/^[^.]*\./, '').replace(/:\d+$/, '')}`
    if (this.#isExpired || request.headers.authorization !== `Bearer ${tokenFor(resource)}`) {
      const challenge = `Bearer authorization="https://login.microsoftonline.com/${TENANT}", resource="${resource}"`
      return { status: 401, headers: { 'www-authenticate': challenge }, body: { error: { code: 'Unauthorized', message: 'AKV10000: Request is missing a Bearer or PoP token.' } } }
    }
    try {
      return this.#route(request, host)
    } catch (error) {
      if (error instanceof Refusal) return error.reply
      throw error
    }
  }

  #route({ method, target, body }: ReceivedRequest, host: string): Reply {
    const url = new URL(target, 'http://localhost')
    if (!url.searchParams.has('api-version')) throw new Refusal(400, 'BadParameter', 'api-version must be specified')
    const [, keys, name = '', named = '', action = ''] = url.pathname.split('/')
    const key = Object.hasOwn(this.#seed.keys, name) ? this.#seed.keys[name] : undefined
    const version = named || (key?.current ?? '')
    const pem = key?.versions[version]
    if (keys !== 'keys' || pem === undefined) throw new Refusal(404, 'KeyNotFound', `A key with (name/id) ${name}/${named} was not found in this key vault.`)
    const state = this.#states.get(`${name}/${version}`)
    if (state === 'forbidden') throw new Refusal(403, 'Forbidden', 'Caller is not authorized to perform action on resource.', 'ForbiddenByRbac')
    const kid = `https://${host}/keys/${name}/${version}`
    if (method === 'GET') {
      const { kty, n, e } = createPublicKey(pem).export({ format: 'jwk' })
      return { status: 200, body: { key: { kid, kty, key_ops: ['encrypt', 'decrypt'], n, e }, attributes: { enabled: state === undefined } } }
    }
    if (state === 'disabled') throw new Refusal(403, 'Forbidden', `Operation ${action} is not allowed on a disabled key.`, 'KeyDisabled')
    return { status: 200, body: { kid, value: operate(action, pem, body) } }
  }
}

function operate(action: string, key: string, body: string): string {
  const { alg, value } = JSON.parse(body || '{}') as { readonly alg?: string; readonly value?: string }
  if (alg !== 'RSA-OAEP-256' || typeof value !== 'string') throw new Refusal(400, 'BadParameter', 'Property alg or value is missing or not supported')
  const options = { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
  try {
    if (action === 'encrypt') return publicEncrypt(options, Buffer.from(value, 'base64url')).toString('base64url')
    if (action === 'decrypt') return privateDecrypt(options, Buffer.from(value, 'base64url')).toString('base64url')
  } catch {
    throw new Refusal(400, 'BadParameter', 'The parameter is incorrect.')
  }
  throw new Refusal(404, 'NotFound', `no operation ${action}`)
}

function tokenFor(resource: string): string {
  return `token-for-${Buffer.from(resource).toString('base64url')}`
}

/** The endpoint of `IDENTITY_ENDPOINT`, over plain HTTP. @param secret - `IDENTITY_HEADER` */
export function managedIdentity(secret: string): (request: ReceivedRequest) => Reply {
  return ({ target, headers }) => {
    if (headers['x-identity-header'] !== secret) return { status: 401, body: { error: 'unauthorized_client' } }
    const resource = new URL(target, 'http://localhost').searchParams.get('resource') ?? ''
    const expiresOn = String(Math.floor(Date.now() / 1000) + TOKEN_SECONDS)
    return { status: 200, body: { access_token: tokenFor(resource), expires_on: expiresOn, resource, token_type: 'Bearer' } }
  }
}

/** login.microsoftonline.com. @param secrets - client secrets and assertions that are taken */
export function microsoftLogin(secrets: readonly string[]): (request: ReceivedRequest) => Reply {
  return ({ target, body }) => {
    const { pathname } = new URL(target, 'http://localhost')
    const authority = `https://login.microsoftonline.com/${TENANT}`
    if (pathname.includes('/discovery/instance')) {
      const hosts = ['login.microsoftonline.com']
      return { status: 200, body: { tenant_discovery_endpoint: `${authority}/v2.0/.well-known/openid-configuration`, 'api-version': '1.1', metadata: [{ preferred_network: hosts[0], preferred_cache: hosts[0], aliases: hosts }] } }
    }
    if (pathname.endsWith('/openid-configuration')) {
      return { status: 200, body: { issuer: `${authority}/v2.0`, authorization_endpoint: `${authority}/oauth2/v2.0/authorize`, token_endpoint: `${authority}/oauth2/v2.0/token`, jwks_uri: `${authority}/discovery/v2.0/keys` } }
    }
    const form = new URLSearchParams(body)
    const secret = form.get('client_secret') ?? form.get('client_assertion') ?? ''
    if (!secrets.includes(secret)) return { status: 401, body: { error: 'invalid_client', error_description: `AADSTS7000215: Invalid client secret provided: ${secret}` } }
    const resource = (form.get('scope') ?? '').split(' ').find((scope) => scope.endsWith('/.default'))?.slice(0, -'/.default'.length) ?? ''
    return { status: 200, body: { token_type: 'Bearer', expires_in: TOKEN_SECONDS, ext_expires_in: TOKEN_SECONDS, access_token: tokenFor(resource) } }
  }
}
