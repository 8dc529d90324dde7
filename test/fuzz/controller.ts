/**
 * The whole controller over an API in memory, one SealedSecret after the other, with all that it tells: logs, events, status.
 * @module
 */
import { setImmediate } from 'node:timers/promises'
import { CodedError } from '@waxseal/core'
import { KubeClient, systemClock, type Clock, type HttpRequest, type HttpResponse, type KubeObject, type Transport } from '@waxseal/kube'
import { renderTemplates } from '@waxseal/go-template'
import { Controller, createLog, parseFlags } from '@waxseal/controller'

/** An API server refuses what is nested much deeper. */
const MAX_DEPTH = 1000
const OWN = 'sealing'
const NAMESPACE = 'shop'
const NAME = 'db'

/** What comes alone need not wait for what comes with it. */
const HASTY: Clock = { now: () => systemClock.now(), sleep: (ms, signal) => systemClock.sleep(ms <= 200 ? 0 : ms, signal) }

type Json = Readonly<Record<string, unknown>>

/** What the controller told and wrote because of one object. */
export interface Told {
  /** Log lines, events and status, as text. */
  readonly texts: readonly string[]
  /** Paths of other writes than those of the object's own Secret. */
  readonly strayWrites: readonly string[]
}

/** Lines of a watch that never ends. */
class Watch {
  #lines: Buffer[] = []
  #wake = (): void => {}

  push(type: string, object: object): void {
    this.#lines.push(Buffer.from(`${JSON.stringify({ type, object })}\n`))
    this.#wake()
  }

  async *lines(signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    let isOver = false
    signal?.addEventListener('abort', () => {
      isOver = true
      this.#wake()
    })
    for (;;) {
      const line = this.#lines.shift()
      if (line) yield line
      else await new Promise<void>((resolve) => (this.#wake = resolve))
      if (isOver) return
    }
  }
}

export class ControllerInMemory {
  readonly #controller: Controller
  readonly #stop = new AbortController()
  readonly #keys: readonly object[]
  readonly #sealedWatch = new Watch()
  readonly #secretWatch = new Watch()
  #sealed: KubeObject | undefined
  #secret: KubeObject | undefined
  #version = 100
  #texts: string[] = []
  #strayWrites: string[] = []

  /** @param keys - key Secrets */
  constructor(keys: readonly object[]) {
    this.#keys = keys
    const note = (line: string): void => void this.#texts.push(line)
    this.#controller = new Controller({
      client: new KubeClient({ transport: this.#transport }),
      namespace: OWN,
      settings: parseFlags(['--key-renew-period=0', '--log-level=DEBUG'], {}).settings,
      version: 'v0.0.0',
      clock: HASTY,
      log: createLog({ level: 'DEBUG', format: 'text', infoToStdout: true, stdout: note, stderr: note }),
      render: renderTemplates,
    })
    void this.#controller.run(this.#stop.signal)
  }

  /**
   * @param sealed - everything but what the server itself sets
   * @param secret - there already
   * @throws CodedError PARSE_LIMIT
   */
  async take(sealed: Json, secret: object | undefined): Promise<Told> {
    while (!this.#controller.ready) await setImmediate()
    ;[this.#texts, this.#strayWrites] = [[], []]
    if (secret) this.#change('ADDED', secret as Json)
    const metadata = isRecord(sealed['metadata']) ? sealed['metadata'] : {}
    if (depthOf(sealed) > MAX_DEPTH) throw new CodedError('PARSE_LIMIT', 'nested too deep')
    const object = { ...sealed, apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', metadata: { ...metadata, ...this.#identity(), generation: 1 } }
    this.#sealed = object
    await this.#work(() => this.#sealedWatch.push('ADDED', object))
    this.#sealed = undefined
    await this.#work(() => this.#sealedWatch.push('DELETED', object))
    if (this.#secret) this.#change('DELETED', this.#secret as unknown as Json)
    return { texts: this.#texts, strayWrites: this.#strayWrites }
  }

  #identity(): { readonly namespace: string; readonly name: string; readonly uid: string; readonly resourceVersion: string } {
    const version = String(++this.#version)
    return { namespace: NAMESPACE, name: NAME, uid: `uid-${version}`, resourceVersion: version }
  }

  #change(type: 'ADDED' | 'MODIFIED' | 'DELETED', secret: Json): KubeObject {
    const { uid, resourceVersion, ...place } = this.#identity()
    const before = isRecord(secret['metadata']) ? secret['metadata'] : {}
    const object = { ...secret, metadata: { ...before, ...place, resourceVersion, uid: type === 'ADDED' ? uid : before['uid'] } }
    this.#secret = type === 'DELETED' ? undefined : (object as unknown as KubeObject)
    this.#secretWatch.push(type, { metadata: object.metadata })
    return object as unknown as KubeObject
  }

  /** Until the controller has looked at what is new, and has nothing left to look at. */
  async #work(cause: () => void): Promise<void> {
    const seen = await this.#metric('sealed_secrets_controller_unseal_requests_total')
    cause()
    while ((await this.#metric('sealed_secrets_controller_unseal_requests_total')) === seen || (await this.#metric('waxseal_queue_length')) > 0) await setImmediate()
  }

  async #metric(name: string): Promise<number> {
    const { values } = (await this.#controller.metrics.registry.getSingleMetric(name)?.get()) ?? { values: [] }
    return values[0]?.value ?? 0
  }

  readonly #transport: Transport = async (request) => {
    const [path = '', query = ''] = request.path.split('?')
    const isWatch = query.includes('watch=true')
    if (path.includes('/leases')) return failure(403, 'Forbidden') // the only replica
    if (path.includes('/selfsubjectaccessreviews')) return json(201, { status: { allowed: false } }) // and nothing is stored
    if (path.includes('/sealedsecrets')) return isWatch ? stream(this.#sealedWatch.lines(request.signal)) : this.#answerSealed(request, path)
    if (path.includes('/events')) return this.#note(request, path)
    if (path.startsWith(`/api/v1/namespaces/${OWN}/`)) return isWatch ? stream(new Watch().lines(request.signal)) : list(query.includes('labelSelector') ? this.#keys : [])
    return isWatch ? stream(this.#secretWatch.lines(request.signal)) : this.#answerSecret(request, path)
  }

  #answerSealed(request: HttpRequest, path: string): HttpResponse {
    if (request.method !== 'GET') {
      const { status } = bodyOf(request)
      this.#texts.push(JSON.stringify(status))
      this.#noteStray(request, path, `/apis/bitnami.com/v1alpha1/namespaces/${NAMESPACE}/sealedsecrets/${NAME}/status`)
      return json(200, this.#sealed)
    }
    if (!path.endsWith(`/${NAME}`)) return list(this.#sealed ? [this.#sealed] : [])
    return this.#sealed ? json(200, this.#sealed) : failure(404, 'NotFound')
  }

  #answerSecret(request: HttpRequest, path: string): HttpResponse {
    const place = `/api/v1/namespaces/${NAMESPACE}/secrets`
    if (request.method === 'GET' && path.endsWith('/secrets')) return list(this.#secret ? [this.#secret] : [])
    if (request.method === 'GET') return this.#secret ? json(200, this.#secret) : failure(404, 'NotFound')
    const sent = bodyOf(request)
    const { name, namespace } = sent['metadata'] as { readonly name?: unknown; readonly namespace?: unknown }
    if (name !== NAME || namespace !== NAMESPACE) this.#strayWrites.push(`${request.method} ${path} of another Secret`)
    this.#noteStray(request, path, request.method === 'POST' ? place : `${place}/${NAME}`)
    if (request.method === 'POST' && this.#secret) return failure(409, 'AlreadyExists')
    return json(201, this.#change(request.method === 'POST' ? 'ADDED' : 'MODIFIED', sent))
  }

  #note(request: HttpRequest, path: string): HttpResponse {
    this.#texts.push(String(request.body))
    this.#noteStray(request, path.replace(/\/events\/[^/]+$/, '/events'), `/api/v1/namespaces/${NAMESPACE}/events`)
    return json(201, bodyOf(request))
  }

  #noteStray({ method }: HttpRequest, path: string, expected: string): void {
    if (path !== expected) this.#strayWrites.push(`${method} ${path}`)
  }
}

function bodyOf({ body }: HttpRequest): Json {
  return JSON.parse(String(body)) as Json
}

/** Levels of an object that came out of JSON. */
function depthOf(value: unknown): number {
  let depth = 0
  for (let level: unknown[] = [value]; level.length > 0 && depth <= MAX_DEPTH; depth += 1) {
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []))
  }
  return depth
}

export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function json(status: number, value: unknown): HttpResponse {
  return { status, headers: {}, body: once(JSON.stringify(value)) }
}

function list(items: readonly object[]): HttpResponse {
  return json(200, { kind: 'List', metadata: { resourceVersion: '100' }, items })
}

function failure(code: number, reason: string): HttpResponse {
  return json(code, { kind: 'Status', status: 'Failure', message: `made up: ${reason}`, reason, code })
}

function stream(body: AsyncIterable<Uint8Array>): HttpResponse {
  return { status: 200, headers: {}, body }
}

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}
