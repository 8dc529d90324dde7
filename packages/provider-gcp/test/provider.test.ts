import { randomBytes } from 'node:crypto'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { CodedError } from '@waxseal/core'
import { failureOf as failureWithout, GcpKms, gcpKmsOverRest, makeServerIdentity, startGcpKmsOverGrpc, startScriptedServer, type ReceivedRequest, type Reply, type ScriptedServer, type Trouble } from '@waxseal/testkit'
import { createGcpProvider, type GcpRef, type GcpSettings } from '../src/index.ts'

const RING = 'projects/p/locations/l/keyRings/r/cryptoKeys'
const KEY = `${RING}/k`
const OTHER = `${RING}/other`
const key = { primary: 2, versions: { 1: randomBytes(32).toString('hex'), 2: randomBytes(32).toString('hex') } }
const now = new Date(0)
const part = Buffer.from('hunter2hunter2hunter2hunter2 yes')
const { signal } = new AbortController()
const agents = async () => ({ http: new HttpAgent(), https: new HttpsAgent() })

let kms: GcpKms
let server: ScriptedServer
beforeEach(async () => {
  kms = new GcpKms({ keys: { [KEY]: key, [OTHER]: key } })
  server = await serve(gcpKmsOverRest(kms))
})

async function serve(handler: (request: ReceivedRequest) => Reply, options: Parameters<typeof startScriptedServer>[1] = {}): Promise<ScriptedServer> {
  const started = await startScriptedServer(handler, options)
  onTestFinished(() => started.close())
  return started
}

function provider(settings: Partial<GcpSettings> = {}) {
  return createGcpProvider(() => ({ accessToken: 'ya29.hunter2', endpoint: server.url, agents, limits: { pauseMs: 1 }, ...settings }))
}

async function wrapped(name = KEY): Promise<GcpRef> {
  const gcp = provider()
  return await gcp.wrap(part, gcp.fromText(name, { now }), { signal })
}

/** Neither token nor data key stand in it. */
const failureOf = (work: Promise<unknown>): Promise<CodedError> => failureWithout(work, ['hunter2', part.toString('base64')])

describe('a data key', () => {
  it.each([32, 33])('of %i bytes comes back, with one request each way', async (bytes) => {
    const gcp = provider()
    const data = randomBytes(bytes)
    const ref = await gcp.wrap(data, gcp.fromText(KEY, { now }), { signal })
    expect(Buffer.from((await gcp.unwrap(ref, { signal })) ?? []).equals(data)).toBe(true)
    expect(server.requests.map(({ method, target }) => `${method} ${target}`)).toStrictEqual([`POST /v1/${KEY}:encrypt`, `POST /v1/${KEY}:decrypt`])
  })

  it('comes back over gRPC, to those who trust the server', async () => {
    const identity = makeServerIdentity(new Date(), ['localhost'])
    const grpc = await startGcpKmsOverGrpc(kms, identity)
    onTestFinished(() => grpc.close())
    const endpoint = `localhost:${grpc.port}`
    const gcp = provider({ endpoint, limits: { pauseMs: 1, callMs: 5_000 }, agents: async () => ({ http: new HttpAgent(), https: new HttpsAgent({ ca: identity.caPem }) }) })
    const refs = await Promise.all([1, 2, 3].map(() => gcp.wrap(part, gcp.fromText(KEY, { now }), { signal })))
    for (const ref of refs) expect(Buffer.from((await gcp.unwrap(ref, { signal })) ?? []).equals(part)).toBe(true)
    expect([grpc.calls.length, grpc.connections]).toStrictEqual([6, 1])
    const [ref] = refs as [GcpRef]
    grpc.befall('cut', 'silence')
    expect(await failureOf(gcp.unwrap(ref, { signal }))).toMatchObject({ code: 'KEY_SERVICE_FAILED' })
    expect(await failureOf(gcp.unwrap(ref, { signal }))).toMatchObject({ code: 'KEY_SERVICE_TIMEOUT' })
    expect(await gcp.unwrap(ref, { signal })).not.toBeNull()
    kms.deny(KEY)
    expect(await failureOf(gcp.unwrap(ref, { signal }))).toMatchObject({ code: 'KEY_ACCESS_DENIED' })
    expect((await failureOf(provider({ endpoint }).unwrap(ref, { signal }))).message).toMatch(/GCP KMS cannot be reached: .*(CERT|SIGNATURE)/)
    expect(grpc.calls).toHaveLength(10)
  })

  it('travels with a checksum, which the service compares', async () => {
    await wrapped()
    const { plaintextCrc32c, ...sent } = JSON.parse(server.requests[0]?.body ?? '') as Readonly<Record<string, string>>
    expect(sent).toStrictEqual({ name: KEY, plaintext: part.toString('base64') })
    expect(plaintextCrc32c).toMatch(/^\d+$/)
    const altered = await serve((request) => gcpKmsOverRest(kms)({ ...request, body: JSON.stringify({ ...sent, plaintext: randomBytes(32).toString('base64'), plaintextCrc32c }) }))
    const gcp = provider({ endpoint: altered.url })
    expect((await failureOf(gcp.wrap(part, gcp.fromText(KEY, { now }), { signal }))).message).toContain('checksum')
  })

  it('is asked for again when the answer was altered on its way', async () => {
    const ref = await wrapped()
    const altering = (times: number): Promise<ScriptedServer> => {
      let left = times
      return serve((request) => {
        const reply = gcpKmsOverRest(kms)(request)
        return left-- > 0 ? { ...reply, body: { ...(reply.body as object), plaintext: randomBytes(32).toString('base64') } } : reply
      })
    }
    const once = provider({ endpoint: (await altering(1)).url })
    expect(Buffer.from((await once.unwrap(ref, { signal })) ?? []).equals(part)).toBe(true)
    const always = await altering(9)
    expect(await failureOf(provider({ endpoint: always.url }).unwrap(ref, { signal }))).toMatchObject({ code: 'KEY_SERVICE_FAILED' })
    expect(always.requests).toHaveLength(3)
  })
})

describe('a key that does not do it', () => {
  it.each<[string, (ref: GcpRef) => GcpRef | void, string]>([
    ['disabled', () => kms.setState(`${KEY}/cryptoKeyVersions/2`, 'DISABLED'), 'KEY_UNUSABLE'],
    ['destroyed', () => kms.setState(`${KEY}/cryptoKeyVersions/2`, 'DESTROYED'), 'KEY_UNUSABLE'],
    ['forbidden', () => kms.deny(KEY), 'KEY_ACCESS_DENIED'],
    ['unknown', (ref) => ({ ...ref, resourceId: `${RING}/gone` }), 'KEY_UNUSABLE'],
    ['of another name', (ref) => ({ ...ref, resourceId: OTHER }), 'KEY_REJECTED'],
    ['altered', (ref) => ({ ...ref, enc: Buffer.from(ref.enc, 'base64').fill(0, 30, 33).toString('base64') }), 'KEY_REJECTED'],
  ])('%s is told after one request', async (_, change, code) => {
    const ref = await wrapped()
    const error = await failureOf(provider().unwrap(change(ref) ?? ref, { signal }))
    expect(error.code).toBe(code)
    expect(error.message).toMatch(/^failed to decrypt sops data key with GCP KMS key: /)
    expect(server.requests).toHaveLength(2)
  })

  it('refuses an expired token, and one that is none', async () => {
    const ref = await wrapped()
    const strict = await serve(gcpKmsOverRest(new GcpKms({ keys: { [KEY]: key } }, { accepts: () => false })))
    expect(await failureOf(provider({ endpoint: strict.url }).unwrap(ref, { signal }))).toMatchObject({ code: 'KEY_ACCESS_DENIED' })
    expect(await failureOf(provider({ accessToken: 'hunter2\n' }).unwrap(ref, { signal }))).toMatchObject({ code: 'CREDENTIALS_MISSING' })
  })
})

describe('a service in trouble', () => {
  const status = (code: number, message = ''): Trouble => ({ status: code, body: { error: { code, message } } })

  it.each<[string, readonly Trouble[], string, number]>([
    ['400', [status(400)], 'KEY_REJECTED', 1],
    ['401', [status(401)], 'KEY_ACCESS_DENIED', 1],
    ['403', [status(403, 'ya29.hunter2 is not allowed')], 'KEY_ACCESS_DENIED', 1],
    ['404', [status(404)], 'KEY_UNUSABLE', 1],
    ['429 for ever', [status(429), status(429), status(429)], 'KEY_SERVICE_FAILED', 3],
    ['500 for ever', [status(500), status(503), status(504)], 'KEY_SERVICE_FAILED', 3],
    ['a page', [{ status: 200, body: '<html>sign in</html>' }], 'KEY_SERVICE_FAILED', 1],
    ['a redirect', [{ status: 302, headers: { location: 'http://127.0.0.1:1/' }, body: '' }], 'KEY_SERVICE_FAILED', 1],
    ['an empty answer', [{ status: 200, body: { plaintext: '' } }], 'KEY_SERVICE_FAILED', 1],
    ['a cut connection', ['cut'], 'KEY_SERVICE_FAILED', 1],
    ['no answer in time', [{ delayMs: 60_000 }], 'KEY_SERVICE_TIMEOUT', 1],
  ])('%s', async (_, troubles, code, requests) => {
    const ref = await wrapped()
    server.befall(...troubles)
    const limits = { pauseMs: 1, ...(code === 'KEY_SERVICE_TIMEOUT' && { callMs: 5_000 }) }
    expect(await failureOf(provider({ limits }).unwrap(ref, { signal }))).toMatchObject({ code })
    expect(server.requests).toHaveLength(1 + requests)
  })

  it('that recovers is waited for', async () => {
    const ref = await wrapped()
    server.befall(status(503), status(429))
    expect(await provider().unwrap(ref, { signal })).not.toBeNull()
  })

  it('whose certificate nobody here knows gets no token', async () => {
    const ref = await wrapped()
    const secure = await serve(gcpKmsOverRest(kms), { tls: true })
    const error = await failureOf(provider({ endpoint: secure.url }).unwrap(ref, { signal }))
    expect(error).toMatchObject({ code: 'KEY_SERVICE_FAILED' })
    expect(error.message).toMatch(/CERT|SIGNATURE/)
    expect(secure.requests).toHaveLength(0)
  })

  it('is given up when the run is cancelled', async () => {
    const ref = await wrapped()
    server.befall({ delayMs: 60_000 })
    expect(await failureOf(provider().unwrap(ref, { signal: AbortSignal.timeout(50) }))).toMatchObject({ code: 'CANCELED' })
  })

  it('with an endpoint that is none is not asked', async () => {
    const bad: readonly Partial<GcpSettings>[] = [{ endpoint: 'ftp://x' }, { endpoint: 'https://user:hunter2@x' }, { endpoint: '://' }, { universeDomain: 'evil.example/x' }, { universeDomain: 'evil.example#' }]
    for (const settings of bad) {
      const gcp = createGcpProvider(() => ({ accessToken: 't', agents, ...settings }))
      expect(await failureOf(gcp.wrap(part, gcp.fromText(KEY, { now }), { signal }))).toMatchObject({ code: 'CONFIG_INVALID' })
    }
  })
})
