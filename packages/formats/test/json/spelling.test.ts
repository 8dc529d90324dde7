import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Edit, LeafNode, Value } from '@waxseal/core'
import { json } from '../../src/index.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8')

function leaves(document: ReturnType<typeof json.parse>): LeafNode[] {
  return document.tree[0]!.items.flatMap((item) => (item.kind === 'entry' && item.value.kind === 'leaf' ? [item.value] : []))
}

/** What the value `v` is written as when it takes the place of a token. */
function written(value: Value, spelling: string): string {
  const document = json.parse(bytes('{"v": "ENC[token]"}'))
  const [node] = leaves(document)
  return Buffer.from(document.apply([{ do: 'value', node: node!, value, spelling }])).toString().slice('{"v": '.length, -1)
}

/** A value's source texts, through a token and back. */
function roundTrip(source: string): string {
  const document = json.parse(bytes(source))
  const nodes = leaves(document)
  const tokens: Edit[] = nodes.map((node) => ({ do: 'token', node, token: 'ENC[token]' }))
  const spellings = document.spellings!(tokens)
  const encrypted = json.parse(document.apply(tokens))
  const values = leaves(encrypted).map((node, at): Edit => {
    const spelling = spellings.get(nodes[at]!)
    return { do: 'value', node, value: nodes[at]!.value, ...(spelling !== undefined && { spelling }) }
  })
  return Buffer.from(encrypted.apply(values)).toString()
}

describe('spellings of JSON', () => {
  it('are told where the value would come back otherwise', () => {
    const document = json.parse(bytes(String.raw`{"a": 1.0, "b": 1e3, "c": "\u0041\/", "d": -0, "e": "<&>", "f": 1.5, "g": "plain", "h": true, "i": 10}`))
    const nodes = leaves(document)
    const spellings = document.spellings!(nodes.map((node) => ({ do: 'token', node, token: 'ENC[token]' })))
    expect(nodes.map((node) => spellings.get(node))).toStrictEqual(['1.0', '1e3', String.raw`"\u0041\/"`, '-0', undefined, undefined, undefined, undefined, undefined])
    expect(document.spellings!([])).toStrictEqual(new Map())
  })

  it.each([
    String.raw`{ "a" : 1.0 , "b":1E+03,"c":"\u00e9\ud83d\ude00\/" }`,
    '{"a":12345678901234567890,"b":-0,"c":-0.0,"d":1e-7,"e":0.10}',
    String.raw`{"a":"\ud800","b":"\b\f\u0008","c":"é"}`,
    '{"a":1.0,"a":1.00}\n',
  ])('come back: %s', (source) => {
    expect(roundTrip(source)).toBe(source)
  })

  it.each<[Value, string, string]>([
    [1, '1.0', '1.0'],
    [1000, '1e3', '1e3'],
    ['A', String.raw`"\u0041"`, String.raw`"\u0041"`],
    [1, '1', '1'], // an integer is another type
    [1, '2.0', '1'],
    [1n, '1.0', '1'],
    [0, '-0.0', '0'],
    ['A', '"a"', '"A"'],
    ['1.0', '1.0', '"1.0"'],
    [true, ' true', 'true'],
    [true, 'true ', 'true'],
    [true, 'true, "w": 1', 'true'],
    [true, 'true}', 'true'],
    ['A', '"A", "A": "A"', '"A"'],
    ['A', '["A"]', '"A"'],
    ['A', '{"": "A"}', '"A"'],
    ['A', '', '"A"'],
    ['A', '"A', '"A"'],
    ['A', '['.repeat(100_000), '"A"'],
    [null, 'null ', 'null'],
  ])('%s as %s is written %s', (value, spelling, text) => {
    expect(written(value, spelling)).toBe(text)
  })

  it('change nothing but spelling, whatever they are', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.double({ noDefaultInfinity: true, noNaN: true }), fc.boolean(), fc.bigInt({ min: -99n, max: 99n })), fc.oneof(fc.string(), fc.json(), fc.double().map(String)), (value, spelling) => {
      const document = json.parse(bytes(`{"v": ${written(value, spelling)}}`))
      const plain = json.parse(bytes(`{"v": ${written(value, '')}}`))
      expect(leaves(document).map((node) => node.value)).toStrictEqual(leaves(plain).map((node) => node.value))
      expect(document.tree[0]!.items).toHaveLength(1)
    }))
  })
})
