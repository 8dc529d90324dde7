import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { KubeClient, type HttpResponse, type Transport } from '@waxseal/kube'
import { createGate, type Gate } from '../src/token-gate.ts'

const silent = (): void => {}
const log = { debug: silent, info: silent, warn: silent, error: silent }

function gateOf(transport: Transport, access: 'anyone' | 'token' | 'off' = 'token'): Gate {
  return createGate(access, new KubeClient({ transport }), log)
}

const asking = (headers: Record<string, string>): IncomingMessage => ({ headers }) as unknown as IncomingMessage

function review(status: object): HttpResponse {
  return { status: 201, headers: {}, body: [Buffer.from(JSON.stringify({ status }))] as unknown as AsyncIterable<Uint8Array> }
}

describe('the gate of tokens', () => {
  const unasked: Transport = () => Promise.reject(new Error('nobody is to be asked'))

  it('lets in who brings a token made for this program, and says why not to others', async () => {
    const answers = new Map([
      ['good', review({ authenticated: true, audiences: ['waxseal-controller'] })],
      ['for-another', review({ authenticated: true, audiences: ['https://kubernetes.default.svc'] })],
      ['unknown', review({ authenticated: false })],
    ])
    const gate = gateOf(async ({ body }) => {
      const { spec } = JSON.parse(String(body)) as { readonly spec: { readonly token: string; readonly audiences: readonly string[] } }
      expect(spec.audiences).toEqual(['waxseal-controller'])
      const answer = answers.get(spec.token)
      if (!answer) throw Object.assign(new Error('cut'), { code: 'ECONNRESET' })
      return answer
    })
    const codes = ['good', 'for-another', 'unknown', 'lost'].map((token) => gate(asking({ authorization: `Bearer ${token}` })))
    expect(await Promise.all(codes)).toEqual([undefined, 401, 401, 503])
    expect(await gate(asking({ authorization: 'Bearer unknown', 'x-waxseal-token': 'good' }))).toBeUndefined()
  })

  it('asks nobody about what is no token', async () => {
    const gate = gateOf(unasked)
    for (const headers of [{}, { authorization: 'Basic x' }, { authorization: 'Bearer ' }, { 'x-waxseal-token': 'x'.repeat(20_000) }]) expect(await gate(asking(headers))).toBe(401)
    expect(await gateOf(unasked, 'anyone')(asking({}))).toBeUndefined()
    expect(await gateOf(unasked, 'off')(asking({ authorization: 'Bearer good' }))).toBe(404)
  })

  it('asks about a few tokens at once, however many come', async () => {
    const held = Promise.withResolvers<void>()
    let asked = 0
    const gate = gateOf(async () => {
      asked++
      await held.promise
      return review({ authenticated: false })
    })
    const codes = Array.from({ length: 20 }, (_, n) => gate(asking({ authorization: `Bearer ${n}` })))
    await new Promise((resolve) => setImmediate(resolve))
    expect(asked).toBe(4)
    held.resolve()
    expect(new Set(await Promise.all(codes))).toEqual(new Set([401]))
    expect(asked).toBe(20)
  })
})
