import { describe, expect, it } from 'vitest'
import { KubeClient, type HttpRequest } from '@waxseal/kube'
import { EventRecorder } from '../src/event-recorder.ts'

const ABOUT = { namespace: 'ns', name: 'a', uid: 'u', resourceVersion: '7' }
const FACTS = { type: 'Warning', reason: 'ErrUnsealFailed', message: 'Failed to unseal: x' } as const

function recorder(answer: (request: HttpRequest) => number) {
  const requests: HttpRequest[] = []
  const errors: unknown[] = []
  let ms = Date.UTC(2026, 0, 2)
  const client = new KubeClient({
    async transport(request) {
      requests.push(request)
      const status = answer(request)
      const body = status < 300 ? {} : { kind: 'Status', reason: status === 404 ? 'NotFound' : 'InternalError', message: 'no' }
      return { status, headers: {}, body: (async function* () { yield Buffer.from(JSON.stringify(body)) })() }
    },
  })
  const events = new EventRecorder({ client, now: () => new Date(ms), onEvent: () => {}, onError: (error) => errors.push(error) })
  const emit = (facts: Parameters<EventRecorder['emit']>[1] = FACTS): Promise<void> => events.emit(ABOUT, facts, new AbortController().signal)
  return { emit, requests, errors, pass: (by: number) => (ms += by), sent: () => requests.map(({ method, path }) => `${method} ${path}`) }
}

describe('EventRecorder', () => {
  it('writes an event about the SealedSecret', async () => {
    const { emit, requests } = recorder(() => 201)
    await emit()
    expect(requests[0]).toMatchObject({ method: 'POST', path: '/api/v1/namespaces/ns/events' })
    expect(JSON.parse(String(requests[0]?.body))).toMatchObject({
      ...FACTS,
      count: 1,
      firstTimestamp: '2026-01-02T00:00:00Z',
      lastTimestamp: '2026-01-02T00:00:00Z',
      source: { component: 'sealed-secrets' },
      reportingComponent: 'sealed-secrets',
      involvedObject: { kind: 'SealedSecret', apiVersion: 'bitnami.com/v1alpha1', namespace: 'ns', name: 'a', uid: 'u', resourceVersion: '7' },
    })
  })

  it('counts a repetition up', async () => {
    const { emit, requests } = recorder(() => 200)
    await emit()
    await emit()
    await emit()
    expect(requests.map(({ method }) => method)).toEqual(['POST', 'PATCH', 'PATCH'])
    expect(JSON.parse(String(requests[2]?.body))).toMatchObject({ count: 3 })
  })

  it('begins anew when the server or an hour has forgotten the event', async () => {
    const { emit, requests, pass } = recorder(({ method }) => (method === 'PATCH' ? 404 : 201))
    await emit()
    await emit()
    pass(3_600_001)
    await emit()
    expect(requests.map(({ method }) => method)).toEqual(['POST', 'PATCH', 'POST', 'POST'])
    expect(new Set(requests.filter(({ method }) => method === 'POST').map(({ body }) => (JSON.parse(String(body)) as { metadata: { name: string } }).metadata.name)).size).toBe(3)
  })

  it('keeps other messages apart, and shortens long ones', async () => {
    const { emit, requests } = recorder(() => 201)
    await emit()
    await emit({ ...FACTS, message: 'y'.repeat(5000) })
    expect(requests.map(({ method }) => method)).toEqual(['POST', 'POST'])
    expect((JSON.parse(String(requests[1]?.body)) as { message: string }).message).toHaveLength(1024)
  })

  it('never fails', async () => {
    const { emit, errors } = recorder(() => 500)
    await emit()
    expect(errors).toHaveLength(1)
  })
})
