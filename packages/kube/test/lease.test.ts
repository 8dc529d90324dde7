import { describe, expect, it } from 'vitest'
import { KubeClient, LeaderElector, type Clock, type KubeObject, type Transport } from '@waxseal/kube'
import { json, networkError, status } from './fake-api.ts'

interface LeaseObject extends KubeObject {
  readonly spec: { readonly holderIdentity: string; readonly leaseTransitions: number; readonly leaseDurationSeconds: number }
}

/** One Lease behind optimistic locking, and a switch that cuts a replica off. */
class LeaseServer {
  lease: LeaseObject | undefined
  cutOff = new Set<string>()
  #version = 0

  transport(who: string): Transport {
    return async (request) => {
      if (this.cutOff.has(who)) throw networkError('ECONNRESET')
      if (request.method === 'GET') return (this.lease ? json(200, this.lease) : status(404, 'NotFound'))(request)
      const sent = JSON.parse(String(request.body)) as LeaseObject
      if (request.method === 'POST' ? this.lease : sent.metadata.resourceVersion !== this.lease?.metadata.resourceVersion) return status(409, 'Conflict')(request)
      this.lease = { ...sent, metadata: { ...sent.metadata, resourceVersion: String(++this.#version) } }
      return json(200, this.lease)(request)
    }
  }
}

/** Time moves only when the test says so. */
class ManualClock implements Clock {
  #now = 1_700_000_000_000
  readonly #sleepers = new Set<{ readonly at: number; wake(): void }>()

  now(): number {
    return this.#now
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      this.#sleepers.add({ at: this.#now + ms, wake })
      signal?.addEventListener('abort', wake)
    })
  }

  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    while (this.#now < end) {
      await settle()
      const next = Math.min(end, ...[...this.#sleepers].map(({ at }) => at))
      this.#now = Math.max(this.#now, next)
      for (const sleeper of this.#sleepers) {
        if (sleeper.at > this.#now) continue
        this.#sleepers.delete(sleeper)
        sleeper.wake()
      }
    }
    await settle()
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
}

function replica(server: LeaseServer, clock: Clock, identity: string) {
  const changes: boolean[] = []
  const stop = new AbortController()
  const elector = new LeaderElector({
    client: new KubeClient({ transport: server.transport(identity), clock }),
    namespace: 'kube-system',
    name: 'waxseal-controller',
    identity,
    onChange: (leading) => changes.push(leading),
    onError: () => {},
    clock,
  })
  const ended = elector.run(stop.signal)
  return { elector, changes, stop, ended }
}

describe('LeaderElector', () => {
  it('leads once it holds the lease, and keeps a second replica out', async () => {
    const [server, clock] = [new LeaseServer(), new ManualClock()]
    const a = replica(server, clock, 'a')
    await clock.advance(1)
    const b = replica(server, clock, 'b')
    await clock.advance(60_000)
    expect([a.elector.leading, b.elector.leading]).toEqual([true, false])
    expect([a.changes, b.changes]).toEqual([[true], []])
    expect(server.lease?.spec).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 0 })
    a.stop.abort()
    b.stop.abort()
    await Promise.all([a.ended, b.ended])
  })

  it('stops leading at the renew deadline, before another may take over', async () => {
    const [server, clock] = [new LeaseServer(), new ManualClock()]
    const a = replica(server, clock, 'a')
    await clock.advance(1)
    const b = replica(server, clock, 'b')
    await clock.advance(4000)
    server.cutOff.add('a')
    let takenOver = false
    for (let i = 0; i < 40; i++) {
      await clock.advance(500)
      expect(a.elector.leading && b.elector.leading).toBe(false)
      takenOver ||= b.elector.leading
    }
    expect(takenOver).toBe(true)
    expect(a.changes).toEqual([true, false])
    expect(server.lease?.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 })
    a.stop.abort()
    b.stop.abort()
    await Promise.all([a.ended, b.ended])
  })

  it.each([0, 700, 1900])('follows a dead replica within the duration of its lease, if it sees the last renewal %d ms late', async (lateMs) => {
    const [server, clock] = [new LeaseServer(), new ManualClock()]
    const a = replica(server, clock, 'a')
    await clock.advance(1 + lateMs)
    const b = replica(server, clock, 'b')
    await clock.advance(4000 - lateMs) // a has just renewed it
    server.cutOff.add('a')
    for (let i = 0; i < 129; i++) await clock.advance(100)
    expect(b.elector.leading).toBe(false)
    await clock.advance(2100)
    expect(b.elector.leading).toBe(true)
    a.stop.abort()
    b.stop.abort()
    await Promise.all([a.ended, b.ended])
  })

  it('gives the lease back when it stops, so that the next replica need not wait', async () => {
    const [server, clock] = [new LeaseServer(), new ManualClock()]
    const a = replica(server, clock, 'a')
    await clock.advance(1)
    const b = replica(server, clock, 'b')
    await clock.advance(3000)
    a.stop.abort()
    expect(await a.ended).toBe('stopped')
    expect(server.lease?.spec).not.toHaveProperty('holderIdentity')
    await clock.advance(2500)
    expect(b.elector.leading).toBe(true)
    b.stop.abort()
    await b.ended
  })

  it('says so when the role permits no leases', async () => {
    const elector = new LeaderElector({
      client: new KubeClient({ transport: async (request) => status(403, 'Forbidden')(request) }),
      namespace: 'ns',
      name: 'x',
      identity: 'a',
      onChange: () => {},
      onError: () => {},
    })
    expect(await elector.run(new AbortController().signal)).toBe('forbidden')
    expect(elector.leading).toBe(false)
  })
})
