import { CodedError, plainMap } from '@waxseal/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse } from '../../src/keyservice/messages.ts'

const bytes = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(' ', ''), 'hex')

describe('key service messages', () => {
  it('encodes a request as protocol buffers do', () => {
    const message = encodeRequest({ type: 'age', entry: plainMap([['recipient', 'age1x']]), data: bytes('0102') })
    // 1: { 6: { 1: "age1x" } }, 2: 01 02
    expect(message.toString('hex')).toBe(`0a0932070a05${Buffer.from('age1x').toString('hex')}12020102`)
  })

  it('reads back every kind of key, contexts included', () => {
    const requests = [
      { type: 'kms', entry: plainMap([['arn', 'arn:x'], ['role', 'r'], ['context', plainMap([['a', '1'], ['b', '2']])], ['aws_profile', 'p']]) },
      { type: 'pgp', entry: plainMap([['fp', 'ABC']]) },
      { type: 'gcp_kms', entry: plainMap([['resource_id', 'r']]) },
      { type: 'azure_kv', entry: plainMap([['vault_url', 'u'], ['name', 'n'], ['version', 'v']]) },
      { type: 'hc_vault', entry: plainMap([['vault_address', 'a'], ['engine_path', 'e'], ['key_name', 'k']]) },
      { type: 'age', entry: plainMap([['recipient', 'ä']]) },
      { type: 'hckms', entry: plainMap([['key_id', 'k']]) },
    ]
    for (const request of requests) {
      const read = decodeRequest(encodeRequest({ ...request, data: new Uint8Array(300) }))
      expect({ ...read, data: read.data.length }).toEqual({ ...request, data: 300 })
    }
  })

  it('passes over fields of later versions', () => {
    expect(Buffer.from(decodeResponse(bytes('10 96 01 0a 02 aa bb 1d 00 00 00 00'))).toString('hex')).toBe('aabb')
  })

  it.each([
    ['cut off', '0a ff'],
    ['an endless number', '0a ff ff ff ff ff ff ff'],
    ['a wire type that there is not', '0b'],
    ['no key', '12 01 00'],
    ['an unknown kind of key', '0a 02 4a 00'],
    ['a text that is not UTF-8', '0a 05 32 03 0a 01 ff'],
  ])('refuses %s', (_name, hex) => {
    expect(() => decodeRequest(bytes(hex))).toThrow(expect.objectContaining({ code: 'KEY_SERVICE_FAILED' }))
  })

  it('lets only coded errors out, whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (message) => {
        try {
          decodeRequest(message)
        } catch (error) {
          expect(error).toBeInstanceOf(CodedError)
        }
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array(), (data) => {
        expect(Buffer.from(data).equals(decodeResponse(encodeResponse(data)))).toBe(true)
      }),
    )
  })
})
