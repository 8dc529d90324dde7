/**
 * The official client in front of the embedded server: what it uses must look like the real thing to it.
 */
import { CoordinationV1Api, CoreV1Api, CustomObjectsApi, KubeConfig, makeInformer, V1MicroTime, type ApiException, type V1Lease, type V1Secret } from '@kubernetes/client-node'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startApiServer, type ApiServer } from '../src/index.ts'
import { SEALED_SECRET_CRD } from './http-client.ts'

const namespace = 'default'
const SEALED = { group: 'bitnami.com', version: 'v1alpha1', plural: 'sealedsecrets', namespace }

let server: ApiServer
let config: KubeConfig

beforeEach(async () => {
  server = await startApiServer({ crds: [SEALED_SECRET_CRD], backgroundDelayMs: 5 })
  config = new KubeConfig()
  config.loadFromString(server.kubeconfig())
})
afterEach(() => server.close())

const put = (name: string, data: Record<string, string> = {}): unknown => server.put({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, data })
const failure = async (call: Promise<unknown>): Promise<{ code: number; reason: string }> => {
  const error = (await call.then(() => undefined, (reason: unknown) => reason)) as ApiException<string>
  return { code: error.code, reason: (JSON.parse(error.body) as { reason: string }).reason }
}

describe('typed calls', () => {
  it('create, read, replace and delete Secrets', async () => {
    const api = config.makeApiClient(CoreV1Api)
    const created = await api.createNamespacedSecret({ namespace, body: { metadata: { generateName: 'key-' }, stringData: { a: 'b' } } })
    const name = created.metadata?.name ?? ''
    expect(name).toMatch(/^key-[a-z0-9]{5}$/)
    expect(created.metadata?.creationTimestamp).toBeInstanceOf(Date)
    const replaced = await api.replaceNamespacedSecret({ namespace, name, body: { ...created, data: { a: 'Yw==' } } })
    expect(replaced.data).toEqual({ a: 'Yw==' })
    expect(await failure(api.replaceNamespacedSecret({ namespace, name, body: created }))).toEqual({ code: 409, reason: 'Conflict' })
    await api.deleteNamespacedSecret({ namespace, name })
    expect(await failure(api.readNamespacedSecret({ namespace, name }))).toEqual({ code: 404, reason: 'NotFound' })
  })

  it('page through a list', async () => {
    for (let i = 0; i < 7; i++) put(`s${i}`)
    const api = config.makeApiClient(CoreV1Api)
    const seen: string[] = []
    let next: string | undefined
    do {
      const page = await api.listNamespacedSecret({ namespace, limit: 3, ...(next ? { _continue: next } : {}) })
      seen.push(...page.items.map((item) => item.metadata?.name ?? ''))
      next = page.metadata?.['_continue']
    } while (next)
    expect(seen).toEqual(['s0', 's1', 's2', 's3', 's4', 's5', 's6'])
    expect(server.requests.count({ verb: 'list', resource: 'secrets' })).toBe(3)
  })

  it('write spec and status of custom resources', async () => {
    const api = config.makeApiClient(CustomObjectsApi)
    const body = { apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', metadata: { name: 'a' }, spec: { encryptedData: { a: 'AgA=' } } }
    const created = (await api.createNamespacedCustomObject({ ...SEALED, body })) as object
    await api.replaceNamespacedCustomObjectStatus({ ...SEALED, name: 'a', body: { ...created, status: { observedGeneration: 1 } } })
    expect(await api.getNamespacedCustomObject({ ...SEALED, name: 'a' })).toMatchObject({ metadata: { generation: 1 }, status: { observedGeneration: 1 } })
  })

  it('fight over a lease: one wins, the other gets a conflict', async () => {
    const api = config.makeApiClient(CoordinationV1Api)
    const lease = (holderIdentity: string, metadata: V1Lease['metadata'] = { name: 'lock' }): V1Lease => ({ metadata, spec: { holderIdentity, leaseDurationSeconds: 15, renewTime: new V1MicroTime() } })
    const created = await api.createNamespacedLease({ namespace, body: lease('a') })
    const both = await Promise.allSettled(['b', 'c'].map((holder) => api.replaceNamespacedLease({ namespace, name: 'lock', body: lease(holder, created.metadata) })))
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const lost = both.find((one) => one.status === 'rejected')?.reason as ApiException<string>
    expect(lost.code).toBe(409)
  })
})

describe('informer', () => {
  async function inform(): Promise<{ names: () => string[]; stop: () => Promise<void>; errors: unknown[] }> {
    const api = config.makeApiClient(CoreV1Api)
    const informer = makeInformer<V1Secret>(config, `/api/v1/namespaces/${namespace}/secrets`, () => api.listNamespacedSecret({ namespace }))
    const known = new Set<string>()
    const errors: unknown[] = []
    for (const event of ['add', 'update'] as const) informer.on(event, ({ metadata }) => known.add(metadata?.name ?? ''))
    informer.on('delete', ({ metadata }) => known.delete(metadata?.name ?? ''))
    informer.on('error', (error: unknown) => errors.push(error))
    await informer.start()
    return { names: () => [...known].sort(), stop: () => informer.stop(), errors }
  }

  it('follows additions, changes and deletions', async () => {
    put('a')
    const informer = await inform()
    put('b')
    await vi.waitFor(() => expect(informer.names()).toEqual(['a', 'b']))
    server.delete('secrets', namespace, 'a')
    await vi.waitFor(() => expect(informer.names()).toEqual(['b']))
    await informer.stop()
  })

  it('lists again when its version was compacted away', async () => {
    const informer = await inform()
    await vi.waitFor(() => expect(server.requests.count({ verb: 'watch' })).toBe(1))
    server.faults.fail(410, { match: { verb: 'watch' } })
    server.faults.cut({ match: { verb: 'watch' } })
    put('a')
    await vi.waitFor(() => expect(informer.names()).toEqual(['a']))
    await informer.stop()
  })
})
