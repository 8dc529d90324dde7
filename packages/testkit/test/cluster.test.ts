import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startApiServer, tempDir, type ApiServer } from '../src/index.ts'
import { events, SEALED_SECRET_CRD, send, type Answer, type Json, type Question } from './http-client.ts'

let server: ApiServer
const ask = (path: string, question?: Question, token = server.adminToken): Promise<Answer> => send({ url: server.url, caPem: server.caPem, token }, path, question)
const secret = (name: string, metadata: object = {}): Json => server.put({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'default', ...metadata } })
const names = (resource: string, namespace?: string): (string | undefined)[] => server.list(resource, namespace).map(({ metadata }) => metadata.name)

beforeEach(async () => {
  server = await startApiServer({ crds: [SEALED_SECRET_CRD], backgroundDelayMs: 5 })
})
afterEach(() => server.close())

describe('paging', () => {
  it('shows the state of the first page to the end', async () => {
    for (const name of ['a', 'b', 'd', 'e']) secret(name)
    const first = await ask('/api/v1/secrets?limit=2')
    expect(first.body.metadata.remainingItemCount).toBe(2)
    secret('c')
    server.delete('secrets', 'default', 'd')
    const second = await ask(`/api/v1/secrets?limit=2&continue=${first.body.metadata.continue}`)
    expect(second.body.items.map((one: Json) => one.metadata.name)).toEqual(['d', 'e'])
    expect(second.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion)
    expect(second.body.metadata.continue).toBeUndefined()
  })

  it('lists exactly an older version when asked', async () => {
    const { metadata } = secret('a')
    secret('b')
    const old = await ask(`/api/v1/secrets?resourceVersion=${metadata.resourceVersion}&resourceVersionMatch=Exact`)
    expect(old.body.items.map((one: Json) => one.metadata.name)).toEqual(['a'])
  })
})

describe('bookmarks', () => {
  it('carry the newest version to watches that want them', async () => {
    const { body } = await ask('/api/v1/secrets')
    const from = `watch=true&resourceVersion=${body.metadata.resourceVersion}`
    const watching = ask(`/api/v1/namespaces/default/secrets?${from}&allowWatchBookmarks=true`, { until: (text) => text !== '' })
    const silent = ask(`/api/v1/namespaces/default/secrets?${from}&timeoutSeconds=1`)
    await vi.waitFor(() => expect(server.requests.all({ verb: 'watch' }).map(({ status }) => status)).toEqual([200, 200]))
    const { metadata } = server.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace: 'default' } })
    server.sendBookmarks()
    expect(events((await watching).text)).toEqual([{ type: 'BOOKMARK', object: { kind: 'Secret', apiVersion: 'v1', metadata: { resourceVersion: metadata.resourceVersion } } }])
    expect((await silent).text).toBe('')
  })
})

describe('garbage collection', () => {
  const owner = ({ kind, apiVersion, metadata }: Json): Json => ({ apiVersion, kind, name: metadata.name, uid: metadata.uid })

  it('takes what has lost its last owner', async () => {
    const [first, second] = [secret('first'), secret('second')]
    secret('one', { ownerReferences: [owner(first)] })
    secret('two', { ownerReferences: [owner(first), owner(second)] })
    server.delete('secrets', 'default', 'first')
    await vi.waitFor(() => expect(names('secrets')).toEqual(['second', 'two']))
    server.delete('secrets', 'default', 'second')
    await vi.waitFor(() => expect(names('secrets')).toEqual([]))
  })

  it('takes what names an owner that never was', async () => {
    secret('orphan', { ownerReferences: [{ apiVersion: 'v1', kind: 'Secret', name: 'x', uid: 'never' }] })
    await vi.waitFor(() => expect(names('secrets')).toEqual([]))
  })

  it('leaves dependents alone when told to orphan them', async () => {
    secret('child', { ownerReferences: [owner(secret('parent'))] })
    await ask('/api/v1/namespaces/default/secrets/parent', { method: 'DELETE', body: { propagationPolicy: 'Orphan' } })
    await vi.waitFor(() => expect(names('secrets')).toEqual(['child']))
    expect(server.get('secrets', 'default', 'child')?.metadata.ownerReferences).toBeUndefined()
  })

  it('deletes dependents first in the foreground', async () => {
    const parent = secret('parent')
    secret('child', { ownerReferences: [{ ...owner(parent), blockOwnerDeletion: true }], finalizers: ['example.com/hold'] })
    const answer = await ask('/api/v1/namespaces/default/secrets/parent', { method: 'DELETE', body: { propagationPolicy: 'Foreground' } })
    expect(answer.body.metadata.finalizers).toEqual(['foregroundDeletion'])
    await vi.waitFor(() => expect(server.get('secrets', 'default', 'child')?.metadata.deletionTimestamp).toBeDefined())
    expect(names('secrets')).toEqual(['child', 'parent'])
    await ask('/api/v1/namespaces/default/secrets/child', { method: 'PATCH', body: { metadata: { finalizers: null } }, headers: { 'content-type': 'application/merge-patch+json' } })
    await vi.waitFor(() => expect(names('secrets')).toEqual([]))
  })
})

describe('namespaces', () => {
  it('have a service account, and take their content along', async () => {
    server.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } })
    await vi.waitFor(() => expect(names('serviceaccounts', 'team')).toEqual(['default']))
    secret('a', { namespace: 'team' })
    await ask('/api/v1/namespaces/team', { method: 'DELETE' })
    await vi.waitFor(() => expect(server.get('namespaces', '', 'team')).toBeUndefined())
    expect(names('secrets', 'team')).toEqual([])
  })
})

describe('custom resource definitions', () => {
  it('take their objects along', async () => {
    server.put({ apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', metadata: { name: 'a', namespace: 'default' }, spec: { encryptedData: {} } })
    server.delete('customresourcedefinitions.apiextensions.k8s.io', '', 'sealedsecrets.bitnami.com')
    await vi.waitFor(() => expect(names('sealedsecrets.bitnami.com')).toEqual([]))
    expect((await ask('/apis/bitnami.com/v1alpha1/sealedsecrets')).status).toBe(404)
  })

  it('must be whole', async () => {
    const answer = await ask('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { method: 'POST', body: { metadata: { name: 'x' }, spec: {} } })
    expect(answer.body.code).toBe(422)
    expect(answer.body.details.causes.map((cause: Json) => cause.field)).toEqual(['metadata.name', 'spec.group', 'spec.names.plural', 'spec.names.kind', 'spec.scope', 'spec.versions'])
  })
})

describe('access', () => {
  it('is what roles and bindings grant', async () => {
    server.put({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'reader', namespace: 'default' }, rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'], resourceNames: ['mine'] }] })
    server.put({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'reader', namespace: 'default' },
      roleRef: { kind: 'Role', name: 'reader' },
      subjects: [{ kind: 'ServiceAccount', name: 'app', namespace: 'apps' }],
    })
    const token = server.users.serviceAccountToken('apps', 'app')
    secret('mine')
    const status = async (path: string, question?: Question): Promise<number> => (await ask(path, question, token)).status
    expect(await status('/api/v1/namespaces/default/secrets/mine')).toBe(200)
    expect(await status('/api/v1/namespaces/default/secrets/other')).toBe(403)
    expect(await status('/api/v1/namespaces/default/secrets')).toBe(403)
    expect(await status('/api/v1/namespaces/kube-system/secrets/mine')).toBe(403)
    expect(await status('/api/v1/namespaces/default/secrets/mine', { method: 'DELETE' })).toBe(403)
    expect(await status('/version')).toBe(200)
    const spec = { resourceAttributes: { verb: 'get', resource: 'secrets', namespace: 'default', name: 'mine' } }
    const review = await ask('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { method: 'POST', body: { spec } }, token)
    expect(review.body.status).toEqual({ allowed: true })
    server.users.revoke(token)
    expect(await status('/version')).toBe(401)
  })

  it('is refused to the unknown, except for health and version', async () => {
    const anonymous = { url: server.url, caPem: server.caPem }
    expect((await send(anonymous, '/readyz')).text).toBe('ok')
    expect((await send(anonymous, '/api/v1/secrets')).body).toMatchObject({ code: 403, message: expect.stringContaining('User "system:anonymous" cannot list resource "secrets"') })
  })

  it('comes with tokens that service accounts are issued', async () => {
    await vi.waitFor(() => expect(names('serviceaccounts', 'default')).toEqual(['default']))
    const answer = await ask('/api/v1/namespaces/default/serviceaccounts/default/token', { method: 'POST', body: { spec: {} } })
    const review = await ask('/apis/authentication.k8s.io/v1/tokenreviews', { method: 'POST', body: { spec: { token: answer.body.status.token } } })
    expect(review.body.status).toMatchObject({ authenticated: true, user: { username: 'system:serviceaccount:default:default' } })
  })
})

describe('service proxy', () => {
  let backend: Server
  beforeEach(async () => {
    backend = createServer((request, response) => response.setHeader('x-method', request.method ?? '').writeHead(request.url === '/v1/cert.pem' ? 200 : 404).end(request.url))
    await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve))
  })
  afterEach(() => new Promise((resolve) => backend.close(resolve)))

  it('passes requests on to the local process that stands for the service', async () => {
    const { port } = backend.address() as AddressInfo
    server.registerService('kube-system', 'sealed-secrets-controller', 'http', `http://127.0.0.1:${port}`)
    const base = '/api/v1/namespaces/kube-system/services/http:sealed-secrets-controller:http/proxy'
    const answer = await ask(`${base}/v1/cert.pem`)
    expect([answer.status, answer.text, answer.headers['x-method']]).toEqual([200, '/v1/cert.pem', 'GET'])
    expect((await ask(`${base}/v1/rotate?x=1`, { method: 'POST', body: {} })).text).toBe('/v1/rotate?x=1')
    expect((await ask('/api/v1/namespaces/kube-system/services/http:sealed-secrets-controller:other/proxy/')).status).toBe(503)
    expect((await ask('/api/v1/namespaces/kube-system/services/none/proxy/')).status).toBe(404)
  })

  it('tells when nothing answers there', async () => {
    server.registerService('default', 'gone', 80, 'http://127.0.0.1:1')
    expect((await ask('/api/v1/namespaces/default/services/gone:80/proxy/x')).body).toMatchObject({ code: 503, reason: 'ServiceUnavailable' })
  })
})

describe('plain HTTP', () => {
  it('is spoken when TLS is switched off', async () => {
    const plain = await startApiServer({ tls: false, tokens: { t: { name: 'u', groups: ['system:masters'] } } })
    expect((await send({ url: plain.url, caPem: '', token: 't' }, '/api/v1/namespaces')).body.items).toHaveLength(4)
    await plain.close()
  })
})

describe('malformed requests', () => {
  it.each(['/api/v1/secrets/%', '/api/v1/%E0%A4%A'])('%s is refused', async (path) => {
    expect((await ask(path)).status).toBe(400)
  })

  it('a body beyond the limit is refused', async () => {
    const answer = await ask('/api/v1/namespaces/default/secrets', { method: 'POST', body: ' '.repeat(3 * 1024 * 1024 + 1) })
    expect(answer.body).toMatchObject({ code: 413, reason: 'RequestEntityTooLarge' })
  })

  it('names of any kind are only names', async () => {
    const body = '{"metadata":{"name":"proto"},"data":{"__proto__":"QQ==","constructor":"Qg=="}}'
    const answer = await ask('/api/v1/namespaces/default/secrets', { method: 'POST', body })
    expect(answer.status).toBe(201)
    expect(answer.text).toContain('"data":{"__proto__":"QQ==","constructor":"Qg=="}')
    const patched = await ask('/api/v1/namespaces/default/secrets/proto', { method: 'PATCH', body: '{"data":{"__proto__":"Qw=="}}', headers: { 'content-type': 'application/merge-patch+json' } })
    expect(patched.text).toContain('"__proto__":"Qw=="')
  })
})

describe('what clients are given', () => {
  it('is a kubeconfig and the files of a pod', () => {
    const folder = tempDir()
    const env = server.inClusterEnv(folder.path, { namespace: 'apps' })
    expect(env).toEqual({ KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(server.port) })
    const read = (name: string): string => readFileSync(join(folder.path, name), 'utf8')
    expect([read('token'), read('namespace'), read('ca.crt')]).toEqual([server.adminToken, 'apps', server.caPem])
    folder.remove()
    expect(JSON.parse(server.kubeconfig('t', 'apps'))).toMatchObject({ users: [{ user: { token: 't' } }], contexts: [{ context: { namespace: 'apps' } }] })
  })
})
