/**
 * Stands between a program and a service: writes down each request and hands it on unchanged.
 * @module
 */
import { once } from 'node:events'
import { createServer, request as ask, type IncomingMessage } from 'node:http'

export interface Relay {
  readonly url: string
  /** Of each request, in order. */
  readonly calls: string[]
  /** The most requests that were under way at once. */
  most(): number
  close(): void
}

/**
 * @param nameOf - what to write down of a request
 * @param delayMs - before a request is handed on
 */
export async function relay(target: string, nameOf: (request: IncomingMessage, body: string) => string, delayMs = 0): Promise<Relay> {
  const calls: string[] = []
  let [now, most] = [0, 0]
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    most = Math.max(most, ++now)
    response.on('close', () => now--)
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      calls.push(nameOf(request, body.toString()))
      setTimeout(() => {
        const onward = ask(target + (request.url ?? '/'), { method: request.method, headers: request.headers }, (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers)
          answer.pipe(response)
        })
        onward.on('error', () => response.destroy())
        onward.end(body)
      }, delayMs)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    calls,
    most: () => most,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
