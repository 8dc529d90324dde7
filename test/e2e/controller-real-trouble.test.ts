/**
 * The controller on a real API server that is restarted, forgets its history, and whose answers go wrong on their way.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { KubeError, SECRETS } from '@waxseal/kube'
import { startApiRelay, type ApiRelay } from '@waxseal/testkit'
import { RealCluster, SERVERS } from './cluster.ts'
import { Rig, SEALED, waitFor, type RunningController } from './controller-rig.ts'

const CONVERGED_MS = 60_000
const TEST_MS = 4 * CONVERGED_MS
/** Watches go to etcd, which keeps a second of history; with its watch cache, the API server would answer from memory. */
const FORGETFUL = ['--watch-cache=false', '--etcd-compaction-interval=1s']

const kinds: readonly (readonly [string, readonly string[]])[] = [
  ['the real API server', []],
  ['the real API server, over an etcd that is compacted all the time', FORGETFUL],
]

describe.each(SERVERS.includes('real') ? kinds : [])('on %s, the controller', (_kind, flags) => {
  const isForgetful = flags.length > 0
  let cluster: RealCluster
  let relay: ApiRelay
  let rig: Rig<RealCluster>
  beforeAll(async () => {
    cluster = await RealCluster.start(flags)
    relay = await startApiRelay(cluster.address)
    cluster.addressForPods = { url: `https://127.0.0.1:${relay.port}`, caPem: relay.caPem }
  })
  afterAll(async () => {
    await relay.close()
    await cluster.stop()
  })
  beforeEach(async () => {
    rig = await Rig.start(cluster)
  })
  afterEach(() => rig.stop())

  async function createMany(count: number, prefix = 's'): Promise<string[]> {
    const names = Array.from({ length: count }, (_, i) => `${prefix}${i}`)
    await Promise.all(names.map((name) => rig.apply(rig.seal(name, { k: `value of ${name}` }))))
    return names
  }

  async function allSynced(names: readonly string[]): Promise<boolean> {
    const each = names.map(async (name) => (await rig.isSynced(name)) && (await rig.data(name))?.['k'] === `value of ${name}`)
    return (await Promise.all(each)).every(Boolean)
  }

  async function startWith(names: readonly string[]): Promise<RunningController> {
    const controller = await (await rig.controller()).ready()
    await waitFor(() => allSynced(names), CONVERGED_MS)
    return controller
  }

  /** Until a watch from this version is refused. */
  async function untilForgotten(version: string): Promise<void> {
    await waitFor(async () => {
      const signal = AbortSignal.timeout(5000)
      try {
        for await (const chunk of cluster.client.watch(SECRETS, { namespace: rig.apps }, { query: { resourceVersion: version }, signal })) {
          if (Buffer.from(chunk).includes('"code":410')) return true
        }
        return false
      } catch (error) {
        return error instanceof KubeError && error.isGone
      }
    }, CONVERGED_MS)
  }

  it('finds what happened while it could not watch, after the history of that time is lost', async () => {
    const controller = await startWith(await createMany(12))
    await relay.faults.refuseConnections()
    await rig.deleteSecret('s0')
    await rig.apply(rig.seal('s1', { k: 'changed' }))
    await cluster.delete(SEALED, rig.apps, 's2')
    const { metadata } = (await rig.sealed('s1'))! // later than what the controller has seen
    const names = await createMany(3, 'new')
    if (!isForgetful) await cluster.restart()
    await untilForgotten(metadata.resourceVersion!)
    await relay.faults.acceptConnections()
    await waitFor(async () => (await rig.data('s0'))?.['k'] === 'value of s0' && (await rig.data('s1'))?.['k'] === 'changed', CONVERGED_MS)
    await waitFor(async () => (await allSynced(names)) && (await rig.secret('s2')) === undefined, CONVERGED_MS)
    await waitFor(() => ['sealedsecrets', 'secrets'].every((resource) => new RegExp(`resource=${resource} error=".*too old`).test(controller.output)), CONVERGED_MS)
    expect(await controller.stop()).toBe(0)
  }, TEST_MS)

  if (isForgetful) return

  it('loses nothing when connections are cut and requests are refused', async () => {
    const controller = await startWith(await createMany(1))
    const names: string[] = []
    for (let round = 0; round < 4; round++) {
      relay.faults.fail(500, { times: 3, match: { verb: 'create', resource: 'secrets' } })
      relay.faults.fail(409, { times: 2, match: { resource: 'sealedsecrets', subresource: 'status' } })
      relay.faults.fail(429, { times: 2, match: { verb: 'get' }, retryAfterSeconds: 1 })
      relay.faults.fail(503, { match: { verb: 'watch' } })
      names.push(...(await createMany(15, `r${round}-`)))
      relay.faults.cutConnections()
    }
    await waitFor(() => allSynced(names), CONVERGED_MS)
    await waitFor(() => relay.faults.pending === 0, CONVERGED_MS)
    expect(await controller.stop()).toBe(0)
  }, TEST_MS)

  it('goes on when the server is killed under its work', async () => {
    const controller = await startWith(await createMany(1))
    const names = await createMany(40, 'more')
    await cluster.restart()
    names.push(...(await createMany(5, 'later')))
    await waitFor(() => allSynced(names), CONVERGED_MS)
    expect(await controller.stop()).toBe(0)
  }, TEST_MS)
})
