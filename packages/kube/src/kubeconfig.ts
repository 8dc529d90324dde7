/**
 * The API server as a person reaches it: kubeconfig files and their authentication plugins, read by `@kubernetes/client-node`.
 * The library takes 0.3 s and 125 MiB, so it is loaded only when a kubeconfig is, and never by the controller.
 * @module
 */
import { existsSync } from 'node:fs'
import { Agent as HttpAgent, type RequestOptions } from 'node:http'
import { Agent as HttpsAgent, type AgentOptions } from 'node:https'
import { delimiter, join } from 'node:path'
import type { Cluster, KubeConfig, User } from '@kubernetes/client-node'
import { CodedError } from '@waxseal/core'
import { inClusterConnection, POOL, SERVICE_ACCOUNT_FOLDER, type Connection, type Environment } from './connection.ts'

/** What kubectl's and kubeseal's flags change in a kubeconfig. */
export interface KubeconfigOverrides {
  readonly context?: string
  readonly cluster?: string
  readonly user?: string
  readonly namespace?: string
  readonly server?: string
  readonly token?: string
  readonly username?: string
  readonly password?: string
  readonly certificateAuthority?: string
  readonly clientCertificate?: string
  readonly clientKey?: string
  readonly insecureSkipTlsVerify?: boolean
  readonly tlsServerName?: string
  readonly proxyUrl?: string
  readonly as?: string
  readonly asUid?: string
  readonly asGroups?: readonly string[]
}

export interface KubeconfigOptions {
  readonly env: Environment
  /** Given by flag; else `KUBECONFIG`, else the home folder's file, else the pod's service account. */
  readonly file?: string | undefined
  readonly overrides?: KubeconfigOverrides
}

/** @throws CodedError KUBE_CONFIG_INVALID */
export async function kubeconfigConnection(options: KubeconfigOptions): Promise<Connection> {
  const { env, overrides = {} } = options
  const files = kubeconfigFiles(options)
  if (files.length === 0 && overrides.server === undefined) {
    if (env['KUBERNETES_SERVICE_HOST'] && existsSync(join(SERVICE_ACCOUNT_FOLDER, 'token'))) return inClusterConnection({ env })
    throw noConfiguration()
  }
  const config = applyOverrides(await loadFiles(files), overrides)
  const cluster = config.getCurrentCluster()
  if (!cluster?.server) throw noConfiguration()
  const server = URL.parse(cluster.server)
  if (server === null) throw new CodedError('KUBE_CONFIG_INVALID', 'the server of the cluster is not a URL', { hint: 'write https://host:port' })
  return connect(config, cluster, server, overrides)
}

function noConfiguration(): CodedError {
  return new CodedError('KUBE_CONFIG_INVALID', 'invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable', {
    hint: 'set KUBECONFIG, or give --kubeconfig',
  })
}

function kubeconfigFiles({ env, file }: KubeconfigOptions): readonly string[] {
  if (file) return [file]
  if (env['KUBECONFIG']) return env['KUBECONFIG'].split(delimiter).filter((name) => name !== '' && existsSync(name))
  const home = env['HOME'] ?? env['USERPROFILE']
  const standard = home && join(home, '.kube', 'config')
  return standard && existsSync(standard) ? [standard] : []
}

/** Of several files the first that names a thing wins, as for kubectl. */
async function loadFiles(files: readonly string[]): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node')
  const parts = files.map((file) => {
    const part = new KubeConfig()
    try {
      part.loadFromFile(file)
    } catch (cause) {
      // The library's message may quote the file, which can hold credentials.
      throw new CodedError('KUBE_CONFIG_INVALID', `cannot read kubeconfig ${file}`, { hint: 'check it with kubectl config view', cause: systemCode(cause) })
    }
    return part
  })
  const config = new KubeConfig()
  config.loadFromOptions({
    clusters: firstByName(parts.flatMap((part) => part.getClusters())),
    users: firstByName(parts.flatMap((part) => part.getUsers())),
    contexts: firstByName(parts.flatMap((part) => part.getContexts())),
    currentContext: parts.map((part) => part.getCurrentContext()).find((name) => name) ?? '',
  })
  return config
}

function firstByName<T extends { readonly name: string }>(entries: readonly T[]): T[] {
  const seen = new Map<string, T>()
  for (const entry of entries) if (!seen.has(entry.name)) seen.set(entry.name, entry)
  return [...seen.values()]
}

function systemCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

/** Names of the entries that overrides are put into; no kubeconfig can hold the empty name. */
const OVERRIDDEN = ''

function applyOverrides(config: KubeConfig, overrides: KubeconfigOverrides): KubeConfig {
  const name = overrides.context ?? config.getCurrentContext()
  const context = config.getContextObject(name)
  if (!context && overrides.context !== undefined) throw new CodedError('KUBE_CONFIG_INVALID', `context "${overrides.context}" does not exist`)
  const cluster = config.getClusters().find((entry) => entry.name === (overrides.cluster ?? context?.cluster))
  const user = config.getUsers().find((entry) => entry.name === (overrides.user ?? context?.user))
  config.loadFromOptions({
    clusters: [withClusterOverrides(cluster, overrides)],
    users: [withUserOverrides(user, overrides)],
    contexts: [{ name: OVERRIDDEN, cluster: OVERRIDDEN, user: OVERRIDDEN, ...namespaceOf(overrides.namespace ?? context?.namespace) }],
    currentContext: OVERRIDDEN,
  })
  return config
}

function namespaceOf(namespace: string | undefined): { namespace?: string } {
  return namespace ? { namespace } : {}
}

function withClusterOverrides(cluster: Cluster | undefined, overrides: KubeconfigOverrides): Cluster {
  const server = overrides.server ?? cluster?.server ?? ''
  return {
    ...cluster,
    name: OVERRIDDEN,
    server,
    // The library wants this said before it speaks plain HTTP, where there is nothing to verify.
    skipTLSVerify: overrides.insecureSkipTlsVerify ?? (server.startsWith('http:') || (cluster?.skipTLSVerify ?? false)),
    ...(overrides.certificateAuthority ? { caFile: overrides.certificateAuthority } : {}), // a file goes before data
    ...(overrides.tlsServerName ? { tlsServerName: overrides.tlsServerName } : {}),
    ...(overrides.proxyUrl ? { proxyUrl: overrides.proxyUrl } : {}),
  }
}

function withUserOverrides(user: User = { name: OVERRIDDEN }, overrides: KubeconfigOverrides): User {
  const { exec: _plugin, authProvider: _provider, token: _token, username: _name, password: _password, ...certificates } = user
  return {
    ...(overrides.token || overrides.username ? certificates : user),
    name: OVERRIDDEN,
    ...(overrides.token ? { token: overrides.token } : {}),
    ...(overrides.username ? { username: overrides.username } : {}),
    ...(overrides.password ? { password: overrides.password } : {}),
    ...(overrides.clientCertificate ? { certFile: overrides.clientCertificate } : {}),
    ...(overrides.clientKey ? { keyFile: overrides.clientKey } : {}),
    ...(overrides.as ? { impersonateUser: overrides.as } : {}),
  }
}

function connect(config: KubeConfig, cluster: Cluster, server: URL, overrides: KubeconfigOverrides): Connection {
  const pool = createPool(cluster)
  return {
    server,
    namespace: config.getContextObject(OVERRIDDEN)?.namespace || undefined,
    async prepare(request) {
      const headers = { ...(request.headers as Record<string, string>) }
      if (overrides.asUid) headers['Impersonate-Uid'] = overrides.asUid
      if (overrides.asGroups?.length) Object.assign(headers, { 'Impersonate-Group': overrides.asGroups })
      const secured: Parameters<KubeConfig['applyToHTTPSOptions']>[0] = { headers }
      try {
        await config.applyToHTTPSOptions(secured)
      } catch {
        // What a plugin printed may hold credentials.
        throw new CodedError('KUBE_CONFIG_INVALID', 'getting credentials for the cluster failed', { hint: 'try the same context with kubectl' })
      }
      request.headers = secured.headers
      if (secured.auth) request.auth = secured.auth
      request.agent = pool(secured)
    },
  }
}

/** The library's agents open a connection for each request; ours keep them. Only a proxy needs the library's. */
function createPool(cluster: Cluster): (secured: AgentOptions & { readonly agent?: unknown }) => RequestOptions['agent'] {
  if (cluster.server.startsWith('http:') && !cluster.proxyUrl) {
    const agent = new HttpAgent({ keepAlive: true })
    return () => agent
  }
  let current: { readonly agent: HttpsAgent; readonly cert: string } | undefined
  return (secured) => {
    if (cluster.proxyUrl) return secured.agent as HttpsAgent
    const { ca, cert, key, servername, rejectUnauthorized } = secured
    const certText = String(cert ?? '') // a plugin may renew it
    if (current?.cert !== certText) current = { cert: certText, agent: new HttpsAgent({ ...POOL, ca, cert, key, servername, rejectUnauthorized }) }
    return current.agent
  }
}
