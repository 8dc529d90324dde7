import type { Document, Edit, Entry, LeafNode, Node, Value, ValueNode } from '@waxseal/core'
import { Timestamp } from '@waxseal/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { composeStream } from '../../src/yaml/compose.ts'
import { parseYaml } from '../../src/yaml/document.ts'
import { sourceOf } from '../../src/yaml/source.ts'
import type { Syntax } from '../../src/yaml/syntax.ts'
import { recordings } from '../recordings.ts'
import { text } from '../nodes.ts'
import { treeText } from './tree-text.ts'

const BLOCK = { mac: 'ENC[mac]' }

/** Without the documents themselves. */
function nodesOf(document: Document): ValueNode[] {
  const inside = (items: readonly (Entry | Node)[]): ValueNode[] => items.flatMap((item) => {
    const node = item.kind === 'entry' ? item.value : item
    return node.kind === 'comment' ? [] : node.kind === 'leaf' ? [node] : [node, ...inside(node.items)]
  })
  return document.tree.flatMap(({ items }) => inside(items))
}

interface Encrypted {
  readonly source: Uint8Array
  /** By the number of the node. */
  readonly spellings: ReadonlyMap<number, string>
  readonly values: ReadonlyMap<number, Value>
}

function encrypt(source: string | Uint8Array): Encrypted {
  const document = parseYaml(Buffer.from(source))
  const nodes = nodesOf(document)
  // as core does it: null and the empty string have no token
  const leaves = nodes.filter((node): node is LeafNode => node.kind === 'leaf' && node.value !== null && node.value !== '')
  const tokens = leaves.map((node): Edit => ({ do: 'token', node, token: 'ENC[token]' }))
  return {
    source: document.apply(tokens, BLOCK),
    spellings: new Map([...document.spellings!(tokens)].map(([node, spelling]) => [nodes.indexOf(node), spelling])),
    values: new Map(leaves.map((node) => [nodes.indexOf(node), node.value])),
  }
}

function decrypt({ source, values, spellings }: Encrypted): string {
  const document = parseYaml(source)
  return text(document.apply(nodesOf(document).flatMap((node, at): Edit[] => {
    const [value, spelling] = [values.get(at), spellings.get(at)]
    if (node.kind === 'leaf' && value !== undefined) return [{ do: 'value', node, value, ...(spelling !== undefined && { spelling }) }]
    return spelling === undefined ? [] : [{ do: 'alias', node, spelling }]
  }), null))
}

/** What a file with one token becomes when the value takes its place, spelled so. */
function written(encrypted: string, value: Value, spelling: string): string {
  const document = parseYaml(Buffer.from(encrypted))
  const node = nodesOf(document).find((leaf) => leaf.kind === 'leaf' && (leaf.value === 'ENC[x]' || leaf.value === 'ENC[x]\n'))
  return text(document.apply([{ do: 'value', node: node as LeafNode, value, spelling }]))
}

/** The tree, where a float without a fraction is an integer; anchors, and the tags that are no types'. */
function meaningOf(source: string): unknown {
  const tree = parseYaml(Buffer.from(source)).tree.map(treeText).join('\n').replaceAll(/float (-?\d+)(?=[,}\]])/g, 'int $1')
  const properties: unknown[] = []
  const open: Syntax[] = composeStream(sourceOf(source)).documents.map(({ root }) => root)
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.kind === 'alias') properties.push('alias')
    else properties.push([node.properties.anchor !== null, /^!!(?:int|float|bool|binary|timestamp)$/.test(node.properties.tagName) ? '' : node.properties.tagName])
    if (node.kind === 'map' || node.kind === 'list') open.push(...node.children)
  }
  return { tree, properties }
}

const SOURCES = [
  'a: 1.10\nb: 1e3\nc: TRUE\nd: 0o17\ne: 017\nf: 0x1F\ng: 1_000\nh: .5\ni: +5\nj: -0.0\nk: .NaN\nl: +.inf\n',
  'a: yes\nb: 1:20\nc: off # why\nd: 2024-01-01\ne: 2024-01-01 10:00:00\nf: 2024-01-01t10:00:00.10+00:00\n',
  "a: 'it''s'\nb: \"it's\"\nc: \"\\u0041\\x42\"\nd: '\u{1F680}'\ne: \u{1F680} go\nf: '1'\n",
  'a: one\n  two\n\n  three\nb: "one\n  two \\\n  three"\nc: \'one\n\n  two\' # c\nd: e\n',
  'l:\n- one\n  two\n- - three\n  - four\n    five\n- a: six\n   seven\n  b: eight\n',
  'a: >\n  one\n  two\n\n  three\nb: >-\n    one\n    two\nc: >+\n  one\n  two\n\nd: |\n   \n   text\ne: |2-\n    x\n',
  'a: > # folded\n  one\n  two\n# between\nb: |   # kept\n  x\t \n\n\n',
  'a: >\n  one\n  two',
  'a: |-\n  one\n  \n  two \n',
  'a: [0x10, yes, "b", \'c\', one\n  two, "three\n four"]\nb: {c: 1.10, d: off, e: one two}\n',
  '{"a": 1.0, "b": [0x1F, "\\x41"], c: 1_0}\n',
  'a: !!float 1.0\nb: !!int "3"\nc: !!binary aGVsbG8=\nd: !!binary |\n  aGVs\n  bG8=\ne: !!str 1.0\nf: !custom 1.10\ng: !!timestamp 2024-01-01\nh: &x !!float 2.0\n',
  'a: &x 1.10\nb: &y\n  1e3\nc: !local\n  one\n  two\n',
  'a: 0x1F\n---\nb:\n  - c: |\n      one\n      two\n    d:\n    - e\n',
  'a: one\r\n  two\r\nb: >\r\n  three\r\n  four\r\nc: 0x1F\r\n',
  '# head\n---\na: 1.10\n---\na: 0x1F\n...\n',
  '? a\n: 1.10\n? b\n: one\n  two\n',
  'a:\n- 1.10\n- one\n  two\nb:\n    c: 0x1F\n',
  'list:\n  - >-\n    one\n    two\n  - key: >\n      three\n\n      four\n    next: 1.0\n',
]

describe('spellings of YAML', () => {
  it.each(SOURCES)('come back: %j', (source) => {
    const encrypted = encrypt(source)
    expect(decrypt(encrypted)).toBe(source)
    expect(encrypted.spellings.size).toBeGreaterThan(0)
    expect(text(encrypted.source)).not.toMatch(/0x1F|one|two|1\.10/)
  })

  it('are told only where the value would come back otherwise', () => {
    const { spellings } = encrypt('a: text\nb: "text"\nc: \'text\'\nd: 1\ne: 1.5\nf: true\ng: |\n  text\nh: >\n  text\ni: [a, "b", \'c\', 1]\nj: null\nk: ""\nl:\n  - a: |-\n      x\n# end\n')
    expect(spellings).toStrictEqual(new Map())
  })

  it('bring recorded files back', () => {
    const sources = recordings('yaml').filter(({ exit }) => exit === 0).map(({ plain }) => plain.toString())
    expect(sources.length).toBeGreaterThan(90)
    const lost = sources.filter((source) => {
      try {
        return decrypt(encrypt(source)) !== source
      } catch {
        return false // refused here
      }
    })
    expect(lost).toStrictEqual(['null\n', 'null\n']) // a document that is null comes back empty
  })
})

describe('a spelling', () => {
  it.each<[Value, string]>([
    [1.1, '1.10'], [1000, '1e3'], [15n, '017'], [true, 'TRUE'], [NaN, '.NAN'], [-0, '-0.0'], ['yes', 'yes'], ['A', '"\\u0041"'], ['a b', 'a\n  b'],
    [new Timestamp('2024-01-01T00:00:00Z'), '2024-01-01'], [1, '!!float 1'], ['hello', '!!binary aGVsbG8='], ['a b', "'a\n  b'"],
  ])('of %s is taken: %s', (value, spelling) => {
    expect(written('a: ENC[x]\nb: c\n', value, spelling)).toBe(`a: ${spelling}\nb: c\n`)
  })

  it.each<[Value, string]>([
    [1.1, '1.2'], [1.1, '"1.1"'], [1, '1'], [1n, '1.0'], [0, '-0.0'], [-0, '0.0'], ['a', 'b'], ['1.10', '1.10'], [true, '"true"'], [true, 'yes'],
    ['a', 'a # b'], ['a', '&x a'], ['a', 'a &x'], ['a', '!custom a'], ['a', '!!str a'], ['a', '*x'], ['a', '- a'], ['a', '[a]'], ['a', '[a'], ['a', '{a}'], ['a', 'a: a'], ['a', 'a:'],
    ['a', '? a'], ['a', 'a\n'], ['a', ' a'], ['a', 'a '], ['a', '\n  a'], ['a', 'a\nb: c'], ['a', 'a\n# c'], ['a', 'a\n---'], ['a', 'a\n...'], ['a', '--- a'], ['a', '%YAML 1.1'],
    ['a\n', '|\n  a\n'], ['a', '|-\n  a'], ['a', '>-\n  a'], ['a', ''], ['', ''], ['a', '"a'], ['a', "'a'\n'"], ['a b', 'a\nb'], ['a', 'a\0'], ['a', '\u0007'], ['a', '\ufeffa'], ['a', '"a"\n  '],
    ['a', '"\\u0041"'], ['a', '"a" "a"'], ['a', '['.repeat(20_000)], ['a', '@a'], ['a', '`a'], ['a', ', a'], ['a', '] a'], ['a', '\t'], ['a', '!!binary YQ'], ['a', '!<tag:yaml.org,2002:str> a'],
  ])('of %s is not taken: %s', (value, spelling) => {
    expect(written('a: ENC[x]\nb: c\n', value, spelling)).toBe(written('a: ENC[x]\nb: c\n', value, ''))
  })

  it.each<[string, Value, string]>([
    ["a: ['ENC[x]', c]\n", 'a, b', 'a, b'],
    ["a: ['ENC[x]', c]\n", 'a]', 'a]'],
    ["a: {b: 'ENC[x]'}\n", 'a', 'a: a'],
    ["a: 'ENC[x]'#c\n", 'yes', 'yes'],
    ['a: |\n  ENC[x]\nb: c\n', 'a\n', '|\n  a\nb: c'],
    ['a: |\n  ENC[x]\nb: c\n', 'a\n', '|\n  a\n'],
    ['a: |\n  ENC[x]\nb: c\n', 'a\n', '| # c\n  a'],
    ['a: |\n  ENC[x]\nb: c\n', 'a\n', '|\n a\n # c'],
    ['a: |\n  ENC[x]\n\nb: c\n', 'a\n', '|+\n  a'],
    ['a: |\n  ENC[x]\nb: c\n', 'a\n', '"a\\n"'],
    ['a: |\n  ENC[x]\nb: c\n', 'a', '&x |-\n  a'],
    ['a: |\n  ENC[x]\nb: c\n', 'a', '!x |-\n  a'],
    ['a:\n    - |\n      ENC[x]\n   # c\nb: c\n', 'a\n', '|\n a'],
    ['a: !x ENC[x]\nb: c\n', 'a', '!!str a'],
    ['a: !x ENC[x]\nb: c\n', 'hello', '!!binary aGVsbG8='],
  ])('in %s of %s is not taken: %s', (source, value, spelling) => {
    expect(written(source, value, spelling)).toBe(written(source, value, ''))
  })

  it('changes nothing but spelling, whatever it is', () => {
    const piece = fc.constantFrom('a', 'b', ' ', '  ', '\n', '\n  ', '\n    ', ': ', ' #', '- ', '"', "'", '|', '>', '-', '+', '2', '[', ']', ',', '{', '}', '&x ', '*x', '!!str ', '!x ', '---', '1', '.0', '\t', '\r\n', '\\', '\\n', '? ')
    const spelling = fc.oneof(fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')), fc.string({ unit: 'grapheme' }))
    const value = fc.oneof(fc.constantFrom<Value[]>('a', 'b', 'a b', 'a\n', 'a\nb\n', 'a: b', 1, 1.1, 1n, true), fc.string())
    fc.assert(fc.property(fc.constantFrom(...SOURCES), fc.array(fc.tuple(fc.nat(), value, spelling), { minLength: 1, maxLength: 3 }), (source, picks) => {
      const { source: encrypted, values } = encrypt(source)
      const places = [...values.keys()]
      const changed = new Map(picks.map(([at, wanted]) => [places[at % places.length]!, wanted]))
      const spellings = new Map(picks.map(([at, , text]) => [places[at % places.length]!, text]))
      const all = new Map([...values, ...changed])
      const [plain, spelled] = [new Map<number, string>(), spellings].map((given) => meaningOf(decrypt({ source: encrypted, values: all, spellings: given })))
      expect(spelled).toStrictEqual(plain)
    }), { numRuns: 2000 })
  })
})

const ALIASED = [
  'a: &x one\nb: *x # c\nc:   *x\nd:\n  *x\n',
  'a: &x\n  k: one\n  l: [two, "three"]\nb: *x\nc: *x   # c\nd:\n    *x\n# e\nf: 1.10\n',
  'base: &base\n  # note\n  k: one # k\n  l:\n    - two\na:\n  <<: *base\n  k: three\nb:\n  <<: *base\n',
  'a: &x {k: one}\nb: [*x, *x , c]\nc: {d: *x}\n',
  'l:\n- &x one\n- *x\n-  *x\n- &y\n  k: *x\n- *y\nm: *y\n',
  'a: &x one\nb: *x\nc: &x two\nd: *x\n',
  'a: &x\n  k: &y one\n  l: *y\nb: *x\nc: &z\n  <<: *x\n  m: *y\nd: *z\n',
  'a: &x [one]\r\nb: *x\r\n---\r\nc: &x two\r\nd: *x\r\n',
  'a: &x one\nb: *x',
  'a: &x\n  - one # c\nl:\n  - b: *x # d\n    k: two\n',
]

describe('aliases', () => {
  const many = Array.from({ length: 20_000 }, (_, index) => index)
  const token = `ENC[${'x'.repeat(100)}]`
  const large = `{${many.map((at) => `l${at}: 1`).join(', ')}}`

  it.each([
    ['on one line', `{a: &x "${token}", ${many.map((at) => `k${at}: "${token}"`).join(', ')}}\n`, many.length],
    ['of one name', `{a: &x 1, ${many.map((at) => `k${at}: 1, a${at}: &x 1`).join(', ')}}\n`, many.length],
    ['of something large', `{a: &x ${large}, ${many.map((at) => `k${at}: {}`).join(', ')}}\n`, 0],
  ])('by the thousand, %s, take no longer for being many', { timeout: 20_000 }, (_, source, expected) => {
    const document = parseYaml(Buffer.from(source))
    const edits = document.tree[0]!.items.flatMap((item): Edit[] => (item.kind === 'entry' && item.key.startsWith('k') ? [{ do: 'alias', node: item.value, spelling: '*x' }] : []))
    expect(text(document.apply(edits)).match(/\*x/g) ?? []).toHaveLength(expected)
  })

  it.each(ALIASED)('come back: %j', (source) => {
    const encrypted = encrypt(source)
    expect(decrypt(encrypted)).toBe(source)
    expect(text(encrypted.source)).not.toMatch(/\*|one|two/)
  })

  it.each([
    ['other values', 'a: &x ENC[one]\nb: ENC[two]\n', ' *x'],
    ['no such anchor', 'a: &x ENC[one]\nb: ENC[one]\n', ' *y'],
    ['an anchor further down', 'b: ENC[one]\na: &x ENC[one]\n', ' *x'],
    ['an anchor that has moved on', 'a: &x ENC[one]\nc: &x ENC[two]\nb: ENC[one]\n', ' *x'],
    ['an anchor at the place itself', 'a: &x ENC[one]\nb: &x ENC[one]\n', ' *x'],
    ['the anchor of a key', '&x one: ENC[one]\nb: ENC[one]\n', ' *x'],
    ['no blank', 'a: &x ENC[one]\nb: ENC[one]\n', '*x'],
    ['a line that is not deep enough', 'a: &x ENC[one]\nb: ENC[one]\n', '\n*x'],
    ['a tab for indentation', 'a: &x ENC[one]\nb: ENC[one]\n', '\n\t*x'],
    ['more than an alias', 'a: &x ENC[one]\nb: ENC[one]\n', ' *x # c'],
    ['another comment', 'a: &x\n  k: ENC[one] # c\nb:\n  k: ENC[one] # d\n', ' *x'],
    ['another key', 'a: &x\n  k: ENC[one]\nb:\n  l: ENC[one]\n', ' *x'],
    ['another order', 'a: &x\n  k: ENC[one]\n  l: ENC[two]\nb:\n  l: ENC[two]\n  k: ENC[one]\n', ' *x'],
    ['another kind', "a: &x ['ENC[one]']\nb: ENC[one]\n", ' *x'],
    ['an anchor that would go', 'a: &x\n  k: ENC[one]\nb:\n  k: &y ENC[one]\nc: *y\n', ' *x'],
    ['an anchor around it', 'a: &x\n  b: ENC[one]\n', ' *x'],
  ])('are not taken for %s', (_, source, spelling) => {
    const document = parseYaml(Buffer.from(source))
    const values = nodesOf(document).flatMap((node): Edit[] => (node.kind === 'leaf' ? [{ do: 'value', node, value: (node.value as string).slice(4, 7) }] : []))
    const b = document.tree[0]!.items.flatMap((item) => (item.kind === 'entry' ? [item, ...(item.value.kind === 'map' ? item.value.items : [])] : [])).find((item) => item.kind === 'entry' && item.key === 'b') as Entry
    const spelled = values.map((edit): Edit => (edit.do === 'value' && edit.node === b.value ? { ...edit, spelling } : edit))
    if (b.value.kind !== 'leaf') spelled.push({ do: 'alias', node: b.value, spelling })
    expect(text(document.apply(spelled))).toBe(text(document.apply(values)))
  })

  it('change nothing but spelling, wherever they are asked for', () => {
    const spelling = fc.constantFrom(' *x', '*x', ' *y', ' *base', '\n   *x', '\n *x', '  *z', '*y')
    fc.assert(fc.property(fc.constantFrom(...ALIASED), fc.array(fc.tuple(fc.nat(), spelling), { minLength: 1, maxLength: 6 }), fc.boolean(), (source, picks, keep) => {
      const encrypted = encrypt(source)
      const count = nodesOf(parseYaml(encrypted.source)).length
      const asked = new Map([...(keep ? encrypted.spellings : []), ...picks.map(([at, text]) => [at % count, text] as const)])
      const tree = (spellings: ReadonlyMap<number, string>) => parseYaml(Buffer.from(decrypt({ ...encrypted, spellings }))).tree.map(treeText).join('\n').replaceAll('Ci"', 'C"')
      expect(tree(asked)).toBe(tree(new Map())) // a comment is inline behind an alias, and is not behind a map's key
    }), { numRuns: 1000 })
  })
})
