/**
 * An HTTP proxy on 127.0.0.1 whose every tunnel ends at one port, whatever host was asked for: real clients use real host names, and no name is
 * resolved.
 * Follows: RFC 9110 9.3.6 (CONNECT).
 * @module
 */
import { createServer } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'

export interface ConnectProxy {
  readonly url: string
  /** `host:port`, in the order in which they were asked for. */
  readonly targets: readonly string[]
  close(): Promise<void>
}

/** @param port - of 127.0.0.1 */
export async function startConnectProxy(port: number): Promise<ConnectProxy> {
  const targets: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((_, response) => response.writeHead(405).end())
  server.on('connection', (socket) => sockets.add(socket.on('error', () => {})))
  server.on('connect', (request, client, head) => {
    targets.push(request.url ?? '')
    const tunnel = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      tunnel.write(head)
      tunnel.pipe(client).pipe(tunnel)
    })
    sockets.add(tunnel)
    tunnel.on('error', () => client.destroy())
    client.on('error', () => tunnel.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    targets,
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
