/**
 * A new sealing key with its self-signed certificate: X.509 v3, SHA-256 with RSA, a random serial number below 2^128.
 *
 * Upstream marks its certificate as an authority with the key usage encipherOnly alone. That bit has no meaning without
 * keyAgreement (RFC 5280 4.2.1.3), and strict parsers refuse such a certificate whole. Ours says what it is: the key of an end
 * entity for keyEncipherment. Upstream's programs read neither extension.
 * @module
 */
import { generateKeyPair, randomBytes, webcrypto, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { parseCertificate, type SealingCertificate } from './certificate.ts'
import { sealingKey, type SealingKey } from './sealing-key.ts'

export interface GenerateOptions {
  /** RSA modulus. */
  readonly bits: number
  readonly notBefore: Date
  readonly notAfter: Date
  /** For subject and issuer; both stay empty without it. */
  readonly commonName?: string
}

export interface GeneratedKey {
  readonly key: SealingKey
  readonly certificate: SealingCertificate
}

const SERIAL_BYTES = 16
const SIGNING = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }

/** Takes a second or so for 4096 bits, off the event loop. */
export async function generateSealingKey(options: GenerateOptions): Promise<GeneratedKey> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', { modulusLength: options.bits })
  const pem = await selfSign(privateKey, publicKey, options)
  return { key: sealingKey(privateKey), certificate: parseCertificate(pem) }
}

async function selfSign(privateKey: KeyObject, publicKey: KeyObject, { notBefore, notAfter, commonName }: GenerateOptions): Promise<string> {
  await import('reflect-metadata') // @peculiar/x509 expects it to be there
  const x509 = await import('@peculiar/x509')
  const keys = {
    privateKey: await webcrypto.subtle.importKey('pkcs8', privateKey.export({ format: 'der', type: 'pkcs8' }), SIGNING, true, ['sign']),
    publicKey: await webcrypto.subtle.importKey('spki', publicKey.export({ format: 'der', type: 'spki' }), SIGNING, true, ['verify']),
  }
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: randomBytes(SERIAL_BYTES).toString('hex'),
      name: commonName ? [{ CN: [commonName] }] : [],
      notBefore,
      notAfter,
      signingAlgorithm: SIGNING,
      keys,
      extensions: [
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyEncipherment, true),
        new x509.BasicConstraintsExtension(false, undefined, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  )
  return certificate.toString('pem')
}
