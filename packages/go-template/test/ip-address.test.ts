import { expect, it } from 'vitest'
import { ipBytes } from '../src/ip-address.ts'

it.each([
  ['10.0.0.1', '0a000001'],
  ['::', '00000000000000000000000000000000'],
  ['2001:db8::1', '20010db8000000000000000000000001'],
  ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
  ['::ffff:1.2.3.4', '00000000000000000000ffff01020304'],
])('%s', (text, hex) => {
  expect(ipBytes(text)?.toString('hex')).toBe(hex)
})

it.each(['', '1.2.3', '1.2.3.256', '01.2.3.4', '1:2:3', ':::', '1::2::3', '12345::', 'bad ip', '1:2:3:4:5:6:7:8:9'])('%j is none', (text) => {
  expect(ipBytes(text)).toBeUndefined()
})
