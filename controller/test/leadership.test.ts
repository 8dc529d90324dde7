import { describe, expect, it } from 'vitest'
import { KubeClient, type Clock, type HttpResponse, type KubeObject, type Transport } from '@waxseal/kube'
import { Leadership } from '../src/leadership.ts'

function answer(status: number, value: object): HttpResponse {
  return { status, headers: {}, body: [Buffer.from(JSON.stringify(value))] as unknown as AsyncIterable<Uint8Array> }
}

const refusal = (code: number, reason: string): HttpResponse => answer(code, { kind: 'Status', message: reason, reason, code })

/** An API server with one Lease, whose role comes when the test says so. */
class Server {
  permits = false
  reviews = 0
  lease: KubeObject | undefined

  readonly transport: Transport = async ({ method, path, body }) => {
    const sent = body === undefined ? undefined : (JSON.parse(String(body)) as KubeObject)
    if (path.includes('selfsubjectaccessreviews')) {
      this.reviews++
      return answer(201, { status: { allowed: this.permits } })
    }
    if (!this.permits) return refusal(403, 'Forbidden')
    if (method === 'GET' && this.lease === undefined) return refusal(404, 'NotFound')
    if (sent !== undefined) this.lease = { ...sent, metadata: { ...sent.metadata, resourceVersion: '1' } }
    return answer(200, this.lease ?? {})
  }
}

/** Waits end when the event loop comes round again. */
const quickClock: Clock = {
  now: () => Date.now(),
  sleep: () => new Promise((resolve) => void setImmediate(resolve)),
}

describe('leadership', () => {
  it('is taken without a lease where the role permits none, and elected once it does', async () => {
    const server = new Server()
    const [stop, said] = [new AbortController(), [] as string[]]
    const silent = (): void => {}
    const log = { debug: silent, warn: silent, error: silent, info: (message: string) => void said.push(message) }
    const led: boolean[] = []
    const client = new KubeClient({ transport: server.transport })
    const leadership = new Leadership({ client, namespace: 'own', clock: quickClock, log, onChange: () => void led.push(leadership.leading) })
    const running = leadership.run(stop.signal)
    while (server.reviews < 6) await quickClock.sleep(0)
    server.permits = true
    while (!said.includes('Leading')) await quickClock.sleep(0)
    expect(said).toEqual(['The role permits no leases: running as the only replica', 'The role permits leases now', 'Leading'])
    expect(led).toEqual([true, false, true])
    expect(server.lease).toMatchObject({ spec: { leaseDurationSeconds: 15 } })
    stop.abort()
    await running
    expect(leadership.leading).toBe(false)
  })
})
