/**
 * Connections to key services: through the proxy that the environment names, trusting whom a program of this machine trusts.
 * Follows: Go's net/http (ProxyFromEnvironment: never for the own machine) and crypto/x509 (SSL_CERT_FILE, SSL_CERT_DIR, else the
 * system's authorities). Node's own list and NODE_EXTRA_CA_CERTS count, too.
 * @module
 */
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { resolve } from 'node:path'
import { getCACertificates } from 'node:tls'
import type { Context } from './context.ts'
import { readFileBounded } from './files.ts'

const OWN_MACHINE = ['localhost', '127.0.0.1', '[::1]', '::1']

export interface ServiceAgents {
  readonly http: HttpAgent
  readonly https: HttpsAgent
}

/**
 * @param bundle - PEM file with the only authorities to trust, as a vendor's own variable names it
 * @throws CodedError FILE_NOT_FOUND, FILE_UNREADABLE
 */
export function serviceAgents(context: Context, bundle?: string): ServiceAgents {
  const { env, cwd } = context
  const either = (name: string): string | undefined => env[name] || env[name.toLowerCase()] || undefined
  const proxyEnv = { HTTP_PROXY: either('HTTP_PROXY'), HTTPS_PROXY: either('HTTPS_PROXY'), NO_PROXY: [either('NO_PROXY') ?? [], OWN_MACHINE].flat().join(',') }
  const options = { proxyEnv, keepAlive: true }
  const ca = bundle ? [Buffer.from(readFileBounded(resolve(cwd, bundle), { name: bundle })).toString()] : undefined
  return { http: new HttpAgent(options), https: new TrustingAgent(options, ca) }
}

/** The system's authorities are read when the first connection needs them: that takes a while. */
class TrustingAgent extends HttpsAgent {
  #ca: string[] | undefined
  constructor(options: ConstructorParameters<typeof HttpsAgent>[0], ca: string[] | undefined) {
    super(options)
    this.#ca = ca
  }

  override createConnection(...[options, callback]: Parameters<HttpsAgent['createConnection']>): ReturnType<HttpsAgent['createConnection']> {
    this.#ca ??= [...new Set([...getCACertificates('default'), ...getCACertificates('system')])]
    return super.createConnection({ ...options, ca: this.#ca }, callback)
  }
}
