/**
 * The controller on a server that counts what it is asked, and that can be troubled.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { generateSealingKey } from '@waxseal/sealed'
import type { ApiServer } from '@waxseal/testkit'
import { EmbeddedCluster } from './cluster.ts'
import { Rig, SEALED, sleep, waitFor } from './controller-rig.ts'

const P = 'sealedsecrets.bitnami.com/'
/** What a controller writes about SealedSecrets; leases and keys are its own affair. */
const WRITTEN = ['secrets', 'sealedsecrets', 'events']

let cluster: EmbeddedCluster
let api: ApiServer
let rig: Rig<EmbeddedCluster>
beforeEach(async () => {
  cluster = await EmbeddedCluster.start()
  api = cluster.api
  rig = await Rig.start(cluster)
})
afterEach(async () => {
  await rig.stop()
  await cluster.stop()
})

async function createMany(count: number, prefix = 's'): Promise<string[]> {
  const names = Array.from({ length: count }, (_, i) => `${prefix}${i}`)
  for (const name of names) await rig.apply(rig.seal(name, { k: `value of ${name}` }))
  return names
}

async function allSynced(names: readonly string[]): Promise<boolean> {
  for (const name of names) if (!(await rig.isSynced(name)) || (await rig.data(name))?.['k'] !== `value of ${name}`) return false
  return true
}

function writes(): string[] {
  return WRITTEN.flatMap((resource) => api.requests.writes({ resource, namespace: rig.apps })).map(({ verb, path }) => `${verb} ${path}`)
}

describe('what it asks of the server', () => {
  it('writes a Secret, a status and an event for each SealedSecret, and nothing at its next start', async () => {
    const names = await createMany(200)
    const first = await rig.controller()
    await waitFor(() => allSynced(names))
    await waitFor(() => writes().length >= 600)
    expect(writes()).toHaveLength(600)
    expect(api.requests.count({ verb: 'get', resource: 'secrets', namespace: rig.apps })).toBe(0) // the watch knows that there are none
    expect(await first.stop()).toBe(0)

    api.requests.clear()
    const second = await (await rig.controller()).ready()
    await waitFor(async () => /unseal_requests_total 200\b/.test(await second.metrics()))
    await sleep(200)
    expect(writes()).toEqual([])
    expect(await second.stop()).toBe(0)
  })

  it('does not fight over a Secret that somebody keeps editing', async () => {
    await createMany(1)
    await rig.controller()
    await waitFor(() => allSynced(['s0']))
    api.requests.clear()
    const end = Date.now() + 2500
    while (Date.now() < end) {
      const secret = api.get('secrets', rig.apps, 's0')!
      api.put({ ...secret, data: { k: Buffer.from(String(Date.now())).toString('base64') } })
      await sleep(20)
    }
    const restored = api.requests.all({ verb: 'update', resource: 'secrets' }).filter(({ status }) => status === 200)
    expect(restored.length).toBeLessThanOrEqual(3)
  })

  it('deletes Secrets itself where it is told to, and none of others', async () => {
    const annotations = { [`${P}managed`]: 'true', [`${P}skip-set-owner-references`]: 'true' } // or the garbage collector would be there first
    await cluster.put({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace: rig.apps, name: 'foreign' }, stringData: { k: 'kept' } })
    await rig.apply(rig.seal('foreign', { k: 'v' }))
    await rig.apply(rig.seal('mine', { k: 'v' }, { secret: { metadata: { annotations } } }))
    await rig.controller(['--old-gc-behavior'])
    await waitFor(async () => (await rig.isSynced('mine')) && (await rig.status('foreign')) !== undefined)
    const asked = (verb: 'get' | 'delete', name: string): number => api.requests.count({ verb, resource: 'secrets', name })
    const before = asked('get', 'foreign')
    await cluster.delete(SEALED, rig.apps, 'foreign')
    await waitFor(() => asked('get', 'foreign') > before)
    await cluster.delete(SEALED, rig.apps, 'mine')
    await waitFor(() => asked('delete', 'mine') > 0)
    expect(asked('delete', 'foreign')).toBe(0)
  })

  it('leaves alone what its label selector does not select, and follows the Secrets of what it does', async () => {
    await rig.apply(rig.seal('other', { k: 'v' }))
    await rig.apply({ ...rig.seal('s0', { k: 'value of s0' }), metadata: { name: 's0', namespace: rig.apps, labels: { shard: 'one' } } })
    await rig.controller(['--label-selector=shard=one'])
    await waitFor(() => allSynced(['s0']))
    await cluster.delete('secrets', rig.apps, 's0')
    await waitFor(() => allSynced(['s0']))
    expect(await rig.data('other')).toBeUndefined()
    expect(await rig.status('other')).toBeUndefined()
  })

  it('makes no Secret again where it is told not to, and still waits for foreign ones to go', async () => {
    await cluster.put({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace: rig.apps, name: 's1' }, stringData: { k: 'foreign' } })
    await createMany(2)
    await rig.controller(['--skip-recreate'])
    await waitFor(async () => (await allSynced(['s0'])) && (await rig.status('s1')) !== undefined)
    expect(api.requests.all({ verb: 'watch', resource: 'secrets' }).filter(({ path }) => !path.includes(`/${rig.own}/`))).toEqual([]) // its keys only
    await cluster.delete('secrets', rig.apps, 's0')
    await cluster.delete('secrets', rig.apps, 's1')
    await waitFor(() => allSynced(['s1']))
    expect(await rig.data('s0')).toBeUndefined()
  })

  it('writes the status once for a failure that stays the same', async () => {
    await rig.apply(rig.seal('a', { k: 'v' }, { secret: { type: 'kubernetes.io/tls' } }))
    await rig.controller()
    await waitFor(async () => (await rig.events('a')).some(({ count }) => count >= 3))
    expect(api.requests.count({ resource: 'sealedsecrets', subresource: 'status' })).toBe(1)
  })
})

describe('in trouble', () => {
  it('loses nothing when connections are cut, versions compacted, and requests refused', async () => {
    const controller = await (await rig.controller()).ready()
    const names: string[] = []
    for (let round = 0; round < 4; round++) {
      api.faults.fail(500, { times: 3, match: { verb: 'create', resource: 'secrets' } })
      api.faults.fail(409, { times: 2, match: { resource: 'sealedsecrets', subresource: 'status' } })
      api.faults.fail(429, { times: 2, match: { verb: 'get' }, retryAfterSeconds: 1 })
      names.push(...(await createMany(15, `r${round}-`)))
      api.faults.cutConnections()
      api.faults.compact()
      await sleep(100)
    }
    await waitFor(() => allSynced(names))
    expect(await controller.stop()).toBe(0)
  })

  it('finds what happened while it could not watch', async () => {
    const names = await createMany(3)
    await (await rig.controller()).ready()
    await waitFor(() => allSynced(names))
    await api.faults.refuseConnections()
    await rig.deleteSecret('s0')
    await rig.apply(rig.seal('s1', { k: 'changed' }))
    await cluster.delete(SEALED, rig.apps, 's2')
    await rig.apply(rig.seal('new', { k: 'value of new' }))
    api.faults.compact()
    await api.faults.acceptConnections()
    await waitFor(async () => (await rig.data('s0')) !== undefined && (await rig.data('s1'))?.['k'] === 'changed')
    await waitFor(async () => (await allSynced(['new'])) && (await rig.secret('s2')) === undefined)
  })

  it('opens with a key that comes while it is telling that none fits', async () => {
    const now = Date.now()
    const later = await generateSealingKey({ bits: 2048, notBefore: new Date(now - 1000), notAfter: new Date(now + 86_400_000) })
    const controller = await (await rig.controller()).ready()
    api.faults.delay(1000, { match: { resource: 'sealedsecrets', subresource: 'status' } })
    await rig.apply(rig.seal('a', { k: 'v' }, { key: later }))
    await waitFor(() => controller.output.includes('no key could decrypt secret'))
    await rig.addKey(later)
    await waitFor(() => rig.isSynced('a'))
    expect(await rig.data('a')).toEqual({ k: 'v' })
  })

  it('loses nothing when its list breaks off and it is killed in the middle of its work', async () => {
    const names = await createMany(60)
    api.faults.cut({ afterBytes: 2000, match: { verb: 'list', resource: 'sealedsecrets' } })
    const first = await rig.controller()
    await waitFor(() => api.requests.count({ verb: 'create', resource: 'secrets', namespace: rig.apps }) > 10)
    await first.stop('SIGKILL')
    await cluster.delete('leases.coordination.k8s.io', rig.own, 'waxseal-controller') // as if its fifteen seconds were over
    await rig.controller()
    await waitFor(() => allSynced(names))
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('ends with 0 after %s, with its work done', async (signal) => {
    const names = await createMany(40)
    api.faults.delay(200, { times: 40, match: { verb: 'create', resource: 'secrets' } })
    const controller = await rig.controller()
    await waitFor(() => api.requests.count({ verb: 'create', resource: 'secrets', namespace: rig.apps }) > 0)
    expect(await controller.stop(signal)).toBe(0)
    const created = names.filter((name) => api.get('secrets', rig.apps, name) !== undefined)
    expect(created.length).toBeGreaterThan(0)
    expect(await allSynced(created)).toBe(true) // nothing is left half done
  })
})
