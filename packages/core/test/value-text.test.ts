import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalTimestamp, timestampToSecond } from '../src/timestamp.ts'
import { Timestamp } from '../src/tree.ts'
import { floatText, readValue, valueText } from '../src/value-text.ts'

const read = (type: string, text: string) => readValue(type, Buffer.from(text))

describe('text of numbers', () => {
  it.each([
    [1, '1'],
    [1.5, '1.5'],
    [-0, '-0'],
    [1e21, '1000000000000000000000'],
    [1e23, '100000000000000000000000'],
    [-1.5e22, '-15000000000000000000000'],
    [1e-7, '0.0000001'],
    [-1.25e-9, '-0.00000000125'],
    [123456789.5, '123456789.5'],
    [Infinity, '+Inf'],
    [-Infinity, '-Inf'],
    [NaN, 'NaN'],
  ])('writes %d as %s, never with an exponent', (value, text) => {
    expect(floatText(value)).toBe(text)
  })

  it('reads every number back as it was', () => {
    fc.assert(fc.property(fc.double(), (value) => Object.is(read('float', floatText(value)), value)))
  })

  it('writes every integer of 64 bits so that it reads back', () => {
    fc.assert(fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => read('int', String(valueText(value))) === value))
  })
})

describe('reading a plaintext', () => {
  it.each([
    ['int', '+5', 5n],
    ['int', '017', 17n],
    ['int', '-9223372036854775808', -(2n ** 63n)],
    ['float', '1_000.5', 1000.5],
    ['float', '.5', 0.5],
    ['float', '1e3', 1000],
    ['float', 'inf', Infinity],
    ['float', '-Infinity', -Infinity],
    ['bool', 't', true],
    ['bool', 'FALSE', false],
    ['str', '', ''],
    ['bytes', 'x', 'x'],
  ] as const)('takes the %s %s, as leniently as the reference', (type, text, value) => {
    expect(read(type, text)).toStrictEqual(value)
  })

  it.each([
    ['int', '9223372036854775808'],
    ['int', '1_000'],
    ['int', ''],
    ['int', '1.0'],
    ['float', '1e400'],
    ['float', '1__0'],
    ['float', '1._5'],
    ['float', 'one'],
    ['bool', 'yes'],
    ['time', '2024-01-01'],
    ['date', '2024-01-01'],
  ])('refuses the %s %s', (type, text) => {
    expect(read(type, text)).toBeUndefined()
  })

  it('reads a million digits as fast as they are written down', () => {
    const zeros = '0'.repeat(1_000_000)
    expect([read('int', `${zeros}x`), read('int', `-${zeros}17`), read('int', zeros), read('int', `${zeros}1`.repeat(2))]).toStrictEqual([undefined, -17n, 0n, undefined])
    expect(read('float', `${zeros}x`)).toBeUndefined()
  })

  it('keeps bytes that are not UTF-8 as bytes', () => {
    expect(readValue('str', Buffer.from([0xff, 0x61]))).toStrictEqual(Buffer.from([0xff, 0x61]))
  })
})

describe('timestamps', () => {
  it.each([
    ['2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z'],
    ['2024-02-29T23:59:59.120Z', '2024-02-29T23:59:59.12Z'],
    ['2024-01-01T00:00:00.1234567891+07:06', '2024-01-01T00:00:00.123456789+07:06'],
    ['2024-01-01T00:00:00.000-00:00', '2024-01-01T00:00:00Z'],
  ])('writes %s as %s', (text, canonical) => {
    expect(canonicalTimestamp(text)).toBe(canonical)
    expect(read('time', text)).toStrictEqual(new Timestamp(canonical))
  })

  it.each(['2023-02-29T00:00:00Z', '2024-13-01T00:00:00Z', '2024-01-01t00:00:00Z', '2024-01-01T24:00:00Z', '2024-01-01T00:00:60Z', '2024-01-01T00:00:00', '2024-01-01T00:00:00+24:00'])(
    'refuses %s',
    (text) => {
      expect(canonicalTimestamp(text)).toBeNull()
    },
  )

  it('drops the fraction and keeps the offset of a lastmodified', () => {
    expect(timestampToSecond('2024-01-01T00:00:00.5+02:00')).toBe('2024-01-01T00:00:00+02:00')
  })
})
