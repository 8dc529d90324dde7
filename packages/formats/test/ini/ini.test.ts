import { CodedError, type CommentNode, type Edit, type Entry, type ErrorCode, type LeafNode, type MapNode, type PlainMap, type Value } from '@waxseal/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ini } from '../../src/index.ts'
import { codeOf, entry, leaf, text } from '../nodes.ts'
import { contents, editsBetween, encryptingEdits, recordings } from '../recordings.ts'

const METADATA: PlainMap = { age: [{ enc: 'a\nb\n', recipient: 'age1' }], lastmodified: 'now', mac: 'm', version: '3.13.2' }
const BLOCK =
  '[sops]\nage__list_0__map_enc       = a\\nb\\n\nage__list_0__map_recipient = age1\nlastmodified               = now\nmac                        = m\nversion                    = 3.13.2\n'

function rootOf(source: string): MapNode {
  return ini.parse(Buffer.from(source, 'latin1')).tree[0]!
}

function applied(source: string, edits: (root: MapNode) => Edit[], metadata?: PlainMap | null): string {
  const document = ini.parse(Buffer.from(source))
  return text(document.apply(edits(document.tree[0]!), metadata))
}

function comment(of: string): CommentNode {
  return { kind: 'comment', text: of, inline: false }
}

function section(name: string, ...items: MapNode['items']): Entry {
  return entry(name, { kind: 'map', items })
}

function find(root: MapNode, ...path: readonly string[]): Entry {
  const [name, ...rest] = path
  const item = root.items.find((candidate) => candidate.kind === 'entry' && candidate.key === name) as Entry
  return rest.length === 0 ? item : find(item.value as MapNode, ...rest)
}

/** The file encrypted, with every comment, and decrypted again. */
function roundTrip(source: Buffer): { encrypted: string; decrypted: string } {
  const document = ini.parse(source)
  const encrypted = document.apply(encryptingEdits(document.tree), METADATA)
  const file = ini.parse(encrypted)
  expect(file.metadata).toEqual(METADATA)
  return { encrypted: text(encrypted), decrypted: text(file.apply(editsBetween(file.tree, document.tree), null)) }
}

describe('recordings of sops', () => {
  const files = ['ini', 'matrix', 'selectors'].flatMap(recordings).filter(({ store }) => store === 'ini')
  /** What the reference drops or writes so that it cannot read it back. */
  const DEPARTURES = /^ini\/(only-comment|comment-end|comments|defect-hash-backslash)(-clear)?$/
  const same = files.filter(({ id, decrypted }) => decrypted !== undefined && !DEPARTURES.test(id))

  it.each(same)('$id: emitted and put into the encrypted file', ({ plain, encrypted, decrypted }) => {
    const document = ini.parse(plain)
    expect(Buffer.from(ini.emit(document.tree))).toEqual(decrypted)
    const file = ini.parse(encrypted!)
    expect(Buffer.from(ini.emit(file.tree, file.metadata as PlainMap))).toEqual(encrypted)
    expect(Buffer.from(file.apply(editsBetween(file.tree, document.tree), null))).toEqual(decrypted)
  })

  /** Comments beside others move above, as in sops; continuation lines are joined; only the last value of a key is left. */
  const MOVED = /^ini\/(comments|comment-multi|multiline|dup-keys|backslash|defect-hash-backslash|random01|random07)(-clear)?$/

  it.each(files.filter(({ id, exit }) => exit === 0 && !MOVED.test(id)))('$id: encrypted in its own layout and back', ({ plain }) => {
    expect(roundTrip(plain).decrypted).toBe(text(plain))
  })

  it.each(files.filter(({ exit }) => exit === 2))('$id: is refused', ({ plain }) => {
    expect(codeOf(() => ini.parse(plain))).toBe('PARSE_FAILED')
  })
})

it('puts the value of a key that stands twice into both places, whatever stood beside the first', () => {
  const source = 'a = ; beside\na = `x#y`\n'
  expect(applied(source, () => [], METADATA)).toBe(`a = \`x#y\`\na = \`x#y\`\n\n${BLOCK}`)
})

describe('reading', () => {
  it('has sections with their comment first, and keys followed by theirs', () => {
    expect(rootOf('a = 1 ; beside\n; above\n# more\n[s] # too\n\n; of b\nb: 2\n; end\n').items).toEqual([
      section('DEFAULT', entry('a', leaf('1')), comment('beside')),
      section('s', comment('above\n# more\n# too'), entry('b', leaf('2')), comment('of b'), comment('end')),
    ])
  })

  it.each<[string, string]>([
    ['x', 'x'],
    ['  x y \t', 'x y'],
    ['"x"', 'x'],
    ["' x '", ' x '],
    ['"x" y"', '"x" y"'],
    ['x;y', 'x'],
    ['`x # y`', 'x # y'],
    ['`x` y`', 'x` y'],
    ['"""x"""', 'x'],
    ['"""x\n y\r\nz"""', 'x\n y\r\nz'],
    ['"""x"" \\\ny"""', 'x"" \\\ny'],
    ['`x\ny`', 'x\ny'],
    ['x\\\n  y\\\nz', 'xyz'],
    ['x\\\n\ny = 2', 'x'],
    ['\u00a0x', 'x'],
    ['""', ''],
    ['"', '"'],
  ])('k = %j', (written, value) => {
    const root = ini.parse(Buffer.from(`k = ${written}\n`)).tree[0]!
    expect((find(root, 'DEFAULT', 'k').value as LeafNode).value).toBe(value)
  })

  it.each<[string, string]>([
    ['a b = 1', 'a b'],
    ['`a = b` = 1', 'a = b'],
    ['"a:b" : 1', 'a:b'],
    ['"""a""" = 1', 'a'],
    ['- = 1', '#1'],
  ])('%j has a key', (line, key) => {
    expect(((rootOf(line).items[0] as Entry).value as MapNode).items).toEqual([entry(key, leaf('1'))])
  })

  it('keeps sections of one name apart, and the last value of a key in its first place', () => {
    expect(rootOf('[s]\na = 1\nb = 2\na = 3\n[s]\na = 4').items).toEqual([
      section('DEFAULT'),
      section('s', entry('a', leaf('3')), entry('b', leaf('2'))),
      section('s', entry('a', leaf('4'))),
    ])
  })

  it('skips a byte order mark and keeps bytes that are not UTF-8', () => {
    expect(rootOf('\xef\xbb\xbfa = \xff')).toEqual({ kind: 'map', items: [section('DEFAULT', entry('a', leaf(Uint8Array.of(0xff))))] })
  })

  it.each<[string, ErrorCode]>([
    ['a', 'PARSE_FAILED'],
    ['= 1', 'PARSE_FAILED'],
    ['`` = 1', 'PARSE_FAILED'],
    ['`a = 1', 'PARSE_FAILED'],
    ['[a', 'PARSE_FAILED'],
    ['[]', 'PARSE_FAILED'],
    ['a = """x', 'PARSE_FAILED'],
    ['a = `x\n', 'PARSE_FAILED'],
    ['\xff = 1', 'PARSE_ENCODING'],
    ['[\xff]', 'PARSE_ENCODING'],
    ['[sops]\n[sops]', 'METADATA_INVALID'],
    ['[sops]\na__list_1 = x', 'METADATA_INVALID'],
  ])('%j is refused', (source, code) => {
    expect(codeOf(() => rootOf(source))).toBe(code)
  })

  it('takes three quotes that end the file for text: no value can follow', () => {
    const document = ini.parse(Buffer.from('[s]\nk = """'))
    expect(find(document.tree[0]!, 's', 'k').value).toEqual(leaf('"""'))
    expect(codeOf(() => rootOf('[s]\nk = """\n'))).toBe('PARSE_FAILED')
    const encrypted = document.apply([], { mac: 'x' })
    expect(Buffer.from(encrypted).toString()).toContain(`k = '"""'\n`)
    expect(find(ini.parse(encrypted).tree[0]!, 's', 'k').value).toEqual(leaf('"""'))
  })

  it('keeps comments that are not UTF-8', () => {
    const source = Buffer.from('; caf\xe9\n[s]\n; \xe9\n; \xff\nk = 1 # \xe8\n', 'latin1')
    const document = ini.parse(source)
    const encrypted = ini.parse(document.apply(encryptingEdits(document.tree)))
    const decrypted = '; caf\xe9\n[s]\n; \xe9\n; \xff\n# \xe8\nk = 1\n'
    expect(Buffer.from(encrypted.apply(editsBetween(encrypted.tree, document.tree))).toString('latin1')).toBe(decrypted)
    expect(Buffer.from(ini.emit(document.tree)).toString('latin1')).toBe(decrypted)
  })

  it('takes linear time', () => {
    for (const line of ['`x\n', '[\n', "k = 'x\n", 'k = x\\\n', '; c\n', 'k = """\n', ' \n', 'k = "x`" ;\n']) {
      const start = performance.now()
      codeOf(() => rootOf(`k = 1\n${line.repeat(30_000)}`))
      expect(performance.now() - start, line).toBeLessThan(20_000)
    }
  })
})

describe('apply', () => {
  it('keeps alignment, delimiters, quotes and blank lines', () => {
    const source = '\n[s]\n  a   : "1"\n\n\n b=2;c\r\n'
    expect(applied(source, (root) => [{ do: 'token', node: find(root, 's', 'a').value as LeafNode, token: 'ENC[x]' }])).toBe(source.replace('1', 'ENC[x]'))
  })

  it('takes other quotes for a value that those there cannot hold', () => {
    const write = (found: string, value: string): string =>
      applied(`k = ${found}\n`, (root) => [{ do: 'value', node: find(root, 'DEFAULT', 'k').value as LeafNode, value }]).slice('k = '.length, -1)
    expect(write('x', 'a\nb')).toBe('"""a\nb"""')
    expect(write('x', 'a # b')).toBe('`a # b`')
    expect(write('x', ' a')).toBe('" a"')
    expect(write('x', 'a\\')).toBe('"a\\"')
    expect(write('x', '"a"')).toBe("'\"a\"'")
    expect(write("'x'", "it's")).toBe("it's")
    expect(write("'x'", 'y')).toBe("'y'")
    expect(write('`x`', 'y')).toBe('`y`')
    expect(() => write('x', 'a`"""\nb')).toThrow(expect.objectContaining({ code: 'EMIT_FAILED' }))
  })

  it('puts a value behind a delimiter without one', () => {
    expect(applied('k =\n', (root) => [{ do: 'value', node: find(root, 'DEFAULT', 'k').value as LeafNode, value: 'x' }])).toBe('k = x\n')
    expect(applied('k = \n', (root) => [{ do: 'value', node: find(root, 'DEFAULT', 'k').value as LeafNode, value: 'x' }])).toBe('k = x\n')
  })

  it('moves a comment beside a header above it, since the name of a section reaches to the last bracket', () => {
    expect(roundTrip(Buffer.from('[s] ; c\nk = 1\n')).encrypted).toMatch(/^; ENC\[[^\n]*\]\n\[s\]\nk = ENC/)
  })

  it('leaves nothing in an encrypted file that the reference would not see', () => {
    const { encrypted, decrypted } = roundTrip(Buffer.from('[s] secret1\n; secret2\nk = secret3 ; secret4\na = b\nk = `v` secret5\n'))
    expect(encrypted).not.toContain('secret')
    expect(decrypted).toBe('[s]\nk = v \na = b\nk = `v`\n')
    expect(applied('k = secret\nk =\n', () => [], METADATA)).not.toContain('secret')
  })

  it('encrypts a comment at the end of the file', () => {
    const { encrypted, decrypted } = roundTrip(Buffer.from('[s]\nk = 1\n\n; end\n'))
    expect(encrypted).not.toContain('end')
    expect(decrypted).toBe('[s]\nk = 1\n\n; end\n')
  })

  it('appends keys in the layout of their section, and sections before the metadata', () => {
    const edits = (root: MapNode): Edit[] => [
      { do: 'append', into: find(root, 'a').value as MapNode, entry: entry('yy', leaf('2')) },
      { do: 'append', into: find(root, 'b').value as MapNode, entry: entry('y', leaf('2')) },
      { do: 'append', into: root, entry: section('c', comment('new'), entry('k', leaf(1n))) },
    ]
    expect(applied('[a]\nx   = 1\n\n[b]\n x:1\n\n[sops]\nmac = m\n', edits)).toBe(
      '[a]\nx   = 1\nyy  = 2\n\n[b]\n x:1\n y:2\n\n; new\n[c]\nk = 1\n\n[sops]\nmac = m\n',
    )
    expect(applied('[a]\nx=1', (root) => [{ do: 'append', into: find(root, 'DEFAULT').value as MapNode, entry: entry('k', leaf('v')) }])).toBe('k = v\n\n[a]\nx=1')
  })

  it('removes keys, comments and sections', () => {
    const source = '; of a\n[a]\nx = 1 ; c\ny = 2\n\n[b]\n; of z\nz = 3\n'
    const remove = (...path: readonly [string, ...string[]]): string =>
      applied(source, (root) => [{ do: 'remove', from: path.length === 1 ? root : (find(root, path[0]).value as MapNode), item: find(root, ...path) }])
    expect(remove('a', 'x')).toBe('; of a\n[a]\ny = 2\n\n[b]\n; of z\nz = 3\n')
    expect(remove('a')).toBe('[b]\n; of z\nz = 3\n')
    expect(remove('b')).toBe('; of a\n[a]\nx = 1 ; c\ny = 2\n')
    const removeComment = (root: MapNode): Edit[] => (find(root, 'a').value as MapNode).items.flatMap((item) => (item.kind === 'comment' ? [{ do: 'remove', from: root, item }] : []))
    expect(applied(source, removeComment)).toBe('[a]\nx = 1\ny = 2\n\n[b]\n; of z\nz = 3\n')
  })

  it('replaces a section, and a value by another value only', () => {
    const by = section('s', entry('n', leaf('1'))).value
    expect(applied('[s]\na = 1\n\n[t]\n', (root) => [{ do: 'replace', node: find(root, 's').value, by }])).toBe('[s]\nn = 1\n\n[t]\n')
    expect(() => applied('[s]\na = 1\n', (root) => [{ do: 'replace', node: find(root, 's', 'a').value, by }])).toThrow('offending key a')
  })

  it('refuses nodes of another document', () => {
    expect(() => applied('', () => [{ do: 'token', node: leaf('1'), token: 'x' }])).toThrow(TypeError)
    expect(() => applied('', () => [{ do: 'append', into: { kind: 'map', items: [] }, entry: entry('a', leaf(1n)) }])).toThrow(TypeError)
  })
})

describe('metadata', () => {
  it.each(['', '\n', 'a = 1', 'a = 1\n', '[s]\n', 'a = 1\n\n', 'a = 1\r\n', 'a = 1\r\nb = 2', '; c'])('leave no trace in %j', (source) => {
    expect(roundTrip(Buffer.from(source)).decrypted).toBe(source)
  })

  it('stand in a section at the end, flattened, with line breaks escaped', () => {
    expect(applied('[s]\na = 1\n', () => [], METADATA)).toBe(`[s]\na = 1\n\n${BLOCK}`)
    expect(applied('', () => [], METADATA)).toBe(BLOCK)
  })

  it('are read in both forms that there are', () => {
    expect(ini.parse(Buffer.from(BLOCK)).metadata).toEqual(METADATA)
    expect(ini.parse(Buffer.from(BLOCK.replace('a\\nb\\n', '"""a\nb\n"""'))).metadata).toEqual(METADATA)
  })

  it('change key by key, else stay in their place', () => {
    const source = `${BLOCK.replace('= m', '=m')}\n[s]\na = 1\n`
    expect(applied(source, () => [], { ...METADATA, mac: 'new' })).toBe(source.replace('=m', '=new'))
    expect(applied(source, () => [], { mac: 'x' })).toBe('[sops]\nmac = x\n\n[s]\na = 1\n')
    expect(applied(source, () => [], null)).toBe('[s]\na = 1\n')
  })
})

describe('emit', () => {
  function emitted(...sections: readonly Entry[]): string {
    return text(ini.emit([{ kind: 'map', items: sections }]))
  }

  it('quotes a name with quotes of one kind in those of another, and refuses what no quotes can hold', () => {
    const named = (key: string): string => text(ini.emit([{ kind: 'map', items: [section('s', entry(key, leaf('1')))] }]))
    expect(named('"a=b`')).toBe('[s]\n""""a=b`""" = 1\n')
    expect(find(rootOf(named('"a=b`')), 's', '"a=b`').value).toMatchObject({ value: '1' })
    for (const key of ['`"""', ' a', 'a ', '-']) expect(codeOf(() => named(key))).toBe('EMIT_FAILED')
  })

  it('aligns keys and quotes names that need it', () => {
    expect(emitted(section('s', entry('a=b', leaf('1')), entry('x`', leaf('')), entry('#c', leaf('2'))))).toBe('[s]\n`a=b`    = 1\n"""x`""" = \n`#c`     = 2\n')
  })

  it('writes no header for the first section if it is the default one', () => {
    expect(emitted(section('DEFAULT'), section('a', entry('k', leaf('v'))))).toBe('[a]\nk = v\n')
    expect(emitted(section('DEFAULT', entry('k', leaf('v'))), section('a'))).toBe('k = v\n\n[a]\n')
    expect(emitted(section('a'), section('DEFAULT', entry('k', leaf('v'))))).toBe('[a]\n\n[DEFAULT]\nk = v\n')
  })

  it('keeps all comments of a key', () => {
    expect(emitted(section('s', entry('a', leaf(true)), comment('one'), comment(' two\n#three')))).toBe('[s]\n; one\n; two\n# three\na = true\n')
  })

  it.each([
    [section('sops'), METADATA, 'reserved'],
    [entry('a', leaf(1n)), undefined, 'Section values should always be TreeBranches'],
    [section('s', entry('m', { kind: 'map', items: [] })), undefined, 'offending key m'],
    [section(''), undefined, 'empty section name'],
    [section('s', entry('', leaf(1n))), undefined, 'empty key name'],
    [section('s', entry('a\nb', leaf(1n))), undefined, 'line break'],
  ])('refuses %o', (item, metadata, problem) => {
    expect(() => ini.emit([{ kind: 'map', items: [item] }], metadata)).toThrow(problem)
  })

  it('has single values as compact JSON', () => {
    expect(text(ini.emitValue({ kind: 'list', items: [leaf('<'), leaf(1.5)] }))).toBe(String.raw`["\u003c",1.5]`)
  })

  it('offers the example of the reference', () => {
    expect(ini.example).toBe(';  This is an example file.\n[Welcome!]\nhello       = Welcome to SOPS! Edit this file as you please!\nexample_key = example_value\n')
  })
})

describe('properties', () => {
  const value = fc.string({ unit: fc.constantFrom('a', 'é', ' ', '\\', '"', "'", '`', '#', ';', '=', '\n', '\u00a0', '\t') })

  it('a value that can be written reads back', () => {
    fc.assert(
      fc.property(value, (wanted) => {
        try {
          const root = ini.parse(ini.emit([{ kind: 'map', items: [section('s', entry('k', leaf(wanted)), entry('l', leaf('x')))] }])).tree[0]!
          expect(root.items[1]).toEqual(section('s', entry('k', leaf(wanted)), entry('l', leaf('x'))))
        } catch (error) {
          if (!(error instanceof CodedError)) throw error
          expect(error.code).toBe('EMIT_FAILED')
          expect(wanted).toMatch(/["`]/)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('encrypting keeps everything but values and comments, and decrypting gives the tree back', () => {
    const line = fc.oneof(value.map((written) => `k = ${written}`), value.map((name) => `[s${name}]`), value.map((words) => `; ${words}`), fc.constant(''))
    fc.assert(
      fc.property(fc.array(line), fc.boolean(), (lines, final) => {
        const source = Buffer.from(lines.join('\n') + (final ? '\n' : ''))
        fc.pre(codeOf(() => ini.parse(source)) === undefined)
        // an empty comment is dropped, and the lines of one comment are spaced alike
        const spacedAlike = (comment: string): string => comment.split('\n').map((part) => part.replace(/^([;#]) */, '$1')).join('\n')
        const shown = (bytes: Uint8Array): Value[] =>
          [...contents(ini.parse(bytes).tree)].filter((node) => node.kind === 'leaf' || node.text !== '').map((node) => (node.kind === 'leaf' ? node.value : spacedAlike(node.text)))
        const before = shown(source)
        const { encrypted, decrypted } = roundTrip(source)
        expect(shown(Buffer.from(decrypted))).toEqual(before)
        for (const node of contents(ini.parse(source).tree)) {
          const plain = node.kind === 'leaf' ? (node.value as string) : node.text
          if (plain.length > 6) expect(encrypted).not.toContain(plain)
        }
      }),
      { numRuns: 500 },
    )
  })
})
