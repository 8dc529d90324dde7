import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Timestamp } from '@waxseal/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseYaml } from '../../src/yaml/document.ts'
import { canBeLiteral, canBePlain, canBeSingleQuoted, doubleQuoted, isSimpleKey, literalBlock, scalarText, singleQuoted, stringText } from '../../src/yaml/scalar-text.ts'
import { contents } from '../recordings.ts'

interface Scalar {
  readonly text: string
  readonly value: string
  readonly key: string
}

const PLACE = { body: 4, parent: 0 }
const GO_YAML = JSON.parse(readFileSync(join(import.meta.dirname, '../../../../fixtures/go-yaml-3.0.4/scalars.json'), 'utf8')) as Scalar[]

/** Where go-yaml writes what it cannot read, or only a reader of YAML 1.1 can. */
function isDeparture(text: string): boolean {
  return text.includes('\n') && /^\t|[\u2028\u2029]$/.test(text)
}

function readBack(yaml: string): unknown {
  return [...contents(parseYaml(Buffer.from(yaml)).tree)].map((node) => (node.kind === 'leaf' ? node.value : node.text))
}

describe("go-yaml's spelling", () => {
  const compared = GO_YAML.filter(({ text }) => !isDeparture(text))

  it('of values', () => {
    expect(compared.length).toBeGreaterThan(800)
    for (const { text, value } of compared) expect(`${stringText(text, PLACE)}\n`, JSON.stringify(text)).toBe(value)
  })

  it('of keys', () => {
    for (const { text, key } of compared) {
      const map = isSimpleKey(text) ? `${stringText(text, { ...PLACE, key: true })}: v\n` : `? ${stringText(text, PLACE)}\n: v\n`
      expect(map, JSON.stringify(text)).toBe(key)
    }
  })

  it('of numbers and the other types', () => {
    expect([1.5, 100_000, 1e6, 123456789.5, 1e-5, 0.0001, -0, 1, 1e23, Infinity, -Infinity, NaN].map((value) => scalarText(value, PLACE))).toEqual([
      '1.5', '100000', '1e+06', '1.234567895e+08', '1e-05', '0.0001', '-0', '1', '1e+23', '.inf', '-.inf', '.nan',
    ])
    expect([5n, true, false, null, new Timestamp('2024-01-01T00:00:00Z')].map((value) => scalarText(value, PLACE))).toEqual([
      '5', 'true', 'false', 'null', '2024-01-01T00:00:00Z',
    ])
  })

  it('of bytes that are not UTF-8', () => {
    expect(scalarText(Uint8Array.of(0xff, 0xfe), PLACE)).toBe('!!binary //4=')
    expect(scalarText(new Uint8Array(60).fill(0xff), PLACE)).toBe(`!!binary |\n    ${'/'.repeat(70)}\n    ${'/'.repeat(10)}`)
  })
})

describe('departures', () => {
  it('quote text over several lines that starts with a tab', () => {
    expect(stringText('\tx\ny', PLACE)).toBe(String.raw`"\tx\ny"`)
    expect(stringText('\t\n', PLACE)).toBe(String.raw`"\t\n"`)
  })

  it('state the true indentation in lists', () => {
    expect(literalBlock(' x\ny', { body: 2, parent: 0 })).toBe('|2-\n   x\n  y')
    expect(literalBlock('\n', { body: 8, parent: 6 })).toBe('|2+\n')
  })
})

describe('a place', () => {
  it('inside flow collections takes quotes for their indicators and for line breaks', () => {
    expect(stringText('a, b', { ...PLACE, flow: true })).toBe("'a, b'")
    expect(stringText('a\nb', { ...PLACE, flow: true })).toBe(String.raw`"a\nb"`)
    expect(stringText('a b', { ...PLACE, flow: true })).toBe('a b')
    expect(stringText('', { ...PLACE, flow: true })).toBe('""')
  })

  it('can have line ends of its own', () => {
    expect(stringText('a\n\nb\n', { ...PLACE, lineEnd: '\r\n' })).toBe('|\r\n    a\r\n\r\n    b')
  })
})

describe('every string', () => {
  const text = fc.string({ unit: fc.oneof(fc.constantFrom('\n', '\n', ' ', '\t', '#', ':', '-', "'", '"', '\u2028', '\u0085', '\ufeff', '😀'), fc.string({ unit: 'binary' })) })

  it('reads back in the style that was chosen', () => {
    fc.assert(
      fc.property(text, fc.constantFrom(2, 4, 7), (value, body) => {
        expect(readBack(`k: ${stringText(value, { body, parent: 0 })}\n`)).toEqual([value])
        expect(readBack(`k: [${stringText(value, { body, parent: 0, flow: true })}]\n`)).toEqual([value])
      }),
      { numRuns: 500 },
    )
  })

  it('reads back in every style that can hold it', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(readBack(`k: ${doubleQuoted(value)}\n`)).toEqual([value])
        if (canBePlain(value)) expect(readBack(`k: ${value}\n`)).toEqual([value])
        if (canBePlain(value, { flow: true })) expect(readBack(`k: [${value}]\n`)).toEqual([value])
        if (canBeSingleQuoted(value)) expect(readBack(`k: ${singleQuoted(value)}\n`)).toEqual([value])
        if (canBeLiteral(value)) expect(readBack(`k: ${literalBlock(value, PLACE)}\n`)).toEqual([value])
      }),
      { numRuns: 500 },
    )
  })
})
