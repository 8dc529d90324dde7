/**
 * AWS KMS as it is on a bad day: a server of the test's own answers whatever a key service, or what stands in its place, may answer.
 */
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, Agent as HttpAgent, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, Agent as HttpsAgent } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { CodedError, recoverDataKey, restrictHosts, type CallLimits, type KeyReport } from '@waxseal/core'
import { createAwsProvider } from '@waxseal/provider-aws'
import { makeServerIdentity, startConnectProxy } from '@waxseal/testkit'
import { built, finished, run, start, testFolder } from '../programs.ts'

const ID = '28bca7a4-f58e-4cb6-b31c-4f34a88ba195'
const ACCOUNT = 'arn:aws:kms:eu-west-1:123456789012:key'
const KEY = `${ACCOUNT}/${ID}`
const GOOD = `${ACCOUNT}/00000000-0000-0000-0000-00000000600d`
const SECRETS = { accessKeyId: 'AKIAHUNTER2', secretAccessKey: 'hunter2-secret', sessionToken: 'hunter2-token' }
const AWS_ENV = { AWS_ACCESS_KEY_ID: SECRETS.accessKeyId, AWS_SECRET_ACCESS_KEY: SECRETS.secretAccessKey, AWS_SESSION_TOKEN: SECRETS.sessionToken, AWS_EC2_METADATA_DISABLED: 'true' }
const DATA_KEY = Buffer.alloc(32, 7)

type Answer = (response: ServerResponse, request: IncomingMessage) => void

const json = (status: number, body: object, headers: Readonly<Record<string, string>> = {}): Answer => (response) => {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', ...headers })
  response.end(JSON.stringify(body))
}
const refusal = (status: number, type: string, message = 'no'): Answer => json(status, { __type: type, message })
const opened = (arn: string): Answer => json(200, { KeyId: arn, Plaintext: DATA_KEY.toString('base64') })

let answers: Answer[]
let requests: number
let server: Server
let url: string

/** Answers in turn, the last one for ever; requests for the good key are always answered. */
function respond(request: IncomingMessage, response: ServerResponse): void {
  let body = ''
  request.on('data', (chunk: Buffer) => (body += chunk.toString()))
  request.on('end', () => {
    if (body.includes(GOOD)) return opened(GOOD)(response, request)
    const answer = answers[Math.min(requests++, answers.length - 1)]
    answer?.(response, request)
  })
}

beforeAll(async () => {
  server = createServer(respond).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => void server.close())
beforeEach(() => {
  answers = []
  requests = 0
})

function provider(limits: Partial<CallLimits> = {}, endpoint = url) {
  return createAwsProvider({
    policy: restrictHosts(() => []),
    limits: { pauseMs: 1, ...limits },
    sources: { endpoint: () => endpoint, credentials: SECRETS, sessionName: 'sops@test', agents: async () => ({ http: new HttpAgent(), https: new HttpsAgent() }) },
  })
}

const entry = (arn: string) => ({ arn, enc: 'AAAA', created_at: '2026-01-02T03:04:05Z', aws_profile: '' })

/** What the first key of a group of two answers; the second one opens the group. */
async function firstKey(aws: ReturnType<typeof provider>): Promise<CodedError | undefined> {
  let reports: readonly KeyReport[] = []
  const providers = new Map([['kms', aws]])
  const dataKey = await recoverDataKey({ groups: [[aws.parse(entry(KEY)), aws.parse(entry(GOOD))]], threshold: 0, providers })
  expect(dataKey.export()).toEqual(DATA_KEY)
  try {
    await recoverDataKey({ groups: [[aws.parse(entry(KEY))]], threshold: 0, providers })
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    reports = (error.reports ?? []) as readonly KeyReport[]
  }
  return reports[0]?.error
}

describe('a KMS key that does not open its file leaves the work to the next one of its group', () => {
  it.each<readonly [string, string, number, Answer]>([
    ['403', 'KEY_ACCESS_DENIED', 2, refusal(403, 'AccessDeniedException')],
    ['a 403 without a name', 'KEY_ACCESS_DENIED', 2, json(403, {})],
    ['expired credentials', 'KEY_ACCESS_DENIED', 2, refusal(400, 'ExpiredTokenException')],
    ['404', 'KEY_UNUSABLE', 2, refusal(404, 'NotFoundException')],
    ['a disabled key', 'KEY_UNUSABLE', 2, refusal(400, 'DisabledException')],
    ['another context', 'KEY_REJECTED', 2, refusal(400, 'InvalidCiphertextException')],
    ['429', 'KEY_SERVICE_FAILED', 6, refusal(429, 'TooManyRequests')],
    ['throttling', 'KEY_SERVICE_FAILED', 6, refusal(400, 'ThrottlingException')],
    ['500', 'KEY_SERVICE_FAILED', 6, refusal(500, 'KMSInternalException')],
    ['a 503 that is a web page', 'KEY_SERVICE_FAILED', 6, (response) => response.writeHead(503, { 'content-type': 'text/html' }).end('<html>hunter2')],
    ['an answer that is no JSON', 'KEY_SERVICE_FAILED', 2, (response) => response.end('hunter2')],
    ['a closed connection', 'KEY_SERVICE_FAILED', 2, (response) => response.destroy()],
    ['an answer that is cut off', 'KEY_SERVICE_FAILED', 2, (response) => response.writeHead(200, { 'content-length': '1000' }).write('{', () => response.destroy())],
    ['a key of another length', 'METADATA_INVALID', 2, json(200, { KeyId: KEY, Plaintext: 'AAAA' })],
    ['no key', 'METADATA_INVALID', 2, json(200, { KeyId: KEY })],
    ['another key than the one that is named', 'KEY_REJECTED', 2, opened(GOOD)],
  ])('%s: %s', async (_, code, expected, answer) => {
    answers = [answer]
    const error = await firstKey(provider())
    expect(error?.code).toBe(code)
    expect(requests).toBe(expected)
  })

  it('a slow answer, at its time limit', async () => {
    answers = [() => {}]
    const begun = performance.now()
    const error = await firstKey(provider({ callMs: 500 }))
    expect(error?.code).toBe('KEY_SERVICE_TIMEOUT')
    expect(requests).toBe(2)
    expect(performance.now() - begun).toBeLessThan(8_000)
  })

  it('a server error that passes is asked again', async () => {
    answers = [refusal(500, 'KMSInternalException'), refusal(429, 'Throttling'), opened(KEY)]
    const aws = provider()
    expect(await aws.unwrap(aws.parse(entry(KEY)), { signal: new AbortController().signal })).toEqual(new Uint8Array(DATA_KEY))
    expect(requests).toBe(3)
  })

  it('a clock that is wrong is corrected by the time of the answer', async () => {
    answers = [
      (response, request) => {
        response.setHeader('date', new Date(Date.now() + 3_600_000).toUTCString())
        refusal(400, 'InvalidSignatureException', 'Signature expired')(response, request)
      },
      opened(KEY),
    ]
    const aws = provider()
    expect(await aws.unwrap(aws.parse(entry(KEY)), { signal: new AbortController().signal })).toEqual(new Uint8Array(DATA_KEY))
  })

  it('a certificate of an unknown authority', async () => {
    const { port } = await overTls()
    const aws = provider({}, `https://127.0.0.1:${port}`)
    const failure: unknown = await aws.unwrap(aws.parse(entry(KEY)), { signal: new AbortController().signal }).catch((error: unknown) => error)
    expect((failure as CodedError).code).toBe('KEY_SERVICE_FAILED')
    expect((failure as CodedError).hint).toContain('AWS_CA_BUNDLE')
    expect(requests).toBe(0)
  })

  it('nobody at the address', async () => {
    const aws = provider({}, 'http://127.0.0.1:1')
    const failure: unknown = await aws.unwrap(aws.parse(entry(KEY)), { signal: new AbortController().signal }).catch((error: unknown) => error)
    expect((failure as CodedError).message).toContain('ECONNREFUSED')
  })
})

/** The same server as KMS of eu-west-1, with an authority of its own. */
async function overTls(): Promise<{ readonly port: number; readonly authority: string }> {
  const identity = makeServerIdentity(new Date(), ['kms.eu-west-1.amazonaws.com'])
  const tls = createTlsServer({ cert: identity.certPem, key: identity.keyPem }, respond).listen(0, '127.0.0.1')
  await once(tls, 'listening')
  onTestFinished(() => void tls.close())
  return { port: (tls.address() as AddressInfo).port, authority: identity.caPem }
}

const file = (arn: string, role = ''): string =>
  JSON.stringify({
    a: 'ENC[AES256_GCM,data:AAAA,iv:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str]',
    sops: { kms: [{ ...entry(arn), ...(role !== '' && { role }) }], lastmodified: '2026-01-02T03:04:05Z', mac: 'ENC[AES256_GCM,data:AAAA,iv:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str]', version: '3.13.2' },
  })

describe('the programs', () => {
  it('never show credentials, whatever a service quotes', async () => {
    const cwd = testFolder()
    answers = [
      (response, request) => {
        const { authorization = '', 'x-amz-security-token': token } = request.headers
        refusal(403, 'SignatureDoesNotMatch', `canonical request: ${authorization} ${String(token)}`)(response, request)
      },
    ]
    writeFileSync(join(cwd, 'f.json'), file(KEY))
    const role = 'arn:aws:iam::123456789012:role/sops'
    writeFileSync(join(cwd, 'r.json'), file(KEY, role))
    const env = { ...AWS_ENV, AWS_ENDPOINT_URL: url }
    const results = await Promise.all([
      run(built('sops'), ['--verbose', 'decrypt', 'f.json'], { cwd, env }),
      run(built('waxseal'), ['decrypt', 'f.json'], { cwd, env }),
      run(built('waxseal'), ['decrypt', '--allow', role, 'r.json'], { cwd, env }),
    ])
    expect(results.map(({ status }) => status)).toEqual([128, 128, 128])
    for (const { stdout, stderr } of results) {
      expect(stderr).toContain('(status 403)')
      expect(stdout.toString() + stderr).not.toMatch(/hunter2|Signature=|AKIAHUNTER2/i)
    }
    expect(results[1].stderr).toContain('hint: check AWS_ACCESS_KEY_ID')
  })

  it('reach the service through the proxy of the environment, if they trust its authority', async () => {
    const cwd = testFolder()
    const { port, authority } = await overTls()
    const proxy = await startConnectProxy(port)
    onTestFinished(() => proxy.close())
    answers = [opened(KEY)]
    writeFileSync(join(cwd, 'f.json'), file(KEY))
    writeFileSync(join(cwd, 'ca.pem'), authority)
    const decrypt = (env: Readonly<Record<string, string>>) => run(built('sops'), ['decrypt', 'f.json'], { cwd, env: { ...AWS_ENV, HTTPS_PROXY: proxy.url, ...env } })
    for (const env of [{ AWS_CA_BUNDLE: 'ca.pem' }, { SSL_CERT_FILE: join(cwd, 'ca.pem') }]) expect((await decrypt(env)).stderr).toContain('cipher: message authentication failed')
    expect(requests).toBe(2)
    const { status, stderr } = await decrypt({})
    expect(status).toBe(128)
    expect(stderr).toMatch(/cannot be reached: [A-Z_]*(?:CERT|SIGNATURE)/)
    expect(requests).toBe(2)
  })

  it('end at once on SIGINT while a service is silent, and leave the file as it is', async () => {
    const cwd = testFolder()
    const asked = new Promise<void>((resolve) => (answers = [() => resolve()]))
    writeFileSync(join(cwd, 'f.json'), file(KEY))
    const child = start(built('sops'), ['rotate', '-i', 'f.json'], { cwd, env: { ...AWS_ENV, AWS_ENDPOINT_URL: url } })
    const ending = finished(child)
    await asked
    const begun = performance.now()
    child.kill('SIGINT')
    expect((await ending).signal).toBe('SIGINT')
    expect(performance.now() - begun).toBeLessThan(8_000)
    expect(readdirSync(cwd)).toEqual(['f.json'])
    expect(readFileSync(join(cwd, 'f.json'), 'utf8')).toBe(file(KEY))
  })

  it('look up no name and connect to nobody for a hostile ARN', async () => {
    const cwd = testFolder()
    // Notes every name and every connection, and lets none of them through.
    writeFileSync(
      join(cwd, 'watch.cjs'),
      `const dns = require('node:dns'), net = require('node:net'), fs = require('node:fs')
const note = (what) => fs.appendFileSync(${JSON.stringify(join(cwd, 'seen'))}, what + '\\n')
const refuse = (name) => { note('lookup ' + name); return Object.assign(new Error('watched'), { code: 'ENOTFOUND' }) }
dns.lookup = (name, ...rest) => process.nextTick(rest.at(-1), refuse(name))
dns.promises.lookup = async (name) => { throw refuse(name) }
const connect = net.Socket.prototype.connect
net.Socket.prototype.connect = function (...args) { const [o] = Array.isArray(args[0]) ? args[0] : args; note('connect ' + (o.host ?? o.path)); return connect.apply(this, args) }
`,
    )
    const env = { ...AWS_ENV, NODE_OPTIONS: `--require ${join(cwd, 'watch.cjs')}` }
    const hostile = ['eu-west-1.evil.example', 'evil.example/#', 'x@evil.example', '127.0.0.1', 'evil.example?']
    hostile.forEach((region, at) => writeFileSync(join(cwd, `${at}.json`), file(KEY.replace('eu-west-1', region))))
    for (const program of ['sops', 'waxseal'] as const) {
      const ended = await Promise.all(hostile.map((_, at) => run(built(program), ['decrypt', `${at}.json`], { cwd, env })))
      for (const { status, stderr } of ended) {
        expect(status).toBe(128)
        expect(stderr).toContain('is not the name of an AWS region')
      }
    }
    expect(existsSync(join(cwd, 'seen'))).toBe(false)
    writeFileSync(join(cwd, 'good.json'), file(KEY))
    await run(built('sops'), ['decrypt', 'good.json'], { cwd, env })
    expect(readFileSync(join(cwd, 'seen'), 'utf8')).toContain('lookup kms.eu-west-1.amazonaws.com')
  })
})
