import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { generateSealingKey, KEY_LABEL, readKeySecret, type SealedSecretManifest } from '@waxseal/sealed'
import { startCluster, type Cluster } from './cluster.ts'
import { Rig, SEALED, sleep, waitFor, type RunningController } from './controller-rig.ts'
import { UNDER_ALL_ROLES } from './roles.ts'

const P = 'sealedsecrets.bitnami.com/'

/** Roles in single namespaces do not permit watching keys: they are listed twice a minute. */
const KEYS_SEEN_MS = 60_000

describe.each(UNDER_ALL_ROLES)('on the %s API server under %s roles', (server, roles) => {
  /** Upstream's know neither election nor authenticated routes. */
  const isOwn = roles === 'its own'
  const isForAll = roles !== "upstream's single-namespace"
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

  async function createMany(count: number, prefix = 's'): Promise<string[]> {
    const names = Array.from({ length: count }, (_, i) => `${prefix}${i}`)
    await Promise.all(names.map((name) => rig.apply(rig.seal(name, { k: `value of ${name}` }))))
    return names
  }

  async function allSynced(names: readonly string[]): Promise<boolean> {
    const each = names.map(async (name) => (await rig.isSynced(name)) && (await rig.data(name))?.['k'] === `value of ${name}`)
    return (await Promise.all(each)).every(Boolean)
  }

  describe('the controller', () => {
    it('makes a Secret of each SealedSecret, owned by it', async () => {
      const names = await createMany(20)
      const controller = await rig.controller()
      await waitFor(() => allSynced(names))
      expect(await rig.secret('s7')).toMatchObject({
        type: 'Opaque',
        metadata: { ownerReferences: [{ apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', name: 's7', controller: true }] },
      })
      await waitFor(async () => (await rig.events('s7')).length > 0)
      expect(await rig.events('s7')).toMatchObject([{ type: 'Normal', reason: 'Unsealed', message: 'SealedSecret unsealed successfully', count: 1 }])
      expect(await controller.stop()).toBe(0)
    })

    it('creates a deleted Secret again', async () => {
      await createMany(1)
      await rig.controller()
      await waitFor(() => allSynced(['s0']))
      await rig.deleteSecret('s0')
      await waitFor(async () => (await rig.data('s0'))?.['k'] === 'value of s0')
    })

    it('restores edited data and leaves what others add', async () => {
      await createMany(1)
      await rig.controller()
      await waitFor(() => allSynced(['s0']))
      const secret = (await rig.secret('s0'))!
      await cluster.put({ ...secret, metadata: { ...secret.metadata, labels: { by: 'hand' } }, data: { k: 'ZWRpdGVk', extra: 'eA==' } })
      await waitFor(async () => (await allSynced(['s0'])) && Object.keys((await rig.data('s0')) ?? {}).length === 1)
      expect(await rig.secret('s0')).toMatchObject({ metadata: { labels: { by: 'hand' } } })
      await waitFor(async () => (await rig.events('s0')).some(({ reason }) => reason === 'Restored'))
    })

    it('tells of a SealedSecret that no key opens, and opens it when its scope is corrected', async () => {
      const sealed = rig.seal('a', { k: 'v' }, { secret: { metadata: { annotations: { [`${P}namespace-wide`]: 'true' } } } })
      await rig.apply({ ...sealed, metadata: { name: 'a', namespace: rig.apps } })
      await rig.controller()
      await waitFor(async () => (await rig.status('a')) !== undefined && (await rig.events('a')).length > 0)
      expect(await rig.status('a')).toMatchObject({ observedGeneration: 1, conditions: [{ type: 'Synced', status: 'False', message: 'no key could decrypt secret (k)' }] })
      expect(await rig.events('a')).toMatchObject([{ type: 'Warning', reason: 'ErrUnsealFailed', message: 'Failed to unseal: no key could decrypt secret (k)' }])
      expect(await rig.secret('a')).toBeUndefined()
      await rig.apply(sealed)
      await waitFor(() => rig.isSynced('a'))
      expect(await rig.data('a')).toEqual({ k: 'v' })
    })

    it('opens what it could not when the key is brought, and no longer uses a key that is retired', async () => {
      const now = Date.now()
      const key = await generateSealingKey({ bits: 2048, notBefore: new Date(now - 1000), notAfter: new Date(now + 86_400_000) })
      await rig.apply(rig.seal('a', { k: 'v' }, { key }))
      const controller = await rig.controller()
      await waitFor(() => rig.isRefused('a'))
      const name = await rig.addKey(key)
      await waitFor(() => rig.isSynced('a'), KEYS_SEEN_MS)
      await waitFor(async () => (await (await controller.fetch('/v1/cert.pem')).text()) === key.certificate.pem, KEYS_SEEN_MS)
      const secret = (await rig.secret(name, rig.own))!
      await cluster.put({ ...secret, metadata: { ...secret.metadata, labels: { [KEY_LABEL]: 'compromised' } } })
      await waitFor(async () => (await (await controller.fetch('/v1/cert.pem')).text()) === rig.key.certificate.pem, KEYS_SEEN_MS)
      await rig.apply(rig.seal('b', { k: 'v' }, { key }))
      await waitFor(() => rig.isRefused('b'))
    }, 4 * KEYS_SEEN_MS)

    it('goes on after a key Secret that cannot be read', async () => {
      await cluster.put({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'broken', namespace: rig.own, labels: { [KEY_LABEL]: 'active' } }, data: { 'tls.key': 'anVuaw==' } })
      await createMany(1)
      const controller = await rig.controller()
      await waitFor(() => allSynced(['s0']))
      expect(controller.output).toContain('secretname=broken')
    })

    it('follows templates, a new spec and a deletion', async () => {
      const sealed = rig.seal('a', { u: 'user' })
      const withTemplate: SealedSecretManifest = { ...sealed, spec: { ...sealed.spec, template: { ...sealed.spec.template, data: { cfg: 'name={{ .u | upper }}' } } } }
      await rig.apply(withTemplate)
      await rig.controller()
      await waitFor(() => rig.isSynced('a'))
      expect(await rig.data('a')).toEqual({ u: 'user', cfg: 'name=USER' })
      await rig.apply(rig.seal('a', { u: 'other', v: '1' }))
      await waitFor(async () => (await rig.status('a'))?.observedGeneration === 2 && (await rig.isSynced('a')))
      expect(await rig.data('a')).toEqual({ u: 'other', v: '1' })
      await cluster.delete(SEALED, rig.apps, 'a')
      await waitFor(async () => (await rig.secret('a')) === undefined)
    })

    it('waits for a foreign Secret to go, and then takes the name', async () => {
      await cluster.put({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's0', namespace: rig.apps }, data: {} })
      await createMany(1)
      await rig.controller()
      await waitFor(() => rig.isRefused('s0'))
      expect((await rig.status('s0'))?.conditions[0]?.message).toBe('failed update: Resource "s0" already exists and is not managed by SealedSecret')
      await rig.deleteSecret('s0')
      await waitFor(() => allSynced(['s0']))
    })

    if (isForAll) it('looks at its own namespace alone where it is told to', async () => {
      await rig.apply(rig.seal('here', { k: 'v' }, { namespace: rig.own }))
      await rig.apply(rig.seal('there', { k: 'v' }))
      const controller = await (await rig.controller(['--all-namespaces=false'])).ready()
      await waitFor(() => rig.isSynced('here', rig.own))
      await sleep(100)
      expect(await rig.status('there')).toBeUndefined()
      await controller.stop()
      await rig.controller([`--additional-namespaces=${rig.apps},missing`])
      await waitFor(() => rig.isSynced('there'))
    })

    it('keeps trying what the server refuses, and says so', async () => {
      await rig.apply(rig.seal('a', { k: 'v' }, { secret: { type: 'kubernetes.io/tls' } }))
      await rig.controller()
      await waitFor(async () => (await rig.events('a')).some(({ count }) => count >= 3))
      expect(await rig.status('a')).toMatchObject({ conditions: [{ status: 'False', message: 'Secret "a" is invalid: [data[tls.crt]: Required value, data[tls.key]: Required value]' }] })
      await rig.apply(rig.seal('a', { 'tls.crt': 'x', 'tls.key': 'y' }, { secret: { type: 'kubernetes.io/tls' } }))
      await waitFor(() => rig.isSynced('a'))
    })
  })

  describe('the sealing keys', () => {
    it('makes and stores a first key that upstream can load, and another at SIGUSR1', async () => {
      const fresh = await Rig.start(cluster, { withKey: false, roles })
      try {
        const controller = await (await fresh.controller(['--privatekey-labels=team=x', '--my-cn=sealed'])).ready()
        const [secret, ...others] = await fresh.keySecrets()
        expect(others).toEqual([])
        expect(secret).toMatchObject({ type: 'kubernetes.io/tls', metadata: { generateName: 'sealed-secrets-key', labels: { [KEY_LABEL]: 'active', team: 'x' } } })
        const data = secret!['data'] as Record<string, string>
        expect(Buffer.from(data['tls.key']!, 'base64').toString()).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/)
        const { key, certificate } = readKeySecret(secret)
        expect(key.fingerprint).toBe(certificate.fingerprint)
        expect(await (await controller.fetch('/v1/cert.pem')).text()).toBe(certificate.pem)

        await sleep(1100) // keys are ordered by whole seconds
        controller.signal('SIGUSR1')
        await waitFor(async () => (await fresh.keySecrets()).length === 2)
        await waitFor(async () => (await (await controller.fetch('/v1/cert.pem')).text()) !== certificate.pem)
        expect(controller.output).not.toMatch(/Debugger listening/)
        expect(controller.output).not.toMatch(/PRIVATE KEY/)
        expect(await controller.stop()).toBe(0)
      } finally {
        await fresh.stop()
      }
    })

    it('makes a key when the newest is older than the cut-off, and when the period is over', async () => {
      const controller = await (await rig.controller([`--key-cutoff-time=${new Date().toUTCString().replace('GMT', '+0000')}`])).ready()
      await waitFor(async () => (await rig.keySecrets()).length === 2)
      await controller.stop()
      await rig.controller(['--key-renew-period=1ms'])
      await waitFor(async () => (await rig.keySecrets()).length > 2)
    })
  })

  describe('the process', () => {
    it.each([
      [['--nonsense'], 2],
      [['--key-prefix=Upper'], 2],
      [['--privatekey-labels=x'], 2],
    ])('ends with another status for %j', async (args, status) => {
      await expect(rig.controller(args)).rejects.toThrow(`ended with ${status}`)
    })

    if (isOwn) it('finds nothing wrong under the roles that come with it', async () => {
      const { status, lines } = await rig.check()
      expect(lines.slice(0, 2)).toEqual(['ok       the cluster has SealedSecrets', 'ok       the role permits all that is needed'])
      expect(lines[2]).toMatch(/^ok {7}key \S+ \(newest\): certificate valid until \S+, opened 0 SealedSecrets last$/)
      expect(status).toBe(0)
    })

    if (isOwn) it('opens routes to holders of a token for it, and to nobody where it is told to', async () => {
      await cluster.put({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: `reviews-${rig.own}` },
        subjects: [{ kind: 'ServiceAccount', ...rig.account }],
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: `reviews-${rig.own}` },
      })
      await cluster.put({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: `reviews-${rig.own}` },
        rules: [{ apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] }],
      })
      const body = JSON.stringify(rig.seal('a', { k: 'v' }))
      const ask = async (controller: RunningController, headers: Record<string, string>): Promise<number> => (await controller.fetch('/v1/verify', { method: 'POST', body, headers })).status
      const controller = await (await rig.controller(['--http-access=token', '--rate-limit-burst=9'])).ready()
      const token = await cluster.token(rig.account, 'waxseal-controller')
      expect(await ask(controller, {})).toBe(401)
      expect(await ask(controller, { authorization: 'Bearer made-up' })).toBe(401)
      expect(await ask(controller, { authorization: `Bearer ${await cluster.token(rig.account)}` })).toBe(401) // for the API server
      expect(await ask(controller, { authorization: `Bearer ${token}` })).toBe(200)
      expect(await ask(controller, { 'x-waxseal-token': token })).toBe(200)
      expect((await controller.fetch('/v1/cert.pem')).status).toBe(200)
      await controller.stop()
      expect(await ask(await (await rig.controller(['--http-access=off'])).ready(), {})).toBe(404)
    })

    if (isOwn) it('lets one of two replicas write, and the other take over', async () => {
      const [a, b] = [await rig.controller(), await rig.controller()]
      await Promise.all([a.ready(), b.ready()])
      const names = await createMany(10)
      await waitFor(() => allSynced(names))
      expect([a, b].filter(({ output }) => output.includes('msg=Updating')).length).toBe(1)
      const [leader, follower] = a.output.includes('msg=Leading') ? [a, b] : [b, a]
      expect(await (await follower.fetch('/v1/cert.pem')).text()).toBe(rig.key.certificate.pem)
      expect(await leader.stop()).toBe(0)
      const more = await createMany(5, 'later')
      await waitFor(() => allSynced(more))
      expect(await follower.stop()).toBe(0)
    })

    it('tells its metrics under the names of upstream', async () => {
      await createMany(1)
      await rig.apply({ ...rig.seal('bad', { k: 'v' }), metadata: { name: 'renamed', namespace: rig.apps, labels: { 'app.kubernetes.io/instance': 'shop' } } })
      const controller = await (await rig.controller()).ready()
      await waitFor(async () => (await allSynced(['s0'])) && (await rig.status('renamed')) !== undefined)
      await sleep(50)
      const text = await controller.metrics()
      expect(text).toMatch(/^waxseal_leader 1$/m)
      expect(text).toMatch(/^waxseal_sealedsecrets_opened\{fingerprint="SHA256:[^"]+"\} 1$/m)
      expect(text).toMatch(/^waxseal_key_expiry_timestamp_seconds\{secret="sealed-secrets-key[^"]+",fingerprint="SHA256:[^"]+"\} \d+$/m)
      expect(text).toContain('sealed_secrets_controller_build_info{revision="v0.1.0"} 0')
      expect(text).toContain(`sealed_secrets_controller_unseal_errors_total{reason="unseal",namespace="${rig.apps}"} 1`)
      expect(text).toContain(`sealed_secrets_controller_condition_info{namespace="${rig.apps}",name="s0",condition="Synced",ss_app_kubernetes_io_instance=""} 1`)
      expect(text).toContain(`sealed_secrets_controller_condition_info{namespace="${rig.apps}",name="renamed",condition="Synced",ss_app_kubernetes_io_instance="shop"} -1`)
      await cluster.delete(SEALED, rig.apps, 'renamed')
      await waitFor(async () => !(await controller.metrics()).includes('name="renamed"'))
    })
  })
})
