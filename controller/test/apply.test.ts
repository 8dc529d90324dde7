import { describe, expect, it } from 'vitest'
import { KubeClient, type HttpRequest } from '@waxseal/kube'
import { apply, type ApplyContext } from '../src/apply.ts'
import { EventRecorder } from '../src/event-recorder.ts'
import type { Observed, SecretObject } from '../src/observe.ts'
import type { Action } from '../src/reconcile.ts'

const SECRET: SecretObject = { metadata: { namespace: 'ns', name: 'a', uid: 's', resourceVersion: '3' }, data: { k: 'dg==' } }
const SEEN: Observed = {
  namespace: 'ns',
  name: 'a',
  sealed: { metadata: { namespace: 'ns', name: 'a', uid: 'u', generation: 1, resourceVersion: '5' }, spec: { encryptedData: {} } },
  secret: null,
  remembered: {},
  nowMs: 0,
}
const CREATE: Action = { do: 'createSecret', secret: { kind: 'Secret', apiVersion: 'v1', metadata: { namespace: 'ns', name: 'a' } } }
const REPLACE: Action = { do: 'replaceSecret', secret: SECRET, restores: false, isImmutable: false }
const STATUS: Action = { do: 'setStatus', state: { generation: 1, synced: true, message: '' } }
const EVENT: Action = { do: 'emit', type: 'Normal', reason: 'Unsealed', message: 'SealedSecret unsealed successfully' }
const REMEMBER: Action = { do: 'remember', secret: null }

/** Plays a server that answers by method and path. */
function world(answers: Readonly<Record<string, readonly [number, object]>> = {}, more: Partial<ApplyContext> = {}) {
  const requests: HttpRequest[] = []
  const errors: string[] = []
  const logged: string[] = []
  const client = new KubeClient({
    async transport(request) {
      requests.push(request)
      const name = `${request.method} ${placeOf(request.path)}`
      const [status, body] = answers[name] ?? [200, SECRET]
      if (status === 0) throw Object.assign(new Error('x'), { code: 'ECONNREFUSED' })
      return { status, headers: {}, body: (async function* () { yield Buffer.from(JSON.stringify(body)) })() }
    },
  })
  const line = (message: string): void => void logged.push(message)
  const context: ApplyContext = {
    client,
    events: new EventRecorder({ client, now: () => new Date(0), onEvent: () => {}, onError: () => {} }),
    log: { debug: line, info: line, warn: line, error: line },
    policy: { deleteWithSealedSecret: false, updateStatus: true, followsSecrets: true },
    now: () => new Date(0),
    signal: new AbortController().signal,
    failures: 0,
    mayWrite: () => true,
    countError: (reason) => errors.push(reason),
    ...more,
  }
  const run = (actions: readonly Action[], seen = SEEN) => apply(actions, seen, context)
  const sent = (): string[] => requests.map(({ method, path }) => `${method} ${placeOf(path)}`)
  return { run, sent, requests, errors, logged }
}

/** `secrets/a`, `sealedsecrets/a/status` */
const placeOf = (path: string): string => path.replace(/^.*\/namespaces\/ns\//, '')

const refusal = (code: number, reason: string, message: string): readonly [number, object] => [code, { kind: 'Status', code, reason, message }]

describe('apply', () => {
  it('runs actions in order and says what is in sync', async () => {
    const { run, sent } = world()
    const applied = await run([CREATE, STATUS, EVENT, REMEMBER])
    expect(sent()).toEqual(['POST secrets', 'PUT sealedsecrets/a/status', 'POST events'])
    expect(applied).toEqual({ outcome: { type: 'done' }, inSync: SECRET, restored: false, state: { generation: 1, synced: true, message: '' } })
  })

  it('writes nothing but the status, however deep the object is nested', async () => {
    const { run, requests } = world()
    const spec: unknown = JSON.parse(`{"template":{"metadata":{"creationTimestamp":${'['.repeat(9900)}${']'.repeat(9900)}}}}`)
    await run([STATUS], { ...SEEN, sealed: { metadata: { ...SEEN.sealed?.metadata, labels: { a: 'b' } }, spec } })
    expect(JSON.parse(String(requests[0]?.body))).toEqual({
      apiVersion: 'bitnami.com/v1alpha1',
      kind: 'SealedSecret',
      metadata: { namespace: 'ns', name: 'a', uid: 'u', resourceVersion: '5' },
      status: { observedGeneration: 1, conditions: [{ type: 'Synced', status: 'True', lastUpdateTime: '1970-01-01T00:00:00Z', lastTransitionTime: '1970-01-01T00:00:00Z' }] },
    })
  })

  it.each<[string, readonly [number, object]]>([
    ['a conflict', refusal(409, 'Conflict', 'modified')],
    ['somebody who was faster', refusal(409, 'AlreadyExists', 'exists')],
    ['trouble on the server', refusal(500, 'InternalError', 'boom')],
    ['no answer', [0, {}]],
  ])('tries again in silence after %s', async (_what, answer) => {
    const { run, sent, errors } = world({ 'POST secrets': answer })
    const applied = await run([CREATE, STATUS, EVENT, REMEMBER])
    expect(applied).toMatchObject({ outcome: { type: 'retry' }, inSync: null })
    expect(sent()).toEqual(['POST secrets'])
    expect(errors).toEqual(['update'])
  })

  it('tells of trouble that persists', async () => {
    const { run, sent } = world({ 'POST secrets': refusal(500, '', 'boom') }, { failures: 2 })
    const applied = await run([CREATE, STATUS, EVENT, REMEMBER])
    expect(sent()).toEqual(['POST secrets', 'POST events', 'PUT sealedsecrets/a/status'])
    expect(applied).toMatchObject({ outcome: { type: 'retry' }, state: { synced: false, message: 'boom' } })
  })

  it('tells at once of what somebody must mend, and goes on trying', async () => {
    const { run, requests } = world({ 'POST secrets': refusal(422, 'Invalid', 'Secret "a" is invalid: x') })
    const applied = await run([CREATE, STATUS])
    expect(applied).toMatchObject({ outcome: { type: 'retry' }, state: { synced: false, message: 'Secret "a" is invalid: x' } })
    expect(JSON.parse(String(requests[1]?.body))).toMatchObject({ reason: 'ErrUpdateFailed', message: 'Secret "a" is invalid: x' })
  })

  it('gives an immutable Secret up, in the words of upstream', async () => {
    const { run, requests } = world({ 'PUT secrets/a': refusal(422, 'Invalid', 'data: Forbidden: field is immutable when `immutable` is set') })
    const applied = await run([{ ...REPLACE, isImmutable: true }])
    expect(applied.outcome).toEqual({ type: 'done' })
    expect((JSON.parse(String(requests[1]?.body)) as { message: string }).message).toContain('Error updating ns/a: the target Secret is immutable.')
  })

  it('does not mind a SealedSecret that was deleted before its status was written', async () => {
    const { run, errors } = world({ 'PUT sealedsecrets/a/status': refusal(404, 'NotFound', 'gone') })
    expect((await run([STATUS, EVENT])).outcome).toEqual({ type: 'done' })
    expect(errors).toEqual([])
  })

  it('tries a status again that met a conflict', async () => {
    const { run, errors } = world({ 'PUT sealedsecrets/a/status': refusal(409, 'Conflict', 'modified') })
    expect((await run([STATUS, EVENT])).outcome).toEqual({ type: 'retry', atLeastMs: undefined })
    expect(errors).toEqual(['status'])
  })

  it('writes nothing when another replica leads', async () => {
    const { run, sent } = world({}, { mayWrite: () => false })
    expect(await run([CREATE, STATUS])).toMatchObject({ outcome: { type: 'retry' }, inSync: null })
    expect(sent()).toEqual([])
  })

  it('hands on what the plan says of later', async () => {
    const { run } = world()
    expect((await run([{ do: 'lookAgain', afterMs: 5 }])).outcome).toEqual({ type: 'again', afterMs: 5 })
    expect((await run([{ do: 'retry' }])).outcome).toEqual({ type: 'retry' })
    expect((await run([{ ...REPLACE, restores: true }])).restored).toBe(true)
  })
})
