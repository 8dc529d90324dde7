/**
 * HTTP to the API server over one pool of kept-alive connections.
 * @module
 */
import { request as httpRequest, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Connection } from './connection.ts'

export interface HttpRequest {
  readonly method: string
  /** With its query; appended to the server's address. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | undefined
  /** Ends the request, and the body if it is still being read. */
  readonly signal?: AbortSignal | undefined
}

export interface HttpResponse {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Must be read to its end or left by `break`, so that the connection is free again. */
  readonly body: AsyncIterable<Uint8Array>
}

/** Tests put a scripted one in the place of the network. */
export type Transport = (request: HttpRequest) => Promise<HttpResponse>

/** @throws the system's own error if no answer comes; `client.ts` turns it into a KubeError */
export function createTransport(connection: Connection): Transport {
  const { server } = connection
  const base = server.pathname.replace(/\/$/, '')
  const send = server.protocol === 'http:' ? httpRequest : httpsRequest

  const attempt = (options: RequestOptions, body: HttpRequest['body']): Promise<HttpResponse> =>
    new Promise((resolve, reject) => {
      const outgoing = send(options, (incoming) => {
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: incoming })
      })
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        // The server closed an idle connection while the request was on its way: the next one is another or a new one.
        if (error.code === 'ECONNRESET' && outgoing.reusedSocket && !options.signal?.aborted) resolve(attempt(options, body))
        else reject(error)
      })
      outgoing.end(body)
    })

  return async (request) => {
    const options: RequestOptions = {
      method: request.method,
      hostname: server.hostname.replace(/^\[|\]$/g, ''),
      port: server.port === '' ? undefined : server.port,
      path: base + request.path,
      headers: { accept: 'application/json', 'user-agent': 'waxseal', ...request.headers },
      signal: request.signal,
    }
    await connection.prepare(options)
    return attempt(options, request.body)
  }
}
