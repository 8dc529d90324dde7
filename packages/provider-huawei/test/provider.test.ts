import dns from 'node:dns'
import { readFileSync } from 'node:fs'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { join } from 'node:path'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type CodedError, plainMap } from '@waxseal/core'
import { failureOf as failureWithout, huaweiCloud, startScriptedServer, type HuaweiSeed, type ScriptedServer } from '@waxseal/testkit'
import { createHuaweiProvider, type CredentialSource, type HuaweiRef, type HuaweiSettings } from '../src/index.ts'

const { huawei: seed } = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', '..', 'fixtures', 'sops-cloud-3.13.2', 'seed.json'), 'utf8')) as { readonly huawei: HuaweiSeed }
const [id = '', secret = ''] = Object.entries(seed.credentials)[0] ?? []
const [uuid = ''] = Object.keys(seed.keys)
const part = Buffer.alloc(33, 7)
const signal = new AbortController().signal
const context = { now: new Date('2026-01-02T03:04:05.678Z') }
const key: CredentialSource = { name: 'a test', kind: 'access-key', id, secret, projectId: seed.project_id }

async function cloud(more: Partial<HuaweiSeed> = {}, tls = false): Promise<ScriptedServer> {
  const started = await startScriptedServer(huaweiCloud({ ...seed, ...more }), { tls })
  onTestFinished(() => started.close())
  return started
}

function provider(endpoint: string | undefined, sources: readonly CredentialSource[] = [key], limits: HuaweiSettings['limits'] = { pauseMs: 1 }) {
  return createHuaweiProvider(async () => ({ sources, endpoint: () => endpoint, limits: limits ?? {} }))
}

function refOf(keyId: string, enc = ''): HuaweiRef {
  return provider(undefined).parse(plainMap([['key_id', keyId], ['enc', enc], ['created_at', '2020-01-01T00:00:00Z']]))
}

const failureOf = (work: Promise<unknown>): Promise<CodedError> => failureWithout(work, [secret, 'hunter2'])

function targets({ requests }: ScriptedServer): readonly string[] {
  return requests.map(({ method, target }) => `${method} ${target}`)
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe('a key ID', () => {
  const kms = provider(undefined)

  it('is a region and the key in it', () => {
    expect(kms.fromText(' cn-north-4:a:b ', context)).toMatchObject({ keyId: 'cn-north-4:a:b', region: 'cn-north-4', uuid: 'a:b', createdAt: '2026-01-02T03:04:05Z' })
    expect(kms.fromGroup(plainMap([['key_id', 'cn-north-4:k']]), context).map((ref) => kms.displayName(ref))).toEqual(['cn-north-4:k'])
  })

  it.each(['', 'cn-north-4', ':k', 'cn-north-4:', ' : '])('is not %j', async (text) => {
    for (const work of [async () => kms.fromText(text, context), async () => kms.parse(plainMap([['key_id', text]]))]) {
      expect((await failureOf(work())).code).toMatch(/RECIPIENT_INVALID|METADATA_INVALID/)
    }
  })

  it('is needed in a key group', async () => {
    for (const element of ['cn-north-4:k', plainMap([]), plainMap([['key_id', true]])]) {
      expect((await failureOf((async () => kms.fromGroup(element, context))())).code).toBe('CONFIG_INVALID')
    }
  })

  it('comes back with unknown fields of its entry', () => {
    const entry = plainMap([['created_at', '2020-01-01T00:00:00Z'], ['enc', 'E'], ['key_id', 'r:k'], ['note', 'kept']])
    expect(kms.serialize(kms.parse(entry))).toEqual(entry)
  })
})

describe('a key of HuaweiCloud KMS', () => {
  it('wraps and unwraps with one request each', async () => {
    const huawei = await cloud()
    const kms = provider(huawei.url)
    const wrapped = await kms.wrap(part, kms.fromText(`cn-north-4:${uuid}`, context), { signal })
    expect(await kms.unwrap(wrapped, { signal })).toEqual(part)
    expect(await kms.credentialSource?.(wrapped, { signal })).toBe('a test')
    expect(targets(huawei)).toEqual([`POST /v1.0/${seed.project_id}/kms/encrypt-data`, `POST /v1.0/${seed.project_id}/kms/decrypt-data`])
  })

  it('is found in the project of its region, which is looked up once', async () => {
    const huawei = await cloud()
    const kms = provider(huawei.url, [{ name: 'a test', kind: 'access-key', id, secret, iamEndpoint: huawei.url }])
    const refs = await Promise.all([1, 2].map(() => kms.wrap(part, refOf(`cn-north-4:${uuid}`), { signal })))
    for (const ref of refs) expect(await kms.unwrap(ref, { signal })).toEqual(part)
    expect(targets(huawei).filter((target) => target === 'GET /v3/projects?name=cn-north-4').length).toBe(1)
    expect(await failureOf(kms.wrap(part, refOf(`cn-north-1:${uuid}`), { signal }))).toMatchObject({ code: 'CREDENTIALS_MISSING', hint: 'set HUAWEICLOUD_SDK_PROJECT_ID' })
  })

  it('is used with a temporary access key', async () => {
    const huawei = await cloud({ securityToken: 'st-hunter2', idToken: 'id-hunter2' })
    const account = { projectId: seed.project_id, iamEndpoint: huawei.url }
    const sources: readonly CredentialSource[] = [
      { name: 'a test', kind: 'access-key', id, secret, securityToken: 'st-hunter2', ...account },
      { name: 'a test', kind: 'federated', idpId: 'idp', idToken: () => 'id-hunter2', ...account },
    ]
    for (const source of sources) expect((await provider(huawei.url, [source]).wrap(part, refOf(`cn-north-4:${uuid}`), { signal })).enc).not.toBe('')
    const wrong: CredentialSource = { name: 'a test', kind: 'federated', idpId: 'idp', idToken: () => 'other-hunter2', ...account }
    expect(await failureOf(provider(huawei.url, [wrong]).wrap(part, refOf(`cn-north-4:${uuid}`), { signal }))).toMatchObject({ code: 'CREDENTIALS_MISSING' })
  })

  it('is used with the access key of the machine or of the pod', async () => {
    const huawei = await cloud({ securityToken: 'st-hunter2', idToken: 'id-hunter2' })
    // Both without a project: it is looked up where a real service would be.
    const refused = [{ name: 'a test', kind: 'instance', endpoint: huawei.url }, { name: 'a test', kind: 'pod', url: `${huawei.url}/pod-identity`, token: () => 'id-hunter2' }] as const
    for (const source of refused) {
      const kms = createHuaweiProvider(async () => ({ sources: [source], endpoint: () => huawei.url, limits: { pauseMs: 1 } }))
      vi.spyOn(dns, 'lookup').mockImplementation(((host: string, _: unknown, done: (error: Error) => void) => done(Object.assign(new Error(host), { code: 'ENOTFOUND' }))) as never)
      expect((await failureOf(kms.wrap(part, refOf(`cn-north-4:${uuid}`), { signal }))).message).toContain('ENOTFOUND')
    }
    expect(targets(huawei)).toEqual(['PUT /meta-data/latest/api/token', 'GET /openstack/latest/securitykey', 'POST /pod-identity'])
  })

  it('is reached through the proxy that is set, and the machine itself directly', async () => {
    const huawei = await cloud({ securityToken: 'st-hunter2' })
    const proxy = await startScriptedServer(() => ({ status: 403, body: { error_code: 'proxy' } }))
    onTestFinished(() => proxy.close())
    const proxyEnv = { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url }
    const http = { agents: { http: new HttpAgent({ proxyEnv }), https: new HttpsAgent({ proxyEnv }) } }
    const kms = createHuaweiProvider(async () => ({ sources: [{ name: 'a test', kind: 'instance', endpoint: huawei.url }], endpoint: () => 'http://kms.example.invalid', http, limits: {} }))
    await failureOf(kms.wrap(part, refOf(`cn-north-4:${uuid}`), { signal }))
    expect(targets(huawei)).toEqual(['PUT /meta-data/latest/api/token', 'GET /openstack/latest/securitykey'])
    const named = createHuaweiProvider(async () => ({ sources: [key], endpoint: () => 'http://kms.example.invalid', http, limits: {} }))
    expect((await failureOf(named.wrap(part, refOf(`cn-north-4:${uuid}`), { signal }))).message).toContain('403: proxy')
    expect(targets(proxy).at(-1)).toBe(`POST http://kms.example.invalid/v1.0/${seed.project_id}/kms/encrypt-data`)
  })

  it.each([{ name: 'a test', kind: 'access-key', id, secret, iamEndpoint: 'nowhere' }, { name: 'a test', kind: 'pod', url: 'nowhere', token: () => 'hunter2' }] as const)(
    'cannot be used with $kind where an address is none',
    async (source) => {
      expect((await failureOf(provider('http://127.0.0.1:1', [source]).unwrap(refOf(`cn-north-4:${uuid}`, 'E'), { signal }))).code).toBe('CREDENTIALS_MISSING')
    },
  )

  it('cannot be used without credentials, and says where they may come from', async () => {
    const huawei = await cloud()
    expect(await failureOf(provider(huawei.url, []).unwrap(refOf(`cn-north-4:${uuid}`, 'E'), { signal }))).toMatchObject({
      code: 'CREDENTIALS_MISSING',
      hint: 'set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK, or write them to ~/.huaweicloud/credentials',
    })
    expect(huawei.requests).toEqual([])
  })
})

describe('trouble with the service', () => {
  it.each([
    [401, { error: { error_code: 'APIGW.0301', error_msg: `verify aksk signature fail for ${secret}` } }, 'KEY_ACCESS_DENIED', '401: APIGW.0301 verify aksk signature fail for ...', 1],
    [403, { error_code: 'KMS.0303', error_msg: 'forbidden' }, 'KEY_ACCESS_DENIED', 'KMS.0303 forbidden', 1],
    [404, { error: { code: 404, message: 'no such API' } }, 'KEY_UNUSABLE', '404 no such API', 1],
    [400, { error: { error_code: 'KMS.0308', error_msg: 'Failed to decrypt' } }, 'KEY_REJECTED', 'KMS.0308', 1],
    [429, {}, 'KEY_SERVICE_FAILED', '429: without a reason', 3],
    [500, '<html>hunter2</html>', 'KEY_SERVICE_FAILED', '500: without a reason', 3],
    [200, '', 'KEY_SERVICE_FAILED', 'not what was asked for', 1],
    [200, { key_id: uuid }, 'KEY_SERVICE_FAILED', 'missing plain_text', 1],
    [200, { key_id: uuid, plain_text: '' }, 'KEY_SERVICE_FAILED', 'missing plain_text', 1],
    [200, { plain_text: '!' }, 'KEY_REJECTED', 'base64', 1],
  ])('%i %j is %s', async (status, body, code, message, requests) => {
    const huawei = await startScriptedServer(() => ({ status, body }))
    onTestFinished(() => huawei.close())
    const failure = await failureOf(provider(huawei.url).unwrap(refOf(`cn-north-4:${uuid}`, 'E'), { signal }))
    expect(failure.code).toBe(code)
    expect(failure.message).toContain(message)
    expect(huawei.requests.length).toBe(requests)
  })

  it('is an answer without a wrapped key: nobody could open the file', async () => {
    const huawei = await startScriptedServer(() => ({ status: 200, body: { key_id: uuid, cipher_text: '' } }))
    onTestFinished(() => huawei.close())
    expect(await failureOf(provider(huawei.url).wrap(part, refOf(`cn-north-4:${uuid}`), { signal }))).toMatchObject({ code: 'KEY_SERVICE_FAILED', message: expect.stringContaining('missing cipher_text') as string })
  })

  it('is told without the part of a data key that a service sends back', async () => {
    const huawei = await startScriptedServer(({ body }) => ({ status: 400, body: { error_code: 'KMS.0201', error_msg: `invalid parameter: ${body}` } }))
    onTestFinished(() => huawei.close())
    const { message } = await failureOf(provider(huawei.url).wrap(part, refOf(`cn-north-4:${uuid}`), { signal }))
    expect(message).toContain('KMS.0201 invalid parameter: {"plain_text":"..."')
    expect(message).not.toContain(part.toString('base64'))
  })

  it('is told: a wrong secret, an unknown key, damaged text', async () => {
    const huawei = await cloud()
    const wrong = provider(huawei.url, [{ name: 'a test', kind: 'access-key', id, secret: 'hunter2', projectId: seed.project_id }])
    expect((await failureOf(wrong.wrap(part, refOf(`cn-north-4:${uuid}`), { signal }))).code).toBe('KEY_ACCESS_DENIED')
    const kms = provider(huawei.url)
    expect((await failureOf(kms.wrap(part, refOf('cn-north-4:unknown'), { signal }))).code).toBe('KEY_REJECTED')
    const { enc } = await kms.wrap(part, refOf(`cn-north-4:${uuid}`), { signal })
    const damaged = Buffer.from(enc, 'base64')
    damaged[60]! ^= 1
    expect((await failureOf(kms.unwrap(refOf(`cn-north-4:${uuid}`, damaged.toString('base64')), { signal }))).code).toBe('KEY_REJECTED')
  })

  it('ends: slow, cut, cancelled, behind a certificate that nobody knows', async () => {
    const huawei = await cloud()
    const ref = refOf(`cn-north-4:${uuid}`)
    huawei.befall({ delayMs: 60_000 })
    expect((await failureOf(provider(huawei.url, [key], { callMs: 1_000 }).wrap(part, ref, { signal }))).code).toBe('KEY_SERVICE_TIMEOUT')
    huawei.befall('cut')
    expect((await failureOf(provider(huawei.url).wrap(part, ref, { signal }))).message).toContain('ECONNRESET')
    expect((await failureOf(provider(huawei.url).wrap(part, ref, { signal: AbortSignal.abort() }))).code).toBe('CANCELED')
    const foreign = await cloud({}, true)
    expect((await failureOf(provider(foreign.url).wrap(part, ref, { signal }))).hint).toContain('certificate')
    expect(foreign.requests).toEqual([])
  })
})

describe('a file that names a region of its own choice', () => {
  it.each(['evil.example', 'evil.example/', 'cn-north-4.evil.example', 'x@evil.example', 'cn-north-4#', '..', 'nowhere-1', 'CN-NORTH-4', '__proto__'])('gets no connection and no look-up: %s', async (region) => {
    const lookup = vi.spyOn(dns, 'lookup')
    const failure = await failureOf(provider(undefined).unwrap(refOf(`${region}:${uuid}`, 'E'), { signal }))
    expect(failure).toMatchObject({ code: 'HOST_REFUSED', message: expect.stringContaining(`invalid region ${JSON.stringify(region)}`) as string })
    expect(lookup).not.toHaveBeenCalled()
  })
})
