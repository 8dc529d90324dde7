import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeTolerantBase64 } from '../src/tolerant-base64.ts'
import { errorOf } from './support.ts'

/** Go's encoding/base64 answered so. */
const REFUSED: readonly [string, number][] = [
  ['%%%', 0],
  ['A', 0],
  ['AAA', 0],
  ['AAAA\nAA', 5],
  ['AA', 0],
  ['AA=', 3],
  ['AA=A', 2],
  ['AA=\n', 4],
  ['=', 0],
  ['A===', 1],
  ['AA==A', 4],
  ['AAA=\n=', 5],
  ['AAAA AAAA', 4],
  ['AA-_', 2],
  ['AAé=', 2],
]

describe('tolerant base64', () => {
  it.each(REFUSED)('refuses %j at byte %i', (text, offset) => {
    const { code, message } = errorOf(() => decodeTolerantBase64(text))
    expect([code, message]).toEqual(['SEALED_MALFORMED', `illegal base64 data at input byte ${offset}`])
  })

  it('skips line ends anywhere and ignores unused bits', () => {
    expect(decodeTolerantBase64('\r\naG\nVs\r\nbG8=\n').toString()).toBe('hello')
    expect(decodeTolerantBase64('aGVsbG9=').toString()).toBe('hello')
    expect(decodeTolerantBase64('').length).toBe(0)
  })

  it('reads what any encoder wrote, broken into lines', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.integer({ min: 1, max: 80 }), (bytes, width) => {
        const text = Buffer.from(bytes).toString('base64')
        const lines = text.match(new RegExp(`.{1,${width}}`, 'g')) ?? []
        expect(decodeTolerantBase64(lines.join('\r\n')).equals(bytes)).toBe(true)
      }),
    )
  })
})
