/**
 * An HTTP server on 127.0.0.1 that notes what it is asked, and that can be told to misbehave: for clients of services.
 * @module
 */
import { createServer as createHttpServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeServerIdentity, type ServerIdentity } from './api-server/tls.ts'

export interface ReceivedRequest {
  readonly method: string
  /** Path and query, as sent. */
  readonly target: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** Text goes out as it is, anything else as JSON. */
  readonly body?: unknown
}

/** What befalls one request in place of the handler: an answer, a cut connection, or none for a while. */
export type Trouble = Reply | 'cut' | { readonly delayMs: number }

export interface ScriptedServer {
  readonly url: string
  /** Authority, certificate and key of the server; empty without TLS. */
  readonly caPem: string
  readonly certPem: string
  readonly keyPem: string
  /** In the order of their arrival. */
  readonly requests: readonly ReceivedRequest[]
  /** @param troubles - one for each of the next requests */
  befall(...troubles: Trouble[]): void
  close(): Promise<void>
}

/**
 * @param handler - answers what nothing befalls
 * @param tls - true: with a new certificate for this host
 */
export async function startScriptedServer(handler: (request: ReceivedRequest) => Reply, { tls = false }: { readonly tls?: boolean | ServerIdentity } = {}): Promise<ScriptedServer> {
  const requests: ReceivedRequest[] = []
  const planned: Trouble[] = []
  const listener = (message: IncomingMessage, response: ServerResponse): void => void serve(message, response)
  const identity = tls === true ? makeServerIdentity(new Date()) : tls || undefined
  const server = identity ? createHttpsServer({ cert: identity.certPem, key: identity.keyPem }, listener) : createHttpServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...(identity ?? { caPem: '', certPem: '', keyPem: '' }),
    requests,
    befall: (...troubles) => void planned.push(...troubles),
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }

  async function serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk)
    const request = { method: message.method ?? '', target: message.url ?? '', headers: message.headers, body: Buffer.concat(chunks).toString() }
    requests.push(request)
    const trouble = planned.shift()
    if (trouble === 'cut') return void message.socket.destroy()
    if (trouble && 'delayMs' in trouble) await sleep(trouble.delayMs, undefined, { ref: false })
    const { status, headers, body } = trouble && 'status' in trouble ? trouble : handler(request)
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body))
  }
}
