/**
 * What the controller remembers across restarts, and what it costs where that is lost, stale or made up.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { EmbeddedCluster, startCluster, type AnyObject, type Cluster } from './cluster.ts'
import { Rig, sleep, waitFor, type RunningController } from './controller-rig.ts'
import { UNDER_ALL_ROLES } from './roles.ts'

const TIME = '2026-01-02T03:04:05Z'
const STATE = 'waxseal-state-0'
const SEALED_SECRETS = { group: 'bitnami.com', version: 'v1alpha1', plural: 'sealedsecrets' }

const SETTINGS = UNDER_ALL_ROLES.filter(([, roles]) => roles !== "upstream's single-namespace") // which permit no state

describe.each(SETTINGS)('the state, on the %s API server under %s roles', (server, roles) => {
  let cluster: Cluster
  let rig: Rig
  beforeAll(async () => {
    cluster = await startCluster(server)
  })
  afterAll(() => cluster.stop())
  beforeEach(async () => {
    rig = await Rig.start(cluster, { roles })
  })
  afterEach(() => rig.stop())

  /** @returns versions of everything that a controller could have written */
  async function versions(): Promise<readonly string[]> {
    const all = [...(await cluster.list('secrets', rig.apps)), ...(await cluster.list('sealedsecrets.bitnami.com', rig.apps)), ...(await cluster.list('events', rig.apps))]
    return all.map(({ metadata: { uid, resourceVersion } }) => `${uid} ${resourceVersion}`).sort()
  }

  async function bring(count: number): Promise<string[]> {
    const names = Array.from({ length: count }, (_, i) => `s${i}`)
    await Promise.all(names.map((name) => rig.apply(rig.seal(name, { k: name, l: 'x' }))))
    const controller = await rig.controller()
    await waitFor(async () => (await Promise.all(names.map((name) => rig.isSynced(name)))).every(Boolean))
    await waitFor(async () => (await cluster.list('events', rig.apps)).length >= count)
    expect(await controller.stop()).toBe(0)
    return names
  }

  /** Starts a controller and waits until it has looked at everything. */
  async function restart(count: number): Promise<{ readonly opened: number; readonly controller: RunningController }> {
    const controller = await (await rig.controller()).ready()
    const metric = async (name: string): Promise<number> => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(await controller.metrics())?.[1])
    await waitFor(async () => (await metric('sealed_secrets_controller_unseal_requests_total')) >= count && (await metric('waxseal_queue_length')) === 0)
    return { opened: await metric('waxseal_items_opened_total'), controller }
  }

  async function changeState(change: (entries: unknown[][]) => void): Promise<void> {
    const secret = (await rig.secret(STATE, rig.own)) as AnyObject & { readonly data: { readonly entries: string } }
    const entries = JSON.parse(Buffer.from(secret.data.entries, 'base64').toString()) as unknown[][]
    change(entries)
    await cluster.put({ ...secret, data: { entries: Buffer.from(JSON.stringify(entries)).toString('base64') } })
  }

  it('makes a restart with everything in sync cost no decryption and no write', async () => {
    await bring(30)
    expect(await rig.secret(STATE, rig.own)).toMatchObject({ type: 'waxseal.dev/state' })
    expect((await rig.secret(STATE, rig.own))?.metadata.labels).toBeUndefined()
    const before = await versions()
    const { opened, controller } = await restart(30)
    expect(opened).toBe(0)
    expect(await controller.stop()).toBe(0)
    expect(await versions()).toEqual(before)
  })

  it('opens only what was edited while nobody looked, and restores it', async () => {
    await bring(10)
    const [edited, labelled] = [(await rig.secret('s1'))!, (await rig.secret('s2'))!]
    await cluster.put({ ...edited, data: { k: 'ZWRpdGVk' } })
    await cluster.put({ ...labelled, metadata: { ...labelled.metadata, labels: { by: 'hand' } } })
    await rig.deleteSecret('s3')
    const { opened } = await restart(10)
    await waitFor(async () => (await rig.data('s1'))?.['k'] === 's1' && (await rig.data('s3'))?.['k'] === 's3')
    expect(opened).toBeLessThanOrEqual(4) // two items each of s1 and s3
    expect((await rig.secret('s2'))?.metadata.labels).toEqual({ by: 'hand' })
  })

  const spoils: readonly (readonly [string, () => Promise<void>])[] = [
    ['lost', () => rig.deleteSecret(STATE, rig.own)],
    ['no list', async () => void (await cluster.put({ ...(await rig.secret(STATE, rig.own))!, data: { entries: 'e30=' } }))],
    ['made up', () => changeState((entries) => entries.forEach((entry) => (entry[7] = 'A'.repeat(43))))],
    ['about other Secrets', () => changeState((entries) => entries.forEach((entry, at) => (entry[0] = entries[(at + 1) % entries.length]?.[0])))],
  ]
  // What is in it is the same on each server.
  it.each(server === 'embedded' ? spoils : spoils.slice(0, 1))('costs a full check and no write when it is %s', async (_what, spoil) => {
    await bring(5)
    const before = await versions()
    await spoil()
    const { opened, controller } = await restart(5)
    expect(opened).toBe(10)
    expect(await controller.stop()).toBe(0)
    expect(await versions()).toEqual(before)
    expect((await restart(5)).opened).toBe(0) // and is right again
  })

  it('cannot hide an edit: who forges the version of the Secret lacks the key', async () => {
    await bring(1)
    const edited = await cluster.put({ ...(await rig.secret('s0'))!, data: { k: 'ZWRpdGVk' } })
    await changeState((entries) => entries.forEach((entry) => (entry[5] = edited.metadata.resourceVersion)))
    await restart(1)
    await waitFor(async () => (await rig.data('s0'))?.['k'] === 's0')
  })

  it('forgets what is gone', async () => {
    await bring(3)
    await cluster.delete('sealedsecrets.bitnami.com', rig.apps, 's0')
    const { controller } = await restart(2)
    await waitFor(async () => (await rig.secret('s0')) === undefined)
    await sleep(100)
    await controller.stop()
    await changeState((entries) => expect(entries).toHaveLength(2))
  })

  it("takes over 200 Secrets of upstream's controller as they are, and opens what comes then", async () => {
    const names = Array.from({ length: 200 }, (_, i) => `s${i}`)
    await Promise.all(names.map((name) => upstreamLeft(name)))
    const before = await versions()
    const { opened, controller } = await restart(200)
    expect(opened).toBe(200)
    expect(await versions()).toEqual(before)
    await rig.apply(rig.seal('later', { k: 'v' }))
    await waitFor(() => rig.isSynced('later'))
    expect(await rig.data('later')).toEqual({ k: 'v' })
    expect(await controller.stop()).toBe(0)
    expect((await restart(201)).opened).toBe(0)
  }, 90_000)

  /** A SealedSecret with its status and Secret, as in the recordings of upstream. */
  async function upstreamLeft(name: string): Promise<void> {
    const sealed = rig.seal(name, { k: name }, { secret: { metadata: { labels: { app: 'x' }, annotations: { note: 'n' } } } })
    const object = await cluster.put(sealed)
    const status = { observedGeneration: 1, conditions: [{ type: 'Synced', status: 'True', lastUpdateTime: TIME, lastTransitionTime: TIME }] }
    const owner = { apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', name, uid: object.metadata.uid, controller: true }
    await cluster.put({
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'Opaque',
      metadata: { name, namespace: rig.apps, labels: { app: 'x' }, annotations: { note: 'n' }, ownerReferences: [owner] },
      data: { k: Buffer.from(name).toString('base64') },
    })
    const withStatus: AnyObject = { ...object, status }
    await cluster.client.updateStatus(SEALED_SECRETS, withStatus)
  }
})

describe('roles for single namespaces', () => {
  it('keep the state in memory', async () => {
    const cluster = await EmbeddedCluster.start()
    const rig = await Rig.start(cluster, { roles: "upstream's single-namespace" })
    try {
      await rig.apply(rig.seal('a', { k: 'v' }))
      const controller = await rig.controller()
      await waitFor(() => rig.isSynced('a'))
      expect(await controller.stop()).toBe(0)
      expect(controller.output.match(/The role permits no state/g)).toHaveLength(1)
      expect(await rig.secret(STATE, rig.own)).toBeUndefined()
    } finally {
      await rig.stop()
      await cluster.stop()
    }
  })
})
