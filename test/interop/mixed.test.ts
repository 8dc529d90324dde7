/**
 * Files whose keys belong to several services, all of which run here: any key of a group opens it, and any groups up to the threshold
 * open the file.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AzureKeyVault, GcpKms, gcpKmsOverRest, huaweiCloud, makeServerIdentity, managedIdentity, startConnectProxy, startScriptedServer, type ConnectProxy, type ScriptedServer } from '@waxseal/testkit'
import { built, run, testFolder, type Finished } from '../programs.ts'
import { launch, type Service } from '../rigs/launch.ts'
import { baoProgram, startOpenBao, type OpenBao } from '../rigs/openbao.ts'
import { rigProgram } from '../rigs/rigs.ts'
import { cloudSeed, cloudSeedFile, cloudText, contentOf, mixedFixtures } from './cloud-fixtures.ts'

const realSops = rigProgram('sops', 'sops')
const python = rigProgram('moto', 'python')
const missing = [...(python ? [] : ['moto']), ...(baoProgram ? [] : ['openbao'])]
const PLAIN = 'a: 1\n'
const AWS_KEY = 'arn:aws:kms:eu-west-1:123456789012:key/28bca7a4-f58e-4cb6-b31c-4f34a88ba195'
const AZURE_KEY = { vaultUrl: cloudSeed.azure.vault_url, key: 'one', version: cloudSeed.azure.keys['one']?.current ?? '' }
const HUAWEI_KEY = `${cloudSeed.huawei.region}:${Object.keys(cloudSeed.huawei.keys)[0]}`
const GCP_KEY = Object.keys(cloudSeed.gcp.keys)[0] ?? ''

type Env = Readonly<Record<string, string>>

describe.skipIf(missing.length > 0)(`keys of several services${missing.length > 0 ? ` (left out: rig ${missing.join(', ')})` : ''}`, () => {
  let moto: Service
  let bao: OpenBao
  let servers: readonly ScriptedServer[]
  let proxy: ConnectProxy
  /** What each service needs, and what its way to fail is. */
  let working: Readonly<Record<'aws' | 'gcp' | 'azure' | 'vault' | 'huawei', Env>>
  let caPem: string

  beforeAll(async () => {
    const identity = makeServerIdentity(new Date(), ['*.vault.azure.net'])
    const script = join(import.meta.dirname, '..', 'rigs', 'python', 'moto_seeded.py')
    const [azure, tokens, gcp, huawei] = await Promise.all([
      startScriptedServer(new AzureKeyVault(cloudSeed.azure).vault, { tls: identity }),
      startScriptedServer(managedIdentity('header')),
      startScriptedServer(gcpKmsOverRest(new GcpKms(cloudSeed.gcp))),
      startScriptedServer(huaweiCloud(cloudSeed.huawei)),
    ])
    servers = [azure, tokens, gcp, huawei]
    proxy = await startConnectProxy(Number(new URL(azure.url).port))
    caPem = identity.caPem
    moto = await launch({ name: 'moto', program: python ?? '', args: (port) => [script, cloudSeedFile, String(port)], readyPath: '/moto-api/data.json' })
    bao = await startOpenBao(cloudSeed.vault)
    const [id = '', secret = ''] = Object.entries(cloudSeed.huawei.credentials)[0] ?? []
    working = {
      aws: { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'example', AWS_ENDPOINT_URL: moto.url },
      gcp: { GOOGLE_OAUTH_ACCESS_TOKEN: 'any', SOPS_GCP_KMS_CLIENT_TYPE: 'rest', SOPS_GCP_KMS_ENDPOINT: gcp.url },
      azure: { AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential', IDENTITY_ENDPOINT: `${tokens.url}/msi/token`, IDENTITY_HEADER: 'header', HTTPS_PROXY: proxy.url },
      vault: { VAULT_TOKEN: bao.token },
      huawei: { HUAWEICLOUD_SDK_AK: id, HUAWEICLOUD_SDK_SK: secret, HUAWEICLOUD_SDK_PROJECT_ID: cloudSeed.huawei.project_id, HUAWEICLOUD_SDK_REGION_KMS_CN_NORTH_4: huawei.url },
    }
  }, 60_000)
  afterAll(() => Promise.all([moto?.stop(), bao?.stop(), proxy?.close(), ...(servers ?? []).map((server) => server.close())]))

  /** All services work, but for those whose environment is replaced. */
  function environment(cwd: string, replaced: Env = {}): Env {
    writeFileSync(join(cwd, 'ca.pem'), caPem)
    return { ...Object.assign({}, ...Object.values(working)), SSL_CERT_FILE: join(cwd, 'ca.pem'), ...replaced }
  }

  it.each(mixedFixtures)('$file opens through each of them: $about', async (fixture) => {
    const cwd = testFolder()
    const name = `e.${fixture.type}`
    writeFileSync(join(cwd, name), cloudText(fixture.file).replaceAll(cloudSeed.vault.address, bao.url))
    const wanted = contentOf(cloudText(fixture.plain ?? ''), fixture)
    for (const type of ['kms', 'gcp_kms', 'azure_kv', 'hc_vault', 'hckms']) {
      const result = await run(built('sops'), ['decrypt', '--decryption-order', type, name], { cwd, env: environment(cwd) })
      expect(result.stderr).toBe('')
      expect(contentOf(result.stdout.toString(), fixture)).toEqual(wanted)
    }
  })

  describe('two of three: AWS, Azure and Vault', () => {
    const broken: Readonly<Record<string, Env>> = { AWS: { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }, Azure: { HTTPS_PROXY: 'http://127.0.0.1:1' }, Vault: { VAULT_TOKEN: 'hunter2' } }

    async function encrypted(program: string): Promise<string> {
      const cwd = testFolder()
      const { vaultUrl, key, version } = AZURE_KEY
      const groups = `[{kms: [{arn: ${AWS_KEY}}]}, {azure_keyvault: [{vaultUrl: ${vaultUrl}, key: ${key}, version: ${version}}]}, {hc_vault: [${bao.key('one')}]}]`
      writeFileSync(join(cwd, '.sops.yaml'), `creation_rules:\n  - shamir_threshold: 2\n    key_groups: ${groups}\n`)
      writeFileSync(join(cwd, 'e.yaml'), PLAIN)
      const { status, stderr } = await run(program, ['encrypt', '-i', 'e.yaml'], { cwd, env: environment(cwd) })
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      expect(readFileSync(join(cwd, 'e.yaml'), 'utf8')).toContain('shamir_threshold: 2')
      return cwd
    }

    const decrypt = (program: string, cwd: string, ...without: readonly string[]): Promise<Finished> =>
      run(program, ['decrypt', 'e.yaml'], { cwd, env: environment(cwd, Object.assign({}, ...without.map((name) => broken[name]))) })

    it('open it, whichever one is missing', async () => {
      const cwd = await encrypted(built('sops'))
      for (const name of Object.keys(broken)) expect((await decrypt(built('sops'), cwd, name)).stdout.toString()).toBe(PLAIN)
    })

    it('are needed: one alone does not open it, and every key says why', async () => {
      const cwd = await encrypted(built('sops'))
      const { status, stdout, stderr } = await decrypt(built('sops'), cwd, 'AWS', 'Vault')
      expect({ status, stdout: stdout.toString() }).toEqual({ status: 128, stdout: '' })
      expect(stderr).toMatch(/Group 0: FAILED[^]*Group 1: SUCCESS[^]*Group 2: FAILED/)
      expect(stderr.split(/[\s|]+/).join(' ')).toContain('Code: 403. Errors: * permission denied')
      expect(stderr).not.toContain('hunter2')
    })

    it.skipIf(!realSops)(`are enough for the real sops, and for files of it${realSops ? '' : ' (left out: rig sops)'}`, async () => {
      const [ours, theirs] = [await encrypted(built('sops')), await encrypted(realSops ?? '')]
      expect((await decrypt(realSops ?? '', ours, 'Vault')).stdout.toString()).toBe(PLAIN)
      for (const name of Object.keys(broken)) expect((await decrypt(built('sops'), theirs, name)).stdout.toString()).toBe(PLAIN)
    })
  })

  it('are named where one of them cannot wrap, and nothing is written', async () => {
    const cwd = testFolder()
    writeFileSync(join(cwd, 'p.yaml'), PLAIN)
    const keys = ['--kms', AWS_KEY, '--gcp-kms', GCP_KEY, '--hckms', HUAWEI_KEY, '--hc-vault-transit', bao.key('one')]
    const { status, stderr } = await run(built('sops'), ['encrypt', '--output', 'e.yaml', ...keys, 'p.yaml'], { cwd, env: environment(cwd, { VAULT_TOKEN: 'hunter2' }) })
    expect(status).toBe(1)
    expect(stderr).toContain(`failed to encrypt new data key with master key "${bao.key('one')}"`)
    expect(stderr).not.toContain(AWS_KEY)
    expect(() => readFileSync(join(cwd, 'e.yaml'))).toThrow('ENOENT')
  })
})
