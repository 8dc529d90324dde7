/**
 * Asks key services to wrap and unwrap: `tcp://host:port` and `unix:///path`, as the user named them. There is no encryption
 * and no authentication: the protocol is for the own machine and trusted networks.
 * @module
 */
import { connect as connectHttp2, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2'
import { connect as connectSocket } from 'node:net'
import { CodedError, frame, GRPC_CONTENT_TYPE, GRPC_STATUS, grpcStatusText, type KeyProvider, readGrpcBody, type Ref, unframe } from '@waxseal/core'
import { decodeResponse, encodeRequest, encOf, type KeyRequest } from './messages.ts'

const NETWORKS = new Set(['unix:', 'tcp:', 'tcp4:', 'tcp6:'])
/** Somebody may have to agree at the other end first. */
const ANSWER_MS = 5 * 60_000
const DIAL_FAILURES: Readonly<Record<string, string>> = { ENOENT: 'no such file or directory', ECONNREFUSED: 'connection refused', EACCES: 'permission denied' }

export class KeyServiceClient {
  readonly #address: URL
  readonly #answerMs: number
  /** @param answerMs - how long a service may take for one key */
  constructor(address: URL, answerMs = ANSWER_MS) {
    this.#address = address
    this.#answerMs = answerMs
  }

  /** @returns the metadata entry's `enc` text */
  async wrap(request: KeyRequest, signal: AbortSignal): Promise<string> {
    return Buffer.from(await this.#call('Encrypt', request, signal)).toString('utf8')
  }

  unwrap(request: KeyRequest, signal: AbortSignal): Promise<Uint8Array> {
    return this.#call('Decrypt', request, signal)
  }

  /** @throws CodedError KEY_SERVICE_FAILED, KEY_SERVICE_TIMEOUT, CANCELED */
  async #call(method: 'Encrypt' | 'Decrypt', request: KeyRequest, signal: AbortSignal): Promise<Uint8Array> {
    if (!NETWORKS.has(this.#address.protocol)) throw new CodedError('KEY_SERVICE_FAILED', grpcStatusText(GRPC_STATUS.unavailable, 'the address is neither unix:///path nor tcp://host:port'))
    const message = frame(encodeRequest(request))
    const session = this.#connect()
    const late = AbortSignal.timeout(this.#answerMs)
    let failure: NodeJS.ErrnoException | undefined
    session.on('error', (error: NodeJS.ErrnoException) => (failure = error))
    try {
      const stream = session.request({ ':method': 'POST', ':path': `/KeyService/${method}`, 'content-type': GRPC_CONTENT_TYPE, te: 'trailers' }, { signal: AbortSignal.any([signal, late]) })
      let headers: IncomingHttpHeaders = {}
      // The status stands in the trailers, or in the headers if there is no message.
      stream.on('response', (response) => (headers = { ...headers, ...response }))
      stream.on('trailers', (trailers) => (headers = { ...headers, ...trailers }))
      stream.end(message)
      const body = await readGrpcBody(stream as AsyncIterable<Buffer>)
      try {
        const status = Number(headers['grpc-status'] ?? GRPC_STATUS.unknown)
        if (status !== GRPC_STATUS.ok) throw new CodedError('KEY_SERVICE_FAILED', grpcStatusText(status, [headers['grpc-message'] ?? ''].join()))
        return Uint8Array.from(decodeResponse(unframe(body)))
      } finally {
        body.fill(0)
      }
    } catch (cause) {
      if (cause instanceof CodedError) throw cause
      if (signal.aborted) throw new CodedError('CANCELED', 'the run was cancelled', { cause })
      if (late.aborted) throw new CodedError('KEY_SERVICE_TIMEOUT', `key service ${this.#address.href} gave no answer within ${this.#answerMs / 1000} seconds`, { cause })
      throw new CodedError('KEY_SERVICE_FAILED', this.#unreachable(failure ?? (cause as NodeJS.ErrnoException)), { cause })
    } finally {
      message.fill(0)
      session.destroy()
    }
  }

  #connect(): ClientHttp2Session {
    const { protocol, hostname, port, pathname } = this.#address
    const socket = protocol === 'unix:' ? connectSocket(this.#decode(pathname)) : connectSocket(Number(port), hostname)
    return connectHttp2('http://localhost', { createConnection: () => socket })
  }

  /** For a service that does not run in the words of Go's gRPC, which scripts look for. */
  #unreachable({ code = 'the connection was lost' }: NodeJS.ErrnoException): string {
    const { protocol, hostname, port, pathname, href } = this.#address
    const reason = DIAL_FAILURES[code]
    if (reason === undefined) return `key service ${href} cannot be reached: ${code}`
    const target = protocol === 'unix:' ? `unix ${this.#decode(pathname)}` : `tcp ${hostname}:${port}`
    return grpcStatusText(GRPC_STATUS.unavailable, encodeURIComponent(`connection error: desc = "transport: Error while dialing: dial ${target}: connect: ${reason}"`))
  }

  #decode(pathname: string): string {
    try {
      return decodeURIComponent(pathname)
    } catch (cause) {
      throw new CodedError('KEY_SERVICE_FAILED', `key service ${this.#address.href} cannot be reached: its path is not percent-encoded`, { cause })
    }
  }
}

/**
 * A provider that asks this machine's keys first, if at all, and then each service; the first answer counts.
 * @param local - false: services only
 */
export function withKeyServices<R extends Ref>(provider: KeyProvider<R>, services: readonly KeyServiceClient[], local: boolean): KeyProvider<R> {
  return {
    ...provider,
    async wrap(part, ref, options) {
      const entry = provider.serialize(ref)
      const wrapped = await firstAnswer([
        ...(local ? [() => provider.wrap(part, ref, options)] : []),
        ...services.map((service) => async () => provider.parse({ ...entry, enc: await service.wrap({ type: provider.type, entry, data: part }, options.signal) })),
      ])
      if (wrapped === null) throw new CodedError('KEY_GROUP_INVALID', 'no key services provided, cannot update master keys')
      return wrapped
    },
    unwrap(ref, options) {
      const entry = provider.serialize(ref)
      const data = encOf(entry)
      return firstAnswer([
        ...(local ? [() => provider.unwrap(ref, options)] : []),
        ...services.map((service) => () => service.unwrap({ type: provider.type, entry, data }, options.signal)),
      ])
    },
  }
}

/** @returns null if none has an answer. @throws CodedError what failed first, if none has an answer */
async function firstAnswer<T>(attempts: readonly (() => Promise<T | null>)[]): Promise<T | null> {
  let failure: CodedError | undefined
  for (const attempt of attempts) {
    try {
      const answer = await attempt()
      if (answer !== null) return answer
    } catch (error) {
      if (!(error instanceof CodedError) || error.code === 'CANCELED') throw error
      failure ??= error
    }
  }
  if (failure) throw failure
  return null
}
