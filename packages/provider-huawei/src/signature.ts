/**
 * HuaweiCloud's request signature `SDK-HMAC-SHA256`: HMAC-SHA256 under the secret key over a canonical form of the request.
 * `Authorization: SDK-HMAC-SHA256 Access=AK, SignedHeaders=a;b, Signature=HEX`
 * Follows: huaweicloud-sdk-go-v3 core/auth/signer/signer.go. Vectors: test/signature.test.ts
 * @module
 */
import { createHash, createHmac } from 'node:crypto'

const ALGORITHM = 'SDK-HMAC-SHA256'

export interface SignedRequest {
  readonly method: string
  readonly url: URL
  /** All of them are signed, apart from `content-type`. */
  readonly headers: Readonly<Record<string, string>>
  /** Empty if there is none. */
  readonly body: string
}

export interface AccessKey {
  readonly id: string
  /** Signs, and is never sent. */
  readonly secret: string
}

/** @returns what is to be sent beside the request's own headers: date and signature */
export function sign(request: SignedRequest, key: AccessKey, now: Date): Readonly<Record<string, string>> {
  const date = `${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
  const headers = { ...request.headers, 'x-sdk-date': date }
  const names = signedNames(headers)
  const toSign = `${ALGORITHM}\n${date}\n${sha256Hex(canonicalRequest({ ...request, headers }, names))}`
  const signature = createHmac('sha256', key.secret).update(toSign).digest('hex')
  return { 'x-sdk-date': date, authorization: `${ALGORITHM} Access=${key.id}, SignedHeaders=${names.join(';')}, Signature=${signature}` }
}

function signedNames(headers: SignedRequest['headers']): readonly string[] {
  return Object.keys(headers).map((name) => name.toLowerCase()).filter((name) => name !== 'content-type').sort()
}

/** @param names - of the headers that count, in lower case and sorted */
export function canonicalRequest({ method, url, headers, body }: SignedRequest, names: readonly string[]): string {
  const values = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value.trim()]))
  const block = names.map((name) => `${name}:${values.get(name) ?? ''}\n`).join('')
  return [method, canonicalPath(url), canonicalQuery(url), block, names.join(';'), sha256Hex(body)].join('\n')
}

/** Always with a slash at the end. */
function canonicalPath({ pathname }: URL): string {
  const path = pathname.split('/').map((segment) => escape(decodeURIComponent(segment))).join('/')
  return path.endsWith('/') ? path : `${path}/`
}

function canonicalQuery({ searchParams }: URL): string {
  const sorted = [...searchParams].sort(([name, value], [otherName, otherValue]) => compare(name, otherName) || compare(value, otherValue))
  return sorted.map(([name, value]) => `${escape(name)}=${escape(value)}`).join('&')
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

/** RFC 3986 2.3: everything but the unreserved characters. */
function escape(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
}

function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
