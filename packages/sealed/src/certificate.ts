/**
 * The certificate that people seal with: the first PEM block CERTIFICATE, an RSA key, and an end.
 * Nothing else in it is checked: neither usage, chain nor start, as bitnami-labs/sealed-secrets has it.
 * @module
 */
import { createHash, X509Certificate, type KeyObject } from 'node:crypto'
import { CodedError } from '@waxseal/core'
import { pemBlocks, toPem } from './pem.ts'

export interface SealingCertificate {
  readonly publicKey: KeyObject
  /** Of the public key, so that the private key has the same. */
  readonly fingerprint: string
  readonly notBefore: Date
  readonly notAfter: Date
  readonly pem: string
}

/** Below, Go's library refuses to encrypt, and soon OAEP has no room for a session key. */
const MIN_MODULUS_BITS = 1024
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December']

/**
 * @param text - PEM, with anything around the certificate; UTF-8
 * @throws CodedError CERTIFICATE_INVALID - none in it, not DER, or not RSA
 */
export function parseCertificate(text: string): SealingCertificate {
  for (const { type, hasHeaders, der } of pemBlocks(text)) {
    if (type === 'CERTIFICATE' && !hasHeaders) return readCertificate(der)
  }
  const hint = 'give the PEM certificate of the controller, for example from: waxseal cert'
  throw new CodedError('CERTIFICATE_INVALID', 'data does not contain any valid RSA or ECDSA certificates', { hint })
}

function readCertificate(der: Buffer): SealingCertificate {
  let certificate: X509Certificate
  let publicKey: KeyObject
  try {
    certificate = new X509Certificate(der)
    publicKey = certificate.publicKey
  } catch {
    throw new CodedError('CERTIFICATE_INVALID', 'x509: malformed certificate', { hint: 'the PEM block holds no X.509 certificate' })
  }
  if (publicKey.asymmetricKeyType !== 'rsa') {
    const hint = 'sealed secrets are encrypted with RSA; make the certificate from an RSA key'
    throw new CodedError('CERTIFICATE_INVALID', `expected RSA public key but found ${publicKey.asymmetricKeyType}`, { hint })
  }
  const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? 0
  if (bits < MIN_MODULUS_BITS) throw new CodedError('CERTIFICATE_INVALID', `crypto/rsa: ${bits}-bit keys are insecure`, { hint: 'use a key of 2048 bits or more' })
  return {
    publicKey,
    fingerprint: keyFingerprint(publicKey),
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate,
    pem: toPem('CERTIFICATE', der),
  }
}

/** @throws CodedError CERTIFICATE_EXPIRED */
export function checkNotExpired({ notAfter }: SealingCertificate, now: Date = new Date()): void {
  if (now <= notAfter) return
  const day = `${MONTHS[notAfter.getUTCMonth()]} ${notAfter.getUTCDate()}, ${notAfter.getUTCFullYear()}`
  const hint = 'fetch the newest certificate of the controller'
  throw new CodedError('CERTIFICATE_EXPIRED', `failed to encrypt using an expired certificate on ${day}`, { hint })
}

/** OpenSSH's SHA-256 fingerprint of an RSA key, public or private: `SHA256:` and unpadded base64. Follows: RFC 4253 6.6. */
export function keyFingerprint(key: KeyObject): string {
  const { e = '', n = '' } = key.export({ format: 'jwk' })
  const hash = createHash('sha256')
  for (const field of [Buffer.from('ssh-rsa'), positiveInteger(e), positiveInteger(n)]) {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(field.length)
    hash.update(length).update(field)
  }
  return `SHA256:${hash.digest('base64').replaceAll('=', '')}`
}

function positiveInteger(base64url: string): Buffer {
  const bytes = Buffer.from(base64url, 'base64url')
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes
}
