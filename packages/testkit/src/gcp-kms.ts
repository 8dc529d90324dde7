/**
 * Google's key service as far as wrapping keys needs it, with real keys of several versions: over REST as a handler for `startScriptedServer`, over
 * gRPC as a server of its own.
 * Cipher text: 01, version (4 bytes, big-endian), nonce (12), AES-256-GCM data, tag (16); associated data: the key's name, a zero byte, the caller's.
 * Follows: google/cloud/kms/v1/service.proto, and its REST form; what cloud.google.com/go/kms 1.31 and @google-cloud/kms 6.3 send and read.
 * @module
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { createSecureServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { decodeBase64, decodeText, encodeField, encodeNumber, frame, GRPC_CONTENT_TYPE, lastBytes, lastNumber, readFields, readGrpcBody, unframe, type ProtoField } from '@waxseal/core'
import type { ServerIdentity } from './api-server/tls.ts'
import type { ReceivedRequest, Reply } from './scripted-server.ts'

const NONCE_BYTES = 12
const TAG_BYTES = 16
const HEADER_BYTES = 5
const MAX_PLAINTEXT_BYTES = 64 * 1024

/** Resource names of keys; material of their versions in hex. */
export interface GcpSeed {
  readonly keys: Readonly<Record<string, { readonly primary: number; readonly versions: Readonly<Record<string, string>> }>>
}

export interface GcpKmsOptions {
  /** Which bearer tokens may use the keys. Absent: any. */
  readonly accepts?: (token: string) => boolean
}

/** HTTP status and number of the canonical status. */
const STATUS = {
  INVALID_ARGUMENT: [400, 3], NOT_FOUND: [404, 5], PERMISSION_DENIED: [403, 7], FAILED_PRECONDITION: [400, 9], UNIMPLEMENTED: [404, 12], UNAUTHENTICATED: [401, 16],
} as const

class Refusal extends Error {
  readonly status: keyof typeof STATUS
  constructor(status: keyof typeof STATUS, message: string) {
    super(message)
    this.status = status
  }
}

interface Input {
  readonly name: string
  readonly bytes: Uint8Array
  readonly crc: number | undefined
  readonly aad: Uint8Array
}

interface Output {
  readonly name: string
  readonly bytes: Buffer
  readonly isVerified: boolean
}

export class GcpKms {
  readonly #seed: GcpSeed
  readonly #accepts: (token: string) => boolean
  readonly #states = new Map<string, 'DISABLED' | 'DESTROYED'>()
  readonly #denied = new Set<string>()

  constructor(seed: GcpSeed, { accepts = (token) => token !== '' }: GcpKmsOptions = {}) {
    this.#seed = seed
    this.#accepts = accepts
  }

  /** @param version - name of the key, `/cryptoKeyVersions/` and a number */
  setState(version: string, state: 'DISABLED' | 'DESTROYED' | undefined): void {
    if (state) this.#states.set(version, state)
    else this.#states.delete(version)
  }

  /** Nobody may use the key any more. */
  deny(key: string): void {
    this.#denied.add(key)
  }

  perform(action: string, authorization: string | undefined, input: Input): Output {
    const [, token = ''] = /^Bearer (.+)$/.exec(authorization ?? '') ?? []
    if (!this.#accepts(token)) throw new Refusal('UNAUTHENTICATED', 'Request had invalid authentication credentials. Expected OAuth 2 access token.')
    if (!Object.hasOwn(this.#seed.keys, input.name)) throw new Refusal('NOT_FOUND', `CryptoKey ${input.name} not found.`)
    if (this.#denied.has(input.name)) {
      throw new Refusal('PERMISSION_DENIED', `Permission 'cloudkms.cryptoKeyVersions.useTo${action === 'encrypt' ? 'Encrypt' : 'Decrypt'}' denied on resource '${input.name}' (or it may not exist).`)
    }
    if (input.crc !== undefined && input.crc !== crc32c(input.bytes)) throw new Refusal('INVALID_ARGUMENT', 'The checksum in field plaintext_crc32c did not match the data in field plaintext.')
    const isVerified = input.crc !== undefined
    if (action === 'encrypt') return { ...this.#encrypt(input), isVerified }
    if (action === 'decrypt') return { ...this.#decrypt(input), isVerified }
    throw new Refusal('UNIMPLEMENTED', `no method ${action}`)
  }

  #encrypt({ name, bytes, aad }: Input): Omit<Output, 'isVerified'> {
    if (bytes.length === 0 || bytes.length > MAX_PLAINTEXT_BYTES) throw new Refusal('INVALID_ARGUMENT', 'plaintext must have 1 to 65536 bytes')
    const version = this.#seed.keys[name]?.primary ?? 0
    const material = this.#materialOf(name, version)
    const header = Buffer.from([1, 0, 0, 0, 0])
    header.writeUInt32BE(version, 1)
    const nonce = randomBytes(NONCE_BYTES)
    const gcm = createCipheriv('aes-256-gcm', material, nonce, { authTagLength: TAG_BYTES }).setAAD(associated(name, aad))
    return { name: `${name}/cryptoKeyVersions/${version}`, bytes: Buffer.concat([header, nonce, gcm.update(bytes), gcm.final(), gcm.getAuthTag()]) }
  }

  #decrypt({ name, bytes, aad }: Input): Omit<Output, 'isVerified'> {
    const sealed = Buffer.from(bytes)
    const failed = new Refusal('INVALID_ARGUMENT', "Decryption failed: verify that 'name' refers to the correct CryptoKey.")
    if (sealed.length <= HEADER_BYTES + NONCE_BYTES + TAG_BYTES || sealed[0] !== 1) throw failed
    const version = sealed.readUInt32BE(1)
    if (!this.#seed.keys[name]?.versions[version]) throw failed
    const nonce = sealed.subarray(HEADER_BYTES, HEADER_BYTES + NONCE_BYTES)
    const gcm = createDecipheriv('aes-256-gcm', this.#materialOf(name, version), nonce, { authTagLength: TAG_BYTES })
    gcm.setAAD(associated(name, aad)).setAuthTag(sealed.subarray(-TAG_BYTES))
    const plain = gcm.update(sealed.subarray(HEADER_BYTES + NONCE_BYTES, -TAG_BYTES))
    try {
      return { name, bytes: Buffer.concat([plain, gcm.final()]) }
    } catch {
      throw failed
    }
  }

  #materialOf(name: string, version: number): Buffer {
    const id = `${name}/cryptoKeyVersions/${version}`
    const state = this.#states.get(id)
    if (state) throw new Refusal('FAILED_PRECONDITION', `${id} is not enabled, current state is: ${state}.`)
    return Buffer.from(this.#seed.keys[name]?.versions[version] ?? '', 'hex')
  }
}

function associated(name: string, aad: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${name}\0`), aad])
}

const REST_PATH = /^\/v1\/(projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/:]+):(\w+)$/

/** A handler for `startScriptedServer`. */
export function gcpKmsOverRest(kms: GcpKms): (request: ReceivedRequest) => Reply {
  return ({ method, target, headers, body }) => {
    const [, name = '', action = ''] = REST_PATH.exec(decodeURIComponent(new URL(target, 'http://localhost').pathname)) ?? []
    try {
      if (method !== 'POST' || name === '') throw new Refusal('UNIMPLEMENTED', 'no such method')
      return { status: 200, body: restAnswer(action, kms.perform(action, headers.authorization, restInput(name, action, body))) }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return { status: STATUS[error.status][0], body: { error: { code: STATUS[error.status][0], message: error.message, status: error.status } } }
    }
  }
}

function restInput(name: string, action: string, body: string): Input {
  const field = action === 'encrypt' ? 'plaintext' : 'ciphertext'
  const fields = JSON.parse(body) as Readonly<Record<string, unknown>>
  const bytesOf = (text: unknown): Buffer | null => (text === undefined ? Buffer.alloc(0) : typeof text === 'string' ? decodeBase64(text) : null)
  const [bytes, aad] = [bytesOf(fields[field]), bytesOf(fields['additionalAuthenticatedData'])]
  if (bytes === null || aad === null) throw new Refusal('INVALID_ARGUMENT', `Invalid value at '${field}' (TYPE_BYTES), Base64 decoding failed`)
  const crc = fields[`${field}Crc32c`] as string | undefined
  return { name, bytes, aad, crc: crc === undefined ? undefined : Number(crc) }
}

function restAnswer(action: string, { name, bytes, isVerified }: Output): unknown {
  const [text, crc] = [bytes.toString('base64'), String(crc32c(bytes))]
  if (action === 'encrypt') return { name, ciphertext: text, ciphertextCrc32c: crc, protectionLevel: 'SOFTWARE', ...(isVerified && { verifiedPlaintextCrc32c: true }) }
  return { plaintext: text, plaintextCrc32c: crc, usedPrimary: true, protectionLevel: 'SOFTWARE' }
}

export interface GrpcServer {
  readonly port: number
  /** Paths, in the order of their arrival. */
  readonly calls: readonly string[]
  /** How many connections there were. */
  readonly connections: number
  /** @param troubles - one for each of the next calls: its connection is cut, or it gets no answer */
  befall(...troubles: readonly ('cut' | 'silence')[]): void
  close(): Promise<void>
}

/** Over TLS, as every client of Google's insists. */
export async function startGcpKmsOverGrpc(kms: GcpKms, { certPem, keyPem }: ServerIdentity): Promise<GrpcServer> {
  const calls: string[] = []
  const sessions = new Set<ServerHttp2Session>()
  const planned: ('cut' | 'silence')[] = []
  const server = createSecureServer({ cert: certPem, key: keyPem })
  server.on('session', (session) => sessions.add(session))
  server.on('stream', (stream, headers) => {
    calls.push(String(headers[':path']))
    const trouble = planned.shift()
    stream.on('error', () => {}) // the client has gone
    if (trouble === 'cut') stream.session?.destroy()
    else if (trouble !== 'silence') void answer(stream, String(headers[':path']), headers.authorization, kms)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    calls,
    get connections() {
      return sessions.size
    },
    befall: (...troubles) => void planned.push(...troubles),
    close() {
      for (const session of sessions) session.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

async function answer(stream: ServerHttp2Stream, path: string, authorization: string | undefined, kms: GcpKms): Promise<void> {
  let body: Buffer | undefined
  let [status, message] = [0, '']
  try {
    const action = /^\/google\.cloud\.kms\.v1\.KeyManagementService\/(\w+)$/.exec(path)?.[1]?.toLowerCase() ?? ''
    const fields = readFields(unframe(await readGrpcBody(stream as AsyncIterable<Buffer>)))
    body = frame(grpcAnswer(action, kms.perform(action, authorization, grpcInput(action, fields))))
  } catch (error) {
    ;[status, message] = error instanceof Refusal ? [STATUS[error.status][1], error.message] : [STATUS.INVALID_ARGUMENT[1], 'not such a message']
  }
  stream.respond({ ':status': 200, 'content-type': GRPC_CONTENT_TYPE }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(status), 'grpc-message': percentEncoded(message) }))
  stream.end(body)
}

/** Nothing but what a header cannot hold. */
function percentEncoded(text: string): string {
  return text.replace(/[^\x20-\x24\x26-\x7e]/g, encodeURIComponent)
}

function grpcInput(action: string, fields: readonly ProtoField[]): Input {
  const crc = fields.findLast(([number]) => number === (action === 'encrypt' ? 7 : 5))?.[1]
  return {
    name: decodeText(lastBytes(fields, 1)),
    bytes: lastBytes(fields, 2),
    aad: lastBytes(fields, 3),
    crc: crc instanceof Uint8Array ? (lastNumber(readFields(crc), 1) ?? 0) : undefined,
  }
}

function grpcAnswer(action: string, { name, bytes, isVerified }: Output): Buffer {
  const crc = encodeNumber(1, crc32c(bytes))
  if (action === 'decrypt') return Buffer.concat([encodeField(1, bytes), encodeField(2, crc), encodeNumber(3, 1), encodeNumber(4, 1)])
  return Buffer.concat([encodeField(1, Buffer.from(name)), encodeField(2, bytes), encodeField(4, crc), ...(isVerified ? [encodeNumber(5, 1)] : []), encodeNumber(7, 1)])
}

/** Bit by bit, by the definition: another way than the provider's. */
function crc32c(bytes: Uint8Array): number {
  let crc = ~0
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0x82f63b78 & -(crc & 1))
  }
  return ~crc >>> 0
}
