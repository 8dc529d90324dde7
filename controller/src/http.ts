/**
 * The controller's HTTP interface, plain and without authentication; clients reach it through the API server's proxy.
 *
 *     /healthz      200 `ok`: the process works
 *     /readyz       200 `ok` once keys and first lists are in, else 503 `not ready`
 *     /v1/cert.pem  the newest certificate
 *     /v1/verify    200 if every item of the SealedSecret in the body opens, 409 if not
 *     /v1/rotate    the SealedSecret in the body, sealed anew to the newest key
 *
 * The last two can be closed, or opened to holders of a token only.
 * Follows: bitnami-labs/sealed-secrets pkg/controller/server.go; no method is checked. Templates are never rendered: their
 * result would answer questions about the plaintext. Work stops at the first item that does not open, and bodies are bounded.
 * @module
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { isIP, type AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { CodedError, Turns } from '@waxseal/core'
import { labelOf, readSealedSecret, reencryptAsync, type OpenItemAsync, type SealedSecretManifest } from '@waxseal/sealed'
import type { Keyring } from './keyring.ts'
import { describe, type Log } from './log.ts'
import { parseManifest } from './manifest-body.ts'
import type { GcraLimiter } from './rate-limit.ts'
import type { Gate } from './token-gate.ts'

const MAX_BODY_BYTES = 10 * 1024 * 1024
/** Of all callers together, since they choose how many they are. */
const MAX_HELD_BYTES = 3 * MAX_BODY_BYTES
/** Callers are strangers: they get one operation at a time, beside the controller's own work. */
const RSA_IN_FLIGHT = 1
/** Callers choose their name, and it is remembered. */
const MAX_CALLER_CHARS = 128
const DRAIN_MS = 10_000
const TEXT = 'text/plain; charset=utf-8'

interface Answer {
  readonly code: number
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface HttpOptions {
  readonly keyring: Keyring
  readonly limiter: GcraLimiter
  /** Before /v1/verify and /v1/rotate. */
  readonly gate: Gate
  readonly isReady: () => boolean
  readonly onRequest: (path: string, method: string, code: number, seconds: number) => void
}

/** Answers one request. */
export type Handler = (request: IncomingMessage) => Promise<Answer>

export function createHandler({ keyring, limiter, gate, isReady, onRequest }: HttpOptions): Handler {
  const turns = new Turns(RSA_IN_FLIGHT)
  const reading = new Turns(1)
  const opener = (): OpenItemAsync => stopAtFirstFailure(turns, keyring.open)
  const room: Room = { bytes: MAX_HELD_BYTES }
  const guarded = (path: string, handle: HoldingHandler): Handler => limited(limiter, path, gated(gate, holding(room, handle)))
  const routes: Readonly<Record<string, Handler>> = {
    '/v1/cert.pem': async () => certificate(keyring),
    '/v1/verify': guarded('/v1/verify', async (request, take) => verify(await readSealed(request, 'alone', take, reading), opener())),
    '/v1/rotate': guarded('/v1/rotate', async (request, take) => rotate(await readSealed(request, 'first', take, reading), keyring, opener())),
  }
  return async (request) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
    if (path === '/healthz') return { code: 200, body: 'ok\n', headers: { 'Content-Type': TEXT } }
    if (path === '/readyz') return isReady() ? { code: 200, body: 'ok\n', headers: { 'Content-Type': TEXT } } : plain(503, 'not ready')
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined
    if (!route) return plain(404, '404 page not found')
    const startedAt = performance.now()
    const answer = await route(request)
    onRequest(path, request.method ?? '', answer.code, (performance.now() - startedAt) / 1000)
    return answer
  }
}

/** As Go's http.Error writes it. */
function plain(code: number, text: string): Answer {
  return { code, body: `${text}\n`, headers: { 'Content-Type': TEXT, 'X-Content-Type-Options': 'nosniff' } }
}

function certificate({ newest }: Keyring): Answer {
  if (!newest) return plain(500, 'cannot get certificate')
  return { code: 200, body: newest.certificate.pem, headers: { 'Content-Type': 'application/x-pem-file' } }
}

async function verify(sealed: SealedSecretManifest | Answer, open: OpenItemAsync): Promise<Answer> {
  if ('code' in sealed) return sealed
  const { data, encryptedData } = sealed.spec
  const texts = data === undefined ? Object.values(encryptedData) : [data]
  const label = labelOf(sealed.metadata)
  let likely: string | undefined
  try {
    for (const text of texts) {
      const { bytes, fingerprint } = await open(text, label, likely)
      bytes.fill(0)
      likely = fingerprint
    }
    return { code: 200 }
  } catch (error) {
    if (error instanceof CodedError) return { code: 409 }
    throw error
  }
}

async function rotate(sealed: SealedSecretManifest | Answer, { newest }: Keyring, open: OpenItemAsync): Promise<Answer> {
  if ('code' in sealed) return sealed
  if (!newest) return { code: 500 }
  try {
    const { metadata, spec } = await reencryptAsync(sealed, open, newest.certificate.publicKey)
    return { code: 200, body: goJson({ metadata, spec }), headers: { 'Content-Type': TEXT } }
  } catch (error) {
    if (error instanceof CodedError) return { code: 500 }
    throw error
  }
}

/** As Go's encoder: what HTML could mistake is escaped. */
function goJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function stopAtFirstFailure(turns: Turns, open: OpenItemAsync): OpenItemAsync {
  let failure: unknown
  const once: OpenItemAsync = async (...item) => {
    if (failure) throw failure
    try {
      return await open(...item)
    } catch (error) {
      failure = error
      throw error
    }
  }
  return (...item) => turns.run(() => once(...item))
}

function gated(gate: Gate, handle: Handler): Handler {
  return async (request) => {
    const refusal = await gate(request)
    if (refusal === undefined) return handle(request)
    if (refusal === 404) return plain(404, '404 page not found')
    return refusal === 401 ? { ...plain(401, 'unauthorized'), headers: { 'WWW-Authenticate': 'Bearer' } } : { code: refusal }
  }
}

function limited(limiter: GcraLimiter, path: string, handle: Handler): Handler {
  return async (request) => {
    const caller = String(request.headers['x-forwarded-for'] ?? '').slice(0, MAX_CALLER_CHARS).toLowerCase()
    const { isLimited, limit, remaining, resetSeconds, retryAfterSeconds } = limiter.ask(`${path} ${caller}`)
    const headers = { 'X-Ratelimit-Limit': String(limit), 'X-Ratelimit-Remaining': String(remaining), 'X-Ratelimit-Reset': String(resetSeconds) }
    const answer = isLimited ? plain(429, 'limit exceeded') : await handle(request)
    return { ...answer, headers: { ...answer.headers, ...headers, ...(isLimited ? { 'Retry-After': String(retryAfterSeconds) } : {}) } }
  }
}

/** What bodies may still take. */
interface Room {
  bytes: number
}

/** @returns whether there was room */
type Take = (bytes: number) => boolean
type HoldingHandler = (request: IncomingMessage, take: Take) => Promise<Answer>

/** Gives back what was taken when the request is answered. */
function holding(room: Room, handle: HoldingHandler): Handler {
  return async (request) => {
    let taken = 0
    try {
      return await handle(request, (bytes) => {
        taken += bytes
        room.bytes -= bytes
        return room.bytes >= 0
      })
    } finally {
      room.bytes += taken
    }
  }
}

/** @returns the answer if there is none */
async function readSealed(request: IncomingMessage, want: 'alone' | 'first', take: Take, turns: Turns): Promise<SealedSecretManifest | Answer> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    // Left early, the connection must live until the answer is sent.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > MAX_BODY_BYTES) return { code: 413 }
      if (!take(chunk.length)) return { code: 503, headers: { 'Retry-After': '1' } }
      chunks.push(chunk)
    }
  } catch {
    return { code: 400 }
  }
  try {
    return await turns.run(async () => {
      await setImmediate() // however many bodies wait, probes are answered between two of them
      return readSealedSecret(await parseManifest(Buffer.concat(chunks), want))
    })
  } catch (error) {
    if (error instanceof CodedError) return { code: error.code === 'PARSE_LIMIT' ? 413 : 500 }
    throw error
  }
}

export interface ServeOptions {
  /** `host:port`; an empty host means every address. */
  readonly address: string
  readonly readTimeoutMs: number
  readonly writeTimeoutMs: number
  readonly handler: Handler
  readonly log: Log
}

export interface Serving {
  readonly address: string
  /** Takes no more requests, and resolves when those that run are answered. */
  drain(): Promise<void>
}

/** @throws CodedError USAGE - not an address. Rejects if it cannot listen. */
export async function serve({ address, readTimeoutMs, writeTimeoutMs, handler, log }: ServeOptions): Promise<Serving> {
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const answer = await handler(request).catch((error: unknown): Answer => {
      log.error('Error answering a request', { error: describe(error) })
      return { code: 500 }
    })
    send(request, response, answer, server.listening)
  }
  const server = createServer({ requestTimeout: readTimeoutMs, headersTimeout: readTimeoutMs }, (request, response) => void respond(request, response))
  server.setTimeout(writeTimeoutMs)
  const [host, port] = splitAddress(address)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(new CodedError('USAGE', `cannot listen on ${address}: ${cause.code ?? 'unknown reason'}`, { cause })))
    server.listen({ port, ...(host === '' ? {} : { host }) }, resolve)
  })
  const { address: boundHost, port: boundPort } = server.address() as AddressInfo
  return { address: `${isIP(boundHost) === 6 ? `[${boundHost}]` : boundHost}:${boundPort}`, drain: () => drain(server) }
}

function splitAddress(address: string): readonly [string, number] {
  const [, host, port] = /^(.*):(\d{1,5})$/.exec(address) ?? []
  if (host === undefined || Number(port) > 65_535) throw new CodedError('USAGE', `invalid address ${JSON.stringify(address)}: want host:port`)
  return [host.replace(/^\[(.*)\]$/, '$1'), Number(port)]
}

function send(request: IncomingMessage, response: ServerResponse, { code, body = '', headers = {} }: Answer, staysOpen: boolean): void {
  if (response.destroyed) return
  const isCut = (code === 413 || code === 503) && !request.complete // nobody wants the rest of the body
  if (isCut || !staysOpen) response.shouldKeepAlive = false
  else response.removeHeader('connection') // as Go's server, which says only when it closes
  response.writeHead(code, { ...headers, 'Content-Length': Buffer.byteLength(body) })
  response.end(request.method === 'HEAD' ? undefined : body)
  if (isCut) response.once('finish', () => request.socket.destroySoon())
  else request.resume()
}

async function drain(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS)
  await closed
  clearTimeout(timer)
}
