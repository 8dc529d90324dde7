/**
 * The controller under the roles of upstream's manifests: people change the image before the chart.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { EmbeddedCluster, SERVERS, startCluster, type Cluster } from './cluster.ts'
import { Rig, sleep, waitFor } from './controller-rig.ts'

const RBAC = 'rbac.authorization.k8s.io'

/** `secrets-unsealer` of controller.yaml; the chart has the same as a Role for each additional namespace. */
const UNSEALER = [
  { apiGroups: ['bitnami.com'], resources: ['sealedsecrets'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['bitnami.com'], resources: ['sealedsecrets/status'], verbs: ['update'] },
  { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'create', 'update', 'delete', 'watch'] },
  { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
  { apiGroups: [''], resources: ['namespaces'], verbs: ['get'] },
]
/** `sealed-secrets-key-admin`, in the controller's own namespace. */
const KEY_ADMIN = [{ apiGroups: [''], resources: ['secrets'], verbs: ['create', 'list'] }]

describe.each(SERVERS)("under upstream's roles, on the %s API server", (server) => {
  let cluster: Cluster
  let rig: Rig
  beforeAll(async () => {
    cluster = await startCluster(server)
  })
  afterAll(() => cluster.stop())
  beforeEach(async () => {
    rig = await Rig.start(cluster, { withKey: false, withRoles: false })
  })
  afterEach(() => rig.stop())

  async function bind(kind: 'ClusterRole' | 'Role', role: string, rules: readonly object[], namespace?: string): Promise<void> {
    const name = `${role}-${rig.own}` // roles of the cluster are nobody's own
    const metadata = { name, ...(namespace ? { namespace } : {}) }
    const apiVersion = `${RBAC}/v1`
    await cluster.put({ apiVersion, kind, metadata, rules })
    const roleRef = { apiGroup: RBAC, kind, name }
    await cluster.put({ apiVersion, kind: `${kind}Binding`, metadata, subjects: [{ kind: 'ServiceAccount', ...rig.account }], roleRef })
  }

  /** What was refused, apart from what is asked to find out what is permitted. */
  function refusals(): string[] {
    if (!(cluster instanceof EmbeddedCluster)) return []
    const all = cluster.api.requests.all().filter(({ status, resource }) => status === 403 && resource?.plural !== 'leases')
    return all.map(({ verb, path }) => `${verb} ${path.split('?')[0]}`)
  }

  it('does all of its work, as the only replica', async () => {
    await bind('ClusterRole', 'secrets-unsealer', UNSEALER)
    await bind('Role', 'sealed-secrets-key-admin', KEY_ADMIN, rig.own)
    const controller = await (await rig.controller()).ready()
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
    await bind('Role', 'sealed-secrets-key-admin', KEY_ADMIN, rig.own)
    await bind('Role', 'secrets-unsealer', UNSEALER, rig.apps)
    const controller = await rig.controller([`--additional-namespaces=${rig.apps}`])
    await waitFor(async () => (await rig.keySecrets()).length > 0)
    await rig.addKey(rig.key)
    await rig.apply(rig.seal('a', { k: 'v' }))
    await waitFor(() => rig.isSynced('a'), 45_000) // keys are listed twice a minute
    await sleep(50)
    expect(controller.output.match(/does not permit watching/g)).toHaveLength(1)
    expect(await controller.stop()).toBe(0)
    const { status, lines } = await rig.check([`--additional-namespaces=${rig.apps}`])
    expect(status).toBe(1) // the own namespace is looked at as well
    expect(lines).toContain(`error    the role lacks get sealedsecrets in ${rig.own}, list sealedsecrets in ${rig.own}, watch sealedsecrets in ${rig.own}: no SealedSecret is opened there`)
    expect(lines).toContain(`warning  the role lacks watch secrets in ${rig.own}: sealing keys are looked for twice a minute`)
  }, 60_000)
})
