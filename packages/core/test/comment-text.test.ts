import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { commentBytes, commentFromBytes } from '../src/index.ts'

it('any bytes come back', () => {
  const bytes = fc.oneof(fc.uint8Array(), fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)))
  fc.assert(
    fc.property(bytes, (given) => {
      const back = commentBytes(commentFromBytes(Buffer.from(given)))
      expect(Buffer.from(back as string)).toEqual(Buffer.from(given))
    }),
  )
})

it('text is text', () => {
  for (const text of ['', ' a', 'é😀', '\udbff\udfff']) expect(commentBytes(text)).toBe(text)
  expect(commentFromBytes(Buffer.from('café', 'latin1'))).toBe('caf\udce9')
  expect(commentBytes('caf\udce9')).toEqual(Buffer.from('café', 'latin1'))
})
