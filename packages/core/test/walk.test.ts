import { describe, expect, it } from 'vitest'
import { applyEdits } from '../src/edited-tree.ts'
import { createRandomSource } from '../src/random.ts'
import { compileSelector, DEFAULT_SELECTION, type Selection } from '../src/selector.ts'
import { type MapNode, Timestamp, type Tree, type ValueNode } from '../src/tree.ts'
import { createValueCipher, type ValueCipher } from '../src/value-cipher.ts'
import { decryptTree, encryptTree } from '../src/walk.ts'
import { codeOf, comment, DATA_KEY, fixedNonce, leaf, list, map, show } from './support.ts'

const cipher = createValueCipher(DATA_KEY, { random: createRandomSource() })
/** Shows as `enc(value@path)` what would be encrypted. */
const tracer: ValueCipher = {
  encrypt: (value, path) => `enc(${typeof value === 'object' ? Object.values(value).join('') : String(value)}@${path})`,
  decrypt: (token) => token,
}

async function traced(tree: Tree, selection: Selection | null): Promise<unknown> {
  const { edits } = encryptTree(tree, { cipher: tracer, selector: await compileSelector(selection), macOnlyEncrypted: false })
  return show(applyEdits(tree, edits))
}

async function roundTrip(tree: Tree, selection: Selection | null = DEFAULT_SELECTION, macOnlyEncrypted = false) {
  const selector = await compileSelector(selection)
  const encrypted = encryptTree(tree, { cipher, selector, macOnlyEncrypted })
  const stored = applyEdits(tree, encrypted.edits)
  const decrypted = decryptTree(stored, { cipher, selector, macOnlyEncrypted })
  return { encrypted, decrypted, plain: applyEdits(stored, decrypted.edits) }
}

const everyType = (): Tree => [
  map(
    comment(' note'), 'a', 'hello', 'n', { i: 42n, f: 1.5, b: true }, 't', new Timestamp('2024-01-01T00:00:00Z'),
    'u_unencrypted', true, 'l', list(comment(' in list'), 'x'),
  ),
]

describe('MAC', () => {
  it('is the reference\'s, over all values and over encrypted ones', async () => {
    const selector = await compileSelector(DEFAULT_SELECTION)
    const options = { cipher: createValueCipher(DATA_KEY, { random: fixedNonce }), selector }
    const { mac } = encryptTree(everyType(), { ...options, macOnlyEncrypted: false })
    expect(mac).toBe(
      '40F6BECC81E59134AD7B0B375C4D9B352DA468F7A62F99A3EF75B53EF64FB88D48ADE750920EE6B62136D9C8068994A15DC2E6C6DE7CFE1EF58ABB187EF37B5F',
    )
    expect(encryptTree(everyType(), { ...options, macOnlyEncrypted: true }).mac).toBe(
      '6B237AE4900A6FF2AED9335B6391F2DA9E63F5EA766C8855D2A710AE586F002CCEA2E7AB984524372C78D47943402D2F769522B01183BE6C3AADCB18C954CBD3',
    )
    const stored = options.cipher.encrypt(mac, '2024-06-01T12:00:00Z')
    expect(stored).toContain('ENC[AES256_GCM,data:I/G3fs9KlWD+YCNC37FSy8bVgOZbtRpnknMJk6ZN')
    expect(stored).toContain('tag:k552v+1A9yklLw/5yMMGkg==')
  })

  it('covers a clear value as it will be read back', async () => {
    const last = leaf('text')
    const tree = [map('x_unencrypted', last)]
    const selector = await compileSelector(DEFAULT_SELECTION)
    const shifted = encryptTree(tree, { cipher, selector, macOnlyEncrypted: false, shifted: new Map([[last, 'text\n']]) })
    const asRead = encryptTree([map('x_unencrypted', 'text\n')], { cipher, selector, macOnlyEncrypted: false })
    expect(shifted.mac).toBe(asRead.mac)
  })

  it('covers canonical text, however a clear number is written', async () => {
    const selector = await compileSelector(DEFAULT_SELECTION)
    const of = (value: number | string) => decryptTree([map('x_unencrypted', value)], { cipher, selector, macOnlyEncrypted: false }).mac
    expect(of(1e21)).toBe(of('1000000000000000000000'))
  })
})

describe('walk', () => {
  it('decrypts what it encrypted, comments and types included', async () => {
    for (const macOnlyEncrypted of [false, true]) {
      const { encrypted, decrypted, plain } = await roundTrip(everyType(), DEFAULT_SELECTION, macOnlyEncrypted)
      expect(show(plain)).toStrictEqual(show(everyType()))
      expect(decrypted.mac).toBe(encrypted.mac)
      expect(decrypted.clearComments).toStrictEqual([])
    }
  })

  it('binds a value to its keys; indices and documents count for nothing, comments to their container', async () => {
    const tree = [
      map(comment('top'), 'a', { b: 'v' }, 'l', list('x', list('y'), map('k', 'z'), comment('in')), 'm', map(comment('c'), 'd', 1n)),
      map('', 'empty', 'x:y', 'colon'),
    ]
    expect(await traced(tree, null)).toStrictEqual([
      [
        '#enc(top@:)',
        ['a', [['b', 'enc(v@a:b:)']]],
        ['l', ['enc(x@l:)', ['enc(y@l:)'], [['k', 'enc(z@l:k:)']], '#enc(in@l:)']],
        ['m', ['#enc(c@m:)', ['d', 'enc(1@m:d:)']]],
      ],
      [['', 'enc(empty@:)'], ['x:y', 'enc(colon@x:y:)']],
    ])
  })

  it('leaves nulls, empty texts and empty containers alone', async () => {
    const tree = [map('n', null, 's', '', 'm', {}, 'l', [], comment(''))]
    const { encrypted, decrypted } = await roundTrip(tree)
    expect(encrypted.edits).toStrictEqual([])
    expect(decrypted.edits).toStrictEqual([])
    expect(decrypted.clearComments).toStrictEqual([])
  })

  it('keeps duplicate keys and every document of a stream', async () => {
    const tree = [map('a', '1', 'a', '2'), map('b', '3')]
    expect(show((await roundTrip(tree)).plain)).toStrictEqual(show(tree))
  })

  it('reads a comment of a list that is stored as a string, outside the MAC', async () => {
    const selector = await compileSelector(DEFAULT_SELECTION)
    const plain = encryptTree([map('l', list(comment(' c'), 'x'))], { cipher, selector, macOnlyEncrypted: false })
    const [token, other] = plain.edits.map((edit) => (edit.do === 'token' ? edit.token : ''))
    const stored = [map('l', list(token ?? '', other ?? ''))]
    const decrypted = decryptTree(stored, { cipher, selector, macOnlyEncrypted: false })
    expect(decrypted.mac).toBe(plain.mac)
    expect(show(applyEdits(stored, decrypted.edits))).toStrictEqual([[['l', ['# c', 'x']]]])
  })

  it('notices a map value whose type was changed to comment', async () => {
    const selector = await compileSelector(DEFAULT_SELECTION)
    const tree = [map('a', 'hello')]
    const { edits, mac } = encryptTree(tree, { cipher, selector, macOnlyEncrypted: false })
    const [edit] = edits
    const stored = [map('a', edit?.do === 'token' ? edit.token.replace('type:str', 'type:comment') : '')]
    const decrypted = decryptTree(stored, { cipher, selector, macOnlyEncrypted: false })
    expect(decrypted.mac).not.toBe(mac)
    expect(show(applyEdits(stored, decrypted.edits))).toStrictEqual([[['a', 'hello']]])
  })

  it('keeps and reports comments that are not encrypted, in maps and in lists', async () => {
    const selector = await compileSelector(DEFAULT_SELECTION)
    const [top, inList, foreign] = [comment(' clear'), comment(' clear too'), comment('ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAAAAAAAAAAAAAAAAAAAA==,type:comment]')]
    const tree = [map(top, foreign, 'l', list(inList))]
    const { edits, clearComments } = decryptTree(tree, { cipher, selector, macOnlyEncrypted: false })
    expect(edits).toStrictEqual([])
    expect(clearComments).toStrictEqual([top, foreign, inList])
  })

  it('refuses a clear value where a token is expected', async () => {
    const selector = await compileSelector(DEFAULT_SELECTION)
    for (const value of ['text', 5n, true, 1.5, Buffer.from([0xff])]) {
      expect(codeOf(() => decryptTree([map('a', value)], { cipher, selector, macOnlyEncrypted: false }))).toBe('VALUE_MALFORMED')
    }
  })

  it('refuses integers of more than 64 bits, encrypted or clear', async () => {
    const selector = await compileSelector(DEFAULT_SELECTION)
    for (const key of ['a', 'a_unencrypted']) {
      const tree = [map(key, 2n ** 63n)]
      expect(codeOf(() => encryptTree(tree, { cipher, selector, macOnlyEncrypted: false }))).toBe('VALUE_UNSUPPORTED')
      expect(codeOf(() => decryptTree(tree, { cipher, selector, macOnlyEncrypted: false }))).toBe('VALUE_UNSUPPORTED')
    }
  })

  it('takes thousands of levels, and refuses more with an error', async () => {
    const selector = await compileSelector(DEFAULT_SELECTION)
    const nested = (levels: number): Tree => {
      let node: ValueNode = leaf('deep')
      for (let level = 0; level < levels; level += 1) node = level % 2 === 0 ? list(node) : map('k', node)
      return [map('root', node)]
    }
    const deep = nested(9_998)
    const { edits } = encryptTree(deep, { cipher, selector, macOnlyEncrypted: false })
    expect(decryptTree(applyEdits(deep, edits), { cipher, selector, macOnlyEncrypted: false }).edits).toHaveLength(1)
    expect(codeOf(() => encryptTree(nested(20_000), { cipher, selector, macOnlyEncrypted: false }))).toBe('PARSE_LIMIT')
  })
})

it('a value below the longest keys is authenticated, many of them are refused', async () => {
  const selector = await compileSelector(DEFAULT_SELECTION)
  const nested = (levels: number, keyLength: number): Tree => {
    let node: ValueNode = leaf('deep')
    for (let level = 0; level < levels; level += 1) node = map('k'.repeat(keyLength), node, 'v', leaf(1n))
    return [node as MapNode]
  }
  expect(encryptTree(nested(9_000, 10), { cipher: tracer, selector, macOnlyEncrypted: false }).edits).toHaveLength(9_001)
  expect(codeOf(() => encryptTree(nested(9_000, 1000), { cipher: tracer, selector, macOnlyEncrypted: false }))).toBe('PARSE_LIMIT')
})

describe('selection', () => {
  const pick = (setting: Selection['setting'], pattern: string) => ({ setting, pattern })

  it.each([
    [pick('unencrypted_suffix', '_clear'), [['a', 'enc(1@a:)'], ['b_clear', [['c', '2']]], ['d_CLEAR', 'enc(3@d_CLEAR:)']]],
    [pick('encrypted_suffix', '_clear'), [['a', '1'], ['b_clear', [['c', 'enc(2@b_clear:c:)']]], ['d_CLEAR', '3']]],
    [pick('unencrypted_regex', '^(a|c)$'), [['a', '1'], ['b_clear', [['c', '2']]], ['d_CLEAR', 'enc(3@d_CLEAR:)']]],
    [pick('encrypted_regex', '(?i)CLEAR'), [['a', '1'], ['b_clear', [['c', 'enc(2@b_clear:c:)']]], ['d_CLEAR', 'enc(3@d_CLEAR:)']]],
  ])('%j decides for a key and everything below it', async (selection, expected) => {
    expect(await traced([map('a', '1', 'b_clear', { c: '2' }, 'd_CLEAR', '3')], selection)).toStrictEqual([expected])
  })

  it('a comment obeys the keys of its container, not the key that it stands above', async () => {
    const tree = [map(comment('above'), 'a_unencrypted', map(comment('inside'), 'k', 'v'))]
    expect(await traced(tree, DEFAULT_SELECTION)).toStrictEqual([['#enc(above@:)', ['a_unencrypted', ['#inside', ['k', 'v']]]]])
  })

  it('encrypted_comment_regex governs the next item with all below it, not the comment itself', async () => {
    const tree = [map('a', '1', comment('secret'), comment('note'), 'b', { c: '2', d: list('3') }, 'e', '4', 'l', list('5', comment('secret'), '6', '7'))]
    expect(await traced(tree, pick('encrypted_comment_regex', 'secret'))).toStrictEqual([
      [
        ['a', '1'], '#secret', '#enc(note@:)', ['b', [['c', 'enc(2@b:c:)'], ['d', ['enc(3@b:d:)']]]], ['e', '4'],
        ['l', ['5', '#secret', 'enc(6@l:)', '7']],
      ],
    ])
  })

  it('unencrypted_comment_regex leaves the comment and the next item clear', async () => {
    const tree = [map('a', '1', comment('public'), 'b', { c: '2' }, comment('other'), 'd', null, 'e', '3')]
    expect(await traced(tree, pick('unencrypted_comment_regex', 'public'))).toStrictEqual([
      [['a', 'enc(1@a:)'], '#public', ['b', [['c', '2']]], '#enc(other@:)', ['d', null], ['e', 'enc(3@e:)']],
    ])
  })

  it('a null clears the comments that govern, like every other item', async () => {
    const tree = [map(comment('secret'), 'n', null, 'a', '1')]
    expect(await traced(tree, pick('encrypted_comment_regex', 'secret'))).toStrictEqual([['#secret', ['n', null], ['a', '1']]])
  })

  it('a comment selection reads back what it wrote, in lists too', async () => {
    const tree = [map('l', list(comment('secret'), comment('more'), 'x', 'y'), comment('secret'), 'm', map(comment('in'), 'k', 1n), 'c', 'clear')]
    for (const setting of ['encrypted_comment_regex', 'unencrypted_comment_regex'] as const) {
      const { encrypted, decrypted, plain } = await roundTrip(tree, pick(setting, 'secret'))
      expect(show(plain)).toStrictEqual(show(tree))
      expect(decrypted.mac).toBe(encrypted.mac)
    }
  })

  it('refuses an unencrypted_comment_regex that matches tokens', async () => {
    const selector = await compileSelector(pick('unencrypted_comment_regex', '^ENC'))
    expect(codeOf(() => encryptTree([map(comment('c'))], { cipher, selector, macOnlyEncrypted: false }))).toBe('SELECTOR_CONFLICT')
  })

  it('null selects everything', async () => {
    expect(await traced([map('data_unencrypted', 'x')], null)).toStrictEqual([[['data_unencrypted', 'enc(x@data_unencrypted:)']]])
  })
})

describe('edited tree', () => {
  it('replaces, appends and removes, and shares what is untouched', () => {
    const untouched = map('k', 'v')
    const inner = list('1', '2')
    const tree = [map('a', 'old', 'l', inner, 'u', untouched)]
    const [first] = tree[0]!.items
    const edits = [
      { do: 'replace', node: (first as { value: ValueNode }).value, by: map('new', 'x') },
      { do: 'append', into: inner, item: leaf('3') },
      { do: 'remove', from: inner, item: inner.items[0]! },
      { do: 'append', into: tree[0]!, entry: { kind: 'entry', key: 'z', value: leaf(null) } },
    ] as const
    const after = applyEdits(tree, edits)
    expect(show(after)).toStrictEqual([[['a', [['new', 'x']]], ['l', ['2', '3']], ['u', [['k', 'v']]], ['z', null]]])
    expect((after[0]!.items[2] as { value: ValueNode }).value).toBe(untouched)
    expect(applyEdits(tree, [])[0]).toBe(tree[0])
    expect(inner.items).toHaveLength(2)
  })
})
