/**
 * The controller as a process of its own against an API server, as a pod with the roles that come with it.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KubeError } from '@waxseal/kube'
import { newKeySecret, readKeySecret, sealSecret, type GeneratedKey, type SealedSecretManifest, type SecretManifest } from '@waxseal/sealed'
import { built } from '../programs.ts'
import { ROOT, type Account, type AnyObject, type Cluster, type Json } from './cluster.ts'
import { bindIn, bindRoles, flagsUnder, type Roles } from './roles.ts'

/** The recorded keys are old. */
const FLAGS = ['--listen-addr', '127.0.0.1:0', '--listen-metrics-addr', '127.0.0.1:0', '--key-size', '2048', '--key-renew-period', '0']
const READY_MS = 60_000

export const SEALED = 'sealedsecrets.bitnami.com'
export const FIXTURES = join(ROOT, 'fixtures', 'sealed-secrets-0.38.4-de72a97b')

/** One of the keys that the recordings were made with: k1 and small are small, k2 and k3 have 4096 bits. */
export function recordedKey(name: 'k1' | 'k2' | 'k3' | 'small'): GeneratedKey {
  return readKeySecret(JSON.parse(readFileSync(join(FIXTURES, 'keys', `${name}.secret.json`), 'utf8')))
}

export interface Event extends Json {
  readonly type: string
  readonly reason: string
  readonly message: string
  readonly count: number
}

export interface SealedStatus {
  readonly observedGeneration: number
  readonly conditions: readonly { readonly type: string; readonly status: string; readonly message?: string; readonly lastUpdateTime: string; readonly lastTransitionTime: string }[]
}

export interface RigOptions {
  /** Without: the controller makes its first key. */
  readonly withKey?: boolean
  readonly roles?: Roles
}

/** A tenant of the cluster: a controller's namespace, one for SealedSecrets, and what is needed to start replicas. */
export class Rig<Server extends Cluster = Cluster> {
  readonly cluster: Server
  readonly key = recordedKey('k1')
  /** The controller's own namespace, and the one that tests put SealedSecrets into. */
  readonly own: string
  readonly apps: string
  readonly account: Account
  readonly roles: Roles
  readonly #folder = mkdtempSync(join(tmpdir(), 'waxseal-e2e-'))
  readonly #namespaces = new Set<string>()
  readonly #running = new Set<RunningController>()
  #token = ''

  private constructor(cluster: Server, roles: Roles) {
    const id = randomBytes(3).toString('hex')
    this.cluster = cluster
    this.roles = roles
    this.own = `own-${id}`
    this.apps = `apps-${id}`
    this.account = { namespace: this.own, name: 'sealed-secrets-controller' }
  }

  static async start<Server extends Cluster>(cluster: Server, { withKey = true, roles = 'its own' }: RigOptions = {}): Promise<Rig<Server>> {
    const rig = new Rig(cluster, roles)
    await rig.createNamespace(rig.own)
    await cluster.put({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: rig.account })
    await bindRoles(cluster, roles, rig.account)
    await rig.createNamespace(rig.apps)
    rig.#token = await cluster.token(rig.account)
    if (withKey) await rig.addKey(rig.key)
    return rig
  }

  async stop(): Promise<void> {
    for (const controller of this.#running) await controller.stop('SIGKILL')
    // The next tenant's controller looks at every namespace.
    for (const namespace of this.#namespaces) {
      for (const { metadata } of await this.cluster.list(SEALED, namespace)) await this.cluster.delete(SEALED, namespace, metadata.name ?? '')
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Looked after by controllers that are started later; under roles for all namespaces by all of them. */
  async createNamespace(name: string): Promise<void> {
    if (this.#namespaces.has(name)) return
    this.#namespaces.add(name)
    await this.cluster.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
    if (name !== this.own) await bindIn(name, this.cluster, this.roles, this.account)
  }

  /** @returns the name of the key Secret */
  async addKey(key: GeneratedKey): Promise<string> {
    const secret = newKeySecret(key, { namespace: this.own, prefix: 'sealed-secrets-key' })
    const name = `sealed-secrets-key${randomBytes(3).toString('hex')}`
    await this.cluster.put({ ...secret, metadata: { ...secret.metadata, name } })
    return name
  }

  seal(name: string, data: Readonly<Record<string, string>>, more: { readonly namespace?: string; readonly key?: GeneratedKey; readonly secret?: Partial<SecretManifest> } = {}): SealedSecretManifest {
    const { namespace = this.apps, key = this.key, secret } = more
    const manifest: SecretManifest = {
      kind: 'Secret',
      apiVersion: 'v1',
      stringData: data,
      ...secret,
      metadata: { ...secret?.metadata, name, namespace },
    }
    return sealSecret(manifest, key.certificate.publicKey)
  }

  /** Creates it or replaces its spec and metadata. */
  async apply(sealed: SealedSecretManifest): Promise<void> {
    const { namespace = '', name = '' } = sealed.metadata
    const { uid, resourceVersion } = (await this.sealed(name, namespace))?.metadata ?? {}
    const object = { ...sealed, metadata: { ...sealed.metadata, ...(uid ? { uid, resourceVersion } : {}) } }
    try {
      await this.cluster.put(object)
    } catch (error) {
      if (!(error instanceof KubeError && error.reason === 'Conflict')) throw error
      await this.apply(sealed) // its status was written meanwhile
    }
  }

  sealed(name: string, namespace = this.apps): Promise<AnyObject | undefined> {
    return this.cluster.get(SEALED, namespace, name)
  }

  secret(name: string, namespace = this.apps): Promise<AnyObject | undefined> {
    return this.cluster.get('secrets', namespace, name)
  }

  async deleteSecret(name: string, namespace = this.apps): Promise<void> {
    await this.cluster.delete('secrets', namespace, name)
  }

  /** Decoded. */
  async data(name: string, namespace = this.apps): Promise<Record<string, string> | undefined> {
    const data = (await this.secret(name, namespace))?.['data'] as Record<string, string> | undefined
    return data && Object.fromEntries(Object.entries(data).map(([item, text]) => [item, Buffer.from(text, 'base64').toString()]))
  }

  async status(name: string, namespace = this.apps): Promise<SealedStatus | undefined> {
    return (await this.sealed(name, namespace))?.['status'] as SealedStatus | undefined
  }

  async isSynced(name: string, namespace = this.apps): Promise<boolean> {
    const sealed = await this.sealed(name, namespace)
    const status = sealed?.['status'] as SealedStatus | undefined
    return status?.observedGeneration === sealed?.metadata.generation && status?.conditions[0]?.status === 'True'
  }

  async isRefused(name: string, namespace = this.apps): Promise<boolean> {
    return (await this.status(name, namespace))?.conditions[0]?.status === 'False'
  }

  async events(name: string, namespace = this.apps): Promise<readonly Event[]> {
    const all = (await this.cluster.list('events', namespace)) as unknown as (Event & { readonly involvedObject: { readonly name: string } })[]
    return all.filter(({ involvedObject }) => involvedObject.name === name)
  }

  /** The sealing keys in the cluster. */
  async keySecrets(): Promise<AnyObject[]> {
    return (await this.cluster.list('secrets', this.own)).filter(({ type }) => type === 'kubernetes.io/tls')
  }

  async newestKey(): Promise<GeneratedKey | undefined> {
    const keys = (await this.keySecrets()).map((secret) => readKeySecret(secret))
    return keys.sort((a, b) => b.certificate.notBefore.getTime() - a.certificate.notBefore.getTime())[0]
  }

  /** @param program - what Node is given to run it */
  async controller(args: readonly string[] = [], program: readonly string[] = [built('waxseal-controller')]): Promise<RunningController> {
    const controller = new RunningController([...program, ...FLAGS, ...this.#flags(), ...args], this.#podEnv())
    this.#running.add(controller)
    await controller.listening
    return controller
  }

  #flags(): readonly string[] {
    return flagsUnder(this.roles, [...this.#namespaces].filter((name) => name !== this.own))
  }

  /** Runs `check`. */
  check(args: readonly string[] = []): Promise<{ readonly status: number | null; readonly lines: readonly string[] }> {
    return new Promise((resolve) => {
      const env = { PATH: process.env['PATH'], ...this.#podEnv() }
      const child = execFile(process.execPath, [built('waxseal-controller'), 'check', ...this.#flags(), ...args], { env }, (_, stdout, stderr) => resolve({ status: child.exitCode, lines: `${stdout}${stderr}`.trimEnd().split('\n') }))
    })
  }

  #podEnv(): Record<string, string> {
    const folder = join(this.#folder, randomBytes(4).toString('hex'))
    return { ...this.cluster.podEnv(folder, this.own, this.#token), WAXSEAL_SERVICE_ACCOUNT_FOLDER: folder }
  }
}

export class RunningController {
  readonly #child: ChildProcess
  readonly exited: Promise<number | null>
  /** Resolves with the address of the HTTP server. */
  readonly listening: Promise<string>
  output = ''
  #address = ''
  #metricsAddress = ''

  constructor(command: readonly string[], env: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, command, { env: { PATH: process.env['PATH'], ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    this.exited = new Promise((resolve) => this.#child.once('exit', (code) => resolve(code)))
    this.listening = new Promise((resolve, reject) => {
      const read = (chunk: Buffer): void => {
        this.output += chunk.toString()
        this.#address ||= /HTTP server serving" addr=(\S+)/.exec(this.output)?.[1] ?? ''
        this.#metricsAddress ||= /HTTP metrics server serving" addr=(\S+)/.exec(this.output)?.[1] ?? ''
        if (this.#metricsAddress) resolve(this.#address)
      }
      this.#child.stdout?.on('data', read)
      this.#child.stderr?.on('data', read)
      void this.exited.then((code) => reject(new Error(`the controller ended with ${code}:\n${this.output}`)))
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`http://${this.#address}${path}`, init)
  }

  async metrics(): Promise<string> {
    return (await fetch(`http://${this.#metricsAddress}/metrics`)).text()
  }

  async ready(): Promise<this> {
    await waitFor(async () => (await this.fetch('/readyz')).status === 200, READY_MS)
    return this
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** @returns the exit status; null if it was killed */
  async stop(name: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.signal(name)
    return this.exited
  }
}

/** Waits until it is so. @throws if it takes too long */
export async function waitFor(condition: () => boolean | Promise<boolean>, ms = 60_000): Promise<void> {
  const end = Date.now() + ms
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not so after ${ms} ms: ${String(condition)}`)
    await sleep(25)
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
