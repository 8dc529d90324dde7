/**
 * A certificate authority and a server certificate for 127.0.0.1 and some names, made at start and valid for a day.
 * Follows: RFC 5280 4.1 (certificate), 4.2 (extensions), with ECDSA P-256 and SHA-256.
 * @module
 */
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { bitString, boolean, explicit, integer, objectIdentifier, octetString, sequence, set, tlv, utcTime, utf8String } from './der.ts'

const VALID_HOURS = 24
const ECDSA_SHA256 = sequence(objectIdentifier('1.2.840.10045.4.3.2'))
const API_SERVER_NAMES: readonly string[] = ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local']

export interface ServerIdentity {
  readonly caPem: string
  readonly certPem: string
  readonly keyPem: string
}

/** @param names - of hosts; `*.` in front stands for one label */
export function makeServerIdentity(now: Date, names = API_SERVER_NAMES): ServerIdentity {
  const ca = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const server = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const caKeyId = keyId(ca.publicKey)
  const validity = sequence(utcTime(new Date(now.getTime() - 3_600_000)), utcTime(new Date(now.getTime() + VALID_HOURS * 3_600_000)))
  const issued = (subject: string, publicKey: KeyObject, extensions: readonly Buffer[]): string => {
    const body = sequence(
      explicit(0, integer(Buffer.from([2]))), // v3
      integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
      ECDSA_SHA256,
      commonName('waxseal-testkit-ca'),
      validity,
      commonName(subject),
      publicKey.export({ type: 'spki', format: 'der' }),
      explicit(3, sequence(...extensions)),
    )
    const signature = sign('sha256', body, ca.privateKey)
    return pem('CERTIFICATE', sequence(body, ECDSA_SHA256, bitString(signature)))
  }
  const alternatives = names.map((name) => tlv(0x82, Buffer.from(name)))
  return {
    caPem: issued('waxseal-testkit-ca', ca.publicKey, [
      extension('2.5.29.19', sequence(boolean(true)), true), // basic constraints: a CA
      extension('2.5.29.15', bitString(Buffer.from([0x06]), 1), true), // key usage: certificates and revocation lists
      extension('2.5.29.14', octetString(caKeyId)),
    ]),
    certPem: issued('kube-apiserver', server.publicKey, [
      extension('2.5.29.19', sequence(), true),
      extension('2.5.29.15', bitString(Buffer.from([0x80]), 7), true), // key usage: signatures
      extension('2.5.29.37', sequence(objectIdentifier('1.3.6.1.5.5.7.3.1'))), // server authentication
      extension('2.5.29.17', sequence(...alternatives, tlv(0x87, Buffer.from([127, 0, 0, 1])))),
      extension('2.5.29.14', octetString(keyId(server.publicKey))),
      extension('2.5.29.35', sequence(tlv(0x80, caKeyId))),
    ]),
    keyPem: server.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  }
}

/** RFC 5280 4.2.1.2 leaves the method free: SHA-1 over the whole public key information. */
function keyId(publicKey: KeyObject): Buffer {
  return createHash('sha1').update(publicKey.export({ type: 'spki', format: 'der' })).digest()
}

function commonName(text: string): Buffer {
  return sequence(set(sequence(objectIdentifier('2.5.4.3'), utf8String(text))))
}

function extension(id: string, value: Uint8Array, critical = false): Buffer {
  return sequence(objectIdentifier(id), ...(critical ? [boolean(true)] : []), octetString(value))
}

function pem(label: string, der: Uint8Array): string {
  const lines = Buffer.from(der).toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
