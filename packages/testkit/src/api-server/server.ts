/**
 * An embedded Kubernetes API server for tests and the demo: what controllers and clients of SealedSecrets use of it,
 * in memory, on 127.0.0.1, with switches for trouble.
 * Follows: what kube-apiserver 1.37 answers.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import { Background } from './background.ts'
import { Faults } from './faults.ts'
import { storeKey, type KubeObject } from './objects.ts'
import { Operations } from './operations.ts'
import { handleRequest, type Cluster } from './request-handler.ts'
import { RequestLog } from './request-log.ts'
import { resourceName } from './resource-type.ts'
import { ServiceProxy } from './service-proxy.ts'
import { Store } from './store.ts'
import { makeServerIdentity } from './tls.ts'
import { TypeRegistry } from './type-registry.ts'
import { ADMIN, Users, type User } from './users.ts'
import type { Watch } from './watch.ts'

const NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system']
const KEEP_ALIVE_MS = 120_000

export interface ApiServerOptions {
  /** 0 or absent: any free one. */
  readonly port?: number
  /** Plain HTTP when false. */
  readonly tls?: boolean
  /** Bearer tokens and their users, beside the administrator's. */
  readonly tokens?: Readonly<Record<string, User>>
  /** Definitions of custom resources to begin with. */
  readonly crds?: readonly object[]
  /** How long the garbage collector and the namespace controller take. */
  readonly backgroundDelayMs?: number
  /** How often watches that want bookmarks get one. */
  readonly bookmarkIntervalMs?: number
  readonly now?: () => Date
}

export interface ApiServer {
  readonly url: string
  readonly port: number
  /** '' without TLS. */
  readonly caPem: string
  readonly adminToken: string
  readonly faults: Faults
  readonly requests: RequestLog
  readonly users: Users
  /** Text of a kubeconfig. @param namespace - of its context */
  kubeconfig(token?: string, namespace?: string): string
  /**
   * Writes the files that a pod finds (token, ca.crt, namespace) into a folder.
   * @returns the variables that belong to them
   */
  inClusterEnv(folder: string, identity?: { readonly token?: string; readonly namespace?: string }): Record<string, string>
  /** @param resource - `secrets`, `sealedsecrets.bitnami.com` */
  get(resource: string, namespace: string, name: string): KubeObject | undefined
  list(resource: string, namespace?: string): KubeObject[]
  /** Creates or replaces an object with all of the server's checks, past authentication and faults. @throws StatusError */
  put(object: object): KubeObject
  delete(resource: string, namespace: string, name: string): void
  /** Lets a local process stand for a service. */
  registerService(namespace: string, name: string, port: string | number, targetUrl: string): void
  /** Sends one to every watch that wants bookmarks. */
  sendBookmarks(): void
  close(): Promise<void>
}

export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const now = options.now ?? (() => new Date())
  const store = new Store()
  const types = new TypeRegistry(store)
  const operations = new Operations(store, now)
  const users = new Users()
  const adminToken = randomBytes(24).toString('base64url')
  users.add(adminToken, ADMIN)
  for (const [token, user] of Object.entries(options.tokens ?? {})) users.add(token, user)

  const identity = options.tls === false ? undefined : makeServerIdentity(now())
  const server: Server = identity ? createHttpsServer({ key: identity.keyPem, cert: identity.certPem }) : createHttpServer()
  server.keepAliveTimeout = KEEP_ALIVE_MS
  const sockets = new Set<Socket>()
  server.on(identity ? 'secureConnection' : 'connection', (socket: Socket) => {
    socket.setNoDelay(true)
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  const cutConnections = (): void => sockets.forEach((socket) => socket.destroy())
  let { port = 0 } = options

  const faults = new Faults({
    cutConnections,
    async refuseConnections() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      cutConnections()
      await closed
    },
    acceptConnections: () => listen(server, port),
    compact: () => store.compact(),
  })
  const services = new ServiceProxy()
  const requests = new RequestLog()
  const watches = new Set<Watch>()
  const cluster: Cluster = { store, types, operations, users, faults, requests, services, now, watches, address: () => `127.0.0.1:${port}` }
  server.on('request', (request, response) => void handleRequest(cluster, request, response))

  const background = new Background(store, types, operations, options.backgroundDelayMs ?? 100)
  const put = (object: object): KubeObject => putObject(cluster, object as KubeObject)
  for (const name of NAMESPACES) put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  for (const crd of options.crds ?? []) put(crd)
  await listen(server, port)
  port = (server.address() as AddressInfo).port
  const url = `${identity ? 'https' : 'http'}://127.0.0.1:${port}`
  const caPem = identity?.caPem ?? ''
  const sendBookmarks = (): void => watches.forEach((watch) => watch.bookmark())
  const bookmarkTimer = setInterval(sendBookmarks, options.bookmarkIntervalMs ?? 60_000)
  bookmarkTimer.unref()

  return {
    url,
    port,
    caPem,
    adminToken,
    faults,
    requests,
    users,
    kubeconfig: (token = adminToken, namespace = 'default') => kubeconfigText(url, caPem, token, namespace),
    inClusterEnv(folder, { token = adminToken, namespace = 'kube-system' } = {}) {
      mkdirSync(folder, { recursive: true })
      for (const [name, text] of Object.entries({ token, namespace, 'ca.crt': caPem })) writeFileSync(join(folder, name), text)
      return { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(port) }
    },
    get: (resource, namespace, name) => structuredClone(store.get(resource, storeKey(namespace, name))),
    list: (resource, namespace) => structuredClone(store.list(resource).filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace)),
    put,
    delete: (resource, namespace, name) => void operations.delete(types.named(resource), namespace, name),
    registerService: (...service) => services.register(...service),
    sendBookmarks,
    async close() {
      clearInterval(bookmarkTimer)
      background.stop()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      cutConnections()
      await closed
    },
  }
}

function putObject({ types, operations, store }: Cluster, object: KubeObject): KubeObject {
  const type = types.ofObject(object)
  const { namespace = '', name = '' } = object.metadata
  const exists = name !== '' && store.get(resourceName(type), storeKey(namespace, name))
  if (!exists) return structuredClone(operations.create(type, namespace, object).object)
  const { resourceVersion = exists.metadata.resourceVersion } = object.metadata
  const versioned = { ...object, metadata: { ...object.metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) } }
  return structuredClone(operations.update(type, namespace, name, versioned).object)
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** JSON, which is YAML too. */
function kubeconfigText(server: string, caPem: string, token: string, namespace: string): string {
  const ca = caPem === '' ? {} : { 'certificate-authority-data': Buffer.from(caPem).toString('base64') }
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'embedded', cluster: { server, ...ca } }],
    users: [{ name: 'embedded', user: { token } }],
    contexts: [{ name: 'embedded', context: { cluster: 'embedded', user: 'embedded', namespace } }],
    'current-context': 'embedded',
  }
  return `${JSON.stringify(config, null, 2)}\n`
}
