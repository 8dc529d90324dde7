/**
 * An API server with the definition of SealedSecrets: the embedded one, which is always there and can be troubled, and the
 * real one where its rig was brought.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { createTransport, kubeconfigConnection, KubeClient, type KubeObject, type Place, type Resource } from '@waxseal/kube'
import { startApiServer, type ApiServer } from '@waxseal/testkit'
import { rigProgram } from '../rigs/rigs.ts'

export const ROOT = join(import.meta.dirname, '..', '..')
const CRD_FILE = join(ROOT, 'controller', 'deploy', 'crd', 'sealedsecrets.yaml')
const START_MS = 120_000

export type ServerName = 'embedded' | 'real'
export type Json = Readonly<Record<string, unknown>>
/** As tests look at it: any field may be there. */
export type AnyObject = KubeObject & Json

export interface Account {
  readonly namespace: string
  readonly name: string
}

export interface ServerAddress {
  readonly url: string
  readonly caPem: string
}

export interface Cluster {
  /** @param resource - `secrets`, `sealedsecrets.bitnami.com` */
  get(resource: string, namespace: string, name: string): Promise<AnyObject | undefined>
  list(resource: string, namespace: string): Promise<AnyObject[]>
  /** Creates it or replaces it. */
  put(object: object): Promise<AnyObject>
  delete(resource: string, namespace: string, name: string): Promise<void>
  /** @param audience - absent: the API server */
  token(account: Account, audience?: string): Promise<string>
  /** Makes a Service with one port, through which the API server passes requests on to a process of this machine. @param url - on 127.0.0.1 */
  expose(namespace: string, service: string, url: string): Promise<void>
  /** Writes what a pod finds into a folder. @returns the variables that belong to it */
  podEnv(folder: string, namespace: string, token: string): Record<string, string>
  /** The administrator's. */
  readonly client: KubeClient
  readonly kubeconfig: string
  stop(): Promise<void>
}

/** Those that this machine can start. */
export const SERVERS: readonly ServerName[] = rigProgram('kube', 'kube-rig') === undefined ? ['embedded'] : ['embedded', 'real']

export async function startCluster(server: ServerName): Promise<Cluster> {
  return server === 'embedded' ? EmbeddedCluster.start() : RealCluster.start()
}

export class EmbeddedCluster implements Cluster {
  readonly api: ApiServer
  readonly client: KubeClient

  private constructor(api: ApiServer, client: KubeClient) {
    this.api = api
    this.client = client
  }

  static async start(): Promise<EmbeddedCluster> {
    const api = await startApiServer({ crds: [parse(readFileSync(CRD_FILE, 'utf8'))], backgroundDelayMs: 20 })
    const folder = mkdtempSync(join(tmpdir(), 'waxseal-kube-'))
    writeFileSync(join(folder, 'kubeconfig'), api.kubeconfig())
    const client = await connect(join(folder, 'kubeconfig'))
    rmSync(folder, { recursive: true })
    return new EmbeddedCluster(api, client)
  }

  get kubeconfig(): string {
    return this.api.kubeconfig()
  }

  async get(resource: string, namespace: string, name: string): Promise<AnyObject | undefined> {
    return this.api.get(resource, namespace, name)
  }

  async list(resource: string, namespace: string): Promise<AnyObject[]> {
    return this.api.list(resource, namespace)
  }

  async put(object: object): Promise<AnyObject> {
    return this.api.put(object)
  }

  async delete(resource: string, namespace: string, name: string): Promise<void> {
    this.api.delete(resource, namespace, name)
  }

  async token({ namespace, name }: Account, audience?: string): Promise<string> {
    return this.api.users.serviceAccountToken(namespace, name, audience)
  }

  async expose(namespace: string, service: string, url: string): Promise<void> {
    this.api.put(serviceOf(namespace, service))
    this.api.registerService(namespace, service, '', url)
  }

  podEnv(folder: string, namespace: string, token: string): Record<string, string> {
    return this.api.inClusterEnv(folder, { namespace, token })
  }

  stop(): Promise<void> {
    return this.api.close()
  }
}

/** The service proxy goes to addresses of Pods that are none of the own machine; the rig leads it there from any. */
const ANY_POD_ADDRESS = '10.0.0.10'

/** Plural names of the kinds that tests make; the others add an s. */
const PLURALS: Readonly<Record<string, string>> = { NetworkPolicy: 'networkpolicies' }

export class RealCluster implements Cluster {
  readonly kubeconfig: string
  readonly client: KubeClient
  /** Where it is, and who signed its certificate. */
  readonly address: ServerAddress
  /** What pods take for it: a relay, if one stands before it. */
  addressForPods: ServerAddress
  readonly #folder: string
  readonly #flags: readonly string[]
  #child: ChildProcess

  private constructor(folder: string, flags: readonly string[], child: ChildProcess, client: KubeClient) {
    this.#folder = folder
    this.#flags = flags
    this.#child = child
    this.client = client
    this.kubeconfig = readFileSync(join(folder, 'kubeconfig'), 'utf8')
    const { clusters } = JSON.parse(this.kubeconfig) as { clusters: [{ cluster: { server: string } }] }
    this.address = { url: clusters[0].cluster.server, caPem: readFileSync(join(folder, 'ca.crt'), 'utf8') }
    this.addressForPods = this.address
  }

  /** @param flags - of kube-apiserver */
  static async start(flags: readonly string[] = []): Promise<RealCluster> {
    const folder = mkdtempSync(join(tmpdir(), 'waxseal-kube-'))
    const child = await launch(folder, [], flags)
    const cluster = new RealCluster(folder, flags, child, await connect(join(folder, 'kubeconfig')))
    await cluster.#untilServed('sealedsecrets.bitnami.com')
    return cluster
  }

  /** Of etcd; the API server is among its children. */
  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Kills API server and etcd, and starts them again with their data. */
  async restart(): Promise<void> {
    const { port } = new URL(this.address.url)
    await ended(this.#child, 'SIGKILL')
    while (await isListening(Number(port))) await new Promise((resolve) => setTimeout(resolve, 20)) // its children are killed after it
    this.#child = await launch(this.#folder, ['--port', port], this.#flags)
    await this.#untilServed('sealedsecrets.bitnami.com')
  }

  async get(resource: string, namespace: string, name: string): Promise<AnyObject | undefined> {
    return (await this.client.get<AnyObject>(resourceOf(resource), { namespace, name })) ?? undefined
  }

  async list(resource: string, namespace: string): Promise<AnyObject[]> {
    return [...(await this.client.list<AnyObject>(resourceOf(resource), { namespace })).items]
  }

  async put(object: object): Promise<AnyObject> {
    const { apiVersion = '', kind = '', metadata } = object as KubeObject
    const [version = '', group = ''] = apiVersion.split('/').reverse()
    const resource: Resource = { group, version, plural: PLURALS[kind] ?? `${kind.toLowerCase()}s` }
    const { namespace, name } = metadata
    const place: Place = namespace === undefined ? {} : { namespace }
    const current = name === undefined ? null : await this.client.get<AnyObject>(resource, { ...place, name })
    if (!current) return this.client.create<AnyObject>(resource, place, object as KubeObject)
    const { resourceVersion = current.metadata.resourceVersion ?? '' } = metadata
    return this.client.update<AnyObject>(resource, { ...object, metadata: { ...metadata, resourceVersion } })
  }

  async delete(resource: string, namespace: string, name: string): Promise<void> {
    await this.client.delete(resourceOf(resource), { namespace, name })
  }

  async token({ namespace, name }: Account, audience?: string): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`
    const body = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata: {}, spec: { expirationSeconds: 3600, ...(audience === undefined ? {} : { audiences: [audience] }) } })
    const answer = await this.client.raw({ method: 'POST', path, headers: { 'content-type': 'application/json' }, body })
    const { status } = JSON.parse(Buffer.from(answer.body).toString()) as { status: { token: string } }
    return status.token
  }

  async expose(namespace: string, service: string, url: string): Promise<void> {
    const podIP = ANY_POD_ADDRESS
    await this.put(serviceOf(namespace, service))
    await this.put({ apiVersion: 'v1', kind: 'Pod', metadata: { name: service, namespace }, spec: { containers: [{ name: 'controller', image: 'none' }] } })
    await this.client.raw({
      method: 'PATCH',
      path: `/api/v1/namespaces/${namespace}/pods/${service}/status`,
      headers: { 'content-type': 'application/merge-patch+json' },
      body: JSON.stringify({ status: { podIP, podIPs: [{ ip: podIP }] } }),
    })
    await this.put({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: service, namespace, labels: { 'kubernetes.io/service-name': service } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [podIP], conditions: { ready: true }, targetRef: { kind: 'Pod', name: service, namespace } }],
      ports: [{ name: '', port: Number(new URL(url).port) }],
    })
  }

  podEnv(folder: string, namespace: string, token: string): Record<string, string> {
    mkdirSync(folder, { recursive: true })
    const { url, caPem } = this.addressForPods
    for (const [file, text] of Object.entries({ token, namespace, 'ca.crt': caPem })) writeFileSync(join(folder, file), text)
    const { hostname, port } = new URL(url)
    return { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port }
  }

  async #untilServed(resource: string): Promise<void> {
    for (const end = Date.now() + START_MS; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 50))) {
      if (await this.client.list(resourceOf(resource), {}).then(() => true, () => false)) return
    }
    throw new Error(`${resource} is not served`)
  }

  async stop(): Promise<void> {
    await ended(this.#child, 'SIGTERM')
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function serviceOf(namespace: string, name: string): object {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec: { ports: [{ port: 8080 }] } }
}

async function launch(folder: string, args: readonly string[], flags: readonly string[]): Promise<ChildProcess> {
  const program = rigProgram('kube', 'kube-rig')
  if (program === undefined) throw new Error('the real API server was not brought')
  const child = spawn(program, ['up', '--dir', folder, '--crd', CRD_FILE, ...args, '--', ...flags], { stdio: ['ignore', 'pipe', 'inherit'] })
  const timer = setTimeout(() => child.kill(), START_MS)
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => chunk.includes('READY') && resolve())
    child.once('exit', (code) => reject(new Error(`the API server ended with ${code}; its logs are in ${folder}`)))
  })
  clearTimeout(timer)
  return child
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false)).once('connect', () => socket.destroy())
  })
}

async function connect(kubeconfig: string): Promise<KubeClient> {
  return new KubeClient({ transport: createTransport(await kubeconfigConnection({ env: {}, file: kubeconfig })) })
}

function resourceOf(name: string): Resource {
  const [plural = '', ...group] = name.split('.')
  return { group: group.join('.'), version: group[0] === 'bitnami' ? 'v1alpha1' : 'v1', plural }
}
