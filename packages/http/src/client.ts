/**
 * Requests to key services over HTTP/1.1: answers of bounded size, no redirects. Proxies and authorities are the program's affair, which
 * brings the agents.
 * @module
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage, type RequestOptions } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'

/** Wrapped keys and errors are small. */
const MAX_ANSWER_BYTES = 1024 * 1024

export interface Agents {
  readonly http: HttpAgent
  readonly https: HttpsAgent
}

export interface HttpClientOptions {
  /** Absent: direct connections that trust whom Node trusts. */
  readonly agents?: Agents
  /** A Unix socket that stands for every host. */
  readonly socketPath?: string
}

export interface Request {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** A request that carries a file. */
export interface Upload extends Omit<Request, 'body'> {
  readonly body: Uint8Array
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface HttpClient {
  /** @returns whatever status was answered. @throws what Node says of a connection that failed; see `judgeNetwork` */
  send(request: Request | Upload, signal: AbortSignal): Promise<Answer>
}

export function createHttpClient({ agents, socketPath }: HttpClientOptions = {}): HttpClient {
  const { http, https } = agents ?? { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) }
  return {
    async send(request, signal) {
      const options = { agent: request.url.protocol === 'https:' ? https : http, signal, ...(socketPath !== undefined && { socketPath }) }
      for (;;) {
        try {
          return await exchange(request, options)
        } catch (error) {
          if (!(error instanceof StaleConnection)) throw error // another kept one, and a new one in the end
        }
      }
    },
  }
}

class StaleConnection extends Error {}

function exchange(request: Request | Upload, options: RequestOptions): Promise<Answer> {
  const { method, url, headers, body } = request
  return new Promise((resolve, reject) => {
    const start = url.protocol === 'https:' ? httpsRequest : httpRequest
    const sent = start(url, { ...options, method, headers }, (message) => {
      readBody(message).then((text) => resolve({ status: message.statusCode ?? 0, headers: message.headers, body: text }), reject)
    })
    sent.on('error', (error: NodeJS.ErrnoException) => {
      // The server closed a kept connection at the moment when it was used again.
      reject(sent.reusedSocket && error.code === 'ECONNRESET' ? new StaleConnection() : error)
    })
    sent.end(body)
  })
}

async function readBody(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let total = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    total += chunk.length
    if (total > MAX_ANSWER_BYTES) throw Object.assign(new Error('the answer is too large'), { code: 'ANSWER_TOO_LARGE' })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
