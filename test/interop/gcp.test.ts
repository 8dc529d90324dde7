/**
 * GCP KMS keys on a server with the material of the recorded files, over REST and gRPC: files of the real sops open here, files of this program
 * open there, and no command makes more requests than the real one.
 */
import { generateKeyPairSync, verify } from 'node:crypto'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openDocument } from '@waxseal/core'
import { formatByName } from '@waxseal/formats'
import { createGcpProvider } from '@waxseal/provider-gcp'
import {
  GcpKms, gcpKmsOverRest, makeServerIdentity, startConnectProxy, startGcpKmsOverGrpc, startScriptedServer,
  type GrpcServer, type ScriptedServer, type ServerIdentity,
} from '@waxseal/testkit'
import { built, run, testFolder } from '../programs.ts'
import { rigProgram } from '../rigs/rigs.ts'
import { cloudFixtures, cloudSeed, cloudSeedFile, cloudText, contentOf } from './cloud-fixtures.ts'

const folder = dirname(cloudSeedFile)
const { gcp: seed } = cloudSeed
const recorded = cloudFixtures('gcp')

const RING = 'projects/waxseal-alpha/locations/global/keyRings/sops/cryptoKeys'
const [ONE, TWO, UNKNOWN] = [`${RING}/one`, `${RING}/two`, `${RING}/three`] as const
const TOKEN = { GOOGLE_OAUTH_ACCESS_TOKEN: 'ya29.hunter2' }
const realSops = rigProgram('sops', 'sops')

let kms: GcpKms
let identity: ServerIdentity
let rest: ScriptedServer
let grpc: GrpcServer
let overRest: Readonly<Record<string, string>>

beforeAll(async () => {
  kms = new GcpKms(seed)
  identity = makeServerIdentity(new Date(), ['localhost', 'cloudkms.googleapis.com', 'cloudkms.example-universe.dev'])
  rest = await startScriptedServer(gcpKmsOverRest(kms))
  grpc = await startGcpKmsOverGrpc(kms, identity)
  overRest = { ...TOKEN, SOPS_GCP_KMS_CLIENT_TYPE: 'rest', SOPS_GCP_KMS_ENDPOINT: rest.url }
})
afterAll(async () => {
  await rest.close()
  await grpc.close()
})

/** A folder with `p.yaml` and the authority of the servers. */
function work(): { readonly cwd: string; readonly trust: Readonly<Record<string, string>> } {
  const cwd = testFolder()
  writeFileSync(join(cwd, 'p.yaml'), 'a: 1\n')
  writeFileSync(join(cwd, 'ca.pem'), identity.caPem)
  return { cwd, trust: { SSL_CERT_FILE: join(cwd, 'ca.pem'), NODE_EXTRA_CA_CERTS: join(cwd, 'ca.pem') } }
}

describe('recorded files of the real sops', () => {
  it('are all there', () => {
    expect(recorded).toHaveLength(4)
  })

  it.each(['rest', 'grpc'])('open over %s', async (clientType) => {
    const endpoint = clientType === 'rest' ? rest.url : `localhost:${grpc.port}`
    const agents = async () => ({ http: new HttpAgent(), https: new HttpsAgent({ ca: identity.caPem }) })
    const provider = createGcpProvider(() => ({ accessToken: 'any', endpoint, clientType, agents }))
    for (const { file, type } of recorded) {
      const document = formatByName(type)?.parse(Buffer.from(cloudText(file)))
      if (!document) throw new TypeError(`no format ${type}`)
      const { edits } = await openDocument(document, { providers: new Map([['gcp_kms', provider]]), decryptionOrder: ['gcp_kms'], keepNonces: false })
      expect(edits.length).toBeGreaterThan(0)
    }
  })

  it('read as they were, through the built program', async () => {
    for (const fixture of recorded) {
      const result = await run(built('sops'), ['decrypt', join(folder, fixture.file)], { cwd: testFolder(), env: overRest })
      expect(result.stderr).toBe('')
      expect(contentOf(result.stdout.toString(), fixture)).toStrictEqual(contentOf(cloudText(fixture.plain ?? ''), fixture))
    }
  })
})

describe.skipIf(!realSops)(`and the real sops${realSops ? '' : ' (left out: rig sops)'}`, () => {
  const theirs = realSops ?? ''

  it('read each other over REST, over gRPC, and through a proxy', async () => {
    const { cwd, trust } = work()
    const proxy = await startConnectProxy(grpc.port)
    const secureRest = await startScriptedServer(gcpKmsOverRest(kms), { tls: identity })
    const restProxy = await startConnectProxy(Number(new URL(secureRest.url).port))
    onTestFinished(async () => {
      await Promise.all([proxy.close(), restProxy.close(), secureRest.close()])
    })
    const routes = [
      overRest,
      { ...TOKEN, ...trust, SOPS_GCP_KMS_ENDPOINT: `localhost:${grpc.port}` },
      { ...TOKEN, ...trust, SOPS_GCP_KMS_CLIENT_TYPE: 'grpc', HTTPS_PROXY: proxy.url },
      { ...TOKEN, ...trust, SOPS_GCP_KMS_CLIENT_TYPE: 'rest', HTTPS_PROXY: restProxy.url },
    ]
    for (const env of routes) {
      for (const [writer, reader] of [[theirs, built('sops')], [built('sops'), theirs]] as const) {
        const encrypted = await run(writer, ['encrypt', '--gcp-kms', TWO, 'p.yaml'], { cwd, env })
        expect(encrypted.stderr).toBe('')
        writeFileSync(join(cwd, 'e.yaml'), encrypted.stdout)
        expect((await run(reader, ['decrypt', 'e.yaml'], { cwd, env })).stdout.toString()).toBe('a: 1\n')
      }
    }
    expect([...proxy.targets, ...restProxy.targets]).toStrictEqual(Array.from({ length: 8 }, () => 'cloudkms.googleapis.com:443'))
  })

  it.each([
    ['encrypt', ['encrypt', '--gcp-kms', `${ONE},${TWO}`, 'p.yaml']],
    ['decrypt', ['decrypt', 'e.yaml']],
    ['rotate', ['rotate', '-i', 'e.yaml']],
    ['rotate with a key added and one removed', ['rotate', '-i', '--add-gcp-kms', TWO, '--rm-gcp-kms', ONE, 'e.yaml']],
    ['updatekeys, one key exchanged', ['updatekeys', '-y', 'e.yaml']],
    ['updatekeys, nothing to change', ['updatekeys', '-y', 'same.yaml']],
    ['set', ['set', 'e.yaml', '["a"]', '2']],
  ])('%s: the same metadata, and no more requests', async (_, args) => {
    const seen = []
    for (const program of [theirs, built('sops')]) {
      const { cwd } = work()
      copyFileSync(join(folder, 'sops', 'gcp-one.yaml'), join(cwd, 'e.yaml'))
      writeFileSync(join(cwd, '.sops.yaml'), `creation_rules:\n  - key_groups:\n      - gcp_kms:\n          - resource_id: ${TWO}\n`)
      writeFileSync(join(cwd, 'same.yaml'), (await run(theirs, ['encrypt', 'p.yaml'], { cwd, env: overRest })).stdout)
      const before = rest.requests.length
      const result = await run(program, args, { cwd, env: overRest })
      expect(result.status).toBe(0)
      const text = (args.includes('e.yaml') ? readFileSync(join(cwd, 'e.yaml')) : result.stdout).toString()
      seen.push({ requests: rest.requests.length - before, keys: text.match(/resource_id: .*|^ *- created_at/gm) })
    }
    const [reference, own] = seen
    expect(own?.keys).toStrictEqual(reference?.keys)
    expect(own?.requests).toBeLessThanOrEqual(reference?.requests ?? 0)
  })
})

describe('credentials', () => {
  it('of a service account sign their own statement: no token is fetched', async () => {
    const { cwd } = work()
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const isSigned = (token: string): boolean => {
      const [header = '', claims = '', signature = ''] = token.split('.')
      return verify('sha256', Buffer.from(`${header}.${claims}`), publicKey, Buffer.from(signature, 'base64url')) && JSON.parse(Buffer.from(claims, 'base64url').toString()).iss === 'sops@waxseal-alpha.iam'
    }
    const server = await startScriptedServer(gcpKmsOverRest(new GcpKms(seed, { accepts: isSigned })))
    onTestFinished(() => server.close())
    const json = JSON.stringify({
      type: 'service_account',
      project_id: 'waxseal-alpha',
      private_key_id: 'k1',
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      client_email: 'sops@waxseal-alpha.iam',
      token_uri: `${server.url}/token`,
    })
    writeFileSync(join(cwd, 'account.json'), json)
    const base = { SOPS_GCP_KMS_ENDPOINT: server.url, SOPS_GCP_KMS_CLIENT_TYPE: 'rest' }
    const ways = [{ GOOGLE_CREDENTIALS: json }, { GOOGLE_CREDENTIALS: 'account.json', ...TOKEN }, { GOOGLE_APPLICATION_CREDENTIALS: join(cwd, 'account.json') }]
    for (const credentials of ways) {
      const result = await run(built('sops'), ['decrypt', join(folder, 'sops', 'gcp-one.yaml')], { cwd, env: { ...base, ...credentials } })
      expect(result.stderr).toBe('')
    }
    expect(server.requests.map(({ target }) => target.split(':').at(-1))).toStrictEqual(['decrypt', 'decrypt', 'decrypt'])
  })

  it('of a machine come from its metadata service', async () => {
    const metadata = await startScriptedServer(({ target }) => ({
      status: 200,
      headers: { 'metadata-flavor': 'Google' },
      body: target.includes('/token') ? { access_token: 'machine', expires_in: 3600, token_type: 'Bearer' } : {},
    }))
    const server = await startScriptedServer(gcpKmsOverRest(new GcpKms(seed, { accepts: (token) => token === 'machine' })))
    onTestFinished(async () => {
      await Promise.all([metadata.close(), server.close()])
    })
    const env = { SOPS_GCP_KMS_ENDPOINT: server.url, GCE_METADATA_HOST: metadata.url.slice('http://'.length) }
    expect((await run(built('sops'), ['decrypt', join(folder, 'sops', 'gcp-one.yaml')], { cwd: testFolder(), env })).stderr).toBe('')
    expect(metadata.requests.length).toBeLessThanOrEqual(2)
  })

  it('are named by keys test', async () => {
    const result = await run(built('waxseal'), ['keys', 'test', '--json', join(folder, 'sops', 'gcp-first-key-unknown.yaml')], { cwd: testFolder(), env: overRest })
    expect(JSON.parse(result.stdout.toString())).toMatchObject({ opens: true, keys: [{ outcome: 'failed', error: { code: 'KEY_UNUSABLE' } }, { outcome: 'recovered', source: 'GOOGLE_OAUTH_ACCESS_TOKEN' }] })
  })

  it('of a workload are exchanged for a token', async () => {
    const { cwd } = work()
    writeFileSync(join(cwd, 'oidc'), 'workload-hunter2')
    const sts = await startScriptedServer(({ body }) =>
      new URLSearchParams(body).get('subject_token') === 'workload-hunter2' ? { status: 200, body: { access_token: 'exchanged', token_type: 'Bearer', expires_in: 3600 } } : { status: 400, body: { error: 'invalid_grant', error_description: body } },
    )
    const server = await startScriptedServer(gcpKmsOverRest(new GcpKms(seed, { accepts: (token) => token === 'exchanged' })))
    onTestFinished(async () => {
      await Promise.all([sts.close(), server.close()])
    })
    const account = {
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/p',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${sts.url}/v1/token`,
      credential_source: { file: join(cwd, 'oidc') },
    }
    const env = { SOPS_GCP_KMS_ENDPOINT: server.url, GOOGLE_CREDENTIALS: JSON.stringify(account) }
    const file = join(folder, 'sops', 'gcp-one.yaml')
    expect((await run(built('sops'), ['decrypt', file], { cwd, env })).stderr).toBe('')
    writeFileSync(join(cwd, 'oidc'), 'another-hunter2')
    const refused = await run(built('sops'), ['decrypt', file], { cwd, env })
    expect(refused.stderr.replace(/\s*\n\s*\|\s*/g, ' ')).toContain('Google gave no token for the credentials: status 400')
    expect(refused.stderr).not.toContain('hunter2')
  })

  it('that cannot be read are told apart, and never shown', async () => {
    const { cwd } = work()
    const file = join(folder, 'sops', 'gcp-one.yaml')
    const cases: readonly (readonly [Readonly<Record<string, string>>, string])[] = [
      [{ GOOGLE_CREDENTIALS: '{"private_key": "hunter2"' }, 'GOOGLE_CREDENTIALS is neither the path of a file nor JSON'],
      [{ GOOGLE_CREDENTIALS: 'hunter2/missing.json' }, 'GOOGLE_CREDENTIALS is neither the path of a file nor JSON'],
      [{ GOOGLE_CREDENTIALS: cwd }, 'the file that GOOGLE_CREDENTIALS names cannot be read'],
      [{ GOOGLE_OAUTH_ACCESS_TOKEN: 'hunter2\r\nx: y' }, 'GOOGLE_OAUTH_ACCESS_TOKEN holds what no token holds'],
    ]
    for (const [env, message] of cases) {
      const { status, stderr } = await run(built('waxseal'), ['decrypt', file], { cwd, env: { ...env, SOPS_GCP_KMS_ENDPOINT: rest.url } })
      expect(status).not.toBe(0)
      expect(stderr.replace(/\s+/g, ' ')).toContain(message)
      expect(stderr).not.toContain('hunter2')
    }
  })
})

describe('keys that cannot be used', () => {
  it.each([
    ['an unknown key', UNKNOWN, 'NOT_FOUND'],
    ['a name that leads elsewhere', `${RING}/..`, 'no valid resource ID found'],
  ])('%s fails to wrap and writes nothing', async (_, key, message) => {
    const { cwd } = work()
    const result = await run(built('sops'), ['encrypt', '-i', '--gcp-kms', `${ONE},${key}`, 'p.yaml'], { cwd, env: overRest })
    expect(result.status).toBe(1)
    expect(result.stderr).toContain(message)
    expect(result.stderr).not.toContain('hunter2')
    expect(readFileSync(join(cwd, 'p.yaml'), 'utf8')).toBe('a: 1\n')
  })
})
