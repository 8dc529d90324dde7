import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Document, Edit } from '../src/document.ts'
import { applyEdits } from '../src/edited-tree.ts'
import { encryptDocument, type EncryptRequest } from '../src/encrypt-document.ts'
import { readSpellings, withoutHint, withSpellings } from '../src/layout-hint.ts'
import { openDocument, unlockDocument, type OpenedDocument, type OpenRequest } from '../src/open-document.ts'
import { createRandomSource } from '../src/random.ts'
import { rewrapDocument, rotateDocument, saveDocument } from '../src/save-document.ts'
import { setAt, unsetAt } from '../src/tree-path.ts'
import type { Plain, PlainMap, Tree, ValueNode } from '../src/tree.ts'
import { createValueCipher } from '../src/value-cipher.ts'
import { changedDocument, comment, DATA_KEY, document, fakeProvider, fakeRef, fixedNonce, KEY_BYTES, leaf, list, map, providers, show } from './support.ts'

const known = providers(fakeProvider('age'))
const request: EncryptRequest = { groups: [[fakeRef('alice')]], version: '3.13.2', providers: known, isReservedKey: (key) => key === 'sops' }
const random = createRandomSource()

/** A format that would write every encrypted leaf in capitals, and that takes any spelling. */
function spelledDocument(tree: Tree, metadata?: Plain): Document {
  const spellings = (edits: readonly Edit[]) =>
    new Map(edits.flatMap((edit) => (edit.do === 'token' && edit.node.kind === 'leaf' ? [[edit.node, (edit.node.value as string).toUpperCase()] as const] : [])))
  return { ...document(tree, metadata), spellings }
}

const plain = (): Tree => [map('a', 'one', 'l', list(comment(' c'), 'x', 'y', map('k', 'v')), 'n', 'two'), map('a', 'other')]

async function encrypt(tree: Tree = plain(), options: Partial<EncryptRequest> = {}): Promise<Document> {
  const before = spelledDocument(tree)
  const after = changedDocument(before, await encryptDocument(before, { ...request, ...options }))
  return spelledDocument(after.tree, after.metadata)
}

const open = (file: Document, options: Partial<OpenRequest> = {}): Promise<OpenedDocument> => openDocument(file, { providers: known, ...options })
const block = ({ metadata }: { readonly metadata?: Plain | undefined }): PlainMap => metadata as PlainMap
const hintOf = (of: { readonly metadata?: Plain | undefined }): Plain | undefined => (block(of)['waxseal'] as PlainMap | undefined)?.['layout']
const spelled = ({ edits }: OpenedDocument): (string | undefined)[] => edits.flatMap((edit) => (edit.do === 'value' ? [edit.spelling] : []))

describe('a layout hint', () => {
  it('gives every spelling back at its place', async () => {
    const opened = await open(await encrypt())
    expect(spelled(opened)).toStrictEqual(['ONE', 'X', 'Y', 'V', 'TWO', 'OTHER'])
  })

  it('is a token of its own associated data', async () => {
    const file = await encrypt()
    const { dataKey } = await unlockDocument(file, { providers: known })
    const text = createValueCipher(dataKey, { random }).decrypt(hintOf(file) as string, 'waxseal layout')
    expect(text).toBe('[[[0,"a"],"ONE"],[[0,"l",0],"X"],[[0,"l",1],"Y"],[[0,"l",2,"k"],"V"],[[0,"n"],"TWO"],[[1,"a"],"OTHER"]]')
  })

  it('is absent where nothing needs it, where it is not wanted, and where a format has none', async () => {
    expect(block(await encrypt([map('a_unencrypted', 'x')]))).not.toHaveProperty('waxseal')
    expect(block(await encrypt(plain(), { layoutHint: false }))).not.toHaveProperty('waxseal')
    expect((await encryptDocument(document(plain()), request)).metadata).not.toHaveProperty('waxseal')
  })

  it('is as good as absent where a place is lists in lists without end', () => {
    const [cipher, tree] = [createValueCipher(DATA_KEY, { random }), [map('a', 'x')]]
    const token = cipher.encrypt(`[[${'['.repeat(100_000)}${']'.repeat(100_000)},"x"],[[0,"a"],"X"]]`, 'waxseal layout')
    const spellings = readSpellings({ waxseal: { layout: token } }, tree, DATA_KEY)
    expect([...spellings.values()]).toStrictEqual(['X'])
  })

  it('tells entries of one key apart', () => {
    const [third, fourth] = [leaf('3'), leaf('4')]
    const tree = [map('a', '1', 'b', map('c', '2'), 'a', third, 'b', map('c', fourth))]
    const spellings = new Map([[third, 'third'], [fourth, 'fourth']])
    const found = withSpellings({}, tree, spellings, DATA_KEY, random)
    expect([...readSpellings(found, tree, DATA_KEY)]).toStrictEqual([...spellings])
  })

  it('holds aliases of maps, lists and clear values', async () => {
    const [inner, other, clear] = [list('x'), map('k', 'v'), leaf('w')]
    const tree = [map('a', inner, 'b', map('c', other), 'd_unencrypted', clear)]
    const before = { ...document(tree), spellings: () => new Map<ValueNode, string>([[inner, ' *one'], [other, ' *two'], [clear, ' *three']]) }
    const { edits } = await open(changedDocument(before, await encryptDocument(before, request)))
    expect(edits.flatMap((edit) => (edit.do === 'alias' ? [[edit.node.kind, edit.spelling]] : []))).toStrictEqual([['list', ' *one'], ['map', ' *two'], ['leaf', ' *three']])
    expect(show(applyEdits([map('a', inner)], [{ do: 'alias', node: inner, spelling: ' *one' }]))).toStrictEqual([[['a', ['x']]]])
  })

  it('leaves the rest of the key alone', () => {
    const value = leaf('1')
    const found = withSpellings({ waxseal: { other: 'kept' }, x: 'y' }, [map('a', value)], new Map([[value, 'ONE']]), DATA_KEY, random)
    expect(found).toEqual({ waxseal: { other: 'kept', layout: expect.stringMatching(/^ENC\[/) as string }, x: 'y' })
    expect(withoutHint(found)).toEqual({ waxseal: { other: 'kept' }, x: 'y' })
    expect(withoutHint({ waxseal: { layout: 'z' }, x: 'y' })).toEqual({ x: 'y' })
    expect(withoutHint({ waxseal: 'text' })).toEqual({ waxseal: 'text' })
  })
})

describe('a layout hint that is wrong', () => {
  const tree = [map('a', 'one')]
  const seal = (text: string, path = 'waxseal layout'): PlainMap => ({ waxseal: { layout: createValueCipher(DATA_KEY, { random: fixedNonce }).encrypt(text, path) } })

  it.each<[string, PlainMap]>([
    ['absent', {}],
    ['null', { waxseal: null }],
    ['no map', { waxseal: 'layout' }],
    ['a list', { waxseal: ['layout'] }],
    ['a number', { waxseal: { layout: 5n } }],
    ['empty', { waxseal: { layout: '' } }],
    ['in clear', { waxseal: { layout: '[[[0,"a"],"ONE"]]' } }],
    ['bound to a path', seal('[[[0,"a"],"ONE"]]', 'waxseal layout:')],
    ['no JSON', seal('[[[0,"a"],"ONE"]')],
    ['a map', seal('{"a":"ONE"}')],
    ['nested deeper than a stack', seal('['.repeat(200_000))],
    ['of other types', seal('[1,null,"a",[],[[0,"a"]],[[0,"a"],5],["a","ONE"],[[0,"a"],["ONE"]]]')],
    ['of other places', seal('[[[],"ONE"],[[0],"ONE"],[[1,"a"],"ONE"],[[0,"b"],"ONE"],[[0,0],"ONE"],[["a"],"ONE"],[[0,"a","a"],"ONE"],[["0","a"],"ONE"]]')],
    ['of too many places', seal(`[${Array.from({ length: 200_001 }, () => '[[0,"a"],"ONE"]').join(',')}]`)],
    ['too long', { waxseal: { layout: `ENC[AES256_GCM,data:${'A'.repeat(68 * 1024 * 1024)},iv:AA==,tag:AA==,type:str]` } }],
    ['of a place out of reach', seal(JSON.stringify([[Array.from({ length: 101 }, () => 0), 'ONE']]))],
  ])('%s counts for nothing', (_, found) => {
    expect([...readSpellings(found, tree, DATA_KEY)]).toStrictEqual([])
  })

  it('with one flipped bit counts for nothing', () => {
    const { waxseal } = seal('[[[0,"a"],"ONE"]]') as { waxseal: { layout: string } }
    expect(readSpellings({ waxseal }, tree, DATA_KEY).size).toBe(1)
    fc.assert(fc.property(fc.nat(waxseal.layout.length - 8), fc.nat(6), (at, bit) => {
      const flipped = waxseal.layout.slice(0, at) + String.fromCharCode(waxseal.layout.charCodeAt(at) ^ (1 << bit)) + waxseal.layout.slice(at + 1)
      expect(readSpellings({ waxseal: { layout: flipped } }, tree, DATA_KEY).size).toBe(0)
    }))
  })

  it('of another data key counts for nothing', async () => {
    const file = await encrypt()
    expect(KEY_BYTES).toHaveLength(32)
    expect(readSpellings(block(file), file.tree, DATA_KEY).size).toBe(0)
  })

  it('is not written beyond its limits', () => {
    const values = Array.from({ length: 200_001 }, () => leaf('v'))
    const wide: Tree = [map('l', { kind: 'list', items: values })]
    expect(withSpellings({}, wide, new Map(values.map((value) => [value, 'V'])), DATA_KEY, random)).toEqual({})
    expect(withSpellings({}, wide, new Map([[values[0]!, 'V'.repeat(17 * 1024 * 1024)]]), DATA_KEY, random)).toEqual({})
    const value = leaf('v')
    let deep = map('k', value)
    for (let level = 0; level < 200; level += 1) deep = map('k', deep)
    expect(withSpellings({}, [deep], new Map([[value, 'V']]), DATA_KEY, random)).toEqual({})
  })
})

describe('saving a file with a layout hint', () => {
  it('keeps the token where it says the same', async () => {
    const file = await encrypt()
    expect(hintOf(await saveDocument(await open(file)))).toBe(hintOf(file))
    const again = spelledDocument(plain())
    expect(hintOf(await saveDocument(await open(file), { replacement: again }))).toBe(hintOf(file))
  })

  it('forgets what was set or removed, and follows what moved', async () => {
    const file = await encrypt()
    const opened = await open(file)
    for (const [changed, left] of [
      [setAt(file.tree, ['a'], leaf('two'), opened.plain), [undefined, 'X', 'Y', 'V', 'TWO', 'OTHER']],
      [unsetAt(file.tree, ['l', 1]), ['ONE', 'Y', 'V', 'TWO', 'OTHER']],
      [setAt(file.tree, ['new'], leaf('w')), ['ONE', 'X', 'Y', 'V', 'TWO', undefined, 'OTHER']],
    ] as const) {
      const saved = changedDocument(file, await saveDocument(opened, { changed }))
      expect(spelled(await open(saved))).toStrictEqual(left)
    }
  })

  it('never meets a nonce again with another content', async () => {
    const file = await encrypt()
    const opened = await open(file)
    const nonceOf = (token: Plain | undefined) => /iv:([^,]*)/.exec(token as string)?.[1]
    const changes = await Promise.all([0, 1].map(() => saveDocument(opened, { changed: setAt(file.tree, ['a'], leaf('two'), opened.plain) })))
    expect(new Set([file, ...changes].map((of) => nonceOf(hintOf(of)))).size).toBe(3)
  })

  it('loses it with its last entry', async () => {
    const file = await encrypt([map('a', 'one')])
    const opened = await open(file)
    expect((await saveDocument(opened, { changed: setAt(file.tree, ['a'], leaf('two'), opened.plain) })).metadata).not.toHaveProperty('waxseal')
    expect((await saveDocument(opened, { replacement: document([map('a', 'one')]) })).metadata).not.toHaveProperty('waxseal')
  })

  it('rotate encrypts it anew, rewrap keeps it', async () => {
    const file = await encrypt()
    const rotated = changedDocument(file, await rotateDocument(await open(file)))
    expect(hintOf(rotated)).not.toBe(hintOf(file))
    expect(spelled(await open(rotated))).toStrictEqual(spelled(await open(file)))
    expect(hintOf(await rewrapDocument(await unlockDocument(file, { providers: known }), { groups: [[fakeRef('bob')]] }))).toBe(hintOf(file))
  })

  it('without layout hints, reads and writes none', async () => {
    const file = await encrypt()
    const opened = await open(file, { layoutHint: false })
    expect(spelled(opened).filter((spelling) => spelling !== undefined)).toStrictEqual([])
    for (const change of [
      await saveDocument(opened),
      await saveDocument(opened, { replacement: spelledDocument(plain()) }),
      await rotateDocument(opened),
      await rewrapDocument(await unlockDocument(file, { providers: known, layoutHint: false }), { groups: [[fakeRef('bob')]] }),
    ]) expect(change.metadata).not.toHaveProperty('waxseal')
  })
})
