/**
 * The controller as a process of its own against the embedded API server.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { newKeySecret, readKeySecret, sealSecret, type GeneratedKey, type SealedSecretManifest, type SecretManifest } from '@waxseal/sealed'
import { startApiServer, type ApiServer } from '@waxseal/testkit'

export const ROOT = join(import.meta.dirname, '..', '..')
const CRD_FILE = join(ROOT, 'controller', 'deploy', 'crd', 'sealedsecrets.yaml')
const READY_MS = 20_000

export const FIXTURES = join(ROOT, 'fixtures', 'sealed-secrets-0.38.4-de72a97b')

/** One of the keys that the recordings were made with: k1 and small are small, k2 and k3 have 4096 bits. */
export function recordedKey(name: 'k1' | 'k2' | 'k3' | 'small'): GeneratedKey {
  return readKeySecret(JSON.parse(readFileSync(join(FIXTURES, 'keys', `${name}.secret.json`), 'utf8')))
}

export type Json = Readonly<Record<string, unknown>>

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

export class Rig {
  readonly api: ApiServer
  readonly folder = mkdtempSync(join(tmpdir(), 'waxseal-e2e-'))
  readonly key: GeneratedKey
  readonly #running = new Set<RunningController>()

  private constructor(api: ApiServer, key: GeneratedKey) {
    this.api = api
    this.key = key
  }

  /** A cluster with the CRD, the namespace `apps` and, unless told otherwise, one small sealing key. */
  static async start(options: { readonly withKey?: boolean } = {}): Promise<Rig> {
    const crds = parseAllDocuments(readFileSync(CRD_FILE, 'utf8')).map((document) => document.toJS() as object)
    const api = await startApiServer({ crds, backgroundDelayMs: 20 })
    const key = recordedKey('k1')
    const rig = new Rig(api, key)
    rig.createNamespace('apps')
    if (options.withKey !== false) rig.addKey(key)
    return rig
  }

  async stop(): Promise<void> {
    for (const controller of this.#running) await controller.stop('SIGKILL')
    await this.api.close()
    rmSync(this.folder, { recursive: true, force: true })
  }

  createNamespace(name: string): void {
    this.api.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  }

  /** @returns the name of the key Secret */
  addKey(key: GeneratedKey): string {
    const secret = newKeySecret(key, { namespace: 'kube-system', prefix: 'sealed-secrets-key' })
    const name = `sealed-secrets-key${randomBytes(3).toString('hex')}`
    this.api.put({ ...secret, metadata: { ...secret.metadata, name } })
    return name
  }

  seal(name: string, data: Readonly<Record<string, string>>, more: { readonly namespace?: string; readonly key?: GeneratedKey; readonly secret?: Partial<SecretManifest> } = {}): SealedSecretManifest {
    const { namespace = 'apps', key = this.key, secret } = more
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
  apply(sealed: SealedSecretManifest): void {
    const { namespace = '', name = '' } = sealed.metadata
    const { uid, resourceVersion } = this.api.get('sealedsecrets.bitnami.com', namespace, name)?.metadata ?? {}
    this.api.put({ ...sealed, metadata: { ...sealed.metadata, ...(uid ? { uid, resourceVersion } : {}) } })
  }

  secret(name: string, namespace = 'apps'): Json | undefined {
    return this.api.get('secrets', namespace, name)
  }

  /** Decoded. */
  data(name: string, namespace = 'apps'): Record<string, string> | undefined {
    const data = this.secret(name, namespace)?.['data'] as Record<string, string> | undefined
    return data && Object.fromEntries(Object.entries(data).map(([item, text]) => [item, Buffer.from(text, 'base64').toString()]))
  }

  status(name: string, namespace = 'apps'): SealedStatus | undefined {
    return this.api.get('sealedsecrets.bitnami.com', namespace, name)?.['status'] as SealedStatus | undefined
  }

  isSynced(name: string, namespace = 'apps'): boolean {
    const generation = this.api.get('sealedsecrets.bitnami.com', namespace, name)?.metadata.generation
    const status = this.status(name, namespace)
    return status?.observedGeneration === generation && status?.conditions[0]?.status === 'True'
  }

  events(name: string, namespace = 'apps'): readonly Event[] {
    const all = this.api.list('events', namespace) as unknown as (Event & { readonly involvedObject: { readonly name: string } })[]
    return all.filter(({ involvedObject }) => involvedObject.name === name)
  }

  /** @param token - of another user than the administrator */
  async controller(args: readonly string[] = [], options: { readonly token?: string } = {}): Promise<RunningController> {
    const folder = join(this.folder, randomBytes(4).toString('hex'))
    const env = { ...this.api.inClusterEnv(folder, options), WAXSEAL_SERVICE_ACCOUNT_FOLDER: folder }
    const controller = new RunningController(args, env)
    this.#running.add(controller)
    await controller.listening
    return controller
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

  constructor(args: readonly string[], env: Readonly<Record<string, string>>) {
    const listen = ['--listen-addr', '127.0.0.1:0', '--listen-metrics-addr', '127.0.0.1:0', '--key-size', '2048', '--key-renew-period', '0'] // the recorded keys are old
    this.#child = spawn(process.execPath, [join(ROOT, 'controller', 'src', 'main.ts'), ...listen, ...args], { env: { PATH: process.env['PATH'], ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
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
export async function waitFor(condition: () => boolean | Promise<boolean>, ms = 15_000): Promise<void> {
  const end = Date.now() + ms
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not so after ${ms} ms: ${String(condition)}`)
    await sleep(25)
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
