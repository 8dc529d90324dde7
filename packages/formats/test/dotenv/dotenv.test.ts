import type { Edit, Entry, ErrorCode, LeafNode, MapNode, PlainMap } from '@waxseal/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dotenv } from '../../src/index.ts'
import { codeOf, entry, leaf, text } from '../nodes.ts'
import { contents, editsBetween, encryptingEdits, recordings } from '../recordings.ts'

const METADATA: PlainMap = { age: [{ enc: 'a\nb\n', recipient: 'age1' }], lastmodified: 'now', mac: 'm', version: '3.13.2' }
const BLOCK = 'sops_age__list_0__map_enc=a\\nb\\n\nsops_age__list_0__map_recipient=age1\nsops_lastmodified=now\nsops_mac=m\nsops_version=3.13.2'

function applied(source: string, edits: (root: MapNode) => Edit[], metadata?: PlainMap | null): string {
  const document = dotenv.parse(Buffer.from(source))
  return text(document.apply(edits(document.tree[0]!), metadata))
}

function valueOf(root: MapNode, key: string): LeafNode {
  return (root.items.find((item) => item.kind === 'entry' && item.key === key) as Entry).value as LeafNode
}

describe('recordings of sops', () => {
  const files = ['dotenv', 'matrix', 'selectors'].flatMap(recordings).filter(({ store }) => store === 'dotenv')

  it.each(files.filter(({ decrypted }) => decrypted !== undefined))('$id', ({ plain, encrypted, decrypted }) => {
    const document = dotenv.parse(plain)
    expect(Buffer.from(dotenv.emit(document.tree))).toEqual(decrypted)
    const file = dotenv.parse(encrypted!)
    expect(Buffer.from(dotenv.emit(file.tree, file.metadata as PlainMap))).toEqual(encrypted)
    expect(Buffer.from(file.apply(editsBetween(file.tree, document.tree), null))).toEqual(decrypted)
    const ours = dotenv.parse(document.apply(encryptingEdits(document.tree), file.metadata as PlainMap))
    expect(ours.metadata).toEqual(file.metadata)
    expect(Buffer.from(ours.apply(editsBetween(ours.tree, document.tree), null))).toEqual(plain)
  })

  it.each(files.filter(({ exit }) => exit === 2))('$id: is refused', ({ plain }) => {
    expect(codeOf(() => dotenv.parse(plain))).toBe('PARSE_FAILED')
  })
})

describe('lines', () => {
  it('are taken literally', () => {
    const { tree } = dotenv.parse(Buffer.from('# c\nA="x" # y\nexport B= 1 =\\n2\r\n\n=e\n'))
    expect(tree[0]!.items).toEqual([
      { kind: 'comment', text: ' c', inline: false },
      entry('A', leaf('"x" # y')),
      entry('export B', leaf(' 1 =\n2\r')),
      entry('', leaf('e')),
    ])
  })

  it('may hold values and comments that are not UTF-8', () => {
    const source = Buffer.from('#caf\xe9\nA=\xff\\n\xfe\n', 'latin1')
    const document = dotenv.parse(source)
    expect([...contents(document.tree)]).toEqual([{ kind: 'comment', text: 'caf\udce9', inline: false }, leaf(Uint8Array.of(0xff, 0x0a, 0xfe))])
    expect(Buffer.from(dotenv.emit(document.tree))).toEqual(source)
    const encrypted = dotenv.parse(document.apply(encryptingEdits(document.tree)))
    expect(Buffer.from(encrypted.apply(editsBetween(encrypted.tree, document.tree)))).toEqual(source)
  })

  it.each<[string, ErrorCode]>([
    ['A', 'PARSE_FAILED'],
    ['A=1\n \n', 'PARSE_FAILED'],
    ['A=1\r\n\r\n', 'PARSE_FAILED'],
    ['\xff=1', 'PARSE_ENCODING'],
    ['sops_a__list_1=x', 'METADATA_INVALID'],
    ['sops_a=x\nsops_a__map_b=y', 'METADATA_INVALID'],
    ['sops_a=x\nsops_a=y', 'METADATA_INVALID'],
    [`sops_${'a__map_'.repeat(200)}=x`, 'METADATA_INVALID'],
  ])('%j is refused', (source, code) => {
    expect(codeOf(() => dotenv.parse(Buffer.from(source, 'latin1')))).toBe(code)
  })
})

describe('apply', () => {
  it('keeps blank lines, carriage returns and the missing end', () => {
    const edits = (root: MapNode): Edit[] => [{ do: 'value', node: valueOf(root, 'B'), value: 'two\nlines' }]
    expect(applied('\nA=1\r\n\n\nB=2\n\nC=3', edits)).toBe('\nA=1\r\n\n\nB=two\\nlines\n\nC=3')
  })

  it('writes other types as the reference does', () => {
    const typed = [true, 5n, 1, 1.5e10, null, Infinity].map((value, at) => entry(`K${at}`, leaf(value)))
    expect(applied('', (root) => typed.map((added) => ({ do: 'append', into: root, entry: added })))).toBe(
      'K0=true\nK1=5\nK2=1.0\nK3=1.5E+10\nK4=<nil>\nK5=+Inf\n',
    )
  })

  it('appends before the metadata and removes whole lines', () => {
    const edits = (root: MapNode): Edit[] => [
      { do: 'remove', from: root, item: root.items[0]! },
      { do: 'append', into: root, entry: entry('C', leaf('3')) },
    ]
    expect(applied('A=1\n#c\nB=2\nsops_mac=m\n', edits)).toBe('#c\nB=2\nC=3\nsops_mac=m\n')
    expect(applied('A=1', edits, METADATA)).toBe(`C=3\n${BLOCK}`)
  })

  it('has no place for maps and lists', () => {
    const edits = (root: MapNode): Edit[] => [{ do: 'replace', node: valueOf(root, 'A'), by: { kind: 'list', items: [] } }]
    expect(() => applied('A=1', edits)).toThrow('cannot use complex value in dotenv file; offending key A')
  })

  it('refuses nodes of another document', () => {
    expect(() => applied('A=1', () => [{ do: 'token', node: leaf('1'), token: 'x' }])).toThrow(TypeError)
  })
})

describe('metadata', () => {
  it('stand at the end, flattened, and leave no trace', () => {
    expect(applied('A=1\n', () => [], METADATA)).toBe(`A=1\n${BLOCK}\n`)
    expect(applied('A=1', () => [], METADATA)).toBe(`A=1\n${BLOCK}`)
    expect(applied(`A=1\n${BLOCK}`, () => [], null)).toBe('A=1')
    expect(applied(`A=1\n${BLOCK}\nB=2`, () => [], null)).toBe('A=1\nB=2')
  })

  it('change line by line while their keys stay', () => {
    const source = 'sops_version=1\nA=1\nsops_mac=m'
    expect(applied(source, () => [], { mac: 'new', version: '2' })).toBe('sops_version=2\nA=1\nsops_mac=new')
    expect(applied(source, () => [], { mac: 'new' })).toBe('A=1\nsops_mac=new')
  })

  it('are read as strings, in nested form', () => {
    expect(dotenv.parse(Buffer.from(BLOCK)).metadata).toEqual(METADATA)
    expect(dotenv.parse(Buffer.from('sops_kms__list_0__map_context__map_a=x\nsops_l__list_1=b\nsops_l__list_0=a')).metadata).toEqual({
      kms: [{ context: { a: 'x' } }],
      l: ['a', 'b'],
    })
    expect(dotenv.parse(Buffer.from('sops=1')).metadata).toBeUndefined()
  })
})

describe('emit', () => {
  it.each([
    [entry('sops_x', leaf('1')), METADATA, 'reserved'],
    [entry('a=b', leaf('1')), undefined, 'cannot be written'],
    [entry('a\nb', leaf('1')), undefined, 'cannot be written'],
    [entry('#a', leaf('1')), undefined, 'cannot be written'],
    [entry('a', { kind: 'map', items: [] }), undefined, 'complex value'],
  ])('refuses %o', (item, metadata, problem) => {
    expect(() => dotenv.emit([{ kind: 'map', items: [item] }], metadata)).toThrow(problem)
  })

  it('keeps a comment of several lines a comment, and carriage returns', () => {
    expect(text(dotenv.emit(dotenv.parse(Buffer.from('# a\r\nA=1\n')).tree))).toBe('# a\r\nA=1\n')
    expect(text(dotenv.emit([{ kind: 'map', items: [{ kind: 'comment', text: ' a\nb', inline: false }] }]))).toBe('# a\n#b\n')
  })

  it('has single values for strings only', () => {
    expect(text(dotenv.emitValue(leaf('x\n')))).toBe('x\n')
    for (const [value, type] of [[1n, 'int'], [1.5, 'float64'], [true, 'bool'], [null, '<nil>']] as const) {
      expect(() => dotenv.emitValue(leaf(value))).toThrow(`the dotenv store only supports emitting strings, got ${type}`)
    }
  })

  it('offers the example of the reference', () => {
    expect(dotenv.example).toBe('# This is an example file.\nhello=Welcome to SOPS! Edit this file as you please!\nexample_key=example_value\nexample_multiline=foo\\nbar\\nbaz\n')
  })
})

it('encrypting and decrypting any lines gives their bytes back', () => {
  const line = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', 'é', '=', '\\n', '\\', '\r', '"', '#') }).map((value) => `K=${value}`),
    fc.string().map((comment) => `#${comment.replaceAll('\n', '')}`),
    fc.constant(''),
  )
  fc.assert(
    fc.property(fc.array(line), fc.boolean(), (lines, final) => {
      const source = Buffer.from(lines.join('\n') + (final ? '\n' : ''))
      const document = dotenv.parse(source)
      const encrypted = dotenv.parse(document.apply(encryptingEdits(document.tree), METADATA))
      expect(Buffer.from(encrypted.apply(editsBetween(encrypted.tree, document.tree), null))).toEqual(source)
    }),
  )
})
