import { describe, expect, it } from 'vitest'
import { KubeClient, KubeError, Reflector, SECRETS, type ReflectorEvent, type ReflectorOptions } from '@waxseal/kube'
import { cut, event, fastClock, json, object, openWatch, page, refuse, scripted, status, watch, type Answer } from './fake-api.ts'

interface Run {
  readonly events: string[]
  readonly errors: unknown[]
  readonly urls: string[]
  readonly accepts: (string | undefined)[]
  readonly slept: readonly number[]
}

/** Runs a reflector through a script of answers and stops when the script is over. */
async function play(answers: readonly Answer[], options: Partial<ReflectorOptions<string>> = {}): Promise<Run> {
  const stop = new AbortController()
  const { transport, requests } = scripted(answers, () => stop.abort())
  const clock = fastClock()
  const events: string[] = []
  const errors: unknown[] = []
  const reflector = new Reflector<string>({
    client: new KubeClient({ transport, clock }),
    resource: SECRETS,
    clock,
    random: () => 0,
    keep: ({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`,
    onEvent: (seen: ReflectorEvent<string>) => events.push(seen.type === 'synced' ? 'synced' : `${seen.type} ${seen.object}`),
    onError: (error) => errors.push(error),
    ...options,
  })
  await reflector.run(stop.signal)
  const sent = requests.slice(0, answers.length)
  return {
    events,
    errors,
    urls: sent.map(({ path }) => decodeURIComponent(path).replace(/&?timeoutSeconds=\d+/, '')),
    accepts: sent.map(({ headers }) => headers?.['accept']),
    slept: clock.slept,
  }
}

const WATCH = '/api/v1/secrets?allowWatchBookmarks=true&watch=true'
const watchFrom = (version: string): string => WATCH.replace('?', `?resourceVersion=${version}&`)
const LIST = '/api/v1/secrets?limit=500'

describe('Reflector', () => {
  it('lists in pages, then watches from the version of the list', async () => {
    const run = await play([page([object('a', '1')], '7', 'token'), page([object('b', '2')], '7'), watch([event('MODIFIED', 'a', '8')])])
    expect(run.urls).toEqual([LIST, `${LIST}&continue=token`, watchFrom('7')])
    expect(run.events).toEqual(['added a@1', 'added b@2', 'synced', 'modified a@8'])
  })

  it('asks for smaller pages where the objects are large', async () => {
    const huge: Answer = () => ({ status: 200, headers: {}, body: (async function* () { yield Buffer.alloc(65 * 1024 * 1024) })() })
    const run = await play([page([object('a', '1')], '7', 'token'), huge, page([object('b', '2')], '7', 'more'), page([object('c', '3')], '7'), watch([])])
    const smaller = LIST.replace('500', '63')
    expect(run.urls).toEqual([LIST, `${LIST}&continue=token`, `${smaller}&continue=token`, `${smaller}&continue=more`, watchFrom('7')])
    expect(run.events).toEqual(['added a@1', 'added b@2', 'added c@3', 'synced'])
    expect(run.errors).toEqual([])
  })

  it('resumes a closed watch from the last version seen, bookmarks included', async () => {
    const run = await play([page([], '1'), watch([event('ADDED', 'a', '2')]), watch([{ type: 'BOOKMARK', object: { metadata: { resourceVersion: '9' } } }]), watch([])])
    expect(run.urls).toEqual([LIST, watchFrom('1'), watchFrom('2'), watchFrom('9')])
    expect(run.events).toEqual(['synced', 'added a@2'])
    expect(run.errors).toEqual([])
  })

  it('waits before it opens again a watch that closes at once', async () => {
    const run = await play([page([], '1'), watch([]), watch([]), watch([])])
    expect(run.slept.slice(0, 3)).toEqual([200, 400, 800])
  })

  it('starts the list again when the connection is reset in the middle of it', async () => {
    const run = await play([page([object('a', '1')], '7', 'token'), cut(['{"items":[']), page([object('a', '1')], '8', 'next'), page([object('b', '2')], '8'), watch([])])
    expect(run.urls).toEqual([LIST, `${LIST}&continue=token`, LIST, `${LIST}&continue=next`, watchFrom('8')])
    expect(run.events).toEqual(['added a@1', 'added b@2', 'synced'])
    expect(run.errors).toMatchObject([{ status: 0, systemCode: 'ECONNRESET' }])
  })

  it('starts the list again when the token of the next page has expired', async () => {
    const run = await play([page([], '7', 'token'), status(410, 'Expired'), page([], '9'), watch([])])
    expect(run.urls).toEqual([LIST, `${LIST}&continue=token`, LIST, watchFrom('9')])
  })

  it.each([
    ['as HTTP status', status(410, 'Expired', 'too old resource version')],
    ['as ERROR event', watch([{ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' } }])],
  ])('lists again after 410 %s, and finds what was deleted meanwhile', async (_how, gone) => {
    const run = await play([page([object('a', '1'), object('b', '2'), object('c', '3')], '3'), gone, page([object('a', '1'), object('b', '9')], '9'), watch([])])
    expect(run.urls).toEqual([LIST, watchFrom('3'), LIST, watchFrom('9')])
    expect(run.events.slice(4)).toEqual(['modified b@9', 'deleted c@3', 'synced'])
    expect(run.errors[0]).toBeInstanceOf(KubeError)
  })

  it('keeps trying through resets, refusals and server errors, with growing waits', async () => {
    const answers = [page([], '1'), cut(['{"type":"ADD']), refuse(), json(500, {}), status(503, 'ServiceUnavailable'), watch([event('ADDED', 'a', '2')]), watch([])]
    const run = await play(answers)
    expect(run.urls.slice(1)).toEqual(['1', '1', '1', '1', '1', '2'].map(watchFrom))
    expect(run.slept.slice(0, 5)).toEqual([200, 400, 800, 1600, 200])
    expect(run.events).toEqual(['synced', 'added a@2'])
  })

  it('stays away as long as a 429 asks for', async () => {
    const run = await play([page([], '1'), status(429, 'TooManyRequests', 'slow down', { 'retry-after': '7' }), watch([])])
    expect(run.slept[0]).toBe(7000)
    expect(run.urls[2]).toBe(watchFrom('1'))
  })

  it('waits no longer than thirty seconds', async () => {
    const run = await play([page([], '1'), ...Array.from({ length: 12 }, () => refuse())])
    expect(Math.max(...run.slept)).toBe(15_000) // half of it: the random part is 0 here
  })

  it.each([
    ['no JSON', 'junk\n'],
    ['no event', '{"type":"ADDED"}\n'],
    ['an unknown type', '{"type":"RENAMED","object":{"metadata":{"resourceVersion":"2"}}}\n'],
    ['no version', '{"type":"ADDED","object":{"metadata":{}}}\n'],
  ])('takes a line with %s for an error and lists again, instead of dropping a change', async (_what, line) => {
    const body = (async function* () {
      yield Buffer.from(line)
    })()
    const run = await play([page([], '1'), () => ({ status: 200, headers: {}, body }), page([object('a', '2')], '2'), watch([])])
    expect(run.errors).toMatchObject([{ reason: 'Malformed' }])
    expect(run.events).toEqual(['synced', 'added a@2', 'synced'])
  })

  it('reads lines that arrive in pieces', async () => {
    const text = `${JSON.stringify(event('ADDED', 'ä', '2'))}\n`
    const bytes = Buffer.from(text)
    const body = (async function* () {
      for (const byte of bytes) yield Buffer.from([byte])
    })()
    const run = await play([page([], '1'), () => ({ status: 200, headers: {}, body })])
    expect(run.events).toEqual(['synced', 'added ä@2'])
  })

  it('gives up a connection that has gone silent and resumes', async () => {
    const run = await play([page([], '1'), openWatch([event('ADDED', 'a', '2')]), watch([])], { idleMs: 30 })
    expect(run.errors).toMatchObject([{ reason: 'Silent' }])
    expect(run.urls[2]).toBe(watchFrom('2'))
  })

  it('asks for metadata alone', async () => {
    const run = await play([page([], '1'), watch([])], { metadataOnly: true, namespace: 'ns', labelSelector: 'a=b' })
    expect(run.urls[0]).toBe('/api/v1/namespaces/ns/secrets?labelSelector=a=b&limit=500')
    expect(run.accepts).toEqual([
      'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
      'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
    ])
  })

  it('holds only what is kept, and reports what is no longer kept as deleted', async () => {
    const keep: ReflectorOptions<string>['keep'] = ({ metadata }) => (metadata.resourceVersion === '5' || metadata.name === 'foreign' ? undefined : metadata.name)
    const run = await play([page([object('a', '1'), object('foreign', '2')], '2'), watch([event('MODIFIED', 'a', '5'), event('DELETED', 'foreign', '6')])], { keep })
    expect(run.events).toEqual(['added a', 'synced', 'deleted a'])
  })

  it('stops at once when told to, in the middle of a watch', async () => {
    const stop = new AbortController()
    const { transport } = scripted([page([], '1'), openWatch()])
    const reflector = new Reflector<string>({ client: new KubeClient({ transport }), resource: SECRETS, keep: () => 'x', onEvent: () => setTimeout(() => stop.abort(), 5), onError: () => {} })
    const startedAt = Date.now()
    await reflector.run(stop.signal)
    expect(Date.now() - startedAt).toBeLessThan(20_000)
    expect(reflector.synced).toBe(true)
  })
})
