/**
 * Azure Key Vault keys on a server with the private keys of the recorded files, reached by real host names through a proxy: files of the real sops
 * open here, files of this program open there, and no command makes more requests than the real one.
 */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { parse } from 'yaml'
import { AzureKeyVault, makeServerIdentity, managedIdentity, microsoftLogin, startConnectProxy, startScriptedServer, type ConnectProxy, type ScriptedServer, type ServerIdentity } from '@waxseal/testkit'
import { built, run, testFolder } from '../programs.ts'
import { rigProgram } from '../rigs/rigs.ts'
import { cloudFixtures, cloudSeed, cloudSeedFile, cloudText, contentOf } from './cloud-fixtures.ts'

const folder = dirname(cloudSeedFile)
const { azure: seed } = cloudSeed
const recorded = cloudFixtures('azure')

const TENANT = '11111111-2222-3333-4444-555555555555'
const VAULT = seed.vault_url
const TWO = `${VAULT}/keys/two`
const OLD = '1d4aee3aaea87f41adbf85934ab29761'
const NEW = 'd8f78efca7fe194e74823c30c4f38e2a'
const realSops = rigProgram('sops', 'sops')

let identity: ServerIdentity
let vault: AzureKeyVault
let server: ScriptedServer
let tokens: ScriptedServer
let proxy: ConnectProxy

beforeAll(async () => {
  identity = makeServerIdentity(new Date(), ['*.vault.azure.net', '*.managedhsm.azure.net', '*.vault.usgovcloudapi.net', '*.vault.example', 'login.microsoftonline.com'])
  vault = new AzureKeyVault(seed)
  const login = microsoftLogin(['secret-hunter2', 'assertion-hunter2'])
  server = await startScriptedServer((request) => (request.headers.host === 'login.microsoftonline.com' ? login(request) : vault.vault(request)), { tls: identity })
  tokens = await startScriptedServer(managedIdentity('header-hunter2'))
  proxy = await startConnectProxy(Number(new URL(server.url).port))
})
afterAll(async () => {
  await Promise.all([server.close(), tokens.close(), proxy.close()])
})

/** A folder with `p.yaml`, and an environment with the managed identity of a machine. */
function work(): { readonly cwd: string; readonly env: Readonly<Record<string, string>>; readonly network: Readonly<Record<string, string>> } {
  const cwd = testFolder()
  writeFileSync(join(cwd, 'p.yaml'), 'a: 1\n')
  writeFileSync(join(cwd, 'ca.pem'), identity.caPem)
  const network = { HTTPS_PROXY: proxy.url, SSL_CERT_FILE: join(cwd, 'ca.pem') }
  return { cwd, network, env: { ...network, AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential', IDENTITY_ENDPOINT: `${tokens.url}/msi/token`, IDENTITY_HEADER: 'header-hunter2' } }
}

describe('recorded files of the real sops', () => {
  it('are all there', () => {
    expect(recorded).toHaveLength(5)
  })

  it.each(recorded)('$file: $expect', async (fixture) => {
    const { cwd, env } = work()
    const result = await run(built('sops'), ['decrypt', join(folder, fixture.file)], { cwd, env })
    if (fixture.expect === 'fail') {
      expect(result.status).toBe(128)
      expect(result.stderr.replace(/\s*\n\s*\|\s*/g, ' ')).toContain('Azure Key Vault answered 400: BadParameter')
    } else {
      expect(result.stderr).toBe('')
      expect(contentOf(result.stdout.toString(), fixture)).toStrictEqual(contentOf(cloudText(fixture.plain ?? ''), fixture))
    }
  })
})

describe.skipIf(!realSops)(`and the real sops${realSops ? '' : ' (left out: rig sops)'}`, () => {
  const theirs = realSops ?? ''

  it.each([
    ['a key without version', TWO, `${VAULT}/keys/two/${NEW}`],
    ['an older version', `${TWO}/${OLD}`, `${VAULT}/keys/two/${OLD}`],
    ['a Managed HSM', 'https://wax-hsm.managedhsm.azure.net/keys/one/', `https://wax-hsm.managedhsm.azure.net/keys/one/${seed.keys['one']?.current}`],
    ['a vault of another cloud', 'https://wax-gov.vault.usgovcloudapi.net/keys/two', `https://wax-gov.vault.usgovcloudapi.net/keys/two/${NEW}`],
  ])('read each other: %s', async (_, key, stored) => {
    const { cwd, env } = work()
    for (const [writer, reader] of [[theirs, built('sops')], [built('sops'), theirs]] as const) {
      const encrypted = await run(writer, ['encrypt', '--azure-kv', key, 'p.yaml'], { cwd, env })
      expect(encrypted.stderr).toBe('')
      const entry = (parse(encrypted.stdout.toString()) as { readonly sops: { readonly azure_kv: readonly Readonly<Record<string, string>>[] } }).sops.azure_kv[0]
      expect(`${entry?.['vault_url']}/keys/${entry?.['name']}/${entry?.['version']}`).toBe(stored)
      writeFileSync(join(cwd, 'e.yaml'), encrypted.stdout)
      expect((await run(reader, ['decrypt', 'e.yaml'], { cwd, env })).stdout.toString()).toBe('a: 1\n')
    }
  })

  it.each([
    ['encrypt', ['encrypt', '--azure-kv', `${TWO},${TWO}/${OLD}`, 'p.yaml']],
    ['decrypt', ['decrypt', 'e.yaml']],
    ['rotate with a key added', ['rotate', '-i', '--add-azure-kv', TWO, 'e.yaml']],
    ['rotate with a key added and one removed', ['rotate', '-i', '--add-azure-kv', TWO, '--rm-azure-kv', `${VAULT}/keys/one`, 'e.yaml']],
    ['updatekeys, one key exchanged', ['updatekeys', '-y', 'e.yaml']],
    ['updatekeys, nothing to change', ['updatekeys', '-y', 'same.yaml']],
  ])('%s: the same keys, and no more requests', async (_, args) => {
    const seen = []
    for (const program of [theirs, built('sops')]) {
      const { cwd, env } = work()
      copyFileSync(join(folder, 'sops', 'azure-one.yaml'), join(cwd, 'e.yaml'))
      writeFileSync(join(cwd, '.sops.yaml'), `creation_rules:\n  - key_groups:\n      - azure_keyvault:\n          - vaultUrl: ${VAULT}\n            key: two\n`)
      writeFileSync(join(cwd, 'same.yaml'), (await run(theirs, ['encrypt', 'p.yaml'], { cwd, env })).stdout)
      const before = server.requests.length + tokens.requests.length
      const result = await run(program, args, { cwd, env })
      expect(result.status).toBe(0)
      const text = (args.includes('e.yaml') ? readFileSync(join(cwd, 'e.yaml')) : result.stdout).toString()
      seen.push({ requests: server.requests.length + tokens.requests.length - before, keys: text.match(/vault_url: .*|version: .*|^ *- created_at/gm), said: result.stdout.toString().match(/already up to date/) })
    }
    const [reference, own] = seen
    expect(own?.keys).toStrictEqual(reference?.keys)
    expect(own?.requests).toBeLessThanOrEqual(reference?.requests ?? 0)
  })
})

describe('credentials', () => {
  const file = join(folder, 'sops', 'azure-one.yaml')

  it('of a service principal and of a workload', async () => {
    const { cwd, network } = work()
    writeFileSync(join(cwd, 'assertion'), 'assertion-hunter2')
    const principal = { ...network, AZURE_TENANT_ID: TENANT, AZURE_CLIENT_ID: 'client' }
    for (const env of [{ ...principal, AZURE_CLIENT_SECRET: 'secret-hunter2' }, { ...principal, AZURE_FEDERATED_TOKEN_FILE: join(cwd, 'assertion') }]) {
      expect((await run(built('sops'), ['decrypt', file], { cwd, env })).stderr).toBe('')
    }
  })

  it('are named by keys test', async () => {
    const { cwd, env } = work()
    const result = await run(built('waxseal'), ['keys', 'test', '--json', file], { cwd, env })
    expect(JSON.parse(result.stdout.toString())).toMatchObject({ opens: true, keys: [{ type: 'azure_kv', outcome: 'recovered', source: 'AZURE_TOKEN_CREDENTIALS ManagedIdentityCredential' }] })
  })

  it('that are refused or missing are told without being shown', async () => {
    const { cwd, network, env } = work()
    const principal = { ...network, AZURE_TENANT_ID: TENANT, AZURE_CLIENT_ID: 'client', AZURE_TOKEN_CREDENTIALS: 'EnvironmentCredential' }
    const cases: readonly (readonly [Readonly<Record<string, string>>, string])[] = [
      [{ ...principal, AZURE_CLIENT_SECRET: 'wrong-hunter2' }, 'Azure gave no token for the credentials: AADSTS7000215'],
      [{ ...env, IDENTITY_HEADER: 'wrong-hunter2' }, 'could not find Azure credentials'],
      [{ ...network, AZURE_TOKEN_CREDENTIALS: 'EnvironmentCredential' }, 'could not find Azure credentials'],
      [{ ...network, AZURE_TOKEN_CREDENTIALS: 'Nobody' }, 'AZURE_TOKEN_CREDENTIALS names no credential that there is'],
    ]
    for (const [wrong, message] of cases) {
      const { status, stderr } = await run(built('waxseal'), ['decrypt', file], { cwd, env: wrong })
      expect(status).not.toBe(0)
      expect(stderr.replace(/\s+/g, ' ')).toContain(message)
      expect(stderr).not.toContain('hunter2')
    }
  })

  it('go to no vault that asks for tokens of somebody else', async () => {
    const { cwd, network } = work()
    const evil = await startScriptedServer(() => ({ status: 401, headers: { 'www-authenticate': `Bearer authorization="https://login.microsoftonline.com/${TENANT}", resource="https://management.azure.com"` } }), { tls: identity })
    const way = await startConnectProxy(Number(new URL(evil.url).port))
    onTestFinished(async () => {
      await Promise.all([evil.close(), way.close()])
    })
    const { stderr } = await run(built('sops'), ['decrypt', file], { cwd, env: { ...network, HTTPS_PROXY: way.url } })
    expect(stderr.replace(/\s*\n\s*\|\s*/g, ' ')).toContain('wants tokens for https://management.azure.com, to which it does not belong')
    expect(evil.requests.map(({ headers, body }) => [headers.authorization, body])).toStrictEqual([[undefined, '']])
  })
})

describe('a file that names a vault of somebody else', () => {
  it('leads native commands nowhere, unless the user allows it', async () => {
    const { cwd, env } = work()
    writeFileSync(join(cwd, 'e.yaml'), cloudText('sops/azure-one.yaml').replace(VAULT, 'https://waxseal-alpha.vault.example'))
    const before = proxy.targets.length
    const refused = await run(built('waxseal'), ['decrypt', 'e.yaml'], { cwd, env })
    expect(refused.stderr).toContain('Azure Key Vault https://waxseal-alpha.vault.example is not among the hosts that keys of files may name')
    expect(refused.stderr).toContain('hint: if you trust it, allow it with --allow https://waxseal-alpha.vault.example or WAXSEAL_ALLOW')
    expect(proxy.targets.length).toBe(before)
    const allowed = await run(built('waxseal'), ['decrypt', '--allow', 'waxseal-alpha.vault.example', 'e.yaml'], { cwd, env })
    expect(allowed.stderr).toBe('')
    expect(proxy.targets.slice(before)).toStrictEqual(['waxseal-alpha.vault.example:443'])
  })
})
