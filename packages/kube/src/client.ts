/**
 * Requests to the API server: JSON in, JSON out, typed errors, a timeout for each.
 * A 429 means "not done, come back": it is repeated here, after the wait that the server asks for. Everything else is for
 * the caller, who knows what a second try would do.
 * @module
 */
import { CodedError } from '@waxseal/core'
import { systemClock, type Clock } from './clock.ts'
import { KubeError, isRecord, kubeErrorFromStatus, unreachable } from './errors.ts'
import type { RateLimiter } from './rate-limiter.ts'
import { resourcePath, type KubeObject, type ObjectMeta, type Place, type Resource } from './resource.ts'
import type { HttpResponse, Transport } from './transport.ts'

const REQUEST_TIMEOUT_MS = 30_000
const MAX_THROTTLED_TRIES = 5
const LONGEST_THROTTLE_MS = 30_000
/** It is held whole, several times over. A single object has at most a few MiB, and pages can be made smaller. */
const MAX_BODY_BYTES = 64 * 1024 * 1024
const METADATA_ONLY = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'

export type PatchType = 'application/merge-patch+json' | 'application/json-patch+json' | 'application/strategic-merge-patch+json'
export type Query = Readonly<Record<string, string | number | boolean | undefined>>

export interface KubeClientOptions {
  readonly transport: Transport
  readonly limiter?: RateLimiter | undefined
  readonly clock?: Clock
  readonly timeoutMs?: number
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
}

export interface ListPage<T> {
  readonly items: readonly T[]
  readonly resourceVersion: string
  /** '' on the last page. */
  readonly next: string
}

export interface RawRequest extends CallOptions {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | undefined
}

export interface RawResponse {
  readonly status: number
  readonly headers: HttpResponse['headers']
  readonly body: Uint8Array
}

export class KubeClient {
  readonly #transport: Transport
  readonly #limiter: RateLimiter | undefined
  readonly #clock: Clock
  readonly #timeoutMs: number

  constructor(options: KubeClientOptions) {
    this.#transport = options.transport
    this.#limiter = options.limiter
    this.#clock = options.clock ?? systemClock
    this.#timeoutMs = options.timeoutMs ?? REQUEST_TIMEOUT_MS
  }

  /** @returns null if there is no such object. @throws KubeError */
  async get<T extends KubeObject>(resource: Resource, place: Place, options: CallOptions = {}): Promise<T | null> {
    try {
      return await this.#json<T>({ method: 'GET', path: resourcePath(resource, place), ...options })
    } catch (error) {
      if (error instanceof KubeError && error.status === 404 && error.reason === 'NotFound') return null
      throw error
    }
  }

  /** One page. @throws KubeError - `isGone` if the next page's token is too old; reason `TooLarge` if it is more than can be held */
  async list<T extends KubeObject>(
    resource: Resource,
    place: Place,
    options: CallOptions & { readonly query?: Query; readonly accept?: string } = {},
  ): Promise<ListPage<T>> {
    const path = withQuery(resourcePath(resource, place), options.query)
    const headers = options.accept === undefined ? {} : { accept: options.accept }
    const list = await this.#json<{ items?: T[] | null; metadata?: { resourceVersion?: string; continue?: string } }>({ method: 'GET', path, headers, signal: options.signal })
    const { resourceVersion = '', continue: next = '' } = list.metadata ?? {}
    return { items: list.items ?? [], resourceVersion, next }
  }

  /** @throws KubeError - reason `AlreadyExists` */
  async create<T extends KubeObject>(resource: Resource, place: Place, object: KubeObject, options: CallOptions = {}): Promise<T> {
    return this.#json<T>({ method: 'POST', path: resourcePath(resource, place), body: JSON.stringify(object), ...options })
  }

  /** PUT. @throws KubeError - reason `Conflict` if the object's resourceVersion is not the current one */
  async update<T extends KubeObject>(resource: Resource, object: KubeObject, options: CallOptions = {}): Promise<T> {
    return this.#json<T>({ method: 'PUT', path: resourcePath(resource, placeOf(object.metadata)), body: JSON.stringify(object), ...options })
  }

  /** PUT of the whole object, of which only the status is written; the server need not send it back. */
  async updateStatus(resource: Resource, object: KubeObject, options: CallOptions = {}): Promise<void> {
    const path = resourcePath(resource, { ...placeOf(object.metadata), subresource: 'status' })
    await this.#answered({ method: 'PUT', path, headers: { accept: METADATA_ONLY }, body: JSON.stringify(object), ...options })
  }

  async patch<T extends KubeObject>(resource: Resource, place: Place, type: PatchType, patch: unknown, options: CallOptions = {}): Promise<T> {
    return this.#json<T>({ method: 'PATCH', path: resourcePath(resource, place), headers: { 'content-type': type }, body: JSON.stringify(patch), ...options })
  }

  /** @returns false if it was gone already. */
  async delete(resource: Resource, place: Place, options: CallOptions & { readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string } } = {}): Promise<boolean> {
    const { preconditions, signal } = options
    const body = preconditions && JSON.stringify({ apiVersion: 'v1', kind: 'DeleteOptions', preconditions })
    try {
      await this.#json({ method: 'DELETE', path: resourcePath(resource, place), body, signal })
      return true
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return false
      throw error
    }
  }

  /** Any answer as it is, for what is not an object: the service proxy. @throws KubeError only if there is no answer */
  async raw(request: RawRequest): Promise<RawResponse> {
    await this.#limiter?.acquire(request.signal) // its wait is not the server's
    const deadline = startDeadline(this.#timeoutMs, request.signal)
    try {
      const response = await this.#transport({ ...request, signal: deadline.signal })
      return { status: response.status, headers: response.headers, body: await readBody(response) }
    } catch (cause) {
      throw refine(cause, deadline.expired)
    } finally {
      deadline.stop()
    }
  }

  /**
   * The lines of a watch, as they come. Ends when the server ends it.
   * @param signal - must abort some day; nothing else limits the time
   * @throws KubeError - `isGone` if the version is compacted
   */
  async *watch(resource: Resource, place: Place, options: { readonly query: Query; readonly accept?: string; readonly signal: AbortSignal }): AsyncGenerator<Uint8Array> {
    const path = withQuery(resourcePath(resource, place), { ...options.query, watch: true })
    const headers = options.accept === undefined ? {} : { accept: options.accept }
    try {
      await this.#limiter?.acquire(options.signal)
      const response = await this.#transport({ method: 'GET', path, headers, signal: options.signal })
      if (response.status !== 200) throw answered({ ...response, body: await readBody(response) })
      yield* response.body
    } catch (cause) {
      throw refine(cause, false)
    }
  }

  async #json<T>(request: RawRequest): Promise<T> {
    return parseJson((await this.#answered(request)).body) as T
  }

  async #answered(request: RawRequest): Promise<RawResponse> {
    const headers = { ...(request.body === undefined ? {} : { 'content-type': 'application/json' }), ...request.headers }
    for (let tries = 1; ; tries++) {
      const response = await this.raw({ ...request, headers })
      if (response.status >= 200 && response.status < 300) return response
      const error = answered(response)
      if (error.status !== 429 || tries === MAX_THROTTLED_TRIES || request.signal?.aborted) throw error
      await this.#clock.sleep(Math.min(error.retryAfterMs ?? 1000 * tries, LONGEST_THROTTLE_MS), request.signal)
    }
  }
}

function withQuery(path: string, query: Query | undefined): string {
  if (query === undefined) return path
  const pairs = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== '') pairs.set(name, String(value))
  return pairs.size === 0 ? path : `${path}?${pairs.toString()}`
}

function placeOf({ namespace, name = '' }: ObjectMeta): Place {
  return { namespace, name }
}

async function readBody(response: HttpResponse): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body) {
    length += chunk.length
    if (length > MAX_BODY_BYTES) throw new KubeError('the API server sent too much', { status: response.status, reason: 'TooLarge' })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function parseJson(body: Uint8Array): unknown {
  try {
    const value: unknown = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'))
    if (isRecord(value)) return value
  } catch {
    // One answer below; the parser's own quotes the text.
  }
  throw new KubeError('the API server sent no JSON object', { status: 0, reason: 'Malformed' })
}

function answered(response: RawResponse): KubeError {
  const seconds = Number(response.headers['retry-after'])
  let value: unknown
  try {
    value = parseJson(response.body)
  } catch {
    // A proxy's or a filter's plain answer.
  }
  return kubeErrorFromStatus(response.status, value, Number.isFinite(seconds) ? seconds * 1000 : undefined)
}

function refine(cause: unknown, expired: boolean): unknown {
  if (expired) return new KubeError('no answer from the API server in time', { status: 0, systemCode: 'ETIMEDOUT' })
  return cause instanceof KubeError || cause instanceof CodedError ? cause : unreachable(cause)
}

interface Deadline {
  readonly signal: AbortSignal
  readonly expired: boolean
  stop(): void
}

/** A signal that aborts after a time or with the caller's; leaves nothing on the caller's signal behind. */
function startDeadline(ms: number, outer: AbortSignal | undefined): Deadline {
  const controller = new AbortController()
  let expired = false
  const abort = (): void => controller.abort()
  const timer = setTimeout(() => {
    expired = true
    abort()
  }, ms)
  if (outer?.aborted) abort()
  outer?.addEventListener('abort', abort)
  return {
    signal: controller.signal,
    get expired() {
      return expired
    },
    stop() {
      clearTimeout(timer)
      outer?.removeEventListener('abort', abort)
    },
  }
}
