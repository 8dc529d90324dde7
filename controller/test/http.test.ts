import { readFileSync } from 'node:fs'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { openWith, parseCertificate, readKeySecret, reencrypt, sealedSecretOf, sealSecret, unsealSecret, type SealedSecretManifest, type SecretManifest } from '@waxseal/sealed'
import { createHandler, serve, type Serving } from '../src/http.ts'
import { Keyring } from '../src/keyring.ts'
import { GcraLimiter } from '../src/rate-limit.ts'

const FIXTURES = join(import.meta.dirname, '..', '..', 'fixtures', 'sealed-secrets-0.38.4-de72a97b')
const P = 'sealedsecrets.bitnami.com/'

interface Golden {
  readonly method: string
  readonly path: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}
const goldens = (JSON.parse(readFileSync(join(FIXTURES, 'cluster', 'goldens.json'), 'utf8')) as { scenarios: { http: Record<string, Golden> } }).scenarios.http

function keyEntry(name: string) {
  const secret: unknown = JSON.parse(readFileSync(join(FIXTURES, 'keys', `${name}.secret.json`), 'utf8'))
  const { key, certificate } = readKeySecret(secret)
  return { secretName: name, key, certificate, orderMs: certificate.notBefore.getTime(), createdMs: 0 }
}

const certificateOf = (name: string) => parseCertificate(readFileSync(join(FIXTURES, 'keys', `${name}.crt`), 'utf8'))

function seal(data: Record<string, string>, options: { key?: string; name?: string; metadata?: object; more?: object } = {}): SealedSecretManifest {
  const { key = 'k3', name = 'web', metadata, more } = options
  const secret: SecretManifest = { kind: 'Secret', apiVersion: 'v1', metadata: { name, namespace: 'apps', ...metadata }, stringData: data, ...more }
  return sealSecret(secret, certificateOf(key).publicKey)
}

type Mutable = { metadata: Record<string, unknown>; spec: { template: Record<string, unknown> & { metadata: Record<string, unknown> } } }
function changed(sealed: SealedSecretManifest, change: (copy: Mutable) => void): SealedSecretManifest {
  const copy = structuredClone(sealed)
  change(copy as unknown as Mutable)
  return copy
}

const keyring = new Keyring()
const counted: string[] = []
let serving: Serving
let ready = false
let now = 0

beforeAll(async () => {
  for (const name of ['k1', 'k2', 'k3']) keyring.put(keyEntry(name))
  const handler = createHandler({
    keyring,
    limiter: new GcraLimiter(2, 2, () => now),
    gate: async () => undefined,
    isReady: () => ready,
    onRequest: (path, method, code) => counted.push(`${path} ${method} ${code}`),
  })
  const silent = () => {}
  serving = await serve({ address: '127.0.0.1:0', readTimeoutMs: 60_000, writeTimeoutMs: 60_000, handler, log: { debug: silent, info: silent, warn: silent, error: silent } })
})
afterAll(() => serving.drain())

interface Reply {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string
}

/** By node:http, which shows the names of headers as they were sent. */
function call(method: string, path: string, body = '', headers: Record<string, string> = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(`http://${serving.address}${path}`, { method, headers }, (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('end', () => {
        const names = incoming.rawHeaders.filter((_, at) => at % 2 === 0)
        const sent = Object.fromEntries(names.map((name) => [name, String(incoming.headers[name.toLowerCase()])]))
        resolve({ status: incoming.statusCode ?? 0, headers: sent, body: Buffer.concat(chunks).toString() })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

let caller = 0
/** Everybody is a new caller, so that the limit does not blur the answers. */
const fresh = () => ({ 'x-forwarded-for': `10.1.0.${caller++}` })

function withoutTransport({ headers, ...reply }: Reply): Omit<Golden, 'method' | 'path'> {
  const kept = Object.entries(headers).filter(([name]) => !['Date', 'Content-Length', 'Transfer-Encoding'].includes(name))
  return { ...reply, headers: Object.fromEntries(kept) }
}

/** Ciphertexts as the recording has them: opened with the key and label that fit. */
function normalised(body: string): string {
  const keys = ['k1', 'k2', 'k3'].map((name) => ({ name, open: openWith([keyEntry(name).key]) }))
  return body.replace(/"(Ag[A-Za-z0-9+/=]{600,})"/g, (_, text: string) => {
    for (const { name, open } of keys) {
      for (const label of ['apps/web', 'apps/t', 'apps', '']) {
        try {
          const { bytes } = open(text, Buffer.from(label))
          return `"<sealed key=${name} label='${label}' b64=${bytes.toString('base64')}>"`
        } catch {
          // not this one
        }
      }
    }
    return '"<unknown>"'
  })
}

const good = seal({ k: 'v', l: 'w' })
const bodies: Readonly<Record<string, string>> = {
  good: JSON.stringify(good),
  yaml: stringify(good),
  old_key: JSON.stringify(seal({ k: 'v' }, { key: 'k1' })),
  wrong_name: JSON.stringify(changed(good, (copy) => (copy.metadata['name'] = 'other'))),
  foreign_key: JSON.stringify(seal({ k: 'v' }, { key: 'small' })),
  template: JSON.stringify(changed(good, (copy) => (copy.spec.template['data'] = { cfg: '{{ .k }}' }))),
  template_fails: JSON.stringify(changed(good, (copy) => (copy.spec.template['data'] = { cfg: '{{ fail "x" }}' }))),
  junk: 'junk',
  empty: '',
  get: '',
  put: JSON.stringify(good),
  secret: JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' } }),
  no_kind: JSON.stringify({ metadata: good.metadata, spec: good.spec }),
  two_documents: `${stringify(good)}---\n${stringify(good)}`,
  namespace_wide: JSON.stringify(seal({ k: 'v' }, { metadata: { annotations: { [`${P}namespace-wide`]: 'true' } } })),
  metadata: JSON.stringify(
    changed(good, (copy) => Object.assign(copy.metadata, { labels: { top: '1' }, annotations: { a: 'b' }, uid: 'u-1', resourceVersion: '7', creationTimestamp: '2024-01-01T00:00:00Z' })),
  ),
  widened_template: JSON.stringify(changed(good, (copy) => (copy.spec.template.metadata['annotations'] = { [`${P}cluster-wide`]: 'true' }))),
}

/** Where our answer differs on purpose. */
const DEVIATIONS: Readonly<Record<string, string>> = {
  readyz: 'there is such a route',
  verify_template_fails: 'templates are not rendered',
  rotate_template: 'templates are kept',
  rotate_template_fails: 'templates are kept',
}

describe('HTTP answers as recorded from upstream', () => {
  const names = Object.keys(goldens).filter((name) => !/_limit_\d$/.test(name) && name !== 'typed')

  it('has recordings', () => {
    expect(names.length).toBeGreaterThan(25)
  })

  it.each(names.filter((name) => !(name in DEVIATIONS)))('%s', async (name) => {
    const { method, path, status, headers, body } = goldens[name]!
    const input = /^(?:verify|rotate)_(.*)$/.exec(name)?.[1]
    if (input !== undefined) expect(bodies).toHaveProperty(input)
    const reply = withoutTransport(await call(method, path, input === undefined ? '' : bodies[input], fresh()))
    expect({ ...reply, headers: withoutLimits(reply.headers, path) }).toEqual({ status, headers: withoutLimits(headers, path), body: method === 'HEAD' ? '' : reply.body })
    expect(normalised(reply.body)).toBe(body)
  })

  it('verify_limit', async () => {
    now = 1_000_000
    for (let i = 0; i < 5; i++) {
      const { status, headers, body } = goldens[`verify_limit_${i}`]!
      const reply = withoutTransport(await call('POST', '/v1/verify', bodies['good'], { 'X-Forwarded-For': '192.0.2.1' }))
      expect(reply).toEqual({ status, headers, body })
      now += 5 // the recorded client took some milliseconds too
    }
  })

  it('typed', async () => {
    const sealed = seal({ 'tls.crt': 'a', 'tls.key': 'b' }, { name: 't', more: { type: 'kubernetes.io/tls', immutable: true } })
    const reply = await call('POST', '/v1/rotate', JSON.stringify(sealed), fresh())
    expect(normalised(reply.body)).toBe(goldens['typed']!.body)
  })
})

/** Upstream does not limit rotate. */
function withoutLimits(headers: Readonly<Record<string, string>>, path: string): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => path !== '/v1/rotate' || !name.startsWith('X-Ratelimit')))
}

describe('HTTP answers of our own', () => {
  it('tells readiness apart from health', async () => {
    expect(await call('GET', '/readyz')).toMatchObject({ status: 503, body: 'not ready\n' })
    ready = true
    expect(await call('GET', '/readyz')).toMatchObject({ status: 200, body: 'ok\n' })
  })

  it.each(['template', 'template_fails'])('verifies without rendering: %s', async (name) => {
    expect(await call('POST', '/v1/verify', bodies[name], fresh())).toMatchObject({ status: 200, body: '' })
  })

  it.each(['template', 'template_fails'])('rotates without rendering and keeps the template: %s', async (name) => {
    const { status, body } = await call('POST', '/v1/rotate', bodies[name], fresh())
    expect(status).toBe(200)
    const rotated = JSON.parse(body) as SealedSecretManifest
    expect(rotated.spec.template.data).toHaveProperty('cfg')
    expect(Object.keys(rotated.spec.encryptedData)).toEqual(['k', 'l'])
  })

  it('limits rotate too, in a bucket of its own', async () => {
    now = 2_000_000
    const headers = { 'X-Forwarded-For': '192.0.2.9' }
    const codes: number[] = []
    for (let i = 0; i < 4; i++) codes.push((await call('POST', '/v1/rotate?x=' + i, bodies['good'], headers)).status)
    expect(codes).toEqual([200, 200, 200, 429])
    expect((await call('POST', '/v1/verify', bodies['good'], headers)).status).toBe(200)
  })

  it('gives back what the library makes of it', async () => {
    const { body } = await call('POST', '/v1/rotate', bodies['good'], fresh())
    const open = openWith([keyEntry('k3').key])
    const ours = unsealSecret(sealedSecretOf(JSON.parse(body)), open)
    expect(ours.secret).toEqual(unsealSecret(reencrypt(good, open, certificateOf('k3').publicKey), open).secret)
  })

  it.each([
    ['JSON', ' '.repeat(11 * 1024 * 1024)],
    ['YAML', `a: ${'b'.repeat(3 * 1024 * 1024)}`],
  ])('refuses a body that is too large: %s', async (_kind, body) => {
    const startedAt = Date.now()
    expect((await call('POST', '/v1/verify', body, fresh())).status).toBe(413)
    expect(Date.now() - startedAt).toBeLessThan(20_000)
  })

  it.each([
    ['tags', '! '.repeat(130_000)],
    ['keys', Array.from({ length: 30_000 }, (_, i) => `k${i}: v\n`).join('')],
    ['keys in a flow', `{${Array.from({ length: 30_000 }, (_, i) => `k${i}: v`).join(', ')}}`],
    ['open brackets', '['.repeat(260_000)],
    ['commas', `[${','.repeat(260_000)}`],
    ['documents', '--- a\n'.repeat(43_000)],
  ])('is not kept busy by YAML of many %s', async (_, body) => {
    const startedAt = Date.now()
    expect([413, 500]).toContain((await call('POST', '/v1/verify', body, fresh())).status)
    expect(Date.now() - startedAt).toBeLessThan(20_000)
  })

  it('counts entries of JSON, and nothing in strings', async () => {
    const sealedWith = (items: string): string => `{"kind":"SealedSecret","apiVersion":"bitnami.com/v1alpha1","x":[${items}],"spec":{"encryptedData":{"a":"b"}}}`
    const codeOf = async (items: string): Promise<number> => (await call('POST', '/v1/verify', sealedWith(items), fresh())).status
    expect(await codeOf(`1${',1'.repeat(99_000)}`)).toBe(409)
    expect(await codeOf(`1${',1'.repeat(101_000)}`)).toBe(413)
    expect(await codeOf(JSON.stringify(`\\${',[{"'.repeat(101_000)}`))).toBe(409)
  })

  it('remembers no more of a caller than a name needs', async () => {
    const codes: number[] = []
    for (let i = 0; i < 4; i++) codes.push((await call('POST', '/v1/verify', bodies['good'], { 'x-forwarded-for': `${'x'.repeat(500)}${i}` })).status)
    expect(codes).toEqual([200, 200, 200, 429])
  })

  it('refuses a bomb of aliases', async () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]', ...'bcdefghi'.split('').map((name, i) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${'abcdefgh'[i]}`).join(',')}]`)].join('\n')
    expect((await call('POST', '/v1/verify', bomb, fresh())).status).toBe(413)
  })

  it('hold no more of all bodies together than a few of the largest', async () => {
    const answers = Promise.withResolvers<IncomingMessage>()
    const open = Array.from({ length: 4 }, () => {
      const request = httpRequest(`http://${serving.address}/v1/verify`, { method: 'POST', headers: fresh() }).on('error', () => {}).on('response', answers.resolve)
      request.write(Buffer.alloc(10 * 1024 * 1024))
      return request
    })
    expect(await answers.promise).toMatchObject({ statusCode: 503, headers: { 'retry-after': '1' } })
    for (const request of open) request.destroy()
    const good = JSON.stringify(seal({ a: 'b' }))
    while ((await call('POST', '/v1/verify', good, fresh())).status !== 200);
  })

  it('has no certificate without a key', async () => {
    const handler = createHandler({ keyring: new Keyring(), limiter: new GcraLimiter(2, 2, () => 0), gate: async () => undefined, isReady: () => false, onRequest: () => {} })
    const silent = () => {}
    const other = await serve({ address: '127.0.0.1:0', readTimeoutMs: 60_000, writeTimeoutMs: 60_000, handler, log: { debug: silent, info: silent, warn: silent, error: silent } })
    const reply = await fetch(`http://${other.address}/v1/cert.pem`)
    expect([reply.status, await reply.text()]).toEqual([500, 'cannot get certificate\n'])
    await other.drain()
  })

  it('counts its own routes alone', () => {
    expect(counted).toContain('/v1/verify POST 409')
    expect(counted.every((line) => line.startsWith('/v1/'))).toBe(true)
    expect(counted.some((line) => line.includes('nothing'))).toBe(false)
  })

  it('answers what is under way before it stops', async () => {
    const [begun, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const silent = () => {}
    const other = await serve({
      address: '127.0.0.1:0',
      readTimeoutMs: 60_000,
      writeTimeoutMs: 60_000,
      handler: async () => {
        begun.resolve()
        await held.promise
        return { code: 200, body: 'late' }
      },
      log: { debug: silent, info: silent, warn: silent, error: silent },
    })
    const reply = fetch(`http://${other.address}/`)
    await begun.promise
    const drained = other.drain()
    held.resolve()
    expect(await (await reply).text()).toBe('late')
    await drained
  })

  it.each(['8080', 'host', ':99999'])('refuses the address %j', async (address) => {
    await expect(serve({ address, readTimeoutMs: 1, writeTimeoutMs: 1, handler: async () => ({ code: 200 }), log: { debug() {}, info() {}, warn() {}, error() {} } })).rejects.toMatchObject({ code: 'USAGE' })
  })
})
