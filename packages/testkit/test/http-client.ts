/**
 * Plain HTTP to an API server, as the tests need it.
 * @module
 */
import { readFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { parse } from 'yaml'

export const SEALED_SECRET_CRD = parse(
  readFileSync(join(import.meta.dirname, '..', '..', '..', 'controller', 'deploy', 'crd', 'sealedsecrets.yaml'), 'utf8'),
) as object

export interface Endpoint {
  readonly url: string
  readonly caPem: string
  readonly token?: string
  readonly clientCertificate?: { readonly cert: string; readonly key: string }
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** The body as JSON; undefined when it is none. */
  readonly body: Json
}

/** Bodies are looked into freely; a wrong guess fails the test. */
// oxlint-disable-next-line typescript/no-explicit-any -- answers are checked by the assertions themselves
export type Json = any

export interface Question {
  readonly method?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Called with the text so far; the connection is left when it returns true. */
  readonly until?: (text: string) => boolean
}

/** @throws Error when the connection is cut before the answer is complete */
export function send(endpoint: Endpoint, path: string, { method = 'GET', body, headers = {}, until }: Question = {}): Promise<Answer> {
  const url = new URL(endpoint.url + path)
  const payload = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
  const options = {
    method,
    headers: {
      ...(endpoint.token === undefined ? {} : { authorization: `Bearer ${endpoint.token}` }),
      ...(payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(payload)) }),
      ...headers,
    },
    agent: false as const,
    signal: AbortSignal.timeout(20_000),
  }
  return new Promise((resolve, reject) => {
    const start = url.protocol === 'https:' ? httpsRequest : httpRequest
    const outgoing = start(url, { ...options, ca: endpoint.caPem, ...endpoint.clientCertificate }, (incoming) => {
      let text = ''
      const done = (): void => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, body: jsonOf(text) })
      incoming.setEncoding('utf8')
      incoming.on('data', (chunk: string) => {
        text += chunk
        if (!until?.(text)) return
        done()
        outgoing.destroy()
      })
      incoming.on('end', () => (incoming.complete ? done() : reject(new Error('the answer was cut'))))
      incoming.on('error', reject)
    })
    outgoing.on('error', reject)
    outgoing.end(payload)
  })
}

function jsonOf(text: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The lines of a watch. */
export function events(text: string): Json[] {
  return text.split('\n').filter((line) => line !== '').map(jsonOf)
}
