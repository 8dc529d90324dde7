/**
 * A key service: wraps and unwraps with this machine's keys for whoever reaches the socket. A Unix socket is for its owner only.
 * @module
 */
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import { CodedError, frame, GRPC_CONTENT_TYPE, GRPC_STATUS, type KeyProvider, type PlainMap, type Providers, readGrpcBody, unframe } from '@waxseal/core'
import { decodeRequest, encodeResponse, encOf, type KeyRequest } from './messages.ts'

export interface KeyServiceOptions {
  readonly providers: Providers
  readonly now: () => Date
  /** Asked after the work and before the answer, as in the reference. */
  readonly confirm?: (action: 'encrypt' | 'decrypt', request: KeyRequest) => Promise<boolean>
}

export interface RunningServer {
  close(): void
}

export type ListenAddress = { readonly path: string } | { readonly host: string; readonly port: number }

/** @returns once it listens */
export function startKeyService(address: ListenAddress, options: KeyServiceOptions): Promise<RunningServer> {
  const server = createServer()
  server.on('stream', (stream, headers) => void answer(stream, headers, options))
  server.on('sessionError', () => {}) // one client's broken connection is nobody else's affair
  return new Promise((resolve, reject) => {
    server.on('error', reject)
    const umask = 'path' in address ? process.umask(0o177) : undefined
    server.listen(address, () => resolve({ close: () => void server.close() }))
    if (umask !== undefined) process.umask(umask)
  })
}

/** Until somebody ends the service. */
export async function untilSignal(): Promise<'SIGINT' | 'SIGTERM'> {
  return await new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve(name))
  })
}

async function answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, options: KeyServiceOptions): Promise<void> {
  stream.on('error', () => {}) // the client has gone
  let status: number = GRPC_STATUS.ok
  let message = ''
  let body: Buffer | undefined
  let received: Buffer | undefined
  try {
    received = await readGrpcBody(stream)
    const result = await perform(String(headers[':path']), unframe(received), options)
    body = frame(encodeResponse(result))
    result.fill(0)
  } catch (error) {
    status = error instanceof Refusal ? error.status : GRPC_STATUS.unknown
    message = error instanceof Error && (error instanceof CodedError || error instanceof Refusal) ? error.message : 'internal error'
  } finally {
    received?.fill(0)
  }
  if (stream.destroyed || stream.closed) return
  stream.respond({ ':status': 200, 'content-type': GRPC_CONTENT_TYPE }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(status), 'grpc-message': encodeURIComponent(message) }))
  stream.end(body)
}

class Refusal extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** @returns bytes that the caller owns and wipes */
async function perform(path: string, message: Uint8Array, { providers, now, confirm }: KeyServiceOptions): Promise<Uint8Array> {
  const action = path === '/KeyService/Encrypt' ? 'encrypt' : path === '/KeyService/Decrypt' ? 'decrypt' : undefined
  if (!action) throw new Refusal(GRPC_STATUS.unimplemented, `unknown method ${path}`)
  const request = decodeRequest(message)
  const provider = providers.get(request.type)
  if (!provider) throw new Refusal(GRPC_STATUS.notFound, 'Unknown key type')
  const entry: PlainMap = { ...request.entry, created_at: `${now().toISOString().slice(0, 19)}Z`, enc: '' }
  const result = await (action === 'encrypt' ? wrap(provider, entry, request.data) : unwrap(provider, entry, request.data))
  if (!confirm || (await confirm(action, request))) return result
  result.fill(0)
  throw new Refusal(GRPC_STATUS.permissionDenied, 'Request rejected by user')
}

async function wrap(provider: KeyProvider, entry: PlainMap, data: Uint8Array): Promise<Uint8Array> {
  const wrapped = await provider.wrap(data, provider.parse(entry), { signal: new AbortController().signal })
  return encOf(provider.serialize(wrapped))
}

async function unwrap(provider: KeyProvider, entry: PlainMap, data: Uint8Array): Promise<Uint8Array> {
  const ref = provider.parse({ ...entry, enc: Buffer.from(data).toString('utf8') })
  const part = await provider.unwrap(ref, { signal: new AbortController().signal })
  if (part === null) throw new Refusal(GRPC_STATUS.unknown, 'no key here fits')
  return part
}
