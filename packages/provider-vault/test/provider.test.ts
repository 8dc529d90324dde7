import dns from 'node:dns'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent, type AgentOptions } from 'node:https'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type CodedError, plainMap, restrictHosts, trustHosts, type HostPolicy } from '@waxseal/core'
import { failureOf as failureWithout, startScriptedServer, type ReceivedRequest, type Reply, type ScriptedServer } from '@waxseal/testkit'
import { createVaultProvider, type VaultRef, type VaultSettings } from '../src/index.ts'

const TOKEN = 's.hunter2hunter2'
const part = Buffer.alloc(32, 7)
const signal = new AbortController().signal
const anyHost = trustHosts(() => {})

/** A transit engine that turns text into `vault:v1:` and text. */
function transit({ target, body }: ReceivedRequest): Reply {
  const sent = JSON.parse(body) as Readonly<Record<string, string>>
  if (target === '/v1/transit/encrypt/k') return { status: 200, body: { data: { ciphertext: `vault:v1:${sent['plaintext']}` } } }
  if (target === '/v1/transit/decrypt/k') return { status: 200, body: { data: { plaintext: sent['ciphertext']?.slice('vault:v1:'.length) } } }
  return { status: 404, body: { errors: [`no handler for route "${target}"`] } }
}

async function server(handler = transit, tls = false): Promise<ScriptedServer> {
  const started = await startScriptedServer(handler, { tls })
  onTestFinished(() => started.close())
  return started
}

interface Setup extends Partial<VaultSettings> {
  readonly hosts?: HostPolicy
  readonly address?: string
  readonly allowList?: string
}

function provider({ hosts = anyHost, address = '', allowList = '', ...settings }: Setup = {}) {
  return createVaultProvider({
    hosts,
    address,
    allowList,
    readSettings: async () => ({ token: TOKEN, tokenSource: 'a test', namespace: '', headers: {}, agent: '', http: {}, followsRedirect: true, limits: { pauseMs: 1 }, ...settings }),
  })
}

function trusting(options: AgentOptions): Setup {
  return { http: { agents: { http: new HttpAgent(), https: new HttpsAgent(options) } } }
}

function refAt(address: string, fields: Partial<Record<'engine_path' | 'key_name' | 'enc', string>> = {}): VaultRef {
  const entry = { engine_path: 'transit', key_name: 'k', enc: `vault:v1:${part.toString('base64')}`, created_at: '2020-01-01T00:00:00Z', vault_address: address, ...fields }
  return provider().parse(plainMap(Object.entries(entry)))
}

/** No credential stands in it, nor the data key. */
const failureOf = (work: Promise<unknown>): Promise<CodedError> => failureWithout(work, ['hunter2', part.toString('base64')])

afterEach(() => {
  vi.restoreAllMocks()
})

describe('a key of a transit engine', () => {
  it('wraps and unwraps with one request each', async () => {
    const vault = await server()
    const vaults = provider({ namespace: 'team', headers: { 'X-Extra': 'e' } })
    const ref = vaults.fromText(`${vault.url}/v1/transit/keys/k`, { now: new Date(0) })
    const wrapped = await vaults.wrap(part, ref, { signal })
    expect(wrapped.enc).toBe(`vault:v1:${part.toString('base64')}`)
    expect(await vaults.unwrap(wrapped, { signal })).toEqual(part)
    expect(await vaults.credentialSource?.(wrapped, { signal })).toBe('a test')
    expect(vault.requests.map(({ method, target }) => `${method} ${target}`)).toEqual(['PUT /v1/transit/encrypt/k', 'PUT /v1/transit/decrypt/k'])
    expect(vault.requests[0]?.headers).toMatchObject({ 'x-vault-token': TOKEN, 'x-vault-request': 'true', 'x-vault-namespace': 'team', 'x-extra': 'e' })
  })

  it('is asked for without a token, too: an agent may bring its own', async () => {
    const vault = await server()
    await provider({ token: '' }).unwrap(refAt(vault.url), { signal })
    expect(vault.requests[0]?.headers).not.toHaveProperty('x-vault-token')
  })

  it('is reached through the agent that is set, whatever address the file has', async () => {
    const agent = await server()
    const lookup = vi.spyOn(dns, 'lookup')
    expect(await provider({ agent: agent.url, hosts: restrictHosts(() => []) }).unwrap(refAt('https://vault.example.invalid:8200'), { signal })).toEqual(part)
    expect(lookup).not.toHaveBeenCalled()
  })

  it('is reached through one redirect, and no second one', async () => {
    const active = await server()
    const standby = await server(({ target }) => ({ status: 307, headers: { location: active.url + target } }))
    expect(await provider().unwrap(refAt(standby.url), { signal })).toEqual(part)
    const loop = await server(({ target }) => ({ status: 307, headers: { location: target } }))
    expect((await failureOf(provider().unwrap(refAt(loop.url), { signal }))).code).toBe('KEY_SERVICE_FAILED')
    expect(loop.requests.length).toBe(2)
    expect((await failureOf(provider({ followsRedirect: false }).unwrap(refAt(standby.url), { signal }))).code).toBe('KEY_SERVICE_FAILED')
  })

  it('is not reached over a redirect to a host that nobody allowed', async () => {
    const other = await server()
    const standby = await server(({ target }) => ({ status: 307, headers: { location: other.url + target } }))
    const failure = await failureOf(provider({ hosts: restrictHosts(() => [standby.url]) }).unwrap(refAt(standby.url), { signal }))
    expect([failure.code, other.requests]).toEqual(['HOST_REFUSED', []])
    expect(await provider({ hosts: restrictHosts(() => [standby.url, other.url]) }).unwrap(refAt(standby.url), { signal })).toEqual(part)
  })

  it('is not reached over a redirect that leaves TLS', async () => {
    const plain = await server()
    const standby = await server(({ target }) => ({ status: 307, headers: { location: plain.url + target } }), true)
    const failure = await failureOf(provider(trusting({ ca: standby.caPem })).unwrap(refAt(standby.url), { signal }))
    expect(failure.message).toContain('redirect would cause protocol downgrade')
    expect(plain.requests).toEqual([])
  })

  it('is reached over TLS with the authorities that are given, and not without', async () => {
    const vault = await server(transit, true)
    expect(await provider(trusting({ ca: vault.caPem })).unwrap(refAt(vault.url), { signal })).toEqual(part)
    const failure = await failureOf(provider().unwrap(refAt(vault.url), { signal }))
    expect(failure).toMatchObject({ code: 'KEY_SERVICE_FAILED', hint: expect.stringContaining('certificate') as string })
    expect(vault.requests.length).toBe(1)
  })
})

describe('trouble with the server', () => {
  it.each([
    [403, { errors: ['permission denied'] }, 'KEY_ACCESS_DENIED', 'Code: 403. Errors: * permission denied', 1],
    [400, { errors: ['encryption key not found'] }, 'KEY_UNUSABLE', 'encryption key not found', 1],
    [400, { errors: ['ciphertext or signature version is disallowed by policy (too old)'] }, 'KEY_UNUSABLE', 'too old', 1],
    [400, { errors: ['invalid ciphertext: unable to decrypt'] }, 'KEY_REJECTED', 'invalid ciphertext', 1],
    [404, { errors: ['no handler for route'] }, 'KEY_UNUSABLE', 'no handler', 1],
    [404, '<html>hunter2</html>', 'KEY_UNUSABLE', 'without a reason', 1],
    [429, { errors: ['request rejected'] }, 'KEY_SERVICE_FAILED', 'Code: 429', 3],
    [500, { errors: [`internal error for ${TOKEN} and vault:v1:${part.toString('base64')}`] }, 'KEY_SERVICE_FAILED', 'internal error for ... and ...', 3],
    [503, { errors: ['Vault is sealed'] }, 'KEY_SERVICE_FAILED', 'Vault is sealed', 3],
    [200, 'not JSON', 'KEY_SERVICE_FAILED', 'transit backend is empty', 1],
    [200, { data: { other: 1 } }, 'KEY_SERVICE_FAILED', 'no plaintext', 1],
    [200, { data: { plaintext: 'no base64!' } }, 'KEY_REJECTED', 'base64', 1],
  ])('%i %j is %s', async (status, body, code, message, requests) => {
    const vault = await server(() => ({ status, body }))
    const failure = await failureOf(provider().unwrap(refAt(vault.url), { signal }))
    expect(failure.code).toBe(code)
    expect(failure.message).toContain(message)
    expect(vault.requests.length).toBe(requests)
  })

  it('is an answer without a wrapped key: nobody could open the file', async () => {
    for (const data of [{}, { ciphertext: '' }]) {
      const vault = await server(() => ({ status: 200, body: { data } }))
      expect(await failureOf(provider().wrap(part, refAt(vault.url), { signal }))).toMatchObject({ code: 'KEY_SERVICE_FAILED', message: expect.stringContaining('no ciphertext') as string })
    }
  })

  it('is over after an attempt or two', async () => {
    const vault = await server()
    vault.befall({ status: 429 }, { status: 500 })
    expect(await provider().unwrap(refAt(vault.url), { signal })).toEqual(part)
  })

  it('does not last longer than the limits allow', async () => {
    const vault = await server()
    vault.befall({ delayMs: 60_000 })
    expect((await failureOf(provider({ limits: { callMs: 1_000 } }).unwrap(refAt(vault.url), { signal }))).code).toBe('KEY_SERVICE_TIMEOUT')
    const run = new AbortController()
    vault.befall({ delayMs: 60_000 })
    const work = failureOf(provider().unwrap(refAt(vault.url), { signal: run.signal }))
    setTimeout(() => run.abort(), 50)
    expect((await work).code).toBe('CANCELED')
  })

  it('is told when the connection is cut or refused', async () => {
    const vault = await server()
    vault.befall('cut')
    expect(await failureOf(provider().unwrap(refAt(vault.url), { signal }))).toMatchObject({ code: 'KEY_SERVICE_FAILED', message: expect.stringContaining('ECONNRESET') as string })
    await vault.close()
    expect((await failureOf(provider().unwrap(refAt(vault.url), { signal }))).message).toContain('ECONNREFUSED')
  })

  it('is over when somebody signs in: settings that could not be read are read again', async () => {
    const vault = await server()
    let isSignedIn = false
    const vaults = createVaultProvider({
      hosts: anyHost,
      address: '',
      allowList: '',
      readSettings: async () => ({ token: isSignedIn ? TOKEN : 's.hunter2\n', tokenSource: 'a test', namespace: '', headers: {}, agent: '', http: {}, followsRedirect: true, limits: {} }),
    })
    expect((await failureOf(vaults.unwrap(refAt(vault.url), { signal }))).code).toBe('CREDENTIALS_MISSING')
    isSignedIn = true
    expect(await vaults.unwrap(refAt(vault.url), { signal })).toEqual(part)
  })

  it('is told when a token cannot be sent', async () => {
    const failure = await failureOf(provider({ token: 's.hunter2\n' }).unwrap(refAt('http://127.0.0.1:1'), { signal }))
    expect(failure).toMatchObject({ code: 'CREDENTIALS_MISSING', message: expect.stringContaining('non-printable characters') as string })
  })
})

describe('a file that names a server of its own choice', () => {
  const strict = restrictHosts(() => [])

  it('gets no connection and no look-up, unless the server is the one that is set', async () => {
    const vault = await server()
    const lookup = vi.spyOn(dns, 'lookup')
    const addresses = [
      vault.url, 'https://vault.evil.example', 'https://vault.good.example@vault.evil.example', '//vault.evil.example',
      'vault.evil.example', 'file:///etc/passwd', 'gopher://vault.evil.example', '', 'https://vault.good.example:444', 'http://vault.good.example',
    ]
    for (const address of addresses) {
      const failure = await failureOf(provider({ hosts: strict, address: 'https://vault.good.example' }).unwrap(refAt(address), { signal }))
      expect(failure.code).toBe('HOST_REFUSED')
    }
    expect(vault.requests).toEqual([])
    expect(lookup).not.toHaveBeenCalled()
    for (const setup of [{ address: vault.url }, { allowList: vault.url }, { hosts: restrictHosts(() => [vault.url]) }]) {
      expect(await provider({ hosts: strict, ...setup }).unwrap(refAt(vault.url), { signal })).toEqual(part)
    }
  })

  it('gets nothing wrapped either, as in a rotation; a new key is trusted', async () => {
    const vault = await server()
    const vaults = provider({ hosts: strict, address: 'https://vault.good.example' })
    expect((await failureOf(vaults.wrap(part, refAt(vault.url, { enc: '' }), { signal }))).code).toBe('HOST_REFUSED')
    expect(vault.requests).toEqual([])
    await vaults.wrap(part, vaults.fromText(`${vault.url}/v1/transit/keys/k`, { now: new Date(0) }), { signal })
    expect(vault.requests).toHaveLength(1)
  })

  it('gets a request at once, however many slashes stand in its address', async () => {
    const vault = await server()
    const vaults = provider({ hosts: strict, address: vault.url })
    expect(await vaults.unwrap(refAt(`${vault.url}///`), { signal })).toEqual(part)
    expect((await failureOf(vaults.unwrap(refAt(`${vault.url}${'/'.repeat(500_000)}x`), { signal }))).code).not.toBe('KEY_SERVICE_TIMEOUT')
  })

  it('gets neither from SOPS when the allow-list says no', async () => {
    const vault = await server()
    const vaults = provider({ allowList: 'https://vault.example.com' })
    expect((await failureOf(vaults.unwrap(refAt(vault.url), { signal }))).message).toBe(`Allowlist does not allow ${vault.url}`)
    expect((await failureOf(vaults.wrap(part, refAt(vault.url), { signal }))).code).toBe('HOST_REFUSED')
    expect(vault.requests).toEqual([])
  })

  it('is warned of under the name sops', async () => {
    const vault = await server()
    const warnings: string[] = []
    const hosts = trustHosts((message) => warnings.push(message))
    await provider({ hosts, address: vault.url }).unwrap(refAt(vault.url), { signal })
    await provider({ hosts }).unwrap(refAt(vault.url), { signal })
    expect(warnings).toEqual([])
    await provider({ hosts, address: 'https://vault.example.com' }).unwrap(refAt(vault.url), { signal })
    expect(warnings).toEqual([`Vault address ${vault.url} of the file is not the one that VAULT_ADDR sets`])
  })

  it.each([
    { key_name: '../../sys/seal' }, { key_name: '..' }, { key_name: '' }, { engine_path: '../sys' }, { engine_path: '..' }, { engine_path: '.' }, { engine_path: '' }, { engine_path: 'a/../..' },
  ])('cannot lead out of the engine: %j', async (fields) => {
    const vault = await server()
    expect((await failureOf(provider().unwrap(refAt(vault.url, fields), { signal }))).code).toBe('METADATA_INVALID')
    expect(vault.requests).toEqual([])
  })

  it('cannot smuggle a query or another path into the request', async () => {
    const vault = await server()
    await failureOf(provider().unwrap(refAt(vault.url, { engine_path: 'tr?x=1#f', key_name: '%2e%2e?' }), { signal }))
    expect(vault.requests[0]?.target).toBe('/v1/tr%3Fx%3D1%23f/decrypt/%252e%252e%3F')
  })
})
