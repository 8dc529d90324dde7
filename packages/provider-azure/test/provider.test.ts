import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type CodedError, restrictHosts } from '@waxseal/core'
import { AzureKeyVault, failureOf as failureWithout, makeServerIdentity, managedIdentity, startConnectProxy, startScriptedServer, type ConnectProxy, type ScriptedServer, type ServerIdentity, type Trouble } from '@waxseal/testkit'
import { createAzureProvider, type AzureRef, type AzureSettings } from '../src/index.ts'

const VAULT = 'https://wax-1.vault.azure.net'
const now = new Date(0)
const part = Buffer.from('hunter2hunter2hunter2hunter2 yes')
const { signal } = new AbortController()
const pem = (modulusLength: number): string => generateKeyPairSync('rsa', { modulusLength }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
const keys = { k: { current: 'v2', versions: { v1: pem(2048), v2: pem(3072) } } }

let identity: ServerIdentity
let tokens: ScriptedServer
let vault: AzureKeyVault
let server: ScriptedServer
let proxy: ConnectProxy

beforeAll(async () => {
  identity = makeServerIdentity(new Date(), ['*.vault.azure.net'])
  tokens = await startScriptedServer(managedIdentity('header-hunter2'))
})
afterAll(() => tokens.close())
beforeEach(async () => {
  vi.stubEnv('AZURE_TOKEN_CREDENTIALS', 'ManagedIdentityCredential')
  vi.stubEnv('IDENTITY_ENDPOINT', `${tokens.url}/msi/token`)
  vi.stubEnv('IDENTITY_HEADER', 'header-hunter2')
  vault = new AzureKeyVault({ vault_url: VAULT, keys })
  server = await startScriptedServer(vault.vault, { tls: identity })
  proxy = await startConnectProxy(Number(new URL(server.url).port))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await Promise.all([server.close(), proxy.close()])
})

function provider(settings: Partial<AzureSettings> = {}, ca = identity.caPem) {
  return createAzureProvider({
    hosts: restrictHosts(() => []),
    agents: async () => ({ http: new HttpAgent(), https: new HttpsAgent({ ca, proxyEnv: { HTTPS_PROXY: proxy.url } }) }),
    limits: { pauseMs: 1 },
    ...settings,
  })
}

async function wrapped(version = 'v2'): Promise<AzureRef> {
  const azure = provider()
  const ref = await azure.wrap(part, azure.fromText(`${VAULT}/keys/k/${version}`, { now }), { signal })
  return azure.parse(azure.serialize(ref)) // as from a file
}

/** Neither credentials nor data key stand in it. */
const failureOf = (work: Promise<unknown>): Promise<CodedError> => failureWithout(work, ['hunter2', 'token-for-', part.toString('base64url')])

describe('a data key', () => {
  it.each([['v1', 256], ['v2', 384]])('comes back from version %s of a key', async (version, bytes) => {
    const ref = await wrapped(version)
    expect(Buffer.from(ref.enc, 'base64url')).toHaveLength(bytes)
    expect(Buffer.from((await provider().unwrap(ref, { signal })) ?? []).equals(part)).toBe(true)
  })

  it('is wrapped by the newest version where none is named, and the version is kept', async () => {
    const azure = provider()
    const open = azure.fromText(`${VAULT}/keys/K`.toLowerCase(), { now })
    expect(await azure.complete?.(open, { signal })).toMatchObject({ version: 'v2' })
    expect(await azure.wrap(part, open, { signal })).toMatchObject({ version: 'v2' })
    const named = azure.fromText(`${VAULT}/keys/k/v1`, { now })
    expect(await azure.complete?.(named, { signal })).toBe(named)
  })

  it('needs one challenge a vault and one token a run, however many there are', async () => {
    const azure = provider()
    const before = tokens.requests.length
    const refs = await Promise.all([1, 2, 3].map(() => azure.wrap(part, azure.fromText(`${VAULT}/keys/k/v1`, { now }), { signal })))
    for (const ref of refs) await azure.unwrap(ref, { signal })
    expect(server.requests.filter(({ headers }) => headers.authorization === undefined).map(({ body }) => body)).toStrictEqual([''])
    expect(server.requests).toHaveLength(7)
    expect(tokens.requests.length - before).toBeLessThanOrEqual(1)
  })
})

describe('a key that does not do it', () => {
  it.each<[string, (ref: AzureRef) => AzureRef | void, string]>([
    ['disabled', () => vault.setState('k', 'v2', 'disabled'), 'KEY_UNUSABLE'],
    ['forbidden', () => vault.setState('k', 'v2', 'forbidden'), 'KEY_ACCESS_DENIED'],
    ['deleted', (ref) => ({ ...ref, name: 'gone' }), 'KEY_UNUSABLE'],
    ['a version that is gone', (ref) => ({ ...ref, version: 'v3' }), 'KEY_UNUSABLE'],
    ['another version', (ref) => ({ ...ref, version: 'v1' }), 'KEY_REJECTED'],
    ['altered', (ref) => ({ ...ref, enc: randomBytes(384).toString('base64url') }), 'KEY_REJECTED'],
    ['no base64', (ref) => ({ ...ref, enc: `${ref.enc}=` }), 'KEY_REJECTED'],
    ['an expired token', () => vault.expireTokens(), 'KEY_ACCESS_DENIED'],
  ])('%s', async (_, change, code) => {
    const ref = await wrapped()
    expect(await failureOf(provider().unwrap(change(ref) ?? ref, { signal }))).toMatchObject({ code })
  })

  it('is not believed when it answers for another one', async () => {
    const ref = await wrapped('v1')
    const liar = await startScriptedServer((request) => vault.vault({ ...request, target: request.target.replace('/v1/', '/v2/') }), { tls: identity })
    const way = await startConnectProxy(Number(new URL(liar.url).port))
    onTestFinished(async () => {
      await Promise.all([liar.close(), way.close()])
    })
    const agents = async () => ({ http: new HttpAgent(), https: new HttpsAgent({ ca: identity.caPem, proxyEnv: { HTTPS_PROXY: way.url } }) })
    const error = await failureOf(provider({ agents }).wrap(part, { ...ref, enc: '' }, { signal }))
    expect(error.message).toContain('answered for another key')
  })
})

describe('a vault in trouble', () => {
  const status = (code: number, message = ''): Trouble => ({ status: code, body: { error: { code: 'Trouble', message } } })

  it.each<[string, readonly Trouble[], string, number]>([
    ['400', [status(400)], 'KEY_REJECTED', 1],
    ['401', [status(401)], 'KEY_ACCESS_DENIED', 1],
    ['403', [status(403)], 'KEY_ACCESS_DENIED', 1],
    ['404', [status(404)], 'KEY_UNUSABLE', 1],
    ['409', [status(409)], 'KEY_UNUSABLE', 1],
    ['429 for ever', [status(429), status(429), status(429)], 'KEY_SERVICE_FAILED', 3],
    ['500 for ever', [status(500), status(502), status(503)], 'KEY_SERVICE_FAILED', 3],
    ['a page', [{ status: 200, body: '<html>sign in</html>' }], 'KEY_SERVICE_FAILED', 1],
    ['a redirect', [{ status: 302, headers: { location: 'https://evil.example/' }, body: '' }], 'KEY_SERVICE_FAILED', 1],
    ['a cut connection', ['cut'], 'KEY_SERVICE_FAILED', 1],
    ['no answer in time', [{ delayMs: 60_000 }], 'KEY_SERVICE_TIMEOUT', 1],
  ])('%s', async (_, troubles, code, requests) => {
    const azure = provider()
    const ref = await wrapped()
    await azure.unwrap(ref, { signal }) // challenge and token are there
    const before = server.requests.length
    server.befall(...troubles)
    expect(await failureOf(azure.unwrap(ref, { signal }))).toMatchObject({ code })
    expect(server.requests.length - before).toBe(requests)
  })

  it('that repeats what it was sent is quoted without it', async () => {
    const azure = provider()
    const ref = azure.fromText(`${VAULT}/keys/k/v2`, { now })
    await azure.wrap(part, ref, { signal }) // challenge and token are there
    const token = `token-for-${Buffer.from('https://vault.azure.net').toString('base64url')}`
    server.befall(status(403, `Bearer ${token} may not encrypt ${part.toString('base64url')}`))
    const error = await failureOf(azure.wrap(part, ref, { signal }))
    expect(error.message).toMatch(/answered 403: Trouble: Bearer \.\.\. may not encrypt \.\.\.$/)
  })

  it('that recovers is waited for', async () => {
    const ref = await wrapped()
    server.befall(status(503), status(429))
    expect(await provider().unwrap(ref, { signal })).not.toBeNull()
  })

  it('whose certificate nobody here knows gets nothing', async () => {
    const ref = await wrapped()
    const before = server.requests.length
    const other = makeServerIdentity(new Date()).caPem
    expect((await failureOf(provider({}, other).unwrap(ref, { signal }))).message).toMatch(/Azure Key Vault cannot be reached: .*(CERT|SIGNATURE)/)
    expect(server.requests.length).toBe(before)
  })

  it('is given up when the run is cancelled', async () => {
    const ref = await wrapped()
    server.befall({ delayMs: 60_000 })
    expect(await failureOf(provider().unwrap(ref, { signal: AbortSignal.timeout(50) }))).toMatchObject({ code: 'CANCELED' })
  })
})
