import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestOptions } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTransport, inClusterConnection, KubeClient, kubeconfigConnection, SECRETS } from '@waxseal/kube'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waxseal-kube-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

function write(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

async function headersOf(connection: { prepare(options: RequestOptions): Promise<void> }): Promise<Record<string, unknown>> {
  const options: RequestOptions = { headers: {} }
  await connection.prepare(options)
  return options.headers as Record<string, unknown>
}

describe('inClusterConnection', () => {
  const env = { KUBERNETES_SERVICE_HOST: '::1', KUBERNETES_SERVICE_PORT: '6443' }

  it('reads address, namespace and token, and the token again when it may have been renewed', async () => {
    write('token', 'first\n')
    write('ca.crt', '')
    write('namespace', 'apps\n')
    let now = 0
    const connection = inClusterConnection({ env, folder, clock: { now: () => now, sleep: async () => {} } })
    expect(connection.server.href).toBe('https://[::1]:6443/')
    expect(connection.namespace).toBe('apps')
    write('token', 'second')
    expect(await headersOf(connection)).toEqual({ authorization: 'Bearer first' })
    now = 61_000
    expect(await headersOf(connection)).toEqual({ authorization: 'Bearer second' })
    rmSync(join(folder, 'token'))
    now = 200_000
    expect(await headersOf(connection)).toEqual({ authorization: 'Bearer second' })
  })

  it.each([
    ['outside a pod', {}],
    ['without a service account', env],
  ])('refuses to start %s', (_where, environment) => {
    expect(() => inClusterConnection({ env: environment, folder })).toThrow(expect.objectContaining({ code: 'KUBE_CONFIG_INVALID' }))
  })
})

describe('kubeconfigConnection', () => {
  const config = (server: string, token: string, name = 'c'): string =>
    JSON.stringify({
      clusters: [{ name, cluster: { server } }],
      users: [{ name, user: { token } }],
      contexts: [{ name, context: { cluster: name, user: name, namespace: `${name}-ns` } }],
      'current-context': name,
    })

  it('follows the current context of the first file that has one', async () => {
    const first = write('first', config('https://one.example:6443', 't1', 'one'))
    const second = write('second', config('https://two.example', 't2', 'two'))
    const env = { KUBECONFIG: `${join(folder, 'missing')}:${first}:${second}` }
    const connection = await kubeconfigConnection({ env })
    expect([connection.server.href, connection.namespace]).toEqual(['https://one.example:6443/', 'one-ns'])
    const other = await kubeconfigConnection({ env, overrides: { context: 'two', namespace: 'mine', token: 'mine', as: 'jane', asGroups: ['g1', 'g2'] } })
    expect([other.server.href, other.namespace]).toEqual(['https://two.example/', 'mine'])
    expect(await headersOf(other)).toMatchObject({ Authorization: 'Bearer mine', 'Impersonate-User': 'jane', 'Impersonate-Group': ['g1', 'g2'] })
  })

  it('needs a configuration', async () => {
    await expect(kubeconfigConnection({ env: {} })).rejects.toMatchObject({ code: 'KUBE_CONFIG_INVALID' })
  })

  it('refuses a server that is no URL', async () => {
    const file = write('bad-server', config('not a URL', 't', 'one'))
    await expect(kubeconfigConnection({ env: {}, file })).rejects.toMatchObject({ code: 'KUBE_CONFIG_INVALID' })
  })

  it('does not quote a broken file', async () => {
    const file = write('broken', 'users: [hunter2')
    const error: unknown = await kubeconfigConnection({ env: {}, file }).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code: 'KUBE_CONFIG_INVALID' })
    expect(JSON.stringify(error) + String(error)).not.toContain('hunter2')
  })

  it('keeps connections', async () => {
    const sockets = new Set<unknown>()
    const server = createServer((request: IncomingMessage, response) => {
      sockets.add(request.socket)
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ metadata: { name: request.url, labels: { auth: String(request.headers.authorization) } } }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/prefix`
      const connection = await kubeconfigConnection({ env: {}, file: write('config', config(url, 'secret-token')) })
      const client = new KubeClient({ transport: createTransport(connection) })
      for (let i = 0; i < 5; i++) {
        expect(await client.get(SECRETS, { namespace: 'n', name: 'a' })).toEqual({ metadata: { name: '/prefix/api/v1/namespaces/n/secrets/a', labels: { auth: 'Bearer secret-token' } } })
      }
      expect(sockets.size).toBe(1)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  it('sends a request again whose kept connection was closed meanwhile', async () => {
    let closed = 0
    const served = new Set<unknown>()
    const server = createServer(({ socket }, response) => {
      if (served.has(socket)) {
        closed++
        socket.resetAndDestroy()
      } else {
        served.add(socket)
        response.end('{"metadata":{"name":"a"}}')
      }
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const connection = await kubeconfigConnection({ env: {}, file: write('config', config(url, 't')) })
      const client = new KubeClient({ transport: createTransport(connection) })
      for (let i = 0; i < 3; i++) expect(await client.get(SECRETS, { namespace: 'n', name: 'a' })).toEqual({ metadata: { name: 'a' } })
      expect(closed).toBeGreaterThan(0)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })
})
