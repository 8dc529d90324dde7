/**
 * A scripted API server in the place of the network: each request takes the next answer of the script.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock, HttpRequest, HttpResponse, KubeObject, Transport } from '@waxseal/kube'

export type Answer = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>

export function networkError(code: string): Error {
  return Object.assign(new Error(code), { code })
}

export function json(status: number, value: unknown, headers: Record<string, string> = {}): Answer {
  return () => ({ status, headers, body: chunks([JSON.stringify(value)]) })
}

export function status(code: number, reason: string, message = reason, headers: Record<string, string> = {}): Answer {
  return json(code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason, code }, headers)
}

export function refuse(code = 'ECONNREFUSED'): Answer {
  return () => {
    throw networkError(code)
  }
}

/** The body breaks off after these chunks. */
export function cut(parts: readonly string[]): Answer {
  return () => ({ status: 200, headers: {}, body: chunks(parts, 'ECONNRESET') })
}

export function page(items: readonly KubeObject[], resourceVersion: string, next = ''): Answer {
  return json(200, { kind: 'List', metadata: { resourceVersion, ...(next ? { continue: next } : {}) }, items })
}

/** A watch that sends these and is closed by the server. */
export function watch(events: readonly unknown[]): Answer {
  return () => ({ status: 200, headers: {}, body: chunks(events.map((event) => `${JSON.stringify(event)}\n`)) })
}

/** A watch that sends these and stays open until the client leaves. */
export function openWatch(events: readonly unknown[] = []): Answer {
  return (request) => ({ status: 200, headers: {}, body: held(events, request.signal) })
}

async function* chunks(parts: readonly string[], failure?: string): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    await Promise.resolve()
    yield Buffer.from(part)
  }
  if (failure) throw networkError(failure)
}

async function* held(events: readonly unknown[], signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  yield* chunks(events.map((event) => `${JSON.stringify(event)}\n`))
  await delay(60_000, undefined, signal ? { signal } : {})
}

export function object(name: string, resourceVersion: string, more: object = {}): KubeObject {
  return { metadata: { namespace: 'ns', name, resourceVersion, ...more } }
}

export function event(type: string, name: string, resourceVersion: string): unknown {
  return { type, object: object(name, resourceVersion) }
}

/** Answers in order; beyond the script it calls `done` and refuses. */
export function scripted(answers: readonly Answer[], done: () => void = () => {}): { readonly transport: Transport; readonly requests: HttpRequest[] } {
  const requests: HttpRequest[] = []
  return {
    requests,
    async transport(request) {
      const answer = answers[requests.length]
      requests.push(request)
      if (answer) return answer(request)
      done()
      throw networkError('ECONNREFUSED')
    },
  }
}

/** Waits cost nothing and are noted. */
export function fastClock(): Clock & { readonly slept: number[] } {
  let now = 1_700_000_000_000
  const slept: number[] = []
  return {
    slept,
    now: () => now,
    async sleep(ms) {
      slept.push(ms)
      now += ms
      await Promise.resolve()
    },
  }
}
