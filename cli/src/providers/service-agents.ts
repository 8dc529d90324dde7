/**
 * Connections to key services: through the proxy that the environment names, trusting whom a program of this machine trusts.
 * Follows: Go's net/http (ProxyFromEnvironment: never for the own machine) and crypto/x509 (SSL_CERT_FILE, SSL_CERT_DIR, else the
 * system's authorities). NODE_EXTRA_CA_CERTS counts, too.
 * @module
 */
import { existsSync } from 'node:fs'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { resolve } from 'node:path'
import { createSecureContext, getCACertificates, type ConnectionOptions, type SecureContext } from 'node:tls'
import type { Context } from '../context.ts'
import { readFileBounded } from '../files.ts'

/** Files with all authorities of a Linux system. One of them is read in a tenth of the time that Node takes for the folder beside it. */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/ca-bundle.pem', '/etc/pki/tls/cacert.pem', '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
]
const MAX_BUNDLE_BYTES = 16 * 1024 * 1024
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
  const { env } = context
  const either = (name: string): string | undefined => env[name] || env[name.toLowerCase()] || undefined
  const proxyEnv = proxy
    ? { HTTP_PROXY: proxy, HTTPS_PROXY: proxy }
    : { HTTP_PROXY: either('HTTP_PROXY'), HTTPS_PROXY: either('HTTPS_PROXY'), NO_PROXY: [either('NO_PROXY') ?? [], OWN_MACHINE].flat().join(',') }
  const options = { proxyEnv, keepAlive: true }
  const authorities = bundle ? [read(context, bundle)] : ca
  const trust = (): SecureContext => createSecureContext({ ...tls, ca: [...(authorities ?? systemAuthorities(context))] })
  return { http: new HttpAgent(options), https: new TrustingAgent({ ...options, ...tls }, trust) }
}

/** A file that is not there is passed over, as in Go. Node's own list counts where there is no file for the system. */
function systemAuthorities(context: Context): readonly string[] {
  const { SSL_CERT_FILE: file = '', SSL_CERT_DIR: folder = '' } = context.env
  const named = file !== '' && existsSync(resolve(context.cwd, file)) ? [read(context, file)] : []
  const bundle = SYSTEM_BUNDLES.find((path) => existsSync(path))
  if (bundle === undefined || folder !== '') return [...named, ...getCACertificates('default'), ...getCACertificates('system')]
  return [...named, read(context, bundle), ...getCACertificates('extra')]
}

function read({ cwd }: Context, path: string): string {
  return Buffer.from(readFileBounded(resolve(cwd, path), { name: path, limitBytes: MAX_BUNDLE_BYTES })).toString()
}

/** Authorities are read when the first connection needs them, and once. */
class TrustingAgent extends HttpsAgent {
  readonly #trust: () => SecureContext
  #secureContext: SecureContext | undefined
  constructor(options: ConstructorParameters<typeof HttpsAgent>[0], trust: () => SecureContext) {
    super(options)
    this.#trust = trust
  }

  override createConnection(...[options, callback]: Parameters<HttpsAgent['createConnection']>): ReturnType<HttpsAgent['createConnection']> {
    this.#secureContext ??= this.#trust()
    const trusting: typeof options & Pick<ConnectionOptions, 'secureContext'> = { ...options, secureContext: this.#secureContext }
    return super.createConnection(trusting, callback)
  }
}
