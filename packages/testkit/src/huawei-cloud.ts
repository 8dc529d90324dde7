/**
 * HuaweiCloud's key service, its IAM and its instance metadata, as far as wrapping keys needs them, with real keys and a real check
 * of signatures.
 * Cipher text: base64(key id 36, nonce 12, AES-256-GCM data, tag 16).
 * Follows: what huaweicloud-sdk-go-v3 0.1.202 sends and reads; API references "Encrypting Data", "Decrypting Data", "Querying Projects",
 * "Obtaining a Token with an OpenID Connect ID token" and "Obtaining a temporary access key".
 * @module
 */
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { ReceivedRequest, Reply } from './scripted-server.ts'

const NONCE_BYTES = 12
const TAG_BYTES = 16
const KEY_ID_LENGTH = 36
const MAX_SKEW_MS = 15 * 60_000

/** Material of keys in hex, secrets of access keys by their id. */
export interface HuaweiSeed {
  readonly region: string
  readonly project_id: string
  readonly credentials: Readonly<Record<string, string>>
  readonly keys: Readonly<Record<string, string>>
  /** Temporary access keys need it, too. */
  readonly securityToken?: string
  /** Of an OpenID Connect provider, and of a pod. */
  readonly idToken?: string
}

/** A handler for `startScriptedServer`. */
export function huaweiCloud(seed: HuaweiSeed): (request: ReceivedRequest) => Reply {
  return (request) => {
    try {
      return route(new URL(request.target, 'http://localhost'), request, seed)
    } catch (error) {
      if (error instanceof Refusal) return error.reply
      throw error
    }
  }
}

class Refusal extends Error {
  readonly reply: Reply
  constructor(status: number, code: string, message: string) {
    super(message)
    this.reply = { status, headers: { 'x-request-id': 'waxseal-testkit' }, body: { error: { error_code: code, error_msg: message } } }
  }
}

function route(url: URL, request: ReceivedRequest, seed: HuaweiSeed): Reply {
  const [id = '', secret = ''] = Object.entries(seed.credentials)[0] ?? []
  const temporary = { access: id, secret, securitytoken: seed.securityToken, expires_at: '2099-01-01T00:00:00.000000Z' }
  switch (`${request.method} ${url.pathname}`) {
    case 'PUT /meta-data/latest/api/token': return { status: 200, body: 'metadata-token' }
    case 'GET /openstack/latest/securitykey': {
      if (request.headers['x-metadata-token'] !== 'metadata-token') throw new Refusal(401, 'META.0001', 'a token is needed')
      return { status: 200, body: { credential: temporary } }
    }
    case 'POST /pod-identity': {
      if (request.headers.authorization !== seed.idToken) throw new Refusal(401, 'POD.0001', 'unknown token')
      return { status: 200, body: { credentials: { accessKeyId: id, secretAccessKey: secret, securityToken: seed.securityToken, expiration: temporary.expires_at } } }
    }
    case 'POST /v3.0/OS-AUTH/id-token/tokens': {
      if (request.headers['x-idp-id'] !== 'idp' || bodyOf(request, 'auth', 'id_token', 'id') !== seed.idToken) throw new Refusal(401, 'IAM.0001', 'unknown ID token')
      return { status: 201, headers: { 'x-subject-token': 'subject-token', 'x-request-id': 'r' }, body: { token: { expires_at: '2099-01-01T00:00:00.000000Z' } } }
    }
    case 'POST /v3.0/OS-CREDENTIAL/securitytokens': {
      if (bodyOf(request, 'auth', 'identity', 'token', 'id') !== 'subject-token') throw new Refusal(401, 'IAM.0002', 'unknown token')
      return { status: 201, body: { credential: temporary } }
    }
    case 'GET /v3/projects': {
      checkSignature(url, request, seed)
      return { status: 200, body: { projects: url.searchParams.get('name') === seed.region ? [{ id: seed.project_id, name: seed.region }] : [] } }
    }
    case `POST /v1.0/${seed.project_id}/kms/encrypt-data`: {
      checkSignature(url, request, seed)
      const keyId = String(bodyOf(request, 'key_id'))
      return { status: 200, body: { key_id: keyId, cipher_text: encrypt(keyId, String(bodyOf(request, 'plain_text')), seed) } }
    }
    case `POST /v1.0/${seed.project_id}/kms/decrypt-data`: {
      checkSignature(url, request, seed)
      const { keyId, plain } = decrypt(String(bodyOf(request, 'cipher_text')), seed)
      return { status: 200, body: { key_id: keyId, plain_text: plain, plain_text_base64: Buffer.from(plain).toString('base64') } }
    }
    default: throw new Refusal(404, 'APIGW.0101', 'The API does not exist or has not been published in the environment')
  }
}

function bodyOf({ body }: ReceivedRequest, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((value, name) => (value as Readonly<Record<string, unknown>> | undefined)?.[name], JSON.parse(body))
}

function keyOf(keyId: string, { keys }: HuaweiSeed): Buffer {
  const material = keys[keyId]
  if (material === undefined) throw new Refusal(400, 'KMS.0205', 'The key does not exist.')
  return Buffer.from(material, 'hex')
}

function encrypt(keyId: string, plain: string, seed: HuaweiSeed): string {
  const nonce = randomBytes(NONCE_BYTES)
  const gcm = createCipheriv('aes-256-gcm', keyOf(keyId, seed), nonce, { authTagLength: TAG_BYTES })
  return Buffer.concat([Buffer.from(keyId), nonce, gcm.update(plain), gcm.final(), gcm.getAuthTag()]).toString('base64')
}

function decrypt(cipherText: string, seed: HuaweiSeed): { readonly keyId: string; readonly plain: string } {
  const bytes = Buffer.from(cipherText, 'base64')
  const keyId = bytes.subarray(0, KEY_ID_LENGTH).toString('latin1')
  const sealed = bytes.subarray(KEY_ID_LENGTH + NONCE_BYTES)
  try {
    const gcm = createDecipheriv('aes-256-gcm', keyOf(keyId, seed), bytes.subarray(KEY_ID_LENGTH, KEY_ID_LENGTH + NONCE_BYTES), { authTagLength: TAG_BYTES })
    gcm.setAuthTag(sealed.subarray(-TAG_BYTES))
    return { keyId, plain: Buffer.concat([gcm.update(sealed.subarray(0, -TAG_BYTES)), gcm.final()]).toString() }
  } catch {
    throw new Refusal(400, 'KMS.0308', 'Failed to decrypt the data.')
  }
}

function checkSignature(url: URL, { method, headers, body }: ReceivedRequest, seed: HuaweiSeed): void {
  const match = /^SDK-HMAC-SHA256 Access=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(headers.authorization ?? '')
  const [, id = '', names = '', signature = ''] = match ?? []
  const secret = seed.credentials[id]
  if (secret === undefined) throw new Refusal(401, 'APIGW.0301', 'Incorrect IAM authentication information: verify aksk signature fail')
  const date = String(headers['x-sdk-date'])
  const time = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (!(Math.abs(Date.now() - time) < MAX_SKEW_MS)) throw new Refusal(401, 'APIGW.0301', 'Incorrect IAM authentication information: x-sdk-date expired')
  if (seed.securityToken !== undefined && headers['x-security-token'] !== seed.securityToken) throw new Refusal(401, 'APIGW.0301', 'Incorrect IAM authentication information: security token')
  const text = [
    method,
    `${url.pathname.split('/').map((part) => encode(decodeURIComponent(part))).join('/')}/`,
    [...url.searchParams].map(([name, value]) => `${encode(name)}=${encode(value)}`).sort().join('&'),
    ...names.split(';').map((name) => `${name}:${String(headers[name]).trim()}`),
    '',
    names,
    hash(body),
  ].join('\n')
  const expected = createHmac('sha256', secret).update(`SDK-HMAC-SHA256\n${date}\n${hash(text)}`).digest()
  if (!names.split(';').includes('x-sdk-date') || !timingSafeEqual(expected, Buffer.from(signature, 'hex'))) {
    throw new Refusal(401, 'APIGW.0301', 'Incorrect IAM authentication information: verify aksk signature fail')
  }
}

function encode(text: string): string {
  return [...Buffer.from(text)].map((byte) => (/[\w.~-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)).join('')
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
