/**
 * Several replicas: one writes, all serve, and nothing is lost when the one that writes is killed.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SERVERS, startCluster, type Cluster } from './cluster.ts'
import { Rig, waitFor, type RunningController } from './controller-rig.ts'

describe.each(SERVERS)('replicas, on the %s API server', (server) => {
  let cluster: Cluster
  let rig: Rig
  beforeAll(async () => {
    cluster = await startCluster(server)
  })
  afterAll(() => cluster.stop())
  beforeEach(async () => {
    rig = await Rig.start(cluster, { withKey: false })
  })
  afterEach(() => rig.stop())

  async function startThree(): Promise<RunningController[]> {
    const replicas = await Promise.all([rig.controller(), rig.controller(), rig.controller()])
    await Promise.all(replicas.map((replica) => replica.ready()))
    return replicas
  }

  function leaderOf(replicas: readonly RunningController[]): RunningController | undefined {
    return replicas.find(({ output }) => output.lastIndexOf('msg=Leading') > output.lastIndexOf('No longer leading'))
  }

  async function kill(replicas: RunningController[]): Promise<void> {
    await waitFor(() => leaderOf(replicas) !== undefined)
    const leader = leaderOf(replicas)!
    replicas.splice(replicas.indexOf(leader), 1)
    await leader.stop('SIGKILL')
  }

  async function change(name: string, value: string, known: Map<string, string>): Promise<void> {
    await rig.apply(rig.seal(name, { k: value }, { key: (await rig.newestKey())! }))
    known.set(name, value)
  }

  async function allThere(known: ReadonlyMap<string, string>): Promise<boolean> {
    const each = [...known].map(async ([name, value]) => (await rig.isSynced(name)) && (await rig.data(name))?.['k'] === value)
    return (await Promise.all(each)).every(Boolean)
  }

  it('that start at once make one key, and each answers every route', async () => {
    const replicas = await startThree()
    expect(await rig.keySecrets()).toHaveLength(1)
    const sealed = JSON.stringify(rig.seal('a', { k: 'v' }, { key: (await rig.newestKey())! }))
    for (const replica of replicas) {
      expect(await (await replica.fetch('/v1/cert.pem')).text()).toBe((await rig.newestKey())!.certificate.pem)
      expect((await replica.fetch('/v1/verify', { method: 'POST', body: sealed })).status).toBe(200)
      expect((await replica.fetch('/v1/rotate', { method: 'POST', body: sealed })).status).toBe(200)
      expect((await replica.fetch('/healthz')).status).toBe(200)
    }
    expect(replicas.filter(({ output }) => output.includes('msg=Leading'))).toHaveLength(1)
  })

  it('lose nothing while one leader after the other is killed under a stream of changes', async () => {
    const replicas = await startThree()
    const known = new Map<string, string>()
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 12; n++) await change(`s${n % 8}`, `round ${round}, change ${n}`, known)
      await kill(replicas)
      // As if its fifteen seconds were over; they are waited for once, which is the same wait on each server.
      if (round < 2 || server === 'real') await cluster.delete('leases.coordination.k8s.io', rig.own, 'waxseal-controller')
      replicas.push(await rig.controller())
      await change(`late${round}`, 'made while nobody led', known)
    }
    await waitFor(() => allThere(known), 40_000)
    expect(await rig.keySecrets()).toHaveLength(1)
    expect(replicas.filter(({ output }) => output.includes('msg=Leading'))).toHaveLength(1)
  }, 90_000)
})
