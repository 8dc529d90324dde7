/**
 * HuaweiCloud's key service over REST, signed with an access key. Loaded when the first key is used.
 * Follows: huaweicloud-sdk-go-v3 0.1.202 services/kms/v2 (EncryptData, DecryptData), core/auth/basic_credentials.go.
 * @module
 */
import { CodedError, FoundOnce, type Call } from '@waxseal/core'
import { createHttpClient, type Answer, type Fields, type HttpClient, type Request } from '@waxseal/http'
import { fieldsOf, success } from './answers.ts'
import { JSON_BODY, logIn, urlAt, type Login } from './login.ts'
import { iamEndpoint } from './regions.ts'
import type { HuaweiSettings } from './settings.ts'
import { sign } from './signature.ts'

export { judge } from './answers.ts'

/** A temporary access key that ends sooner is replaced. */
const RENEW_BEFORE_MS = 40 * 60_000
const ALGORITHM = 'SYMMETRIC_DEFAULT'

export interface Question {
  readonly action: 'encrypt' | 'decrypt'
  readonly region: string
  /** Of the region's key service. */
  readonly endpoint: string
  readonly keyId: string
  /** What is to be encrypted or decrypted; it stands in no message. */
  readonly text: string
}

export class HuaweiClient {
  readonly #http: HttpClient
  readonly #settings: HuaweiSettings
  #login: Promise<Login> | undefined
  readonly #projects = new FoundOnce<string, string>()

  constructor(settings: HuaweiSettings) {
    this.#settings = settings
    this.#http = createHttpClient(settings.http)
  }

  /** @returns the fields of the answer */
  async ask(call: Call, { action, region, endpoint, keyId, text }: Question): Promise<Fields> {
    const login = await this.#loggedIn(call)
    const projectId = login.projectId || (await this.#projects.get(region, () => this.#findProject(call, login, region)))
    const url = urlAt(`/v1.0/${encodeURIComponent(projectId)}/kms/${action}-data`, endpoint)
    const body = { [action === 'encrypt' ? 'plain_text' : 'cipher_text']: text, key_id: keyId, encryption_algorithm: ALGORITHM }
    return fieldsOf(await this.#signed(call, login, { method: 'POST', url, headers: { 'x-project-id': projectId, ...JSON_BODY }, body: `${JSON.stringify(body)}\n` }, text))
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
    if (this.#login === shared) this.#login = logIn(this.#settings.sources, this.#http, call)
    return (await this.#login) as Login
  }

  /** The project of a region has the region's name. */
  async #findProject(call: Call, login: Login, region: string): Promise<string> {
    const url = urlAt('/v3/projects', login.iamEndpoint || iamEndpoint(region))
    url.searchParams.set('name', region)
    const { projects } = fieldsOf(await this.#signed(call, login, { method: 'GET', url, headers: {} }))
    const ids = (Array.isArray(projects) ? projects : []).map((project: unknown) => (project as Fields | null)?.['id'])
    const [id] = ids
    if (ids.length === 1 && typeof id === 'string') return id
    throw new CodedError('CREDENTIALS_MISSING', `the account has ${ids.length} HuaweiCloud projects for region ${region}`, { hint: 'set HUAWEICLOUD_SDK_PROJECT_ID' })
  }

  /** Each attempt has a date of its own. */
  async #signed(call: Call, { credential }: Login, request: Request, text = ''): Promise<Answer> {
    const { id, secret, securityToken } = credential
    const headers = { ...request.headers, ...(securityToken !== undefined && { 'x-security-token': securityToken }) }
    return await call(async (signal) => {
      const signature = sign({ method: request.method, url: request.url, headers, body: request.body ?? '' }, { id, secret }, new Date())
      return success(await this.#http.send({ ...request, headers: { ...headers, ...signature } }, signal), [secret, securityToken ?? '', text])
    })
  }
}
