import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { generateSealingKey, KEY_LABEL, readKeySecret, type SealedSecretManifest } from '@waxseal/sealed'
import { Rig, sleep, waitFor, type RunningController } from './controller-rig.ts'

const P = 'sealedsecrets.bitnami.com/'
const SEALED = 'sealedsecrets.bitnami.com'
/** What a controller writes about SealedSecrets; leases and keys are its own affair. */
const WRITTEN = ['secrets', SEALED.split('.')[0]!, 'events']

let rig: Rig
beforeEach(async () => {
  rig = await Rig.start()
})
afterEach(() => rig.stop())

function createMany(count: number, prefix = 's'): string[] {
  const names = Array.from({ length: count }, (_, i) => `${prefix}${i}`)
  for (const name of names) rig.apply(rig.seal(name, { k: `value of ${name}` }))
  return names
}

function allSynced(names: readonly string[]): boolean {
  return names.every((name) => rig.isSynced(name) && rig.data(name)?.['k'] === `value of ${name}`)
}

function writes(): string[] {
  return WRITTEN.flatMap((resource) => rig.api.requests.writes({ resource })).map(({ verb, path }) => `${verb} ${path}`)
}

describe('the controller', () => {
  it('brings two hundred SealedSecrets into the cluster, and writes nothing at its next start', async () => {
    const names = createMany(200)
    const first = await rig.controller()
    await waitFor(() => allSynced(names))
    await waitFor(() => rig.events('s7').length > 0)
    expect(rig.secret('s7')).toMatchObject({
      type: 'Opaque',
      metadata: { ownerReferences: [{ apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', name: 's7', controller: true }] },
    })
    expect(rig.events('s7')).toMatchObject([{ type: 'Normal', reason: 'Unsealed', message: 'SealedSecret unsealed successfully', count: 1 }])
    await waitFor(() => writes().length >= 600) // a Secret, a status and an event each
    expect(writes()).toHaveLength(600)
    expect(await first.stop()).toBe(0)

    rig.api.requests.clear()
    const second = await (await rig.controller()).ready()
    await waitFor(async () => /unseal_requests_total 200\b/.test(await second.metrics()))
    await sleep(200)
    expect(writes()).toEqual([])
    expect(await second.stop()).toBe(0)
  })

  it('creates a deleted Secret again', async () => {
    const [name] = createMany(1)
    await rig.controller()
    await waitFor(() => allSynced([name!]))
    rig.api.delete('secrets', 'apps', name!)
    await waitFor(() => rig.data(name!)?.['k'] === `value of ${name}`)
  })

  it('restores edited data and leaves what others add', async () => {
    createMany(1)
    await rig.controller()
    await waitFor(() => allSynced(['s0']))
    const { metadata, ...rest } = rig.api.get('secrets', 'apps', 's0')!
    rig.api.put({ ...rest, metadata: { ...metadata, labels: { by: 'hand' } }, data: { k: 'ZWRpdGVk', extra: 'eA==' } })
    await waitFor(() => allSynced(['s0']) && Object.keys(rig.data('s0') ?? {}).length === 1)
    expect(rig.secret('s0')).toMatchObject({ metadata: { labels: { by: 'hand' } } })
    await waitFor(() => rig.events('s0').some(({ reason }) => reason === 'Restored'))
  })

  it('does not fight over a Secret that somebody keeps editing', async () => {
    createMany(1)
    await rig.controller()
    await waitFor(() => allSynced(['s0']))
    rig.api.requests.clear()
    const end = Date.now() + 2500
    while (Date.now() < end) {
      const secret = rig.api.get('secrets', 'apps', 's0')!
      rig.api.put({ ...secret, data: { k: Buffer.from(String(Date.now())).toString('base64') } })
      await sleep(20)
    }
    const restored = rig.api.requests.all({ verb: 'update', resource: 'secrets' }).filter(({ status }) => status === 200)
    expect(restored.length).toBeLessThanOrEqual(3)
  })

  it('tells of a SealedSecret that no key opens, and opens it when its scope is corrected', async () => {
    const sealed = rig.seal('a', { k: 'v' }, { secret: { metadata: { annotations: { [`${P}namespace-wide`]: 'true' } } } })
    rig.apply({ ...sealed, metadata: { name: 'a', namespace: 'apps' } })
    await rig.controller()
    await waitFor(() => rig.status('a') !== undefined && rig.events('a').length > 0)
    expect(rig.status('a')).toMatchObject({ observedGeneration: 1, conditions: [{ type: 'Synced', status: 'False', message: 'no key could decrypt secret (k)' }] })
    expect(rig.events('a')).toMatchObject([{ type: 'Warning', reason: 'ErrUnsealFailed', message: 'Failed to unseal: no key could decrypt secret (k)' }])
    expect(rig.secret('a')).toBeUndefined()
    rig.apply(sealed)
    await waitFor(() => rig.isSynced('a'))
    expect(rig.data('a')).toEqual({ k: 'v' })
  })

  it('opens what it could not when the key is brought, and no longer uses a key that is retired', async () => {
    const now = Date.now()
    const key = await generateSealingKey({ bits: 2048, notBefore: new Date(now - 1000), notAfter: new Date(now + 86_400_000) })
    rig.apply(rig.seal('a', { k: 'v' }, { key }))
    const controller = await rig.controller()
    await waitFor(() => rig.status('a')?.conditions[0]?.status === 'False')
    const name = rig.addKey(key)
    await waitFor(() => rig.isSynced('a'))
    await waitFor(async () => (await (await controller.fetch('/v1/cert.pem')).text()) === key.certificate.pem)
    const secret = rig.api.get('secrets', 'kube-system', name)!
    rig.api.put({ ...secret, metadata: { ...secret.metadata, labels: { [KEY_LABEL]: 'compromised' } } })
    await waitFor(async () => (await (await controller.fetch('/v1/cert.pem')).text()) === rig.key.certificate.pem)
    rig.apply(rig.seal('b', { k: 'v' }, { key }))
    await waitFor(() => rig.status('b')?.conditions[0]?.status === 'False')
  })

  it('goes on after a key Secret that cannot be read', async () => {
    rig.api.put({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'broken', namespace: 'kube-system', labels: { [KEY_LABEL]: 'active' } }, data: { 'tls.key': 'anVuaw==' } })
    createMany(1)
    const controller = await rig.controller()
    await waitFor(() => allSynced(['s0']))
    expect(controller.output).toContain('secretname=broken')
  })

  it('follows templates, a new spec and a deletion', async () => {
    const sealed = rig.seal('a', { u: 'user' })
    const withTemplate: SealedSecretManifest = { ...sealed, spec: { ...sealed.spec, template: { ...sealed.spec.template, data: { cfg: 'name={{ .u | upper }}' } } } }
    rig.apply(withTemplate)
    await rig.controller()
    await waitFor(() => rig.isSynced('a'))
    expect(rig.data('a')).toEqual({ u: 'user', cfg: 'name=USER' })
    rig.apply(rig.seal('a', { u: 'other', v: '1' }))
    await waitFor(() => rig.status('a')?.observedGeneration === 2 && rig.isSynced('a'))
    expect(rig.data('a')).toEqual({ u: 'other', v: '1' })
    rig.api.delete(SEALED, 'apps', 'a')
    await waitFor(() => rig.secret('a') === undefined)
  })

  it('deletes Secrets itself where it is told to', async () => {
    createMany(1)
    await rig.controller(['--old-gc-behavior'])
    await waitFor(() => allSynced(['s0']))
    rig.api.delete(SEALED, 'apps', 's0')
    await waitFor(() => rig.api.requests.count({ verb: 'delete', resource: 'secrets', name: 's0' }) > 0)
  })

  it('waits for a foreign Secret to go, and then takes the name', async () => {
    rig.api.put({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's0', namespace: 'apps' }, data: {} })
    createMany(1)
    await rig.controller()
    await waitFor(() => rig.status('s0')?.conditions[0]?.status === 'False')
    expect(rig.status('s0')?.conditions[0]?.message).toBe('failed update: Resource "s0" already exists and is not managed by SealedSecret')
    rig.api.delete('secrets', 'apps', 's0')
    await waitFor(() => allSynced(['s0']))
  })

  it('looks at its own namespace alone where it is told to', async () => {
    rig.apply(rig.seal('here', { k: 'v' }, { namespace: 'kube-system' }))
    rig.apply(rig.seal('there', { k: 'v' }))
    const controller = await (await rig.controller(['--all-namespaces=false'])).ready()
    await waitFor(() => rig.isSynced('here', 'kube-system'))
    await sleep(100)
    expect(rig.status('there')).toBeUndefined()
    await controller.stop()
    await rig.controller(['--additional-namespaces=apps,missing'])
    await waitFor(() => rig.isSynced('there'))
  })
})

describe('the sealing keys', () => {
  it('makes and stores a first key that upstream can load, and another at SIGUSR1', async () => {
    const fresh = await Rig.start({ withKey: false })
    try {
      const controller: RunningController = await (await fresh.controller(['--privatekey-labels=team=x', '--my-cn=sealed'])).ready()
      const [secret, ...others] = fresh.api.list('secrets', 'kube-system')
      expect(others).toEqual([])
      expect(secret).toMatchObject({ type: 'kubernetes.io/tls', metadata: { generateName: 'sealed-secrets-key', labels: { [KEY_LABEL]: 'active', team: 'x' } } })
      const data = (secret as unknown as { data: Record<string, string> }).data
      expect(Buffer.from(data['tls.key']!, 'base64').toString()).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/)
      const { key, certificate } = readKeySecret(secret)
      expect(key.fingerprint).toBe(certificate.fingerprint)
      expect(await (await controller.fetch('/v1/cert.pem')).text()).toBe(certificate.pem)

      await sleep(1100) // keys are ordered by whole seconds
      controller.signal('SIGUSR1')
      await waitFor(() => fresh.api.list('secrets', 'kube-system').length === 2)
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
    await waitFor(() => rig.api.list('secrets', 'kube-system').length === 2)
    await controller.stop()
    await rig.controller(['--key-renew-period=1ms'])
    await waitFor(() => rig.api.list('secrets', 'kube-system').length > 2)
  })
})

describe('in trouble', () => {
  it('loses nothing when connections are cut, versions compacted, and requests refused', async () => {
    const controller = await (await rig.controller()).ready()
    const names: string[] = []
    for (let round = 0; round < 4; round++) {
      rig.api.faults.fail(500, { times: 3, match: { verb: 'create', resource: 'secrets' } })
      rig.api.faults.fail(409, { times: 2, match: { resource: 'sealedsecrets', subresource: 'status' } })
      rig.api.faults.fail(429, { times: 2, match: { verb: 'get' }, retryAfterSeconds: 1 })
      names.push(...createMany(15, `r${round}-`))
      rig.api.faults.cutConnections()
      rig.api.faults.compact()
      await sleep(100)
    }
    await waitFor(() => allSynced(names), 20_000)
    expect(await controller.stop()).toBe(0)
  })

  it('finds what happened while it could not watch', async () => {
    const names = createMany(3)
    await (await rig.controller()).ready()
    await waitFor(() => allSynced(names))
    await rig.api.faults.refuseConnections()
    rig.api.delete('secrets', 'apps', 's0')
    rig.apply(rig.seal('s1', { k: 'changed' }))
    rig.api.delete(SEALED, 'apps', 's2')
    rig.apply(rig.seal('new', { k: 'value of new' }))
    rig.api.faults.compact()
    await rig.api.faults.acceptConnections()
    await waitFor(() => rig.data('s0') !== undefined && rig.data('s1')?.['k'] === 'changed' && allSynced(['new']) && rig.secret('s2') === undefined)
  })

  it('loses nothing when its list breaks off and it is killed in the middle of its work', async () => {
    const names = createMany(60)
    rig.api.faults.cut({ afterBytes: 2000, match: { verb: 'list', resource: 'sealedsecrets' } })
    const first = await rig.controller()
    await waitFor(() => rig.api.requests.count({ verb: 'create', resource: 'secrets', namespace: 'apps' }) > 10)
    await first.stop('SIGKILL')
    rig.api.delete('leases.coordination.k8s.io', 'kube-system', 'waxseal-controller') // as if its fifteen seconds were over
    await rig.controller()
    await waitFor(() => allSynced(names))
  })

  it('keeps trying what the server refuses, and says so', async () => {
    rig.apply(rig.seal('a', { k: 'v' }, { secret: { type: 'kubernetes.io/tls' } }))
    await rig.controller()
    await waitFor(() => rig.events('a').some(({ count }) => count >= 3))
    expect(rig.status('a')).toMatchObject({ conditions: [{ status: 'False', message: 'Secret "a" is invalid: [data[tls.crt]: Required value, data[tls.key]: Required value]' }] })
    expect(rig.api.requests.count({ resource: 'sealedsecrets', subresource: 'status' })).toBe(1)
    rig.apply(rig.seal('a', { 'tls.crt': 'x', 'tls.key': 'y' }, { secret: { type: 'kubernetes.io/tls' } }))
    await waitFor(() => rig.isSynced('a'))
  })
})

describe('the process', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('ends with 0 after %s, with its work done', async (signal) => {
    const names = createMany(40)
    rig.api.faults.delay(200, { times: 40, match: { verb: 'create', resource: 'secrets' } })
    const controller = await rig.controller()
    await waitFor(() => rig.api.requests.count({ verb: 'create', resource: 'secrets', namespace: 'apps' }) > 0)
    expect(await controller.stop(signal)).toBe(0)
    const created = names.filter((name) => rig.secret(name) !== undefined)
    expect(created.length).toBeGreaterThan(0)
    expect(created.every((name) => rig.isSynced(name))).toBe(true) // nothing is left half done
  })

  it.each([
    [['--nonsense'], 2],
    [['--key-prefix=Upper'], 2],
    [['--privatekey-labels=x'], 2],
  ])('ends with another status for %j', async (args, status) => {
    await expect(rig.controller(args)).rejects.toThrow(`ended with ${status}`)
  })

  it('lets one of two replicas write, and the other take over', async () => {
    const [a, b] = [await rig.controller(), await rig.controller()]
    await Promise.all([a.ready(), b.ready()])
    const names = createMany(10)
    await waitFor(() => allSynced(names))
    expect([a, b].filter(({ output }) => output.includes('msg=Updating')).length).toBe(1)
    const [leader, follower] = a.output.includes('msg=Leading') ? [a, b] : [b, a]
    expect(await (await follower.fetch('/v1/cert.pem')).text()).toBe(rig.key.certificate.pem)
    expect(await leader.stop()).toBe(0)
    const more = createMany(5, 'later')
    await waitFor(() => allSynced(more))
    expect(await follower.stop()).toBe(0)
  })

  it('tells its metrics under the names of upstream', async () => {
    createMany(1)
    rig.apply({ ...rig.seal('bad', { k: 'v' }), metadata: { name: 'renamed', namespace: 'apps', labels: { 'app.kubernetes.io/instance': 'shop' } } })
    const controller = await (await rig.controller()).ready()
    await waitFor(() => allSynced(['s0']) && rig.status('renamed') !== undefined)
    await sleep(50)
    const text = await controller.metrics()
    expect(text).toContain('sealed_secrets_controller_build_info{revision="v0.1.0"} 0')
    expect(text).toContain('sealed_secrets_controller_unseal_errors_total{reason="unseal",namespace="apps"} 1')
    expect(text).toContain('sealed_secrets_controller_condition_info{namespace="apps",name="s0",condition="Synced",ss_app_kubernetes_io_instance=""} 1')
    expect(text).toContain('sealed_secrets_controller_condition_info{namespace="apps",name="renamed",condition="Synced",ss_app_kubernetes_io_instance="shop"} -1')
    rig.api.delete(SEALED, 'apps', 'renamed')
    await waitFor(async () => !(await controller.metrics()).includes('name="renamed"'))
  })
})
