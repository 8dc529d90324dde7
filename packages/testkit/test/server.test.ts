import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startApiServer, type ApiServer } from '../src/index.ts'
import { events, SEALED_SECRET_CRD, send, type Answer, type Question } from './http-client.ts'

const SECRETS = '/api/v1/namespaces/default/secrets'
const SEALED = '/apis/bitnami.com/v1alpha1/namespaces/default/sealedsecrets'

let server: ApiServer
const ask = (path: string, question?: Question): Promise<Answer> => send({ url: server.url, caPem: server.caPem, token: server.adminToken }, path, question)

function secret(name: string, data: Record<string, string> = {}, more: object = {}): object {
  return { metadata: { name }, stringData: data, ...more }
}
function sealed(name: string, more: object = {}): object {
  return { apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', metadata: { name }, spec: { encryptedData: { a: 'AgA=' } }, ...more }
}

beforeEach(async () => {
  server = await startApiServer({ crds: [SEALED_SECRET_CRD], backgroundDelayMs: 5 })
})
afterEach(() => server.close())

describe('objects', () => {
  it('are created, read, replaced and deleted', async () => {
    const created = await ask(SECRETS, { method: 'POST', body: secret('a', { k: 'v' }) })
    expect(created.status).toBe(201)
    expect(created.body).toMatchObject({ kind: 'Secret', apiVersion: 'v1', type: 'Opaque', data: { k: 'dg==' }, metadata: { name: 'a', namespace: 'default' } })
    expect(created.body.stringData).toBeUndefined()
    expect(created.body.metadata.generation).toBeUndefined()

    const changed = { ...created.body, data: { k: 'dw==' } }
    const replaced = await ask(`${SECRETS}/a`, { method: 'PUT', body: changed })
    expect(replaced.status).toBe(200)
    expect(Number(replaced.body.metadata.resourceVersion)).toBeGreaterThan(Number(created.body.metadata.resourceVersion))
    expect((await ask(`${SECRETS}/a`)).body).toEqual(replaced.body)

    const stale = await ask(`${SECRETS}/a`, { method: 'PUT', body: changed })
    expect(stale.body).toMatchObject({ code: 409, reason: 'Conflict', details: { name: 'a', kind: 'secrets' } })

    const deleted = await ask(`${SECRETS}/a`, { method: 'DELETE' })
    expect(deleted.body).toMatchObject({ status: 'Success', details: { name: 'a', kind: 'secrets', uid: created.body.metadata.uid } })
    expect((await ask(`${SECRETS}/a`)).body).toMatchObject({ code: 404, reason: 'NotFound', message: 'secrets "a" not found' })
  })

  it('keep their version when nothing changes', async () => {
    const { body } = await ask(SECRETS, { method: 'POST', body: secret('a', { k: 'v' }) })
    const again = await ask(`${SECRETS}/a`, { method: 'PUT', body })
    expect(again.body.metadata.resourceVersion).toBe(body.metadata.resourceVersion)
  })

  it('of a custom resource have spec and status apart', async () => {
    const { body } = await ask(SEALED, { method: 'POST', body: sealed('a', { status: { observedGeneration: 7 } }) })
    expect(body.status).toBeUndefined()
    expect(body.metadata.generation).toBe(1)
    const status = { ...body, spec: { encryptedData: { b: 'x' } }, status: { observedGeneration: 1, conditions: [{ type: 'Synced', status: 'True' }] } }
    const written = await ask(`${SEALED}/a/status`, { method: 'PUT', body: status })
    expect(written.body).toMatchObject({ spec: body.spec, status: { observedGeneration: 1 }, metadata: { generation: 1 } })
    const spec = { ...written.body, spec: { encryptedData: { b: 'x' } }, status: {} }
    const respec = await ask(`${SEALED}/a`, { method: 'PUT', body: spec })
    expect(respec.body).toMatchObject({ spec: { encryptedData: { b: 'x' } }, status: { observedGeneration: 1 }, metadata: { generation: 2 } })
  })
})

describe('watch', () => {
  it('tells what happened after a version, and goes on', async () => {
    const { body: list } = await ask(SECRETS)
    await ask(SECRETS, { method: 'POST', body: secret('a') })
    const watching = ask(`${SECRETS}?watch=true&resourceVersion=${list.metadata.resourceVersion}`, { until: (text) => events(text).length === 3 })
    await ask(`${SECRETS}/a`, { method: 'PATCH', body: { metadata: { labels: { x: 'y' } } }, headers: { 'content-type': 'application/merge-patch+json' } })
    await ask(`${SECRETS}/a`, { method: 'DELETE' })
    expect(events((await watching).text).map(({ type, object }) => [type, object.kind, object.metadata.labels])).toEqual([
      ['ADDED', 'Secret', undefined],
      ['MODIFIED', 'Secret', { x: 'y' }],
      ['DELETED', 'Secret', { x: 'y' }],
    ])
  })
})
