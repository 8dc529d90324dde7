import { CodedError } from '@waxseal/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseManifest, sliceManifests, splitManifests } from '../../src/sealing/manifest-input.ts'
import { goJson, manifestFile, manifestText } from '../../src/sealing/manifest-output.ts'
import { manifestYaml } from '../../src/sealing/manifest-yaml.ts'
import { firstPortName } from '../../src/sealing/service-port.ts'

const codeOf = async (text: string): Promise<string> => {
  try {
    await parseManifest(text)
    return 'none'
  } catch (error) {
    return error instanceof CodedError ? error.code : String(error)
  }
}

describe('reading manifests', () => {
  it.each([
    ['{"a":1}\n{"b":"}{"} ', ['{"a":1}', '{"b":"}{"}']],
    ['{"a":"\\"}"}{', ['{"a":"\\"}"}', '{']],
    ['\ufeff{}', ['{}']],
    ['a: 1\n---\nb: 2\n--- # note\n\n---\n', ['a: 1\n', 'b: 2\n']],
    ['a: |\n  --- x\n---x: 1\n', ['a: |\n  --- x\n---x: 1\n']],
    ['a: 1\r\n---\r\nb: 2\r\n', ['a: 1\r\n', 'b: 2\r\n']],
    ['', []],
    [' \n', []],
  ])('splits %j', (text, documents) => {
    expect(splitManifests(text)).toEqual(documents)
    expect(sliceManifests(text).map((slice) => slice.text).join('')).toBe(text)
  })

  it('takes YAML 1.1 scalars as Kubernetes does', async () => {
    const text = 'a: [yes, off, 0644, 1_000, 1e3, ~, 2024-01-01, 1:20, 12345678901234567890]\nb: &x {k: v}\nc: {<<: *x, d: 1}\n1: x\n'
    expect(await parseManifest(text)).toEqual({
      a: [true, false, 420, 1000, 1000, null, '2024-01-01', '1:20', '12345678901234567890'],
      b: { k: 'v' },
      c: { k: 'v', d: 1 },
      1: 'x',
    })
  })

  it('takes no text for a number', async () => {
    expect(await parseManifest('.: 1\n-.: 2\ne5: 3\n._3: 4\na: [., .e3, 1e, 1.2.3, 0b2, 0x, _1, .inf, .nan]')).toEqual({
      '.': 1,
      '-.': 2,
      e5: 3,
      '._3': 4,
      a: ['.', '.e3', '1e', '1.2.3', '0b2', '0x', '_1', '.inf', '.nan'],
    })
    expect(await parseManifest('[.5, 5., -0x1F, 0b11, 0o17, 08, -_1, +1]')).toEqual([0.5, 5, -31, 3, 15, 8, -1, 1])
  })

  it.each(['[', '{"a":'])('bounds the depth of JSON: %s', async (open) => {
    const deep = `{"metadata":${open.repeat(100_000)}1${(open === '[' ? ']' : '}').repeat(100_000)}}`
    await expect(parseManifest(deep)).rejects.toMatchObject({ code: 'PARSE_LIMIT' })
  })

  it('keeps hostile keys', async () => {
    expect(Object.entries((await parseManifest('__proto__: {a: 1}')) as object)).toEqual([['__proto__', { a: 1 }]])
  })

  const bomb = `a0: &a0 [x]\n${Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(',')}]`).join('\n')}\n`
  it.each([
    ['{', 'PARSE_FAILED'],
    ['a: [', 'PARSE_FAILED'],
    ['a: 1\na: 2', 'PARSE_FAILED'],
    ['a: *x', 'PARSE_LIMIT'],
    ['a: &x [*x]', 'PARSE_LIMIT'],
    [bomb, 'PARSE_LIMIT'],
    [`${'['.repeat(100)}${']'.repeat(100)}`, 'PARSE_LIMIT'],
  ])('refuses %#', async (text, code) => {
    expect(await codeOf(text)).toBe(code)
  })
})

describe('printing manifests', () => {
  it('escapes in JSON what Go escapes, and sorts maps that JavaScript would reorder', () => {
    expect(goJson({ b: { 10: 'x', 9: '<&>\u2028', a: [] }, a: {} })).toBe('{"b":{"10":"x","9":"\\u003c\\u0026\\u003e\\u2028","a":[]},"a":{}}')
    expect(goJson({ a: [1, { b: null }], c: undefined }, '  ')).toBe('{\n  "a": [\n    1,\n    {\n      "b": null\n    }\n  ]\n}')
  })

  it('separates documents', async () => {
    expect(await manifestText({ a: 1 }, 'yaml')).toBe('---\na: 1\n')
    expect(await manifestFile([{ a: 1 }, { b: 2 }], 'yaml')).toBe('a: 1\n---\nb: 2\n')
    expect(await manifestFile([{ a: 1 }, {}], 'json')).toBe('{\n  "a": 1\n}\n{}\n')
  })

  /** sigs.k8s.io/yaml 1.6.0 printed these. */
  it.each([
    [{ k10: 1, k2: true, b: null, 'a.b': 1.5, '10': 'x', '9': 'y', A: [] }, '"9": "y"\n"10": x\nA: []\na.b: 1.5\nb: null\nk2: true\nk10: 1\n'],
    [{ l: ['a', ['b', {}], { c: 1, d: ['e'] }], m: {} }, 'l:\n- a\n- - b\n  - {}\n- c: 1\n  d:\n  - e\nm: {}\n'],
    [{ a: 'x\ny\n', b: ' x ', c: 'a: #b', d: '2024-01-01', e: 'yes', f: "it's", g: '' }, "a: |\n  x\n  y\nb: ' x '\nc: 'a: #b'\nd: \"2024-01-01\"\ne: \"yes\"\nf: it's\ng: \"\"\n"],
    [{ a: 'x\ty\nz', y: '\u{1f600}' }, 'a: "x\\ty\\nz"\n"y": "\\U0001F600"\n'],
    [{ note: `${'word '.repeat(17)}end of it` }, `note: ${'word '.repeat(15)}word\n  word end of it\n`],
    [{ note: ` ${'word '.repeat(16)} two` }, `note: ' ${'word '.repeat(14)}word\n  word  two'\n`],
    [{ a: `\u0001${' word'.repeat(17)}  x` }, `a: "\\x01${' word'.repeat(15)}\n  word word  x"\n`],
    [[], '[]\n'],
    ['text', 'text\n'],
  ])('writes YAML in the layout of Kubernetes: %#', (value, text) => {
    expect(manifestYaml(value)).toBe(text)
  })

  it('writes YAML that reads back', async () => {
    const text = fc.oneof(fc.string({ unit: 'binary-ascii' }), fc.constantFrom('yes', '1', 'a: b', '- x', '#', "'", '"', 'l1\nl2\n', 'long '.repeat(40), '  '))
    const tree = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 3 }, text, fc.boolean(), fc.constant(null), fc.integer(), fc.array(tie('value'), { maxLength: 3 }), fc.dictionary(fc.stringMatching(/^[a-z0-9./-]{1,12}$/), tie('value'), { maxKeys: 4 })),
    })).value
    await fc.assert(
      fc.asyncProperty(tree, async (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value))
        expect(await parseManifest(manifestYaml(plain))).toEqual(plain)
      }),
      { numRuns: 300 },
    )
  })
})

describe('the first port of a Service', () => {
  // By hand after core/v1 generated.proto: name "svc", two TCP ports, the first one named "http".
  const inner = Buffer.from('0a050a03737663121a0a0e0a0468747470120354435018901f0a08120354435018911f', 'hex')
  const envelope = Buffer.concat([Buffer.from('6b387300', 'hex'), Buffer.from([0x0a, 0x02, 0x0a, 0x00, 0x12, inner.length]), inner])

  it('is found in JSON and in protobuf', () => {
    expect(firstPortName(Buffer.from('{"spec":{"ports":[{"name":"http"},{"name":"x"}]}}'))).toBe('http')
    expect(firstPortName(Buffer.from('{"spec":{"ports":[{"port":1}]}}'))).toBe('')
    expect(firstPortName(envelope)).toBe('http')
  })

  it('is empty where the answer is not understood', () => {
    for (const text of ['', 'null', '[]', 'k8s\0', 'k8s\0\u0012']) expect(firstPortName(Buffer.from(text))).toBe('')
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => typeof firstPortName(Buffer.concat([Buffer.from('k8s\0'), bytes])) === 'string'))
  })
})
