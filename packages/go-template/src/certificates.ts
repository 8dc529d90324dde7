/**
 * Small X.509 certificates for sprig's gen*Cert functions: v3, SHA-256, RSA or P-256 or Ed25519 keys.
 * Follows: RFC 5280; Masterminds/sprig v3.3.0 crypto.go (which extensions and names stand in them).
 * @module
 */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, X509Certificate, type KeyObject } from 'node:crypto'
import { ipBytes } from './ip-address.ts'
import { FunctionError } from './errors.ts'

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  if (body.length < 128) return Buffer.concat([Buffer.of(tag, body.length), body])
  const hex = body.length.toString(16)
  const length = Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex')
  return Buffer.concat([Buffer.of(tag, 0x80 | length.length), length, body])
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts)
const octets = (...parts: readonly Uint8Array[]): Buffer => der(0x04, ...parts)
const boolean = Buffer.of(0x01, 0x01, 0xff)
const text = (value: string): Buffer => der(0x0c, Buffer.from(value, 'utf8'))

function oid(dotted: string): Buffer {
  const [a = 0, b = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [a * 40 + b]
  for (const arc of rest) {
    const groups = [arc & 127]
    for (let n = arc >> 7; n > 0; n >>= 7) groups.unshift((n & 127) | 128)
    bytes.push(...groups)
  }
  return der(0x06, Buffer.from(bytes))
}

function name(commonName: string): Buffer {
  return sequence(der(0x31, sequence(oid('2.5.4.3'), text(commonName))))
}

function time(date: Date): Buffer {
  const stamp = date.toISOString().replace(/[-:T]/g, '').slice(0, 14)
  return date.getUTCFullYear() < 2050 ? der(0x17, Buffer.from(`${stamp.slice(2)}Z`)) : der(0x18, Buffer.from(`${stamp}Z`))
}

const extension = (id: string, critical: boolean, value: Uint8Array): Buffer => sequence(oid(id), ...(critical ? [boolean] : []), octets(value))

export interface Request {
  readonly commonName: string
  readonly ips: readonly string[]
  readonly dnsNames: readonly string[]
  readonly days: number
  readonly isAuthority: boolean
  readonly key: KeyObject
  /** Who signs; absent: itself. */
  readonly issuer?: { readonly commonName: string; readonly key: KeyObject; readonly keyId: Buffer | undefined }
  readonly now: Date
  /** 16 bytes. */
  readonly serial: Uint8Array
}

function signatureAlgorithm(key: KeyObject): Buffer {
  if (key.asymmetricKeyType === 'rsa') return sequence(oid('1.2.840.113549.1.1.11'), Buffer.of(0x05, 0x00))
  return sequence(oid(key.asymmetricKeyType === 'ec' ? '1.2.840.10045.4.3.2' : '1.3.101.112'))
}

function subjectKeyId(key: KeyObject): Buffer {
  const spki = (key.type === 'public' ? key : createPublicKey(key)).export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(spki).digest().subarray(0, 20)
}

function failOn(ip: string): never {
  throw new FunctionError(`error parsing ip: ${ip}`)
}

/** @returns the certificate in PEM */
export function certificate(request: Request): string {
  const { key, issuer } = request
  const signer = issuer?.key ?? key
  const ips = request.ips.map((ip) => ipBytes(ip) ?? failOn(ip))
  const end = new Date(request.now.getTime() + request.days * 86_400_000)
  const alternatives = [...request.dnsNames.map((dns) => der(0x82, Buffer.from(dns))), ...ips.map((ip) => der(0x87, ip))]
  const extensions = [
    extension('2.5.29.15', true, Buffer.from(request.isAuthority ? '030202a4' : '030205a0', 'hex')),
    extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.1'), oid('1.3.6.1.5.5.7.3.2'))),
    extension('2.5.29.19', true, request.isAuthority ? sequence(boolean) : sequence()),
    ...(request.isAuthority ? [extension('2.5.29.14', false, octets(subjectKeyId(key)))] : []),
    ...(issuer?.keyId ? [extension('2.5.29.35', false, sequence(der(0x80, issuer.keyId)))] : []),
    ...(alternatives.length ? [extension('2.5.29.17', false, sequence(...alternatives))] : []),
  ]
  const serial = Buffer.from(request.serial)
  serial[0] = (serial[0] as number) & 0x7f || 1
  const algorithm = signatureAlgorithm(signer)
  const body = sequence(
    der(0xa0, Buffer.of(0x02, 0x01, 0x02)),
    der(0x02, serial),
    algorithm,
    name(issuer?.commonName ?? request.commonName),
    sequence(time(request.now), time(end)),
    name(request.commonName),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  )
  const signature = sign(signer.asymmetricKeyType === 'ed25519' ? null : 'sha256', body, signer)
  const bytes = sequence(body, algorithm, der(0x03, Buffer.of(0), signature))
  return `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`
}

export function parseCertificate(pem: string): { commonName: string; keyId: Buffer | undefined } {
  const parsed = new X509Certificate(pem)
  const commonName = /^CN=(.*)$/m.exec(parsed.subject)?.[1] ?? ''
  return { commonName, keyId: subjectKeyId(parsed.publicKey) }
}

/** The PEM form that sprig gives each kind of key. */
export function privateKeyPem(key: KeyObject): string {
  const form = key.asymmetricKeyType === 'rsa' ? 'pkcs1' : key.asymmetricKeyType === 'ec' ? 'sec1' : 'pkcs8'
  return String(key.export({ format: 'pem', type: form }))
}

export function generateKey(kind: string): KeyObject | undefined {
  switch (kind) {
    case '':
    case 'rsa':
      return generateKeyPairSync('rsa', { modulusLength: 4096 }).privateKey
    case 'rsa2048':
      return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    case 'ecdsa':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    case 'ed25519':
      return generateKeyPairSync('ed25519').privateKey
    case 'dsa':
      return generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 }).privateKey
    default:
      return undefined
  }
}

export function parsePrivateKey(pem: string): KeyObject {
  if (!/-----BEGIN [A-Z0-9 ]+-----/.test(pem)) throw new FunctionError('parsing private key: no PEM data in input')
  try {
    return createPrivateKey(pem)
  } catch {
    throw new FunctionError('parsing private key: decoding PEM failed')
  }
}
