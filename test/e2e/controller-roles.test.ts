/**
 * The controller under the roles of upstream's manifests: people change the image before the chart.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KEY_LABEL } from '@waxseal/sealed'
import { Rig, sleep, waitFor } from './controller-rig.ts'

const RBAC = 'rbac.authorization.k8s.io'
const ACCOUNT = { namespace: 'kube-system', name: 'sealed-secrets-controller' }

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

let rig: Rig
let token: string
beforeEach(async () => {
  rig = await Rig.start({ withKey: false })
  token = rig.api.users.serviceAccountToken(ACCOUNT.namespace, ACCOUNT.name)
})
afterEach(() => rig.stop())

function bind(kind: 'ClusterRole' | 'Role', name: string, rules: readonly object[], namespace?: string): void {
  const metadata = { name, ...(namespace ? { namespace } : {}) }
  const apiVersion = `${RBAC}/v1`
  rig.api.put({ apiVersion, kind, metadata, rules })
  const roleRef = { apiGroup: RBAC, kind, name }
  rig.api.put({ apiVersion, kind: `${kind}Binding`, metadata, subjects: [{ kind: 'ServiceAccount', ...ACCOUNT }], roleRef })
}

/** What was refused, apart from what is asked to find out what is permitted. */
function refusals(): string[] {
  return rig.api.requests
    .all()
    .filter(({ status, resource }) => status === 403 && resource?.plural !== 'leases')
    .map(({ verb, path }) => `${verb} ${path.split('?')[0]}`)
}

describe("under upstream's roles", () => {
  it('does all of its work, as the only replica', async () => {
    bind('ClusterRole', 'secrets-unsealer', UNSEALER)
    bind('Role', 'sealed-secrets-key-admin', KEY_ADMIN, 'kube-system')
    const controller = await (await rig.controller([], { token })).ready()
    expect(controller.output).toContain('The role permits no leases')
    const certificate = await (await controller.fetch('/v1/cert.pem')).text()
    expect(certificate).toContain('BEGIN CERTIFICATE')
    rig.addKey(rig.key)
    rig.apply(rig.seal('a', { k: 'v' }))
    rig.apply(rig.seal('bad', { k: 'v' }, { namespace: 'kube-system' }))
    await waitFor(() => rig.isSynced('a'))
    rig.api.delete('secrets', 'apps', 'a')
    await waitFor(() => rig.secret('a') !== undefined)
    rig.apply(rig.seal('a', { k: 'other' }))
    await waitFor(() => rig.data('a')?.['k'] === 'other' && rig.isSynced('a'))
    await waitFor(() => rig.events('a').some(({ count }) => count > 1)) // counted up by a patch
    expect(refusals()).toEqual([])
    expect(await controller.stop()).toBe(0)
  })

  it('works with roles in single namespaces, without the right to watch its keys', async () => {
    bind('Role', 'sealed-secrets-key-admin', KEY_ADMIN, 'kube-system')
    bind('Role', 'secrets-unsealer', UNSEALER, 'apps')
    const controller = await rig.controller(['--additional-namespaces=apps'], { token })
    await waitFor(() => rig.api.list('secrets', 'kube-system').some(({ metadata }) => metadata.labels?.[KEY_LABEL] === 'active'))
    rig.addKey(rig.key)
    rig.apply(rig.seal('a', { k: 'v' }))
    await waitFor(() => rig.isSynced('a'))
    await sleep(50)
    expect(controller.output.match(/does not permit watching/g)).toHaveLength(1)
    expect(await controller.stop()).toBe(0)
  })
})
