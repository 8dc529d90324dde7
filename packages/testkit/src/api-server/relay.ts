/**
 * Stands between clients and a real API server, over TLS with a certificate of its own: hands on every request as it is,
 * except those that trouble is planned for.
 * @module
 */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, request as httpsRequest } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Faults } from './faults.ts'
import { readRequest } from './request-info.ts'
import { plannedFailure } from './status.ts'
import { makeServerIdentity } from './tls.ts'

export interface ApiRelay {
  readonly port: number
  readonly caPem: string
  /** Without `compact`: the history is the server's. */
  readonly faults: Omit<Faults, 'compact'>
  close(): Promise<void>
}

/** @param target - the server's address, and who signed its certificate */
export async function startApiRelay(target: { readonly url: string; readonly caPem: string }): Promise<ApiRelay> {
  const identity = makeServerIdentity(new Date())
  const { hostname, port: targetPort } = new URL(target.url)
  const server = createServer({ key: identity.keyPem, cert: identity.certPem })
  const sockets = new Set<Socket>()
  server.on('secureConnection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  const cutConnections = (): void => sockets.forEach((socket) => socket.destroy())
  const refuseConnections = async (): Promise<void> => {
    const closed = once(server, 'close')
    server.close()
    cutConnections()
    await closed
  }
  const listen = async (port: number): Promise<void> => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  const compact = (): never => {
    throw new TypeError('a relay has no history')
  }
  const faults = new Faults({ cutConnections, refuseConnections, acceptConnections: () => listen(port), compact })

  const handOn = (request: IncomingMessage, response: ServerResponse): void => {
    const cut = (): unknown => request.socket.destroy()
    const onward = httpsRequest({ hostname, port: targetPort, ca: target.caPem, method: request.method, path: request.url, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      response.flushHeaders() // a watch may have nothing to say for a long time
      answer.on('error', cut).pipe(response)
    })
    response.on('close', () => response.writableFinished || onward.destroy())
    request.pipe(onward.on('error', cut))
  }
  server.on('request', (request, response) => {
    const info = readRequest(request.method ?? 'GET', request.url ?? '/')
    const trouble = faults.take(info)
    void delay(trouble.delayMs).then(() => {
      if (trouble.cut) return request.socket.destroy()
      if (trouble.status === undefined) return handOn(request, response)
      const failure = plannedFailure(trouble.status, trouble, info)
      request.resume()
      return response.writeHead(failure.code, { 'content-type': 'application/json', ...failure.headers }).end(JSON.stringify(failure.toStatus()))
    })
  })
  await listen(0)
  const { port } = server.address() as AddressInfo
  return { port, caPem: identity.caPem, faults, close: refuseConnections }
}
