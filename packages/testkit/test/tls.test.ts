import { X509Certificate } from 'node:crypto'
import { connect } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { integer, objectIdentifier, tlv, utcTime } from '../src/api-server/der.ts'
import { makeServerIdentity } from '../src/api-server/tls.ts'
import { startApiServer } from '../src/index.ts'

describe('DER', () => {
  it.each([
    ['a short length', tlv(0x04, Buffer.alloc(127)).subarray(0, 2), '047f'],
    ['a long length', tlv(0x04, Buffer.alloc(300)).subarray(0, 4), '0482012c'],
    ['an integer that would look negative', integer(Buffer.from([0x80])), '02020080'],
    ['an object identifier', objectIdentifier('1.2.840.10045.4.3.2'), '06082a8648ce3d040302'],
    ['a time', utcTime(new Date('2026-01-02T03:04:05Z')), `170d${Buffer.from('260102030405Z').toString('hex')}`],
  ])('encodes %s', (_, bytes, hex) => {
    expect(bytes.toString('hex')).toBe(hex)
  })
})

describe('server identity', () => {
  it('is a certificate for 127.0.0.1 under its own authority, valid for a day', () => {
    const now = new Date('2026-01-02T03:04:05Z')
    const identity = makeServerIdentity(now)
    const [ca, server] = [new X509Certificate(identity.caPem), new X509Certificate(identity.certPem)]
    expect(ca.ca).toBe(true)
    expect(ca.verify(ca.publicKey)).toBe(true)
    expect(server.ca).toBe(false)
    expect(server.checkIssued(ca)).toBe(true)
    expect(server.verify(ca.publicKey)).toBe(true)
    expect(server.checkIP('127.0.0.1')).toBe('127.0.0.1')
    expect(server.checkHost('kubernetes.default.svc')).toBe('kubernetes.default.svc')
    expect(server.validToDate.getTime() - now.getTime()).toBe(24 * 3_600_000)
  })

  it('is not trusted without that authority', async () => {
    const server = await startApiServer()
    const error = await new Promise((resolve) => connect({ host: '127.0.0.1', port: server.port }).on('error', resolve))
    expect(error).toMatchObject({ code: expect.stringMatching(/SELF_SIGNED|UNABLE_TO/) })
    await server.close()
  })
})
