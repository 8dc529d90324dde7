import type { Edit, Entry, LeafNode, ListNode, MapNode, Node, PlainMap, Value, ValueNode } from '@waxseal/core'
import { describe, expect, it } from 'vitest'
import { parseYaml } from '../../src/yaml/document.ts'
import { entry, leaf } from '../nodes.ts'
import { treeText } from './tree-text.ts'

const TOKEN = 'ENC[AES256_GCM,data:YQ==,iv:aXY=,tag:dGFn,type:str]'
const BLOCK: PlainMap = { age: [{ enc: 'a\nb\n', recipient: 'age1' }], lastmodified: '2026-01-01T00:00:00Z', mac: TOKEN, version: '3.13.2' }
const BLOCK_LINES = `sops:
    age:
        - enc: |
            a
            b
          recipient: age1
    lastmodified: "2026-01-01T00:00:00Z"
    mac: ${TOKEN}
    version: 3.13.2`

type Item = Entry | Node

function leaves(items: readonly Item[]): Extract<Node, { kind: 'leaf' | 'comment' }>[] {
  return items.flatMap((item) => {
    const node = item.kind === 'entry' ? item.value : item
    return node.kind === 'leaf' || node.kind === 'comment' ? [node] : leaves(node.items)
  })
}

/** Every value and comment of a source becomes the token. */
function withTokens(source: string, metadata?: PlainMap): string {
  const document = parseYaml(Buffer.from(source))
  const edits = document.tree.flatMap(({ items }) => leaves(items)).flatMap((node): Edit[] =>
    node.kind === 'leaf' && (node.value === null || node.value === '') ? [] : [{ do: 'token', node, token: TOKEN }],
  )
  return Buffer.from(document.apply(edits, metadata)).toString().replaceAll(TOKEN, 'T')
}

/** The only value of a source becomes another. */
function withValue(source: string, value: Value): string {
  const document = parseYaml(Buffer.from(source.replaceAll('T', TOKEN)))
  const node = document.tree.flatMap(({ items }) => leaves(items)).find(({ kind }) => kind === 'leaf')!
  return Buffer.from(document.apply([{ do: 'value', node: node as Extract<Node, { kind: 'leaf' }>, value }])).toString()
}

function at(document: { readonly tree: readonly MapNode[] }, ...path: (string | number)[]): ValueNode {
  let node: ValueNode = document.tree[0]!
  for (const step of path) {
    const items = (node as MapNode | ListNode).items as readonly Item[]
    const found = typeof step === 'number' ? items.filter(({ kind }) => kind !== 'comment')[step]! : items.find((item) => item.kind === 'entry' && item.key === step)!
    node = found.kind === 'entry' ? found.value : (found as ValueNode)
  }
  return node
}

describe('a token stands in the dress of what it replaces', () => {
  it.each([
    ['a: 1', 'a: T'],
    ['a:   plain # c\n', 'a:   T #T\n'],
    ['a: "x"\nb: \'y\'\n', 'a: "T"\nb: \'T\'\n'],
    ['a:\n  far below\n', 'a:\n  T\n'],
    ['a: over\n  two lines\nb: "over\n  two"\n', 'a: T\nb: "T"\n'],
    ['a: |\n  x\n  y\nb: >-\n    x\n\n', 'a: |\n  T\nb: >-\n    T\n\n'],
    ['a: |+\n  x\n\n\nb: |2-\n    x\n', 'a: |+\n  T\nb: |2-\n  T\n'],
    ['a: |  # c\n  x\n', 'a: |  #T\n  T\n'],
    ['l: [x, "y", {k: v}]\n', `l: ['T', "T", {k: 'T'}]\n`],
    ['{"a":"x", b: y}\n', `{"a":"T", b: 'T'}\n`],
    ['a: &x 1\nb: !custom 2\nc: !!str 3\n', 'a: &x T\nb: !custom T\nc: !!str T\n'],
    ['a: !!int 1\nb: &x !!binary aGk=\nc: !!float &y 2\n', 'a: T\nb: &x T\nc: &y T\n'],
    ['- - x\n'.replace('- -', 'l:\n- -'), 'l:\n- - T\n'],
    ['? a\n: b\n"c" : d\n', '? a\n: T\n"c" : T\n'],
    ['a: 1\r\n# c\r\nb: |\r\n  x\r\n', 'a: T\r\n#T\r\nb: |\r\n  T\r\n'],
    ['\ufeff# c\na: 1', '\ufeff#T\na: T'],
    ['a: &an:chor\n', 'a: &an T\n'],
  ])('%j', (source, tokens) => {
    expect(withTokens(source)).toBe(tokens)
  })
})

describe('an alias of what is encrypted gives way to its content', () => {
  it.each([
    ['a: &x 1\nb: *x # c\n', 'a: &x T\nb: T #T\n'],
    ['a: &m\n  k: 1\nb: *m\n', 'a: &m\n  k: T\nb:\n  k: T\n'],
    ['a: &m {k: 1}\nb:\n  <<: *m\n  c: 2\n', "a: &m {k: 'T'}\nb:\n  <<:\n    k: T\n  c: T\n"],
    ['a: &m {k: 1}\nl: [*m, x]\n', "a: &m {k: 'T'}\nl: [{k: 'T'}, 'T']\n"],
    ['a: &m {k: 1}\nl:\n- *m\n', "a: &m {k: 'T'}\nl:\n- k: T\n"],
    ['a: &x k\n*x : v\n', 'a: &x T\nk : T\n'],
    ['a: &m\n  l: [] # c\n  k: 1\nb: *m\n', 'a: &m\n  l: [] #T\n  k: T\nb:\n  l: []\n  k: T\n'], // outside of the brackets its token would not open
  ])('%j', (source, tokens) => {
    expect(withTokens(source)).toBe(tokens)
  })

  it('also where only the anchor is', () => {
    const document = parseYaml(Buffer.from('a: &x 1\nb: *x\nc: &y 2\nd: *y\n'))
    const edits: Edit[] = [{ do: 'token', node: at(document, 'a') as Extract<Node, { kind: 'leaf' }>, token: 'T' }]
    expect(Buffer.from(document.apply(edits)).toString()).toBe('a: &x T\nb: 1\nc: &y 2\nd: *y\n')
  })
})

describe('a value comes back in the dress of its token', () => {
  it.each<readonly [string, Value, string]>([
    ['a: T\n', 'x', 'a: x\n'],
    ['a: T\n', 'yes', 'a: "yes"\n'],
    ['a: T # c\n', 'x\ny\n', 'a: | # c\n    x\n    y\n'],
    ['m:\n  a: T\n', 'x\ny', 'm:\n  a: |-\n    x\n    y\n'],
    ['l:\n- T\n', ' x\ny', 'l:\n- |2-\n   x\n  y\n'],
    ['a: T', 'x\n', 'a: "x\\n"'],
    ['a: T\n\n\nb: 1\n', 'x\n\n', 'a: "x\\n\\n"\n\n\nb: 1\n'],
    ['a: T\n', 5n, 'a: 5\n'],
    ['a: T\n', 1e21, 'a: 1e+21\n'],
    ['a: T\n', null, 'a: null\n'],
    ['a: "T"\n', 'x', 'a: "x"\n'],
    ['a: "T"\n', '😀\n', 'a: "😀\\n"\n'],
    ['a: "T"\n', true, 'a: true\n'],
    ["a: 'T'\n", "it's", "a: 'it''s'\n"],
    ["a: 'T'\n", 'x\ny', 'a: "x\\ny"\n'],
    ['a: |\n  T\nb: 1\n', 'x\n\ny\n', 'a: |\n  x\n\n  y\nb: 1\n'],
    ['a: |\n  T\nb: 1\n', 'x', 'a: |-\n  x\nb: 1\n'],
    ['a: |\n  T', 'x', 'a: |\n  x'],
    ['a: |+\n  T\nb: 1\n', 'x\n\n', 'a: |+\n  x\n\nb: 1\n'],
    ['a: >-\n  T\n', 'one line', 'a: >-\n  one line\n'],
    ['a: >-\n  T\n', 'x\ny', 'a: >-\n  x\n\n  y\n'],
    ['a: |2-\n  T\n', '  x', 'a: |2-\n    x\n'],
    ['a: |  # c\n  T\n', 7n, 'a: 7  # c\n'],
    ['a: !!str T\n', '12', 'a: !!str 12\n'],
    ['a: !custom T\n', 12n, 'a: 12\n'],
    ['l: ["T"]\n', 5n, 'l: [5]\n'],
    ['l: ["T"]\n', 'x', 'l: ["x"]\n'],
    ["l: ['T']\n", 'x', 'l: [x]\n'],
    ["l: ['T']\n", 'a, b', "l: ['a, b']\n"],
    ['a: T\n \t\n\n  \t\nb: 1\n', 'yes', 'a: "yes"\n \n\n  \nb: 1\n'],
    ['a: T\n \t\nb: 1\n', 'x', 'a: x\n \t\nb: 1\n'],
    ['a: T\r\n', 'x\ny\n', 'a: |\r\n    x\r\n    y\r\n'],
    ['a:\n', 'x', 'a: x\n'],
    ['? a\n', 'x', '? a\n: x\n'],
    ['{a}\n', 'x', '{a: x}\n'],
    ['a: "T"# c\n', 5n, 'a: 5 # c\n'],
  ])('%j takes %s', (source, value, result) => {
    expect(withValue(source, value)).toBe(result)
  })
})

describe('comments', () => {
  it('that SOPS wrote as elements become comments again', () => {
    const source = 'l:\n    - T\n    - a\nm:\n    - T\n'.replaceAll('T', TOKEN)
    const document = parseYaml(Buffer.from(source))
    const edits = [at(document, 'l', 0), at(document, 'm', 0)].map((node): Edit => ({ do: 'comment', node: node as Extract<Node, { kind: 'leaf' }>, text: ' c' }))
    expect(Buffer.from(document.apply(edits)).toString()).toBe('l:\n    # c\n    - a\nm: []\n    # c\n')
  })

  it('are removed together, also in the first lines of a file', () => {
    const document = parseYaml(Buffer.from('# a\n# b\nk: 1\n# c\n# d\n\nm: 2 # e\n'))
    const edits = document.tree[0]!.items.flatMap((item): Edit[] => (item.kind === 'comment' ? [{ do: 'remove', from: document.tree[0]!, item }] : []))
    expect(Buffer.from(document.apply(edits)).toString()).toBe('k: 1\n\nm: 2\n')
  })

  it('cannot bring in lines of their own', () => {
    const document = parseYaml(Buffer.from('m:\n  # T\n  a: 1 # T\n'))
    const edits = leaves(document.tree[0]!.items).flatMap((node): Edit[] => (node.kind === 'comment' ? [{ do: 'comment', node, text: ' x\nb: 2' }] : []))
    expect(Buffer.from(document.apply(edits)).toString()).toBe('m:\n  # x\n  #b: 2\n  a: 1 # x #b: 2\n')
  })
})

describe('the metadata block', () => {
  it.each([
    ['a: 1\n', `a: 1\n${BLOCK_LINES}\n`],
    ['a: 1', `a: 1\n${BLOCK_LINES}`],
    ['a: 1\n# end\n\n', `a: 1\n# end\n\n${BLOCK_LINES}\n`],
    ['    a: 1\n', `    a: 1\n${BLOCK_LINES.replace(/^/gm, '    ')}\n`],
    ['a: 1\r\n', `a: 1\r\n${BLOCK_LINES.replaceAll('\n', '\r\n')}\r\n`],
    ['a: 1\n...\n', `a: 1\n${BLOCK_LINES}\n...\n`],
    ['a: 1\n---\nb: 2\n', `a: 1\n${BLOCK_LINES}\n---\nb: 2\n${BLOCK_LINES}\n`],
    ['---\n', `---\n${BLOCK_LINES}\n`],
    ['{"a": 1}\n', `{"a": 1, sops: {age: [{enc: "a\\nb\\n", recipient: age1}], lastmodified: "2026-01-01T00:00:00Z", mac: '${TOKEN}', version: 3.13.2}}\n`],
    ['{}\n', `{sops: {age: [{enc: "a\\nb\\n", recipient: age1}], lastmodified: "2026-01-01T00:00:00Z", mac: '${TOKEN}', version: 3.13.2}}\n`],
    ['a: |+\n  x\n\n', `a: |+\n  x\n\n${BLOCK_LINES}\n`],
    ['a:\n  b: 1\n # end\n', `a:\n  b: 1\n # end\n${BLOCK_LINES}\n`],
    ['a: 1\nb: 2\r\n', `a: 1\nb: 2\r\n${BLOCK_LINES}\r\n`],
    ['{"a": 1}\n---\nb: 1\n# end\n', `{"a": 1, sops: {age: [{enc: "a\\nb\\n", recipient: age1}], lastmodified: "2026-01-01T00:00:00Z", mac: '${TOKEN}', version: 3.13.2}}\n---\nb: 1\n# end\n${BLOCK_LINES}\n`],
  ])('comes to %j and goes without a trace', (source, encrypted) => {
    const text = Buffer.from(parseYaml(Buffer.from(source)).apply([], BLOCK)).toString()
    expect(text).toBe(encrypted)
    const document = parseYaml(Buffer.from(text))
    expect(document.metadata).toEqual(BLOCK)
    expect(Buffer.from(document.apply([], null)).toString()).toBe(source)
  })

  it('goes without the comment beside its key, where SOPS puts one of the last value', () => {
    expect(Buffer.from(parseYaml(Buffer.from('a:\n  - 1\nsops: # c\n  mac: x\n')).apply([], null)).toString()).toBe('a:\n  - 1\n# c\n')
  })

  it('goes with no comment above it, to which value ever that belongs', () => {
    const source = 'a: 1\n---\nb: &x # c\n# d'
    expect(Buffer.from(parseYaml(Buffer.from(source)).apply([])).toString()).toBe(source)
  })

  it('decides to which map the comments above it belong', () => {
    for (const [source, tree] of [['a:\n  b: 1\n# end', '{a: {b: int 1}, C" end"}'], ['a:\n  b: 1\n  # end', '{a: {b: int 1, C" end"}}']] as const) {
      const document = parseYaml(Buffer.from(source))
      expect(treeText(document.tree[0]!)).toBe(tree)
      expect(treeText(parseYaml(document.apply([], BLOCK)).tree[0]!)).toBe(tree)
    }
  })

  it('changes no value of another document', () => {
    const document = parseYaml(Buffer.from('a:\n  b: 1\n# end\n---\nc: |\n  x'))
    expect(document.tree.map(treeText)).toEqual(['{a: {b: int 1}, C" end"}', '{c: "x"}'])
    expect([...document.shifted.values()]).toEqual(['x\n'])
  })

  it('changes only the lines that differ', () => {
    const source = `a: 1\n${BLOCK_LINES.replace('age1', "'age1' # mine")}\n# below\n`
    const document = parseYaml(Buffer.from(source))
    expect(Buffer.from(document.apply([], { ...BLOCK, mac: 'other' })).toString()).toBe(source.replace(`mac: ${TOKEN}`, 'mac: other'))
  })

  it('is written anew when its shape changes, at its place', () => {
    const source = `sops:\n  mac: x\n  extra: 1\na: 1\n`
    expect(Buffer.from(parseYaml(Buffer.from(source)).apply([], BLOCK)).toString()).toBe(`${BLOCK_LINES}\na: 1\n`)
  })

  it('takes the indentation that is asked for', () => {
    const document = parseYaml(Buffer.from('a: 1\n'), { indent: 2 })
    expect(Buffer.from(document.apply([], { mac: 'x' })).toString()).toBe('a: 1\nsops:\n  mac: x\n')
  })

  it('is refused where a later document has an entry of that name', () => {
    const document = parseYaml(Buffer.from('a: 1\n---\nsops: 1\n'))
    expect(() => document.apply([], BLOCK)).toThrow(expect.objectContaining({ code: 'EMIT_FAILED' }) as Error)
  })

  it('shifts a block scalar that ends the file without a line break', () => {
    const document = parseYaml(Buffer.from('a: |\n  x'))
    expect([...document.shifted.values()]).toEqual(['x\n'])
    expect(parseYaml(Buffer.from('a: |\n  x\n')).shifted.size).toBe(0)
    expect(parseYaml(Buffer.from('a: |-\n  x')).shifted.size).toBe(0)
  })

  it('leaves an empty string empty', () => {
    const text = Buffer.from(parseYaml(Buffer.from('l:\n  - |+\n     ')).apply([], { mac: 'x' })).toString()
    expect(treeText(parseYaml(Buffer.from(text)).tree[0]!)).toBe('{l: [""]}')
  })
})

it('a line break in place of a block scalar does not take in the blank line that follows', () => {
  expect(withValue('a: |\n  x\n\n# c\nb: 1\n', '\n')).toBe('a: "\\n"\n\n# c\nb: 1\n')
})

describe('entries and elements', () => {
  const SOURCE = 'a: 1 # one\n# two\nb:\n  - x\n  - y\nc: {d: 1, e: 2}\n'

  it.each<readonly [string, (document: ReturnType<typeof parseYaml>) => Edit[], string]>([
    ['append to the root', (d) => [{ do: 'append', into: d.tree[0]!, entry: entry('new', leaf('v')) }], `${SOURCE}new: v\n`],
    ['append a map', (d) => [{ do: 'append', into: d.tree[0]!, entry: entry('new', { kind: 'map', items: [entry('k', leaf('x\ny\n'))] }) }], `${SOURCE}new:\n  k: |\n    x\n    y\n`],
    ['append to a list', (d) => [{ do: 'append', into: at(d, 'b') as ListNode, item: leaf('z') }], SOURCE.replace('  - y\n', '  - y\n  - z\n')],
    ['append inside braces', (d) => [{ do: 'append', into: at(d, 'c') as MapNode, entry: entry('f', { kind: 'list', items: [leaf(1n)] }) }], SOURCE.replace('e: 2', 'e: 2, f: [1]')],
    ['remove an entry', (d) => [{ do: 'remove', from: d.tree[0]!, item: d.tree[0]!.items.find((item) => item.kind === 'entry' && item.key === 'a')! }], SOURCE.replace('a: 1 # one\n', '')],
    ['remove an element', (d) => [{ do: 'remove', from: at(d, 'b') as ListNode, item: at(d, 'b', 0) }], SOURCE.replace('  - x\n', '')],
    ['remove all elements', (d) => [0, 1].map((i) => ({ do: 'remove', from: at(d, 'b') as ListNode, item: at(d, 'b', i) })), SOURCE.replace('b:\n  - x\n  - y\n', 'b: []\n')],
    ['remove inside braces', (d) => [{ do: 'remove', from: at(d, 'c') as MapNode, item: (at(d, 'c') as MapNode).items[1]! }], SOURCE.replace(', e: 2', '')],
    ['replace a value by a list', (d) => [{ do: 'replace', node: at(d, 'a'), by: { kind: 'list', items: [leaf('p')] } }], SOURCE.replace('a: 1 # one\n', 'a: # one\n  - p\n')],
    ['replace a list by a value', (d) => [{ do: 'replace', node: at(d, 'b'), by: leaf('p') }], SOURCE.replace('b:\n  - x\n  - y\n', 'b: p\n')],
    ['replace one that is removed', (d) => [{ do: 'replace', node: at(d, 'b', 0), by: leaf('p') }, { do: 'remove', from: at(d, 'b') as ListNode, item: at(d, 'b', 0) }], SOURCE.replace('  - x\n', '')],
  ])('%s', (_name, edits, result) => {
    const document = parseYaml(Buffer.from(SOURCE))
    expect(Buffer.from(document.apply(edits(document))).toString()).toBe(result)
  })

  it('stay before the metadata block', () => {
    const document = parseYaml(Buffer.from('a: 1\nsops:\n    mac: x\n'))
    expect(Buffer.from(document.apply([{ do: 'append', into: document.tree[0]!, entry: entry('b', leaf('v')) }])).toString()).toBe('a: 1\nb: v\nsops:\n    mac: x\n')
  })

  it('of the first lines of a file go without leaving a blank line', () => {
    const document = parseYaml(Buffer.from('a: 1\nb: 2\nc: 3\n'))
    const edits = document.tree[0]!.items.slice(0, 2).map((item): Edit => ({ do: 'remove', from: document.tree[0]!, item }))
    expect(Buffer.from(document.apply(edits)).toString()).toBe('c: 3\n')
  })
})

describe('large files are written in time', () => {
  const COUNT = 20_000
  const repeat = (text: string): string => text.repeat(COUNT)

  it.each([
    ['one line in brackets', `a: [${repeat('x, ')}]\n`],
    ['one line in braces', `{${Array.from({ length: COUNT }, (_, i) => `"k${i}": v, `).join('')}}\n`],
    ['aliases', `a: &x v\n${Array.from({ length: COUNT }, (_, i) => `k${i}: *x\n`).join('')}`],
    ['aliases in brackets', `a: &x v\nl: [${repeat('*x, ')}]\n`],
    ['documents', repeat('---\nk: v\n')],
    ['blank lines', `a: v\nb: |\n  x\n${repeat('\n')}`],
    ['deep brackets', `a: ${'['.repeat(9000)}x${']'.repeat(9000)}\n`],
  ])('%s', (_name, source) => {
    const document = parseYaml(Buffer.from(source))
    const open: Item[] = document.tree.flatMap(({ items }) => items)
    const edits: Edit[] = []
    for (let item = open.pop(); item !== undefined; item = open.pop()) {
      const node = item.kind === 'entry' ? item.value : item
      if (node.kind === 'leaf') edits.push({ do: 'token', node, token: TOKEN })
      else if (node.kind !== 'comment') for (const child of node.items) open.push(child)
    }
    expect(parseYaml(document.apply(edits, BLOCK)).metadata).toEqual(BLOCK)
  }, 60_000)

  it.each(['k%: v\n', 'k%:\n', '? k%\n', 'k%: [v]\n'])('%j many times', (line) => {
    const document = parseYaml(Buffer.from(Array.from({ length: COUNT }, (_, i) => line.replace('%', String(i))).join('')))
    const edits = document.tree[0]!.items.map((item): Edit => ({ do: 'replace', node: (item as Entry).value, by: { kind: 'list', items: [leaf('x\ny')] } }))
    expect(parseYaml(document.apply(edits)).tree[0]!.items).toHaveLength(COUNT)
  }, 60_000)
})

describe('a value that is nothing but line ends', () => {
  it.each(['k: x\n', 'k: |\n  x\n', 'k: >\n  x\n', 'k: "x"\n', "k: 'x'\n"])('is written and read at once: %j', (source) => {
    for (const value of ['\n'.repeat(200_000), `a${'\u2028'.repeat(200_000)}`, `a${'\u2029\n'.repeat(100_000)}\u2028`]) {
      const document = parseYaml(Buffer.from(source))
      const edited = parseYaml(document.apply([{ do: 'value', node: at(document, 'k') as LeafNode, value }]))
      expect((at(edited, 'k') as LeafNode).value === value).toBe(true)
    }
  }, 60_000)
})

describe('an item in brackets that ends with its tag', () => {
  it.each(['{!x }\n', '{a: !x }\n', '{a: 1, b: !x &y }\n', '{ !x\n}\n'])('keeps its distance to the metadata, and comes back: %j', (source) => {
    const encrypted = Buffer.from(parseYaml(Buffer.from(source)).apply([], BLOCK))
    const again = parseYaml(encrypted)
    expect(treeText(again.tree[0]!)).toBe(treeText(parseYaml(Buffer.from(source)).tree[0]!))
    expect(Buffer.from(again.apply([], null)).toString()).toBe(source)
  })

  it('keeps its distance to the bracket when what follows is removed', () => {
    const document = parseYaml(Buffer.from('a: {x: !t , y: 1}\n'))
    const map = at(document, 'a') as MapNode
    const output = Buffer.from(document.apply([{ do: 'remove', from: map, item: map.items[1]! }])).toString()
    expect(output).toBe('a: {x: !t }\n')
    expect(() => parseYaml(Buffer.from(output))).not.toThrow()
  })

  it('keeps its distance to an element that makes its pair a map', () => {
    const document = parseYaml(Buffer.from('a: [ x: !t ]\n'))
    const pair = at(document, 'a', 0) as MapNode
    const output = Buffer.from(document.apply([{ do: 'append', into: pair, entry: entry('y', leaf(1n)) }])).toString()
    expect(treeText(parseYaml(Buffer.from(output)).tree[0]!)).toContain('y')
  })
})
