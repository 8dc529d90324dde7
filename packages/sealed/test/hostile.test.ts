import { setImmediate } from 'node:timers/promises'
import { CodedError } from '@waxseal/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCertificate } from '../src/certificate.ts'
import { keyOfSecret } from '../src/key-secret.ts'
import { readSealedSecret, readSecret, secretItems } from '../src/manifest.ts'
import { openWith, openWithAsync, parseSealingKey } from '../src/sealing-key.ts'
import { openItemsAsync, unsealSecret } from '../src/unseal.ts'
import { codeOf, fixture, fixtureKey } from './support.ts'

/** RSA with 512 bits, made with openssl. */
const SHORT_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBWTCCAQOgAwIBAgIUDZCTqlOq5D7NWglF8Y2/w2FAsiAwDQYJKoZIhvcNAQEL
BQAwADAgFw0yNjExMjQyMjMyMzNaGA8yMTI2MTAzMTIyMzIzM1owADBcMA0GCSqG
SIb3DQEBAQUAA0sAMEgCQQDqrZhPi9tt4uGmSS+GhvPKqO3R7OvmgUHtz8Nhf67J
nNU+Y/S8+JdyYzv2/7fNNALM3AujPkpTB2vivAcOWoMNAgMBAAGjUzBRMB0GA1Ud
DgQWBBRN5SmhAMLBxXXJInY5v8yn7dV48jAfBgNVHSMEGDAWgBRN5SmhAMLBxXXJ
InY5v8yn7dV48jAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBCwUAA0EAuVDq
DOlWEwYQ+b/XYDlGaYBljFNStUzk50TCJFgymVk0JPQs7aOk+0N/7AWbQUuUdOd1
R6VtkuN3WDgg2LpiaQ==
-----END CERTIFICATE-----
`

/** Whatever comes, only our own errors go. */
function onlyCodedErrors(call: () => unknown): void {
  try {
    call()
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
  }
}

const open = openWith([fixtureKey('small')])
const word = fc.oneof(fc.constantFrom('metadata', 'spec', 'template', 'encryptedData', 'data', 'labels', 'annotations', 'ownerReferences', 'name', '__proto__', 'type', 'immutable', 'stringData'), fc.string())
const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.base64String())
const json = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 5 }, leaf, fc.array(tie('value'), { maxLength: 3 }), fc.dictionary(word, tie('value'), { maxKeys: 5 })),
})).value

describe('hostile input', () => {
  it('as a SealedSecret', () => {
    const sealed = fc.oneof(json, fc.dictionary(word, json).map((rest) => ({ ...rest, kind: 'SealedSecret', apiVersion: 'bitnami.com/v1alpha1' })))
    fc.assert(fc.property(sealed, (value) => onlyCodedErrors(() => unsealSecret(readSealedSecret(value), open, { acceptWholeSecret: true }))), { numRuns: 500 })
  })

  it('as a Secret', () => {
    const secret = fc.oneof(json, fc.dictionary(word, json).map((rest) => ({ ...rest, kind: 'Secret', apiVersion: 'v1' })))
    fc.assert(fc.property(secret, (value) => onlyCodedErrors(() => secretItems(readSecret(value)))), { numRuns: 500 })
    fc.assert(fc.property(json, (value) => onlyCodedErrors(() => keyOfSecret(value))))
  })

  it.each<[string, (text: string) => unknown]>([
    ['keys/small.crt', parseCertificate],
    ['keys/small.key', parseSealingKey],
    ['keys/small.pkcs8.key', parseSealingKey],
  ])('as a damaged %s', (file, parse) => {
    const text = fixture(file)
    fc.assert(
      fc.property(fc.integer({ min: 0, max: text.length - 1 }), fc.string({ minLength: 1, maxLength: 3 }), (at, damage) => {
        onlyCodedErrors(() => parse(text.slice(0, at) + damage + text.slice(at + damage.length)))
      }),
      { numRuns: 300 },
    )
  })

  it.each(['creationTimestamp', 'managedFields', 'ownerReferences', 'finalizers'])('as a template with %s as deep as a server lets through', (field) => {
    const inside = `${'{"a":'.repeat(9000)}[]${'}'.repeat(9000)}`
    const metadata: unknown = JSON.parse(`{"${field}":${field === 'creationTimestamp' ? inside : `[{"uid":${inside},"fieldsV1":${inside}}]`}}`)
    expect(codeOf(() => readSealedSecret({ kind: 'SealedSecret', apiVersion: 'bitnami.com/v1alpha1', spec: { template: { metadata } } }))).toBe('SECRET_INVALID')
  })

  it.each<[string, (many: Record<string, string>) => object]>([
    ['items', (many) => ({ spec: { encryptedData: many } })],
    ['templates', (many) => ({ spec: { template: { data: many } } })],
    ['labels', (many) => ({ metadata: { labels: many } })],
    ['annotations of the template', (many) => ({ spec: { template: { metadata: { annotations: many } } } })],
    ['finalizers', (many) => ({ metadata: { finalizers: Object.keys(many) } })],
  ])('as more %s than a cluster could store', (_what, sealedWith) => {
    const many = (count: number): Record<string, string> => Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, '']))
    const read = (count: number): unknown => readSealedSecret({ kind: 'SealedSecret', apiVersion: 'bitnami.com/v1alpha1', ...sealedWith(many(count)) })
    expect(JSON.stringify(read(10_000))).toContain('k9999')
    expect(codeOf(() => read(10_001))).toBe('SECRET_INVALID')
  })

  it('as many items that nothing opens: others get their turn before the last', async () => {
    const encryptedData = Object.fromEntries(Array.from({ length: 2000 }, (_, n) => [`k${n}`, '']))
    const sealed = readSealedSecret({ kind: 'SealedSecret', apiVersion: 'bitnami.com/v1alpha1', spec: { encryptedData } })
    const order: string[] = []
    const other = setImmediate().then(() => order.push('other'))
    const opening = openItemsAsync(sealed, openWithAsync([])).catch((error: unknown) => order.push(error instanceof CodedError ? error.code : 'unexpected'))
    await Promise.all([other, opening])
    expect(order).toEqual(['other', 'SEALED_REJECTED'])
  })

  it('as a certificate of a short key', () => {
    expect(codeOf(() => parseCertificate(SHORT_CERTIFICATE))).toBe('CERTIFICATE_INVALID')
  })
})
