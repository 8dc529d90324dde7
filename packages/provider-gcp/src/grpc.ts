/**
 * The key service over gRPC. Numbers of the fields:
 * request: 1 name, 2 plaintext or ciphertext, 7 or 5 its CRC-32C; answer: 2 ciphertext or 1 plaintext, 4 or 2 its CRC-32C (a message: 1 value).
 * Follows: google/cloud/kms/v1/service.proto; grpc/grpc doc/PROTOCOL-HTTP2.md.
 * @module
 */
import { connect as connectHttp2, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2'
import type { Duplex } from 'node:stream'
import {
  CodedError, encodeField, encodeNumber, frame, GRPC_CONTENT_TYPE, GRPC_STATUS, lastBytes, lastNumber, readFields, readGrpcBody, unframe,
} from '@waxseal/core'
import type { Agents } from '@waxseal/http'
import { KmsRefusal, saying, STATUS_NAMES, type KmsAnswer, type KmsRequest, type StatusName, type Transport } from './kms.ts'

const HTTPS_PORT = 443
const FIELDS = {
  encrypt: { method: 'Encrypt', inputCrc: 7, output: 2, outputCrc: 4 },
  decrypt: { method: 'Decrypt', inputCrc: 5, output: 1, outputCrc: 2 },
} as const
const BY_HTTP_STATUS: Readonly<Record<number, StatusName>> = {
  400: 'INTERNAL', 401: 'UNAUTHENTICATED', 403: 'PERMISSION_DENIED', 404: 'UNIMPLEMENTED', 429: 'UNAVAILABLE', 502: 'UNAVAILABLE', 503: 'UNAVAILABLE', 504: 'UNAVAILABLE',
}

/** One connection for all calls; it does not keep the program alive. */
export function grpcTransport(endpoint: URL, { https }: Agents): Transport {
  let known: Promise<ClientHttp2Session> | undefined

  const forget = (): void => {
    known = undefined
  }

  async function connect(): Promise<ClientHttp2Session> {
    const socket = await openSocket(endpoint, https)
    const session = connectHttp2(endpoint, { createConnection: () => socket })
    session.once('goaway', forget).once('close', forget)
    session.on('error', forget) // the streams tell
    session.unref()
    return session
  }

  return async (request, authorization, signal) => {
    known ??= connect()
    known.catch(forget)
    return await call(await known, request, authorization, signal)
  }
}

/** The agent knows the proxy and whom to trust. */
function openSocket({ hostname, port }: URL, agent: Agents['https']): Promise<Duplex> {
  const options = { ...agent.options, host: hostname, port: Number(port || HTTPS_PORT), servername: hostname, ALPNProtocols: ['h2'] }
  return new Promise((resolve, reject) => {
    const direct = agent.createConnection(options, (error, tunnel) => (error ? reject(error) : resolve(tunnel)))
    direct?.once('error', reject).once('secureConnect', () => resolve(direct))
  })
}

async function call(session: ClientHttp2Session, request: KmsRequest, authorization: Readonly<Record<string, string>>, signal: AbortSignal): Promise<KmsAnswer> {
  const { method, output, outputCrc } = FIELDS[request.action]
  const stream = session.request(
    {
      ':method': 'POST',
      ':path': `/google.cloud.kms.v1.KeyManagementService/${method}`,
      'content-type': GRPC_CONTENT_TYPE,
      te: 'trailers',
      'x-goog-request-params': `name=${encodeURIComponent(request.key)}`,
      ...authorization,
    },
    { signal },
  )
  let headers: IncomingHttpHeaders = {}
  // The status stands in the trailers, or in the headers if there is no message.
  stream.on('response', (response) => (headers = { ...headers, ...response }))
  stream.on('trailers', (trailers) => (headers = { ...headers, ...trailers }))
  const message = frame(encodeRequest(request))
  try {
    stream.end(message)
    const body = await readGrpcBody(stream as AsyncIterable<Buffer>)
    try {
      throwRefusal(headers, authorization)
      const fields = readFields(unframe(body))
      // Left out of messages: a number that is 0.
      const crc32c = fields.some(([number]) => number === outputCrc) ? (lastNumber(readFields(lastBytes(fields, outputCrc)), 1) ?? 0) : undefined
      const bytes = Uint8Array.from(lastBytes(fields, output))
      if (bytes.length === 0) throw new CodedError('KEY_SERVICE_FAILED', 'the answer of GCP KMS is empty', { hint: 'check the endpoint' })
      return { output: bytes, crc32c }
    } finally {
      body.fill(0)
    }
  } finally {
    message.fill(0)
  }
}

function encodeRequest({ action, key, input, inputCrc32c }: KmsRequest): Buffer {
  return Buffer.concat([encodeField(1, Buffer.from(key)), encodeField(2, input), encodeField(FIELDS[action].inputCrc, encodeNumber(1, inputCrc32c))])
}

/** @throws KmsRefusal */
function throwRefusal(headers: IncomingHttpHeaders, authorization: Readonly<Record<string, string>>): void {
  const status = headers['grpc-status']
  if (status === undefined) throw new KmsRefusal(BY_HTTP_STATUS[Number(headers[':status'])] ?? 'UNKNOWN', `HTTP status ${String(headers[':status'] ?? 'missing')}`)
  if (Number(status) === GRPC_STATUS.ok) return
  throw new KmsRefusal(STATUS_NAMES[Number(status)] ?? 'UNKNOWN', saying(percentDecoded([headers['grpc-message'] ?? ''].join()), authorization))
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
