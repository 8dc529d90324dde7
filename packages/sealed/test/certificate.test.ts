import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { checkNotExpired, parseCertificate } from '../src/certificate.ts'
import { generateSealingKey } from '../src/generate-key.ts'
import { KEY_LABEL, keyOfSecret, newKeySecret, readKeySecret } from '../src/key-secret.ts'
import { parseSealingKey } from '../src/sealing-key.ts'
import { codeOf, errorOf, fixture, fixtureCertificate, fixtureKey, keyNames } from './support.ts'

describe('certificate', () => {
  it('is the first one without headers, whatever stands around it', () => {
    const [k1, k2] = [fixture('keys/k1.crt'), fixture('keys/k2.crt')]
    const withHeaders = k1.replace('-----\n', '-----\nNote: x\n\n')
    const { fingerprint } = fixtureCertificate('k2')
    expect(parseCertificate(`notes\n${fixture('keys/k1.key')}${withHeaders}${k2}${k1}`).fingerprint).toBe(fingerprint)
    expect(parseCertificate(k2.replaceAll('\n', '\r\n')).pem).toBe(k2)
  })

  it.each([
    ['', 'data does not contain any valid RSA or ECDSA certificates'],
    [fixture('keys/k1.pub'), 'data does not contain any valid RSA or ECDSA certificates'],
    ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 'x509: malformed certificate'],
    [fixture('keys/ec.crt'), 'expected RSA public key but found ec'],
  ])('that cannot be used is refused: %#', (text, message) => {
    const error = errorOf(() => parseCertificate(text))
    expect([error.code, error.message]).toEqual(['CERTIFICATE_INVALID', message])
  })

  it('that has ended is refused, with the day', () => {
    const { code, message } = errorOf(() => checkNotExpired(fixtureCertificate('old')))
    expect([code, message]).toEqual(['CERTIFICATE_EXPIRED', 'failed to encrypt using an expired certificate on March 22, 2020'])
    checkNotExpired(fixtureCertificate('old'), new Date('2020-03-21T00:00:00Z'))
    checkNotExpired(fixtureCertificate('future'))
  })
})

describe('sealing key', () => {
  it.each(keyNames().filter((name) => name !== 'ec'))('%s is read from PKCS#1, PKCS#8 and its Secret, and fits its certificate', (name) => {
    const { fingerprint } = fixtureCertificate(name)
    expect(fingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/)
    expect(fixtureKey(name).fingerprint).toBe(fingerprint)
    expect(parseSealingKey(fixture(`keys/${name}.pkcs8.key`)).fingerprint).toBe(fingerprint)
    const read = readKeySecret(JSON.parse(fixture(`keys/${name}.secret.json`)))
    expect([read.key.fingerprint, read.certificate.fingerprint]).toEqual([fingerprint, fingerprint])
  })

  it.each([
    ['ec.key', 'private key is not an RSA key'],
    ['ec.pkcs8.key', 'private key is not an RSA key'],
    ['k1.pub', 'data does not contain a valid RSA or ECDSA private key'],
    ['k1.crt', 'data does not contain a valid RSA or ECDSA private key'],
  ])('is not read from %s', (file, message) => {
    const error = errorOf(() => parseSealingKey(fixture(`keys/${file}`)))
    expect([error.code, error.message]).toEqual(['SEALING_KEY_INVALID', message])
  })

  it('is not read from a Secret without one', () => {
    expect(codeOf(() => keyOfSecret({ kind: 'Secret', apiVersion: 'v1', data: {} }))).toBe('SEALING_KEY_INVALID')
    expect(codeOf(() => keyOfSecret({ data: { 'tls.key': '%' } }))).toBe('SECRET_INVALID')
    expect(codeOf(() => keyOfSecret('text'))).toBe('SECRET_INVALID')
  })
})

describe('generated key', async () => {
  const options = { bits: 2048, notBefore: new Date('2026-01-02T03:04:05Z'), notAfter: new Date('2036-01-01T00:00:00Z') }
  const generated = await generateSealingKey(options)
  const certificate = new X509Certificate(generated.certificate.pem)

  it('has a self-signed certificate of its own', () => {
    expect(generated.key.fingerprint).toBe(generated.certificate.fingerprint)
    expect(certificate.verify(generated.certificate.publicKey)).toBe(true)
    expect(generated.certificate.notBefore).toEqual(options.notBefore)
    expect(generated.certificate.notAfter).toEqual(options.notAfter)
    expect(certificate.serialNumber).toMatch(/^[0-9A-F]{1,32}$/)
  })

  it('is for key encipherment and no authority', () => {
    expect(certificate.ca).toBe(false)
    expect(certificate.keyUsage).toBeUndefined() // extended usages
    // Key usage, critical, three bits: digitalSignature, nonRepudiation, keyEncipherment
    expect(certificate.raw.toString('hex')).toContain('0603551d0f0101ff040403020520')
  })

  it('has a subject only on demand', async () => {
    const named = await generateSealingKey({ ...options, commonName: 'sealed, by=us' })
    expect(new X509Certificate(named.certificate.pem).subject).toBe('CN=sealed\\, by=us')
    expect(certificate.subject ?? '').toBe('')
  })

  it('becomes a Secret that is read again, and that upstream can load', () => {
    const labels = { team: 'a', [KEY_LABEL]: 'compromised' }
    const secret = newKeySecret(generated, { namespace: 'kube-system', prefix: 'sealed-secrets-key', labels, annotations: { a: 'b' } })
    expect(secret.metadata).toEqual({
      generateName: 'sealed-secrets-key',
      namespace: 'kube-system',
      labels: { team: 'a', [KEY_LABEL]: 'active' },
      annotations: { a: 'b' },
    })
    expect(secret.type).toBe('kubernetes.io/tls')
    expect(Buffer.from(secret.data?.['tls.key'] ?? '', 'base64').toString()).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/)
    expect(readKeySecret(secret).key.fingerprint).toBe(generated.key.fingerprint)
  })
})
