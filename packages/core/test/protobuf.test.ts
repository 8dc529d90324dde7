import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeField, encodeNumber, lastBytes, lastNumber, readFields } from '../src/protobuf.ts'
import { codeOf } from './support.ts'

const bytes = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(' ', ''), 'hex')

describe('protocol buffers', () => {
  it('encode as their documentation shows', () => {
    expect(encodeNumber(1, 150).toString('hex')).toBe('089601')
    expect(encodeField(2, Buffer.from('testing')).toString('hex')).toBe('120774657374696e67')
    expect(encodeField(3, encodeNumber(1, 150)).toString('hex')).toBe('1a03089601')
  })

  it('give the last of a field that stands there twice, and pass over fixed-width numbers', () => {
    const fields = readFields(bytes('08 01 0a 01 aa 0d 00 00 00 00 09 00 00 00 00 00 00 00 00 08 02'))
    expect([lastNumber(fields, 1), lastNumber(fields, 2), lastBytes(fields, 1).length, fields.length]).toStrictEqual([2, undefined, 0, 3])
  })

  it('pass over numbers of 64 bits', () => {
    const fields = readFields(bytes('18 ff ff ff ff ff ff ff ff ff 01 08 02'))
    expect([lastNumber(fields, 1), fields.length]).toStrictEqual([2, 2])
  })

  it('come back as they were, checksums of 32 bits included', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 1, max: 5000 }), (content, value, number) => {
        const fields = readFields(Buffer.concat([encodeField(number, content), encodeNumber(number + 1, value)]))
        expect(Buffer.from(lastBytes(fields, number)).equals(content)).toBe(true)
        expect(lastNumber(fields, number + 1)).toBe(value)
      }),
    )
  })

  it('refuse what is cut off, endless or of an unknown kind', () => {
    for (const hex of ['0a ff', '08 ff ff ff ff ff ff ff ff ff ff 01', '0b', '0d 00']) expect(codeOf(() => readFields(bytes(hex)))).toBe('KEY_SERVICE_FAILED')
  })
})
