import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startScriptedServer, type ScriptedServer } from '@waxseal/testkit'
import { serviceAgents, type ConnectionSettings } from '../../src/providers/service-agents.ts'
import { runHandler, testFolder } from '../test-context.ts'

async function server(tls: boolean): Promise<ScriptedServer> {
  const started = await startScriptedServer(() => ({ status: 200, body: 'hello' }), { tls })
  onTestFinished(() => started.close())
  return started
}

interface Asked {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly settings?: ConnectionSettings
}

/** @returns the status, or the code of what failed */
async function ask(url: string, { cwd = testFolder(), env = {}, settings = {} }: Asked = {}): Promise<string> {
  let answer = ''
  const handler = async (_: readonly string[], context: Parameters<typeof serviceAgents>[0]): Promise<number> => {
    const { http, https } = serviceAgents(context, settings)
    const sent = url.startsWith('https:') ? httpsRequest(url, { agent: https }) : httpRequest(url, { agent: http })
    answer = await new Promise<string>((resolve) => {
      sent.on('response', (response) => resolve(String(response.resume().statusCode)))
      sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
      sent.end()
    })
    for (const agent of [http, https]) agent.destroy()
    return 0
  }
  await runHandler(handler, [], { cwd, env })
  return answer
}

/** Notes what it is asked for and sends everything to one server, so that names need not resolve. */
async function proxy(target: ScriptedServer): Promise<{ readonly url: string; readonly seen: readonly string[] }> {
  const seen: string[] = []
  const started = createServer((incoming, outgoing) => {
    seen.push(`${incoming.method} ${incoming.url}`)
    httpRequest(target.url, (answer) => answer.pipe(outgoing)).end()
  })
  started.on('connect', (incoming, socket) => {
    seen.push(`CONNECT ${incoming.url}`)
    const upstream = connect(Number(new URL(target.url).port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      upstream.pipe(socket).pipe(upstream)
    })
    for (const end of [socket, upstream]) end.on('error', () => {})
  })
  await once(started.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    started.close()
    started.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(started.address() as AddressInfo).port}`, seen }
}

describe('the proxy of the environment', () => {
  it('is asked for plain and for secure hosts, in either spelling of its name', async () => {
    const plain = await proxy(await server(false))
    for (const name of ['HTTP_PROXY', 'http_proxy']) expect(await ask('http://kms.example.invalid/a', { env: { [name]: plain.url } })).toBe('200')
    expect(plain.seen).toEqual(Array<string>(2).fill('GET http://kms.example.invalid/a'))
    const target = await server(true)
    const secure = await proxy(target)
    const settings = { ca: [target.caPem], tls: { servername: 'localhost' } }
    for (const name of ['HTTPS_PROXY', 'https_proxy']) expect(await ask('https://kms.example.invalid/a', { env: { [name]: secure.url }, settings })).toBe('200')
    expect(secure.seen).toEqual(Array<string>(2).fill('CONNECT kms.example.invalid:443'))
  })

  it('is not asked for this machine, nor for what NO_PROXY names', async () => {
    const target = await server(false)
    const { url, seen } = await proxy(target)
    for (const host of ['127.0.0.1', 'localhost']) expect(await ask(target.url.replace('127.0.0.1', host), { env: { HTTP_PROXY: url } })).toBe('200')
    expect(await ask('http://kms.example.invalid', { env: { HTTP_PROXY: url, NO_PROXY: '.example.invalid' } })).toMatch(/ENOTFOUND|EAI_AGAIN/)
    expect(seen).toEqual([])
    expect(await ask(target.url, { env: { NO_PROXY: '*' }, settings: { proxy: url } })).toBe('200')
    expect(seen).toEqual([`GET ${target.url}/`])
  })
})

describe('the authorities that are trusted', () => {
  it('are those of SSL_CERT_FILE, of a bundle, or those given', async () => {
    const { url, caPem } = await server(true)
    const cwd = testFolder()
    writeFileSync(join(cwd, 'ca.pem'), caPem)
    expect(await ask(url, { cwd, env: { SSL_CERT_FILE: 'ca.pem' } })).toBe('200')
    expect(await ask(url, { cwd, settings: { bundle: 'ca.pem' } })).toBe('200')
    expect(await ask(url, { settings: { ca: [caPem] } })).toBe('200')
    expect(await ask(url, { settings: { tls: { rejectUnauthorized: false } } })).toBe('200')
  })

  it('must be there when a variable names them', async () => {
    await expect(ask('https://127.0.0.1:1', { settings: { bundle: 'absent.pem' } })).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  })

  it('are nobody else', async () => {
    const { url } = await server(true)
    const { caPem } = await server(true)
    for (const settings of [{}, { ca: [caPem] }]) expect(await ask(url, { settings })).toMatch(/CERT|ISSUER|SIGNATURE/)
    for (const env of [{ SSL_CERT_DIR: '/nowhere' }, { SSL_CERT_FILE: 'absent.pem' }]) expect(await ask(url, { env })).toMatch(/CERT|ISSUER|SIGNATURE/)
  })
})
