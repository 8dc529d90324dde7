import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startScriptedServer, type Reply, type ScriptedServer } from '@waxseal/testkit'
import { createHttpClient, judgeNetwork, judgeStatus, quoted, type Answer } from '../src/index.ts'

const signal = new AbortController().signal

async function server(reply: Reply): Promise<ScriptedServer> {
  const started = await startScriptedServer(() => reply)
  onTestFinished(() => started.close())
  return started
}

function get(url: string): Promise<Answer> {
  return createHttpClient().send({ method: 'GET', url: new URL(url), headers: {} }, signal)
}

describe('a request', () => {
  it('is answered with status, headers and text, whatever the status', async () => {
    const { url } = await server({ status: 418, headers: { 'x-a': 'b' }, body: 'tea' })
    expect(await get(url)).toMatchObject({ status: 418, headers: { 'x-a': 'b' }, body: 'tea' })
  })

  it('follows no redirect', async () => {
    const { url, requests } = await server({ status: 302, headers: { location: '/elsewhere' } })
    expect((await get(url)).status).toBe(302)
    expect(requests.length).toBe(1)
  })

  it('takes no endless answer', async () => {
    const { url } = await server({ status: 200, body: 'x'.repeat(2 * 1024 * 1024) })
    await expect(get(url)).rejects.toMatchObject({ code: 'ANSWER_TOO_LARGE' })
  })

  it('is sent again over a new connection when the server closed the kept one', async () => {
    const answering = createServer((incoming, outgoing) => {
      if (seen.has(incoming.socket)) incoming.socket.resetAndDestroy()
      else outgoing.end('once')
      seen.add(incoming.socket)
    })
    const seen = new Set<unknown>()
    await once(answering.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(() => void answering.close())
    const client = createHttpClient()
    const url = new URL(`http://127.0.0.1:${(answering.address() as AddressInfo).port}`)
    for (let count = 0; count < 3; count++) expect((await client.send({ method: 'GET', url, headers: {} }, signal)).body).toBe('once')
    expect(seen.size).toBe(3)
  })
})

describe('a failure', () => {
  const answer = (status: number, retryAfter?: string): Answer => ({ status, headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter }, body: '' })

  it('is transient for throttling and errors of the server', () => {
    expect([400, 403, 404, 429, 500, 501, 503].filter((status) => judgeStatus('', answer(status)).isTransient)).toEqual([429, 500, 503])
    expect(judgeStatus('', answer(429, '3')).retryAfterMs).toBe(3000)
    expect(judgeStatus('', answer(429, 'Fri, 31 Dec 1999 23:59:59 GMT')).retryAfterMs).toBeUndefined()
  })

  it('of the network is told by its code alone', () => {
    const { error } = judgeNetwork('it cannot be reached', Object.assign(new Error('hunter2'), { code: 'ENOTFOUND' }))
    expect(error).toMatchObject({ code: 'KEY_SERVICE_FAILED', message: 'it cannot be reached: ENOTFOUND' })
  })

  it('quotes one short line without secrets', () => {
    expect(quoted('a\n  token t1 and t2', ['t1', '', 't2'])).toBe('a token ... and ...')
    expect(quoted('x'.repeat(1000), []).length).toBe(303)
  })
})
