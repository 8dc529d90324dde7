/**
 * Connections to key services: through the proxy that the environment names, trusting whom a program of this machine trusts.
 * Follows: Go's net/http (ProxyFromEnvironment: never for the own machine) and crypto/x509 (SSL_CERT_FILE, SSL_CERT_DIR, else the
 * system's authorities). Node's own list and NODE_EXTRA_CA_CERTS count, too.
 * @module
 */
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { resolve } from 'node:path'
import { getCACertificates, type ConnectionOptions } from 'node:tls'
import type { Context } from './context.ts'
import { readFileBounded } from './files.ts'

const OWN_MACHINE = ['localhost', '127.0.0.1', '[::1]', '::1']

export interface ServiceAgents {
  readonly http: HttpAgent
  readonly https: HttpsAgent
}

/** What a vendor's own variables say of connections. */
export interface ConnectionSettings {
  /** PEM file with the only authorities to trust. */
  readonly bundle?: string | undefined
  /** Or those authorities themselves. */
  readonly ca?: readonly string[] | undefined
  /** Certificate of the client, name of the server. */
  readonly tls?: Readonly<Pick<ConnectionOptions, 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>>
  /** For all hosts, in place of the proxies that everybody uses. */
  readonly proxy?: string | undefined
}

/** @throws CodedError FILE_NOT_FOUND, FILE_UNREADABLE */
export function serviceAgents(context: Context, { bundle, ca, tls, proxy }: ConnectionSettings = {}): ServiceAgents {
  const { env, cwd } = context
  const either = (name: string): string | undefined => env[name] || env[name.toLowerCase()] || undefined
  const proxyEnv = proxy
    ? { HTTP_PROXY: proxy, HTTPS_PROXY: proxy }
    : { HTTP_PROXY: either('HTTP_PROXY'), HTTPS_PROXY: either('HTTPS_PROXY'), NO_PROXY: [either('NO_PROXY') ?? [], OWN_MACHINE].flat().join(',') }
  const options = { proxyEnv, keepAlive: true }
  const authorities = bundle ? [readFileBounded(resolve(cwd, bundle), { name: bundle })].map((pem) => Buffer.from(pem).toString()) : ca
  return { http: new HttpAgent(options), https: new TrustingAgent({ ...options, ...tls }, authorities) }
}

/** The system's authorities are read when the first connection needs them: that takes a while. */
class TrustingAgent extends HttpsAgent {
  #ca: string[] | undefined
  constructor(options: ConstructorParameters<typeof HttpsAgent>[0], ca: readonly string[] | undefined) {
    super(options)
    this.#ca = ca && [...ca]
  }

  override createConnection(...[options, callback]: Parameters<HttpsAgent['createConnection']>): ReturnType<HttpsAgent['createConnection']> {
    this.#ca ??= [...new Set([...getCACertificates('default'), ...getCACertificates('system')])]
    return super.createConnection({ ...options, ca: this.#ca }, callback)
  }
}
