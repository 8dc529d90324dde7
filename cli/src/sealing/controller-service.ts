/**
 * The sealed-secrets controller as its clients reach it: through the API server's proxy to its Service.
 * Follows: bitnami-labs/sealed-secrets pkg/kubeseal/kubeseal.go; client-go rest/request.go for the texts of refusals.
 * @module
 */
import { delimiter, resolve } from 'node:path'
import { CodedError } from '@waxseal/core'
import type { KubeClient, KubeconfigOverrides, RawResponse } from '@waxseal/kube'
import { isObject } from '@waxseal/sealed'
import type { Context } from '../context.ts'
import { kindOfFile } from '../files.ts'
import { firstPortName } from './service-port.ts'

export const DEFAULT_CONTROLLER_NAMESPACE = 'kube-system'
export const DEFAULT_CONTROLLER_NAME = 'sealed-secrets-controller'
const DEFAULT_NAMESPACE = 'default'
/** As client-go asks for objects; the first is shorter. */
export const ACCEPT_OBJECT = 'application/vnd.kubernetes.protobuf,application/json'

export interface ClusterOptions {
  /** As given by a flag; else `KUBECONFIG`, the home folder's file, or the pod's own account. */
  readonly kubeconfig?: string | undefined
  readonly overrides?: KubeconfigOverrides
  readonly timeoutMs?: number
}

export interface ControllerPlace {
  readonly namespace: string
  readonly name: string
}

/** Another answer than the wanted one. */
export interface Refusal {
  readonly status: number
  readonly message: string
  /** When it wants to be asked again. */
  readonly retryAfterMs?: number
}
export type Answer = { readonly body: Buffer } | Refusal

export const isRefusal = (answer: Answer): answer is Refusal => 'status' in answer

/** Loads a kubeconfig once, when it is first needed. */
export class Cluster {
  readonly #context: Context
  readonly #options: ClusterOptions
  #opened: Promise<{ readonly client: KubeClient; readonly namespace: string }> | undefined

  constructor(context: Context, options: ClusterOptions) {
    this.#context = context
    this.#options = options
  }

  /**
   * The namespace of the kubeconfig's context, or `default`.
   * @param given - goes before it; only that a kubeconfig which a flag names is there is checked then
   * @throws CodedError KUBE_CONFIG_INVALID
   */
  async namespace(given = ''): Promise<string> {
    this.#checkFile()
    return given || (await this.#open()).namespace
  }

  async client(): Promise<KubeClient> {
    return (await this.#open()).client
  }

  #checkFile(): void {
    const { kubeconfig } = this.#options
    if (!kubeconfig || kindOfFile(resolve(this.#context.cwd, kubeconfig)) !== undefined) return
    throw new CodedError('KUBE_CONFIG_INVALID', `stat ${kubeconfig}: no such file or directory`, { hint: 'give an existing file with --kubeconfig' })
  }

  #open(): Promise<{ readonly client: KubeClient; readonly namespace: string }> {
    return (this.#opened ??= this.#connect())
  }

  async #connect(): Promise<{ readonly client: KubeClient; readonly namespace: string }> {
    const { kubeconfig, overrides = {}, timeoutMs } = this.#options
    const { cwd, env } = this.#context
    const file = kubeconfig && resolve(cwd, kubeconfig)
    this.#checkFile()
    const { createTransport, KubeClient, kubeconfigConnection } = await import('@waxseal/kube')
    const connection = await kubeconfigConnection({ env: withAbsoluteFiles(env, cwd), file, overrides })
    const client = new KubeClient({ transport: createTransport(connection), ...(timeoutMs ? { timeoutMs } : {}) })
    return { client, namespace: connection.namespace ?? DEFAULT_NAMESPACE }
  }
}

function withAbsoluteFiles(env: Context['env'], cwd: string): Context['env'] {
  const files = env['KUBECONFIG']?.split(delimiter).map((file) => file && resolve(cwd, file))
  return files ? { ...env, KUBECONFIG: files.join(delimiter) } : env
}

/** The Service is not there, or not for us. */
export class ServiceError extends CodedError {
  constructor(answer: string) {
    const hint = 'say where the controller is with --controller-name and --controller-namespace, or give a certificate with --cert'
    super('KUBE_REFUSED', `cannot get sealed secret service: ${answer}`, { hint })
  }
}

/** The controller's HTTP routes, by way of the first port of its Service. */
export class ControllerService {
  readonly #client: KubeClient
  /** As messages name it: `http:NAME:PORT`. */
  readonly #target: string
  readonly #path: string

  private constructor(client: KubeClient, { namespace, name }: ControllerPlace, portName: string) {
    this.#client = client
    this.#target = `http:${name}:${portName}`
    this.#path = `${servicePath(namespace, 'http', name, portName)}/proxy`
  }

  /** @throws CodedError KUBE_REFUSED, KUBE_UNREACHABLE */
  static async find(cluster: Cluster, place: ControllerPlace, accept: string): Promise<ControllerService> {
    const client = await cluster.client()
    const path = servicePath(place.namespace, place.name)
    const answer = readAnswer(await send(client, { method: 'GET', path, headers: { accept } }), `get services ${place.name}`)
    if (isRefusal(answer)) throw new ServiceError(answer.message)
    return new ControllerService(client, place, firstPortName(answer.body))
  }

  async get(route: string, accept: string): Promise<Answer> {
    const response = await send(this.#client, { method: 'GET', path: this.#path + route, headers: { accept } })
    return readAnswer(response, `get services ${this.#target}`)
  }

  async post(route: string, body: string): Promise<Answer> {
    const headers = { accept: 'application/json, */*', 'content-type': 'application/json' }
    const response = await send(this.#client, { method: 'POST', path: this.#path + route, headers, body })
    return readAnswer(response, `post services ${this.#target}`)
  }
}

/** What a controller answers to a SealedSecret. @throws CodedError KUBE_REFUSED */
export function readAnswered(body: Buffer): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch {
    throw new CodedError('KUBE_REFUSED', "the controller's answer is not JSON")
  }
  if (!isObject(value)) throw new CodedError('KUBE_REFUSED', "the controller's answer is no object")
  return value
}

/** Names cannot lead to another place of the server. */
function servicePath(namespace: string, ...target: readonly string[]): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/services/${target.map(encodeURIComponent).join(':')}`
}

async function send(client: KubeClient, request: Parameters<KubeClient['raw']>[0]): Promise<RawResponse> {
  const { KubeError, toCodedError } = await import('@waxseal/kube')
  try {
    return await client.raw(request)
  } catch (error) {
    throw error instanceof KubeError ? toCodedError(error) : error
  }
}

/** @param request - how client-go names it */
function readAnswer({ status, headers, body }: RawResponse, request: string): Answer {
  const bytes = Buffer.from(body)
  if (status >= 200 && status < 300) return { body: bytes }
  const answer = parse(bytes) as { kind?: unknown; message?: unknown } | undefined
  const message = answer?.kind === 'Status' && typeof answer.message === 'string' ? answer.message : refusalText(status, bytes.toString('utf8').trim(), request)
  const seconds = Number(headers['retry-after'] ?? NaN)
  return { status, message, ...(seconds >= 0 && { retryAfterMs: seconds * 1000 }) }
}

function refusalText(status: number, body: string, request: string): string {
  switch (status) {
    case 404:
      return 'the server could not find the requested resource'
    case 409:
      return 'the server reported a conflict'
    case 429:
      return `the server has received too many requests and has asked us to try again later (${request})`
    default:
      return `an error on the server ("${body.slice(0, 2048)}") has prevented the request from succeeding (${request})`
  }
}

function parse(body: Buffer): unknown {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
