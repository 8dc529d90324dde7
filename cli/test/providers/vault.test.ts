import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { startScriptedServer, type Reply, type ScriptedServer } from '@waxseal/testkit'
import { sops } from '../../src/sops/sops.ts'
import { AGE_KEY_FILE, AGE_RECIPIENT, runHandler, testFolder, type Ended } from '../test-context.ts'

const REPLY: Reply = { status: 200, body: { data: { ciphertext: 'vault:v1:E' } } }

let cwd: string
beforeEach(() => {
  cwd = testFolder()
  writeFileSync(join(cwd, 'p.yaml'), 'a: 1\n')
})

async function vaultServer(reply = REPLY, tls = false): Promise<ScriptedServer> {
  const started = await startScriptedServer(() => reply, { tls })
  onTestFinished(() => started.close())
  return started
}

function encrypt(url: string, env: Readonly<Record<string, string>>): Promise<Ended> {
  return runHandler(sops, ['encrypt', '--hc-vault-transit', `${url}/v1/transit/keys/k`, 'p.yaml'], { cwd, env })
}

async function works(url: string, env: Readonly<Record<string, string>>): Promise<void> {
  const { status, stdout, stderr } = await encrypt(url, env)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toContain('enc: vault:v1:E')
}

async function refusal(url: string, env: Readonly<Record<string, string>>): Promise<string> {
  const { status, stderr } = await encrypt(url, env)
  expect(status).toBe(1)
  expect(stderr).not.toContain('hunter2')
  return stderr
}

describe('the token', () => {
  it('comes from VAULT_TOKEN, else from what vault login left', async () => {
    const vault = await vaultServer()
    await works(vault.url, {})
    writeFileSync(join(cwd, '.vault-token'), ' s.file\n')
    await works(vault.url, {})
    await works(vault.url, { VAULT_TOKEN: 's.set' })
    expect(vault.requests.map(({ headers }) => headers['x-vault-token'])).toEqual([undefined, 's.file', 's.set'])
  })

  it('that cannot be read is told', async () => {
    mkdirSync(join(cwd, '.vault-token'))
    expect(await refusal('http://127.0.0.1:1', {})).toContain('cannot get Vault token: ')
  })
})

describe('variables of Vault for requests', () => {
  it('add a namespace and headers', async () => {
    const vault = await vaultServer()
    await works(vault.url, { VAULT_NAMESPACE: 'team/a', VAULT_HEADERS: '{"X-Gate": "open"}' })
    expect(vault.requests[0]?.headers).toMatchObject({ 'x-vault-namespace': 'team/a', 'x-gate': 'open' })
  })

  it('count attempts and limit their time', async () => {
    const vault = await vaultServer({ status: 503, body: { errors: ['sealed'] } })
    await refusal(vault.url, { VAULT_MAX_RETRIES: '0' })
    expect(vault.requests.length).toBe(1)
    vault.befall({ delayMs: 60_000 })
    expect(await refusal(vault.url, { VAULT_CLIENT_TIMEOUT: '100ms' })).toContain('no answer within 0.1 seconds')
  })

  it('name an agent that is asked in place of the address', async () => {
    const agent = await vaultServer()
    await works('https://vault.example.invalid', { VAULT_AGENT_ADDR: agent.url })
    const socket = join(cwd, 's')
    const unix = createHttpServer((_, response) => void response.end(JSON.stringify(REPLY.body))).listen(socket)
    await once(unix, 'listening')
    onTestFinished(() => void unix.close())
    await works('https://vault.example.invalid', { VAULT_AGENT_ADDR: `unix://${socket}` })
  })

  it('name a proxy', async () => {
    const seen: string[] = []
    const proxy = createHttpServer((request, response) => {
      seen.push(request.url ?? '')
      response.end(JSON.stringify(REPLY.body))
    }).listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    onTestFinished(() => void proxy.close())
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
    for (const name of ['VAULT_PROXY_ADDR', 'VAULT_HTTP_PROXY', 'HTTP_PROXY', 'http_proxy']) await works('http://vault.example.invalid', { [name]: url })
    expect(seen).toEqual(Array<string>(4).fill('http://vault.example.invalid/v1/transit/encrypt/k'))
    const vault = await vaultServer()
    await works(vault.url, { HTTP_PROXY: url })
    await works('http://vault.example.invalid', { VAULT_PROXY_ADDR: url, NO_PROXY: '*' })
    expect(seen.length).toBe(5)
  })

  it.each([
    [{ VAULT_SKIP_VERIFY: 'hunter2' }, 'could not parse VAULT_SKIP_VERIFY'],
    [{ VAULT_DISABLE_REDIRECTS: 'hunter2' }, 'could not parse VAULT_DISABLE_REDIRECTS'],
    [{ VAULT_MAX_RETRIES: '-1' }, 'could not parse VAULT_MAX_RETRIES'],
    [{ VAULT_CLIENT_TIMEOUT: 'hunter2' }, 'could not parse "VAULT_CLIENT_TIMEOUT"'],
    [{ VAULT_HEADERS: 'hunter2' }, 'could not unmarshal environment-supplied headers'],
    [{ VAULT_HEADERS: '{"a": 1}' }, 'non-string values'],
    [{ VAULT_HEADERS: '{"X-Vault-Token": "hunter2"}' }, 'for internal usage only'],
    [{ VAULT_CLIENT_CERT: 'cert.pem' }, 'both client cert and client key must be provided'],
    [{ VAULT_CACERT: 'absent.pem' }, 'absent.pem'],
    [{ VAULT_CAPATH: 'absent' }, 'VAULT_CAPATH'],
  ])('are told when they make no sense: %j', async (env, message) => {
    expect(await refusal('http://127.0.0.1:1', env)).toContain(message)
  })

  it('are not looked at where no such key is used', async () => {
    const { status } = await runHandler(sops, ['encrypt', '--age', AGE_RECIPIENT, 'p.yaml'], { cwd, env: { VAULT_SKIP_VERIFY: 'maybe', SOPS_AGE_KEY_FILE: AGE_KEY_FILE } })
    expect(status).toBe(0)
  })
})

describe('TLS', () => {
  it('trusts the authorities of VAULT_CACERT, VAULT_CACERT_BYTES or VAULT_CAPATH, or anybody', async () => {
    const vault = await vaultServer(REPLY, true)
    mkdirSync(join(cwd, 'authorities', 'more'), { recursive: true })
    writeFileSync(join(cwd, 'authorities', 'more', 'ca.pem'), vault.caPem)
    for (const env of [{ VAULT_CACERT: 'authorities/more/ca.pem' }, { VAULT_CACERT_BYTES: vault.caPem }, { VAULT_CAPATH: 'authorities' }, { VAULT_SKIP_VERIFY: 'true' }]) await works(vault.url, env)
    expect(await refusal(vault.url, { VAULT_SKIP_VERIFY: 'false' })).toContain('Vault cannot be reached')
    const other = await vaultServer(REPLY, true)
    expect(await refusal(other.url, { VAULT_CACERT: 'authorities/more/ca.pem' })).toContain('Vault cannot be reached')
  })

  it('takes the name that the certificate must have from VAULT_TLS_SERVER_NAME', async () => {
    const vault = await vaultServer(REPLY, true)
    await works(vault.url, { VAULT_CACERT_BYTES: vault.caPem, VAULT_TLS_SERVER_NAME: 'localhost' })
    expect(await refusal(vault.url, { VAULT_CACERT_BYTES: vault.caPem, VAULT_TLS_SERVER_NAME: 'other.example' })).toContain('ERR_TLS_CERT_ALTNAME_INVALID')
  })

  it('shows the certificate of VAULT_CLIENT_CERT', async () => {
    const { certPem, keyPem } = await vaultServer(REPLY, true)
    writeFileSync(join(cwd, 'cert.pem'), certPem)
    writeFileSync(join(cwd, 'key.pem'), keyPem)
    const shown: string[] = []
    const server = createHttpsServer({ cert: certPem, key: keyPem, requestCert: true, rejectUnauthorized: false }, (request, response) => {
      shown.push(String((request.socket as TLSSocket).getPeerCertificate().subject?.CN ?? ''))
      response.end(JSON.stringify(REPLY.body))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
    await works(url, { VAULT_SKIP_VERIFY: '1' })
    await works(url, { VAULT_SKIP_VERIFY: '1', VAULT_CLIENT_CERT: 'cert.pem', VAULT_CLIENT_KEY: 'key.pem' })
    expect(shown).toEqual(['', 'kube-apiserver'])
    expect(await refusal(url, { VAULT_CLIENT_CERT: 'p.yaml', VAULT_CLIENT_KEY: 'key.pem' })).toContain('PEM')
  })
})
