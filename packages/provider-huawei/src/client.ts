/**
 * HuaweiCloud's key service and IAM over REST, signed with an access key. Loaded when the first key is used.
 * Follows: huaweicloud-sdk-go-v3 0.1.202 services/kms/v2 (EncryptData, DecryptData), core/auth (basic_credentials.go, internal).
 * @module
 */
import { CodedError, type Call, type Failure } from '@waxseal/core'
import { createHttpClient, judgeNetwork, judgeStatus, quoted, type Answer, type HttpClient, type Request } from '@waxseal/http'
import { GLOBAL_IAM, iamEndpoint } from './regions.ts'
import type { Account, Credential, CredentialSource, HuaweiSettings } from './settings.ts'
import { sign } from './signature.ts'

const INSTANCE_METADATA = 'http://169.254.169.254'
const METADATA_TOKEN_SECONDS = 6 * 60 * 60
const METADATA_MS = 3_000
/** A temporary access key that ends sooner is replaced. */
const RENEW_BEFORE_MS = 40 * 60_000
const TEMPORARY_SECONDS = 6 * 60 * 60

interface Login extends Account {
  readonly name: string
  readonly credential: Credential
  readonly endsAt: number
}

type TemporaryKey = Pick<Login, 'credential' | 'endsAt'>

/** Thrown for answers that are no success; `judge` tells what they mean. */
class Refused extends Error {
  readonly answer: Answer
  readonly said: string
  constructor(answer: Answer, said: string) {
    super('refused')
    this.answer = answer
    this.said = said
  }
}

export function judge(cause: unknown): Failure {
  if (!(cause instanceof Refused)) return judgeNetwork('HuaweiCloud cannot be reached', cause)
  const { answer, said } = cause
  // 400: a key that does not exist, or does not open what stands in the file.
  return judgeStatus(`HuaweiCloud answered ${answer.status}: ${said}`, answer, answer.status === 400 ? { code: 'KEY_REJECTED' } : {})
}

export class HuaweiClient {
  readonly #http: HttpClient
  /** To the machine itself: no proxy is in between. */
  readonly #direct: HttpClient = createHttpClient()
  readonly #settings: HuaweiSettings
  #login: Promise<Login> | undefined
  readonly #projects = new Map<string, Promise<string>>()

  constructor(settings: HuaweiSettings) {
    this.#settings = settings
    this.#http = createHttpClient(settings.http)
  }

  /**
   * @param endpoint - of the region's key service
   * @returns the fields of the answer
   */
  async ask(call: Call, action: 'encrypt-data' | 'decrypt-data', region: string, endpoint: string, body: object): Promise<Readonly<Record<string, unknown>>> {
    const login = await this.#loggedIn(call)
    const projectId = login.projectId || (await this.#projectOf(call, login, region))
    const url = new URL(`/v1.0/${encodeURIComponent(projectId)}/kms/${action}`, endpoint)
    return fieldsOf(await this.#signed(call, login, { method: 'POST', url, headers: { 'x-project-id': projectId, ...JSON_BODY }, body: `${JSON.stringify(body)}\n` }))
  }

  /** What the last key was used with, for people. */
  async credentialSource(): Promise<string | undefined> {
    return (await this.#login?.catch(() => undefined))?.name
  }

  /** Keys that are used at once share what was found out. */
  async #loggedIn(call: Call): Promise<Login> {
    const shared = this.#login
    const known = await shared?.catch(() => undefined)
    if (known && known.endsAt - Date.now() >= RENEW_BEFORE_MS) return known
    if (this.#login === shared) this.#login = this.#logIn(call)
    return (await this.#login) as Login
  }

  async #logIn(call: Call): Promise<Login> {
    const problems: string[] = []
    for (const source of this.#settings.sources) {
      try {
        return { ...(await this.#logInBy(source, call)), name: source.name }
      } catch (error) {
        if (!(error instanceof CodedError) || error.code === 'CANCELED') throw error
        problems.push(error.message)
      }
    }
    throw new CodedError('CREDENTIALS_MISSING', ['unable to get HuaweiCloud credentials', ...problems].join('; '), {
      hint: 'set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK, or write them to ~/.huaweicloud/credentials',
    })
  }

  async #logInBy(source: CredentialSource, call: Call): Promise<Omit<Login, 'name'>> {
    switch (source.kind) {
      case 'access-key': return { ...source, credential: source, endsAt: Infinity }
      case 'federated': return { ...source, ...(await this.#federated(source, call)) }
      case 'instance': return await this.#ofInstance(source.endpoint ?? INSTANCE_METADATA, call)
      default: {
        const request = { method: 'POST', url: new URL(source.url), headers: { authorization: source.token(), 'content-type': 'application/json; charset=utf-8' }, body: '{}' }
        return temporary(fieldsOf(await call(async (signal) => success(await this.#direct.send(request, signal), [request.headers.authorization])))['credentials'])
      }
    }
  }

  async #federated({ idpId, idToken, iamEndpoint: iam = GLOBAL_IAM }: CredentialSource & { readonly kind: 'federated' }, call: Call): Promise<TemporaryKey> {
    const secret = idToken()
    const tokens = await this.#plain(call, {
      method: 'POST',
      url: new URL('/v3.0/OS-AUTH/id-token/tokens', iam),
      headers: { 'x-idp-id': idpId, ...JSON_BODY },
      body: JSON.stringify({ auth: { id_token: { id: secret } } }),
    }, [secret])
    const id = String(tokens.headers['x-subject-token'] ?? '')
    const keys = await this.#plain(call, {
      method: 'POST',
      url: new URL('/v3.0/OS-CREDENTIAL/securitytokens', iam),
      headers: JSON_BODY,
      body: JSON.stringify({ auth: { identity: { methods: ['token'], token: { id, duration_seconds: TEMPORARY_SECONDS } } } }),
    }, [id])
    return temporary(fieldsOf(keys)['credential'])
  }

  /** Older services know no token. */
  async #ofInstance(endpoint: string, call: Call): Promise<TemporaryKey> {
    const soon = async (request: Request): Promise<Answer> => call((signal) => this.#direct.send(request, AbortSignal.any([signal, AbortSignal.timeout(METADATA_MS)])))
    const headers = { 'x-metadata-token-ttl-seconds': String(METADATA_TOKEN_SECONDS) }
    const token = await soon({ method: 'PUT', url: new URL('/meta-data/latest/api/token', endpoint), headers })
    const withToken = token.status === 200 ? { 'x-metadata-token': token.body } : {}
    const answer = await soon({ method: 'GET', url: new URL('/openstack/latest/securitykey', endpoint), headers: withToken })
    if (answer.status !== 200) throw new CodedError('CREDENTIALS_MISSING', `the metadata service of this machine answered ${answer.status}: it has no agency`)
    return temporary(fieldsOf(answer)['credential'])
  }

  async #projectOf(call: Call, login: Login, region: string): Promise<string> {
    const known = this.#projects.get(region) ?? this.#findProject(call, login, region)
    this.#projects.set(region, known)
    try {
      return await known
    } catch (error) {
      this.#projects.delete(region)
      throw error
    }
  }

  /** The project of a region has the region's name. */
  async #findProject(call: Call, login: Login, region: string): Promise<string> {
    const url = new URL('/v3/projects', login.iamEndpoint || iamEndpoint(region))
    url.searchParams.set('name', region)
    const { projects } = fieldsOf(await this.#signed(call, login, { method: 'GET', url, headers: {} }))
    const ids = (Array.isArray(projects) ? projects : []).map((project: unknown) => (project as Readonly<Record<string, unknown>> | null)?.['id'])
    const [id] = ids
    if (ids.length !== 1 || typeof id !== 'string') {
      throw new CodedError('CREDENTIALS_MISSING', `the account has ${ids.length} HuaweiCloud projects for region ${region}`, { hint: 'set HUAWEICLOUD_SDK_PROJECT_ID' })
    }
    return id
  }

  /** Each attempt has a date of its own. */
  async #signed(call: Call, { credential }: Login, request: Request): Promise<Answer> {
    const { id, secret, securityToken } = credential
    const headers = { ...request.headers, ...(securityToken !== undefined && { 'x-security-token': securityToken }) }
    return await call(async (signal) => {
      const signature = sign({ method: request.method, url: request.url, headers, body: request.body ?? '' }, { id, secret }, new Date())
      return success(await this.#http.send({ ...request, headers: { ...headers, ...signature } }, signal), [secret, securityToken ?? ''])
    })
  }

  async #plain(call: Call, request: Request, secrets: readonly string[]): Promise<Answer> {
    return await call(async (signal) => success(await this.#http.send(request, signal), secrets))
  }
}

const JSON_BODY = { 'content-type': 'application/json;charset=UTF-8' }

function success(answer: Answer, secrets: readonly string[]): Answer {
  if (answer.status >= 200 && answer.status < 300) return answer
  throw new Refused(answer, quoted(reasonOf(answer), secrets))
}

/** `{"error_code", "error_msg"}` or `{"error": {...}}`; IAM writes `code` and `message`. Other bodies are not quoted. */
function reasonOf({ body }: Answer): string {
  const fields = parseObject(body)
  const error = (fields['error'] ?? fields) as Readonly<Record<string, unknown>>
  const texts = [error['error_code'] ?? error['code'], error['error_msg'] ?? error['message']].filter((text) => typeof text === 'string' || typeof text === 'number')
  return texts.length > 0 ? texts.join(' ') : 'without a reason'
}

/** @throws CodedError KEY_SERVICE_FAILED */
function fieldsOf({ body }: Answer): Readonly<Record<string, unknown>> {
  const fields = parseObject(body)
  if (Object.keys(fields).length === 0) throw new CodedError('KEY_SERVICE_FAILED', 'the answer of HuaweiCloud is not what was asked for')
  return fields
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  } catch {
    return {}
  }
}

/** IAM and the metadata service name the fields otherwise than the agent of a cluster does. */
function temporary(value: unknown): TemporaryKey {
  const fields = (value ?? {}) as Readonly<Record<string, unknown>>
  const text = (...names: readonly string[]): string => names.map((name) => fields[name]).find((found) => typeof found === 'string') ?? ''
  const [id, secret, securityToken] = [text('access', 'accessKeyId'), text('secret', 'secretAccessKey'), text('securitytoken', 'securityToken')]
  if (id === '' || secret === '') throw new CodedError('CREDENTIALS_MISSING', 'HuaweiCloud gave no temporary access key')
  return { credential: { id, secret, ...(securityToken !== '' && { securityToken }) }, endsAt: Date.parse(text('expires_at', 'expiration')) || Date.now() }
}
