/** The SDK's own way, up to the network: which hosts it asks for which region, and where it finds credentials. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { restrictHosts } from '@waxseal/core'
import { createAwsProvider, type AwsSources } from '@waxseal/provider-aws'
import { startScriptedServer, tempDir } from '@waxseal/testkit'

const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/28bca7a4-f58e-4cb6-b31c-4f34a88ba195'
const STATIC = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'example-secret' }
const options = { signal: new AbortController().signal }
const now = new Date('2026-01-02T03:04:05Z')

/** Notes the host of each connection, and opens none. */
class Watching extends HttpsAgent {
  readonly hosts: string[] = []
  override createConnection(...[{ host }]: Parameters<HttpsAgent['createConnection']>): never {
    this.hosts.push(host ?? '')
    throw Object.assign(new Error('watched'), { code: 'ECONNREFUSED' })
  }
}

function provider(sources: Partial<AwsSources>, https: HttpsAgent = new HttpsAgent(), endpoint?: string) {
  return createAwsProvider({ policy: restrictHosts(() => []), sources: { sessionName: 'sops@test', endpoint: () => endpoint, agents: async () => ({ http: new HttpAgent(), https }), ...sources } })
}

afterEach(() => vi.unstubAllEnvs())

describe('the host that is asked', () => {
  it.each([
    ['eu-west-1', 'kms.eu-west-1.amazonaws.com'],
    ['us-gov-east-1', 'kms.us-gov-east-1.amazonaws.com'],
    ['cn-north-1', 'kms.cn-north-1.amazonaws.com.cn'],
    ['us-iso-east-1', 'kms.us-iso-east-1.c2s.ic.gov'],
    ['us-isob-east-1', 'kms.us-isob-east-1.sc2s.sgov.gov'],
    ['eu-isoe-west-1', 'kms.eu-isoe-west-1.cloud.adc-e.uk'],
    ['us-isof-south-1', 'kms.us-isof-south-1.csp.hci.ic.gov'],
    ['eusc-de-east-1', 'kms.eusc-de-east-1.amazonaws.eu'],
  ])('in %s is %s', async (region, host) => {
    const watching = new Watching()
    const aws = provider({ credentials: STATIC }, watching)
    await expect(aws.wrap(Buffer.alloc(32), aws.fromText(KEY.replace('eu-west-1', region), { now }), options)).rejects.toThrow('ECONNREFUSED')
    expect(watching.hosts).toEqual([host])
  })

  it('for a role is the STS of the same region', async () => {
    const watching = new Watching()
    const aws = provider({ credentials: STATIC }, watching)
    await expect(aws.wrap(Buffer.alloc(32), aws.fromText(`${KEY}+arn:aws:iam::123456789012:role/sops`, { now }), options)).rejects.toThrow('failed to assume role')
    expect(watching.hosts).toEqual(['sts.eu-west-1.amazonaws.com'])
  })

  it('is another one for FIPS', async () => {
    vi.stubEnv('AWS_USE_FIPS_ENDPOINT', 'true')
    const watching = new Watching()
    const aws = provider({ credentials: STATIC }, watching)
    await expect(aws.wrap(Buffer.alloc(32), aws.fromText(KEY, { now }), options)).rejects.toThrow('ECONNREFUSED')
    expect(watching.hosts).toEqual(['kms-fips.eu-west-1.amazonaws.com'])
  })
})

describe('an answer without a wrapped key', () => {
  it.each([{ KeyId: KEY }, { KeyId: KEY, CiphertextBlob: '' }])('fails, since nobody could open the file: %j', async (body) => {
    const kms = await startScriptedServer(() => ({ status: 200, body }))
    onTestFinished(() => kms.close())
    const aws = provider({ credentials: STATIC }, new HttpsAgent(), kms.url)
    await expect(aws.wrap(Buffer.alloc(32), aws.fromText(KEY, { now }), options)).rejects.toMatchObject({ code: 'KEY_SERVICE_FAILED', message: expect.stringContaining('no wrapped key') as string })
    expect(kms.requests.length).toBe(1)
  })
})

describe('credentials', () => {
  /** What every kind of service of AWS answers here, and with which access key KMS was asked. */
  async function cloud() {
    const seen: string[] = []
    const server = createServer((request, response) => {
      const { 'x-amz-target': target, authorization = '' } = request.headers
      const path = request.url ?? ''
      const keys = { AccessKeyId: `AKIA${path.replaceAll(/[^a-z]/g, '').slice(0, 20)}`, SecretAccessKey: 's', Token: 't', Expiration: '2099-01-01T00:00:00Z' }
      if (target !== undefined) {
        seen.push(/Credential=([^/]+)/.exec(authorization)?.[1] ?? '')
        response.end(JSON.stringify({ KeyId: KEY, CiphertextBlob: 'AAAA' }))
      } else if (path.endsWith('/api/token')) response.setHeader('x-aws-ec2-metadata-token-ttl-seconds', '60').end('a-token')
      else if (path.endsWith('/security-credentials/')) response.end('role')
      else if (path.startsWith('/federation')) response.end(JSON.stringify({ roleCredentials: { accessKeyId: 'AKIASSO', secretAccessKey: 's', sessionToken: 't', expiration: 4_070_908_800_000 } }))
      else response.end(JSON.stringify({ Code: 'Success', ...keys }))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      server.close()
      server.closeAllConnections()
    })
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const dir = tempDir()
    const folder = dir.path
    onTestFinished(() => dir.remove())
    for (const [name, value] of Object.entries({ HOME: folder, AWS_CONFIG_FILE: join(folder, 'config'), AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'), AWS_ENDPOINT_URL_SSO: url })) vi.stubEnv(name, value)
    for (const name of ['AWS_PROFILE', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_EC2_METADATA_DISABLED']) vi.stubEnv(name, undefined)
    return { url, folder, seen }
  }

  async function wrapped(url: string, profile = ''): Promise<string | undefined> {
    const aws = provider({}, new HttpsAgent(), url)
    const ref = aws.fromText(KEY, { now, ...(profile !== '' && { awsProfile: profile }) })
    expect((await aws.wrap(Buffer.alloc(32), ref, options)).enc).toBe('AAAA')
    return aws.credentialSource?.(ref, options)
  }

  it('come from the container', async () => {
    const { url, seen } = await cloud()
    vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', `${url}/container`)
    expect(await wrapped(url)).toBe('AWS configuration (container)')
    expect(seen).toEqual(['AKIAcontainer'])
  })

  it('come from the instance', async () => {
    const { url, seen } = await cloud()
    vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', url)
    expect(await wrapped(url)).toBe('AWS configuration (instance)')
    expect(seen).toEqual(['AKIAlatestmetadataiamsec'])
  })

  it('come from a process that a profile names', async () => {
    const { url, folder, seen } = await cloud()
    writeFileSync(join(folder, 'config'), `[profile tool]\ncredential_process = echo '{"Version": 1, "AccessKeyId": "AKIAPROCESS", "SecretAccessKey": "s"}'\n`)
    expect(await wrapped(url, 'tool')).toBe('AWS profile tool (credential process)')
    expect(seen).toEqual(['AKIAPROCESS'])
  })

  it('come from a sign-in by SSO', async () => {
    const { url, folder, seen } = await cloud()
    writeFileSync(join(folder, 'config'), '[profile people]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = admin\n[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.example/start\n')
    mkdirSync(join(folder, '.aws', 'sso', 'cache'), { recursive: true })
    const token = { accessToken: 'a-token', expiresAt: '2099-01-01T00:00:00Z', region: 'eu-west-1', startUrl: 'https://corp.example/start' }
    writeFileSync(join(folder, '.aws', 'sso', 'cache', `${createHash('sha1').update('corp').digest('hex')}.json`), JSON.stringify(token))
    expect(await wrapped(url, 'people')).toBe('AWS profile people (SSO)')
    expect(seen).toEqual(['AKIASSO'])
  })

  it('are missing where there are none, without asking anybody for long', async () => {
    const { url } = await cloud()
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
    const aws = provider({}, new HttpsAgent(), url)
    const ref = aws.fromText(KEY, { now })
    await expect(aws.wrap(Buffer.alloc(32), ref, options)).rejects.toMatchObject({ code: 'CREDENTIALS_MISSING' })
    expect(await aws.credentialSource?.(ref, options)).toBeUndefined()
  })
})
