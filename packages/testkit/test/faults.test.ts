import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startApiServer, type ApiServer } from '../src/index.ts'
import { events, send, type Answer, type Question } from './http-client.ts'

const SECRETS = '/api/v1/namespaces/default/secrets'

let server: ApiServer
const ask = (path: string, question?: Question): Promise<Answer> => send({ url: server.url, caPem: server.caPem, token: server.adminToken }, path, question)
const add = (name: string): unknown => server.put({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'default' } })

beforeEach(async () => {
  server = await startApiServer({ backgroundDelayMs: 5 })
})
afterEach(() => server.close())

describe('planned failures', () => {
  it('hit the requests that match, as often as told', async () => {
    server.faults.fail(429, { times: 2, retryAfterSeconds: 7, match: { verb: 'list', resource: 'secrets' } })
    expect((await ask(`${SECRETS}/none`)).status).toBe(404)
    for (let i = 0; i < 2; i++) {
      const answer = await ask(SECRETS)
      expect(answer.body).toMatchObject({ code: 429, reason: 'TooManyRequests', details: { retryAfterSeconds: 7 } })
      expect(answer.headers['retry-after']).toBe('7')
    }
    expect((await ask(SECRETS)).status).toBe(200)
    expect(server.faults.pending).toBe(0)
  })

  it.each([
    [401, 'Unauthorized'],
    [404, 'NotFound'],
    [409, 'Conflict'],
    [410, 'Expired'],
    [500, 'InternalError'],
    [503, 'ServiceUnavailable'],
  ])('with status %i have the reason %s', async (status, reason) => {
    server.faults.fail(status)
    expect((await ask(SECRETS)).body).toMatchObject({ kind: 'Status', code: status, reason })
  })

  it('are taken back', async () => {
    server.faults.fail(500, { times: 9 })
    server.faults.clear()
    expect((await ask(SECRETS)).status).toBe(200)
  })

  it('can be a delay', async () => {
    server.faults.delay(60)
    const before = Date.now()
    expect((await ask(SECRETS)).status).toBe(200)
    expect(Date.now() - before).toBeGreaterThanOrEqual(55)
  })
})

describe('cuts', () => {
  it('come instead of an answer', async () => {
    server.faults.cut({ match: { verb: 'list' } })
    await expect(ask(SECRETS)).rejects.toThrow(/hang up|reset|cut/)
    expect((await ask(SECRETS)).status).toBe(200)
  })

  it('come in the middle of a list', async () => {
    add('a')
    server.faults.cut({ match: { verb: 'list' }, afterBytes: 50 })
    await expect(ask(SECRETS)).rejects.toThrow(/aborted|reset|cut/)
  })

  it('come after some events of a watch', async () => {
    for (const name of ['a', 'b', 'c']) add(name)
    server.faults.cut({ match: { verb: 'watch' }, afterEvents: 2 })
    let seen = ''
    const cut = ask(`${SECRETS}?watch=true`, { until: (text) => ((seen = text), false) })
    await expect(cut).rejects.toThrow(/aborted|reset|cut/)
    expect(events(seen).map(({ object }) => object.metadata.name)).toEqual(['a', 'b'])
  })

  it('hit every open connection at once', async () => {
    let started = (): void => {}
    const opened = new Promise<void>((resolve) => (started = resolve))
    add('a')
    const watching = ask(`${SECRETS}?watch=true`, { until: () => (started(), false) })
    await opened
    server.faults.cutConnections()
    await expect(watching).rejects.toThrow(/aborted|reset|cut/)
  })
})

describe('an outage', () => {
  it('refuses connections until it is over, on the same port', async () => {
    await server.faults.refuseConnections()
    await expect(ask(SECRETS)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await server.faults.acceptConnections()
    expect((await ask(SECRETS)).status).toBe(200)
  })
})

describe('compaction', () => {
  it('ends watches from before with 410', async () => {
    const { body } = await ask(SECRETS)
    add('a')
    server.faults.compact()
    const answer = await ask(`${SECRETS}?watch=true&resourceVersion=${body.metadata.resourceVersion}`)
    expect(answer.status).toBe(200)
    expect(events(answer.text)).toMatchObject([{ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } }])
  })

  it('ends lists begun before with 410, and offers to go on inconsistently', async () => {
    for (const name of ['a', 'b', 'c']) add(name)
    const first = await ask(`${SECRETS}?limit=1`)
    server.faults.compact()
    const second = await ask(`${SECRETS}?limit=1&continue=${first.body.metadata.continue}`)
    expect(second.body).toMatchObject({ code: 410, reason: 'Expired' })
    const rest = await ask(`${SECRETS}?continue=${second.body.metadata.continue}`)
    expect(rest.body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)).toEqual(['b', 'c'])
  })

  it('comes by itself when the history grows long', async () => {
    const { body } = await ask(SECRETS)
    for (let i = 0; i < 40_100; i++) server.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'default' }, data: { i: String(i) } })
    const answer = await ask(`${SECRETS}?watch=true&resourceVersion=${body.metadata.resourceVersion}`)
    expect(events(answer.text)).toMatchObject([{ type: 'ERROR', object: { code: 410 } }])
  })
})

describe('request log', () => {
  it('counts by what was asked', async () => {
    await ask(SECRETS)
    await ask(`${SECRETS}/none`)
    await ask(SECRETS, { method: 'POST', body: { metadata: { name: 'a' } } })
    expect(server.requests.count({ resource: 'secrets' })).toBe(3)
    expect(server.requests.count({ verb: 'list', namespace: 'default' })).toBe(1)
    expect(server.requests.writes().map(({ verb, status, user }) => [verb, status, user])).toEqual([['create', 201, 'kubernetes-admin']])
    server.requests.clear()
    expect(server.requests.count()).toBe(0)
  })
})
