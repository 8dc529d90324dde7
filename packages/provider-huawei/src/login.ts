/**
 * Access keys: given, or temporary ones for a token of somebody else, the machine or the pod.
 * Follows: huaweicloud-sdk-go-v3 0.1.202 core/auth/provider (the chain), core/auth/internal (metadata_accessor.go, federal_accessor.go,
 * pod_identity_accessor.go).
 * @module
 */
import { CodedError, type Call } from '@waxseal/core'
import { createHttpClient, type Answer, type Fields, type HttpClient, type Request } from '@waxseal/http'
import { fieldsOf, success } from './answers.ts'
import { GLOBAL_IAM } from './regions.ts'
import type { Account, Credential, CredentialSource } from './settings.ts'

const INSTANCE_METADATA = 'http://169.254.169.254'
const METADATA_TOKEN_SECONDS = 6 * 60 * 60
const METADATA_MS = 3_000
const TEMPORARY_SECONDS = 6 * 60 * 60

export const JSON_BODY = { 'content-type': 'application/json;charset=UTF-8' } as const

export interface Login extends Account {
  readonly name: string
  readonly credential: Credential
  /** Milliseconds since 1970. */
  readonly endsAt: number
}

type TemporaryKey = Pick<Login, 'credential' | 'endsAt'>

/** By the first source that can be used. @throws CodedError CREDENTIALS_MISSING, CANCELED */
export async function logIn(sources: readonly CredentialSource[], http: HttpClient, call: Call): Promise<Login> {
  const problems: string[] = []
  for (const source of sources) {
    try {
      return { ...(await logInBy(source, http, call)), name: source.name }
    } catch (error) {
      if (!(error instanceof CodedError) || error.code === 'CANCELED') throw error
      problems.push(error.message)
    }
  }
  throw new CodedError('CREDENTIALS_MISSING', ['unable to get HuaweiCloud credentials', ...problems].join('; '), {
    hint: 'set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK, or write them to ~/.huaweicloud/credentials',
  })
}

async function logInBy(source: CredentialSource, http: HttpClient, call: Call): Promise<Omit<Login, 'name'>> {
  // To the machine itself: no proxy is in between.
  const direct = createHttpClient()
  switch (source.kind) {
    case 'access-key': return { ...source, credential: source, endsAt: Infinity }
    case 'federated': return { ...source, ...(await federatedKey(source, http, call)) }
    case 'instance': return await instanceKey(source.endpoint ?? INSTANCE_METADATA, direct, call)
    default: return await podKey(source, direct, call)
  }
}

async function federatedKey({ idpId, idToken, iamEndpoint = GLOBAL_IAM }: CredentialSource & { readonly kind: 'federated' }, http: HttpClient, call: Call): Promise<TemporaryKey> {
  const post = async (path: string, headers: Readonly<Record<string, string>>, auth: object, secret: string): Promise<Answer> => {
    const request = { method: 'POST', url: urlAt(path, iamEndpoint), headers: { ...JSON_BODY, ...headers }, body: JSON.stringify({ auth }) }
    return await call(async (signal) => success(await http.send(request, signal), [secret]))
  }
  const secret = idToken()
  const tokens = await post('/v3.0/OS-AUTH/id-token/tokens', { 'x-idp-id': idpId }, { id_token: { id: secret } }, secret)
  const id = String(tokens.headers['x-subject-token'] ?? '')
  return temporary(fieldsOf(await post('/v3.0/OS-CREDENTIAL/securitytokens', {}, { identity: { methods: ['token'], token: { id, duration_seconds: TEMPORARY_SECONDS } } }, id))['credential'])
}

/** Older services know no token. */
async function instanceKey(endpoint: string, http: HttpClient, call: Call): Promise<TemporaryKey> {
  const soon = async (request: Request): Promise<Answer> => call((signal) => http.send(request, AbortSignal.any([signal, AbortSignal.timeout(METADATA_MS)])))
  const token = await soon({ method: 'PUT', url: urlAt('/meta-data/latest/api/token', endpoint), headers: { 'x-metadata-token-ttl-seconds': String(METADATA_TOKEN_SECONDS) } })
  const headers = token.status === 200 ? { 'x-metadata-token': token.body } : {}
  const answer = await soon({ method: 'GET', url: urlAt('/openstack/latest/securitykey', endpoint), headers })
  if (answer.status !== 200) throw new CodedError('CREDENTIALS_MISSING', `the metadata service of this machine answered ${answer.status}: it has no agency`)
  return temporary(fieldsOf(answer)['credential'])
}

async function podKey({ url, token }: CredentialSource & { readonly kind: 'pod' }, http: HttpClient, call: Call): Promise<TemporaryKey> {
  const secret = token()
  const request = { method: 'POST', url: urlAt('', url), headers: { authorization: secret, 'content-type': 'application/json; charset=utf-8' }, body: '{}' }
  return temporary(fieldsOf(await call(async (signal) => success(await http.send(request, signal), [secret])))['credentials'])
}

/** @throws CodedError CREDENTIALS_MISSING */
export function urlAt(path: string, endpoint: string): URL {
  const url = URL.parse(path, endpoint)
  if (url) return url
  throw new CodedError('CREDENTIALS_MISSING', `${JSON.stringify(endpoint)} is not the address of a service of HuaweiCloud`, { hint: 'correct the endpoint in the environment or the profile' })
}

/** IAM and the metadata service name the fields otherwise than the agent of a cluster does. */
function temporary(value: unknown): TemporaryKey {
  const fields = (value ?? {}) as Fields
  const text = (...names: readonly string[]): string => names.map((name) => fields[name]).find((found) => typeof found === 'string') ?? ''
  const [id, secret, securityToken] = [text('access', 'accessKeyId'), text('secret', 'secretAccessKey'), text('securitytoken', 'securityToken')]
  if (id === '' || secret === '') throw new CodedError('CREDENTIALS_MISSING', 'HuaweiCloud gave no temporary access key')
  return { credential: { id, secret, ...(securityToken !== '' && { securityToken }) }, endsAt: Date.parse(text('expires_at', 'expiration')) || Date.now() }
}
