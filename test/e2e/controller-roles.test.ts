/**
 * The controller under the roles of upstream's manifests: people change the image before the chart.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFailed } from 'vitest'
import { EmbeddedCluster, SERVERS, startCluster, type Cluster } from './cluster.ts'
import { Rig, sleep, waitFor } from './controller-rig.ts'
import type { Roles } from './roles.ts'

describe.each(SERVERS)("under upstream's roles, on the %s API server", (server) => {
  let cluster: Cluster
  let rig: Rig
  beforeAll(async () => {
    cluster = await startCluster(server)
  })
  afterAll(() => cluster.stop())
  afterEach(() => rig.stop())

  async function start(roles: Roles): Promise<void> {
    rig = await Rig.start(cluster, { withKey: false, roles })
  }

  /** What was refused, apart from what is asked to find out what is permitted. */
  function refusals(): string[] {
    if (!(cluster instanceof EmbeddedCluster)) return []
    const all = cluster.api.requests.all().filter(({ status, resource }) => status === 403 && resource?.plural !== 'leases')
    return all.map(({ verb, path }) => `${verb} ${path.split('?')[0]}`)
  }

  it('does all of its work, as the only replica', async () => {
    await start("upstream's")
    const controller = await (await rig.controller()).ready()
    expect((await controller.fetch('/healthz')).status).toBe(200) // all that its probes ask
    expect(controller.output).toContain('The role permits no leases')
    const certificate = await (await controller.fetch('/v1/cert.pem')).text()
    expect(certificate).toContain('BEGIN CERTIFICATE')
    await rig.addKey(rig.key)
    await rig.apply(rig.seal('a', { k: 'v' }))
    await rig.apply(rig.seal('bad', { k: 'v' }, { namespace: rig.own }))
    await waitFor(() => rig.isSynced('a'))
    await rig.deleteSecret('a')
    await waitFor(async () => (await rig.secret('a')) !== undefined)
    await rig.apply(rig.seal('a', { k: 'other' }))
    await waitFor(async () => (await rig.data('a'))?.['k'] === 'other' && (await rig.isSynced('a')))
    await waitFor(async () => (await rig.events('a')).some(({ count }) => count > 1)) // counted up by a patch
    expect(refusals()).toEqual([])
    expect(await controller.stop()).toBe(0)
    const { status, lines } = await rig.check()
    expect(status).toBe(0)
    expect(lines[0]).toBe('ok       the cluster has SealedSecrets')
    expect(lines[1]).toBe(`warning  the role lacks create leases in ${rig.own}, get leases/waxseal-controller in ${rig.own}, update leases/waxseal-controller in ${rig.own}: there may be one replica only`)
    expect(lines.slice(2).map((line) => line.replace(/ key [^ :]+/, ' key K').replace(/until \S+,/, 'until T,'))).toEqual([
      'ok       key K (newest): certificate valid until T, opened 0 SealedSecrets last',
      'ok       key K: certificate valid until T, opened 2 SealedSecrets last',
    ])
  })

  it('works with roles in single namespaces, without the right to watch its keys', async () => {
    await start("upstream's single-namespace")
    const controller = await rig.controller()
    onTestFailed(() => console.info(controller.output)) // oxlint-disable-line no-console -- what it waited for
    await waitFor(async () => (await rig.keySecrets()).length > 0)
    await rig.addKey(rig.key)
    await rig.apply(rig.seal('a', { k: 'v' }))
    await waitFor(() => rig.isSynced('a'), 90_000) // keys are listed twice a minute
    await sleep(50)
    expect(controller.output.match(/does not permit watching/g)).toHaveLength(1)
    expect(await controller.stop()).toBe(0)
    const { status, lines } = await rig.check()
    expect(status).toBe(1) // the own namespace is looked at as well
    expect(lines).toContain(`error    the role lacks get sealedsecrets in ${rig.own}, list sealedsecrets in ${rig.own}, watch sealedsecrets in ${rig.own}: no SealedSecret is opened there`)
    expect(lines).toContain(`warning  the role lacks watch secrets in ${rig.own}: sealing keys are looked for twice a minute`)
  })
})
