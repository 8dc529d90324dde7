import { describe, expect, it } from 'vitest'
import { createRateLimiter, KubeClient, KubeError, resourcePath, SECRETS, toCodedError } from '@waxseal/kube'
import { cut, fastClock, json, object, openWatch, refuse, scripted, status, type Answer } from './fake-api.ts'

function clientOf(...answers: readonly Answer[]) {
  const { transport, requests } = scripted(answers)
  const clock = fastClock()
  return { client: new KubeClient({ transport, clock }), requests, clock }
}

const PLACE = { namespace: 'ns', name: 'a' }

describe('KubeClient', () => {
  it('reads an object, and null where there is none', async () => {
    const { client, requests } = clientOf(json(200, object('a', '1')), status(404, 'NotFound'))
    expect(await client.get(SECRETS, PLACE)).toEqual(object('a', '1'))
    expect(await client.get(SECRETS, PLACE)).toBeNull()
    expect(requests[0]).toMatchObject({ method: 'GET', path: '/api/v1/namespaces/ns/secrets/a' })
  })

  it('tells a missing object from a missing API', async () => {
    const { client } = clientOf(() => ({ status: 404, headers: {}, body: (async function* () { yield Buffer.from('404 page not found\n') })() }))
    await expect(client.get(SECRETS, PLACE)).rejects.toMatchObject({ status: 404, reason: '', message: 'the API server answered 404' })
  })

  it('writes JSON where the object says', async () => {
    const { client, requests } = clientOf(json(201, object('a', '1')), json(200, object('a', '2')), json(200, {}), json(200, {}))
    await client.create(SECRETS, { namespace: 'ns' }, object('a', ''))
    await client.update(SECRETS, object('a', '1'))
    await client.updateStatus(SECRETS, object('a', '1'))
    await client.patch(SECRETS, PLACE, 'application/merge-patch+json', { x: 1 })
    expect(requests.map(({ method, path, headers }) => [method, path, headers?.['content-type']])).toEqual([
      ['POST', '/api/v1/namespaces/ns/secrets', 'application/json'],
      ['PUT', '/api/v1/namespaces/ns/secrets/a', 'application/json'],
      ['PUT', '/api/v1/namespaces/ns/secrets/a/status', 'application/json'],
      ['PATCH', '/api/v1/namespaces/ns/secrets/a', 'application/merge-patch+json'],
    ])
  })

  it('says whether it deleted something', async () => {
    const { client, requests } = clientOf(json(200, {}), status(404, 'NotFound'), status(409, 'Conflict'))
    expect(await client.delete(SECRETS, PLACE, { preconditions: { uid: 'u' } })).toBe(true)
    expect(await client.delete(SECRETS, PLACE)).toBe(false)
    await expect(client.delete(SECRETS, PLACE)).rejects.toMatchObject({ status: 409 })
    expect(JSON.parse(String(requests[0]?.body))).toMatchObject({ preconditions: { uid: 'u' } })
  })

  it("repeats what was throttled, after the server's own wait", async () => {
    const { client, clock } = clientOf(status(429, 'TooManyRequests', 'later', { 'retry-after': '3' }), json(201, object('a', '1')))
    await client.create(SECRETS, { namespace: 'ns' }, object('a', ''))
    expect(clock.slept).toEqual([3000])
  })

  it.each([['1e12', 3_600_000], ['-5', 0]])('takes no server\'s word for a wait of %s seconds', async (seconds, retryAfterMs) => {
    const { client } = clientOf(status(503, 'ServiceUnavailable', 'later', { 'retry-after': seconds }))
    await expect(client.get(SECRETS, PLACE)).rejects.toMatchObject({ retryAfterMs })
  })

  it('gives throttled requests up after five tries', async () => {
    const { client, requests } = clientOf(...Array.from({ length: 9 }, () => status(429, 'TooManyRequests')))
    await expect(client.get(SECRETS, PLACE)).rejects.toMatchObject({ status: 429 })
    expect(requests).toHaveLength(5)
  })

  it.each([
    ['a conflict', status(409, 'Conflict', 'the object has been modified'), { status: 409, reason: 'Conflict', message: 'the object has been modified' }],
    ['a refused connection', refuse(), { status: 0, systemCode: 'ECONNREFUSED', message: 'no answer from the API server (ECONNREFUSED)' }],
    ['a cut body', cut(['{"meta']), { status: 0, systemCode: 'ECONNRESET' }],
    ['a body that is no JSON', cut([]), { status: 0 }],
  ])('turns %s into a typed error', async (_what, answer, expected) => {
    const { client } = clientOf(answer)
    await expect(client.get(SECRETS, PLACE)).rejects.toMatchObject(expected)
  })

  it('never repeats a foreign body', async () => {
    const { client } = clientOf(json(502, { password: 'hunter2' }, { 'x-secret': 'hunter2' }))
    const error: unknown = await client.get(SECRETS, PLACE).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(KubeError)
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain('hunter2')
  })

  it('ends a request that gets no answer in time', async () => {
    const client = new KubeClient({ transport: scripted([openWatch()]).transport, timeoutMs: 20 })
    await expect(client.get(SECRETS, PLACE)).rejects.toMatchObject({ status: 0, systemCode: 'ETIMEDOUT' })
  })

  it('escapes names', () => {
    expect(resourcePath(SECRETS, { namespace: 'a/b', name: '../c', subresource: 'status' })).toBe('/api/v1/namespaces/a%2Fb/secrets/..%2Fc/status')
  })

  it.each([
    [0, 'KUBE_UNREACHABLE'],
    [401, 'KUBE_REFUSED'],
    [403, 'KUBE_REFUSED'],
    [500, 'KUBE_REFUSED'],
  ])('gives people a code for status %i', (code, expected) => {
    expect(toCodedError(new KubeError('x', { status: code })).code).toBe(expected)
  })
})

describe('createRateLimiter', () => {
  it('lets a burst through, then spaces requests', async () => {
    const clock = fastClock()
    const limiter = createRateLimiter(5, 2, clock)
    for (let i = 0; i < 4; i++) await limiter.acquire()
    expect(clock.slept.map(Math.round)).toEqual([200, 200])
  })

  it('refuses a rate of zero', () => {
    expect(() => createRateLimiter(0, 1, fastClock())).toThrow(RangeError)
  })
})
