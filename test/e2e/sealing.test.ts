/**
 * The built programs beside the built controller, as a team uses them: sealed in a folder, opened in the cluster, sealed anew for the next key.
 * Requests to the controller go through the API server's proxy of its Service.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { generateSealingKey, type GeneratedKey, type SealedSecretManifest } from '@waxseal/sealed'
import { built, run, testFolder, type Finished } from '../programs.ts'
import { SERVERS, startCluster, type Cluster } from './cluster.ts'
import { FIXTURES, Rig, waitFor } from './controller-rig.ts'

const DAY_MS = 86_400_000
const PATIENCE_MS = 60_000

describe.each(SERVERS)('on the %s API server', (server) => {
  let cluster: Cluster
  let rig: Rig
  let folder: string

  beforeAll(async () => {
    cluster = await startCluster(server)
    rig = await Rig.start(cluster)
    const controller = await rig.controller(['--watch-for-secrets'])
    await controller.ready()
    await cluster.expose(rig.own, 'sealed-secrets-controller', `http://${await controller.listening}`)
  })
  afterAll(async () => {
    await rig.stop()
    await cluster.stop()
  })
  beforeEach(async () => {
    folder = testFolder()
    write('kubeconfig', cluster.kubeconfig)
    mkdirSync(join(folder, 'deploy'))
    await waitFor(async () => (await ask('waxseal', ['cert'])).status === 0, PATIENCE_MS)
  })

  function write(file: string, text: string): void {
    writeFileSync(join(folder, file), text)
  }

  function read(file: string): string {
    return readFileSync(join(folder, file), 'utf8')
  }

  function call(program: 'waxseal' | 'kubeseal', args: readonly string[], stdin = ''): Promise<Finished> {
    return run(built(program), args, { cwd: folder, env: { KUBECONFIG: join(folder, 'kubeconfig') }, stdin })
  }

  /** Asks the controller. */
  function ask(program: 'waxseal' | 'kubeseal', args: readonly string[], stdin = ''): Promise<Finished> {
    return call(program, [...args, '--controller-namespace', rig.own], stdin)
  }

  function secret(name: string, items: Readonly<Record<string, string>>): string {
    return `apiVersion: v1\nkind: Secret\nmetadata:\n  name: ${name}\n  namespace: ${rig.apps}\nstringData:\n${Object.entries(items).map(([item, value]) => `  ${item}: ${value}\n`).join('')}`
  }

  function newKey(days: number): Promise<GeneratedKey> {
    return generateSealingKey({ bits: 2048, notBefore: new Date(), notAfter: new Date(Date.now() + days * DAY_MS) })
  }

  async function applied(file: string): Promise<void> {
    for (const document of parseAllDocuments(read(file))) await rig.apply(document.toJS() as SealedSecretManifest)
  }

  describe('a folder of Secrets', () => {
    it('is sealed for the controller, opened by it, checked, and sealed anew for its next key', async () => {
      write('deploy/db.yaml', `# the database\n${secret('db', { user: 'bob', password: 'a-long-password' })}`)
      write('deploy/web.yaml', secret('web', { token: 'a-long-token' }))
      write('deploy/config.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n')
      expect(await ask('waxseal', ['seal', '--in-place', 'deploy'])).toMatchObject({ status: 0 })
      expect(read('deploy/db.yaml') + read('deploy/web.yaml')).not.toMatch(/a-long/)
      expect(read('deploy/config.yaml')).toContain('ConfigMap')

      await applied('deploy/db.yaml')
      await applied('deploy/web.yaml')
      await waitFor(async () => (await rig.isSynced('db')) && (await rig.isSynced('web')), PATIENCE_MS)
      expect([await rig.data('db'), await rig.data('web')]).toEqual([{ user: 'bob', password: 'a-long-password' }, { token: 'a-long-token' }])
      expect(await ask('waxseal', ['validate', 'deploy'])).toMatchObject({ status: 0, stderr: '' })

      // A new key arrives; the old ciphertexts stay good until they are sealed anew.
      const before = read('deploy/db.yaml')
      const next = await newKey(100)
      await rig.addKey(next)
      await waitFor(async () => (await ask('waxseal', ['cert'])).stdout.toString() === next.certificate.pem, PATIENCE_MS)
      expect(await ask('waxseal', ['validate', 'deploy'])).toMatchObject({ status: 0 })
      expect(await ask('waxseal', ['reseal', 'deploy'])).toMatchObject({ status: 0 })
      expect(read('deploy/db.yaml')).not.toBe(before)
      await applied('deploy/db.yaml')
      await waitFor(async () => (await rig.isSynced('db')) && (await rig.sealed('db'))?.metadata.generation === 2, PATIENCE_MS)
      expect(await rig.data('db')).toEqual({ user: 'bob', password: 'a-long-password' })
    })

    it('keeps what can be opened apart from what cannot, and shows no value', async () => {
      write('good.yaml', secret('good', { a: 'hidden-1' }))
      write('deploy/moved.yaml', secret('moved', { a: 'hidden-2' }))
      expect(await ask('waxseal', ['seal', 'good.yaml', '-o', 'deploy/good.yaml'])).toMatchObject({ status: 0 })
      expect(await ask('waxseal', ['seal', '--in-place', 'deploy/moved.yaml'])).toMatchObject({ status: 0 })
      write('deploy/moved.yaml', read('deploy/moved.yaml').replaceAll('name: moved', 'name: elsewhere'))
      const { status, stdout, stderr } = await ask('waxseal', ['validate', 'deploy'])
      expect(status).toBe(34)
      expect(stdout.toString().split('\n')).toEqual(['valid   deploy/good.yaml', expect.stringMatching(/^failed {2}deploy\/moved\.yaml: /), ''])
      expect(stdout + stderr).not.toContain('hidden')
      const before = read('deploy/moved.yaml')
      expect((await ask('waxseal', ['reseal', 'deploy'])).status).not.toBe(0)
      expect(read('deploy/moved.yaml')).toBe(before)
    })
  })

  it('kubeseal and waxseal take what the other wrote, and the controller takes both', async () => {
    const sealed = await ask('kubeseal', ['-o', 'yaml'], secret('theirs', { a: '1' }))
    expect(sealed).toMatchObject({ status: 0, stderr: '' })
    write('theirs.yaml', sealed.stdout.toString())
    expect(await ask('waxseal', ['validate', 'theirs.yaml'])).toMatchObject({ status: 0 })
    const again = await ask('kubeseal', ['--re-encrypt', '-o', 'yaml'], sealed.stdout.toString())
    expect(again.status).toBe(0)
    expect(await ask('kubeseal', ['--validate'], again.stdout.toString())).toMatchObject({ status: 0, stderr: '' })
    await applied('theirs.yaml')
    await waitFor(() => rig.isSynced('theirs'), PATIENCE_MS)
    expect(await rig.data('theirs')).toEqual({ a: '1' })
    write('keys.json', JSON.stringify({ apiVersion: 'v1', kind: 'List', items: await rig.keySecrets() }))
    expect((await call('waxseal', ['unseal', '--key', 'keys.json', 'theirs.yaml'])).stdout.toString()).toContain('a: MQ==')
  })

  it('a SealedSecret takes the place of a Secret that goes, whether it goes at once or later', async () => {
    const plain = (name: string): object => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: rig.apps }, data: { a: 'b2xk' } })
    await cluster.put(plain('replaced'))
    await rig.apply(rig.seal('replaced', { a: 'new' }))
    await rig.deleteSecret('replaced')
    await waitFor(async () => (await rig.isSynced('replaced')) && (await rig.data('replaced'))?.['a'] === 'new', PATIENCE_MS)

    await cluster.put(plain('kept'))
    await rig.apply(rig.seal('kept', { a: 'new' }))
    await waitFor(() => rig.isRefused('kept'), PATIENCE_MS)
    expect(await rig.data('kept')).toEqual({ a: 'old' })
    await rig.deleteSecret('kept')
    await waitFor(async () => (await rig.isSynced('kept')) && (await rig.data('kept'))?.['a'] === 'new', PATIENCE_MS)
  })

  describe('certificates', () => {
    const certificate = (name: string): string => join(FIXTURES, 'keys', `${name}.crt`)

    it('that have ended seal nothing', async () => {
      for (const ended of [await call('waxseal', ['seal', '--cert', certificate('old')], secret('a', { b: 'c' })), await call('kubeseal', ['--cert', certificate('old')], secret('a', { b: 'c' }))]) {
        expect(ended.status).not.toBe(0)
        expect(ended.stdout.toString()).toBe('')
        expect(ended.stderr).toMatch(/expired|ended/)
      }
    })

    it('that end soon seal with a warning', async () => {
      write('soon.crt', (await newKey(20)).certificate.pem)
      const { status, stdout, stderr } = await call('waxseal', ['seal', '--cert', 'soon.crt'], secret('a', { b: 'c' }))
      expect(status).toBe(0)
      expect(stdout.toString()).toContain('kind: SealedSecret')
      expect(stderr).toMatch(/^waxseal: warning: .*\n/)
    })
  })
})
