import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encryptDocument, type EncryptRequest } from '../src/encrypt-document.ts'
import { openDocument, plainTree, unlockDocument, type OpenedDocument } from '../src/open-document.ts'
import { rewrapDocument, rotateDocument, saveDocument } from '../src/save-document.ts'
import { setAt, unsetAt } from '../src/tree-path.ts'
import type { Document } from '../src/document.ts'
import type { PlainMap, Tree, Value, ValueNode } from '../src/tree.ts'
import { changedDocument, comment, document, errorOf, fakeProvider, fakeRef, leaf, list, map, providers, show, type FakeRef } from './support.ts'

const known = providers(fakeProvider('age'))
const LATER = () => new Date('2030-01-01T00:00:00Z')
const request: EncryptRequest = {
  groups: [[fakeRef('alice'), fakeRef('bob')]],
  version: '3.13.2',
  providers: known,
  isReservedKey: (key) => key === 'sops',
  now: () => new Date('2024-06-01T12:00:00.789Z'),
}
const plain = (): Tree => [map(comment(' note'), 'a', 'one', 'b', { c: 2n, d: list('x', 'y', comment(' in')) }, 'e_unencrypted', 'clear', 'n', null)]

async function encrypt(tree: Tree = plain(), options: Partial<EncryptRequest> = {}): Promise<Document> {
  const before = document(tree)
  return changedDocument(before, await encryptDocument(before, { ...request, ...options }))
}

const open = (file: Document, options = {}): Promise<OpenedDocument> => openDocument(file, { providers: known, ...options })
const block = (file: Document): PlainMap => file.metadata as PlainMap
const tokens = (file: Document): string[] => JSON.stringify(file.tree, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)).match(/ENC\[[^\]]*\]/g) ?? []

describe('encrypting', () => {
  it('gives tokens and metadata that open to the same document', async () => {
    const file = await encrypt()
    expect(tokens(file)).toHaveLength(6)
    expect(JSON.stringify(show(file.tree))).not.toMatch(/one|note|"x"/)
    expect(block(file)).toMatchObject({ lastmodified: '2024-06-01T12:00:00Z', unencrypted_suffix: '_unencrypted', version: '3.13.2' })
    expect((block(file)['age'] as PlainMap[]).map((entry) => entry['recipient'])).toStrictEqual(['alice', 'bob'])
    const opened = await open(file)
    expect(show(plainTree(opened))).toStrictEqual(show(plain()))
    expect(opened.clearComments).toStrictEqual([])
  })

  it('opens to any document it was given', async () => {
    const value = fc.oneof<fc.Arbitrary<Value>[]>(fc.string({ unit: 'grapheme' }), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.double(), fc.boolean(), fc.constant(null))
    const { node } = fc.letrec<{ node: ValueNode }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        value.map(leaf),
        fc.array(tie('node')).map((items) => ({ kind: 'list' as const, items })),
        fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c_unencrypted', '', ':'), tie('node'))).map((entries) => map(...entries.flat())),
      ),
    }))
    await fc.assert(
      fc.asyncProperty(node, fc.boolean(), async (root, macOnlyEncrypted) => {
        const file = await encrypt([map('root', root)], { macOnlyEncrypted })
        expect(show(plainTree(await open(file)))).toStrictEqual(show([map('root', root)]))
      }),
      { numRuns: 50 },
    )
  })

  it('uses one data key for each file, and a nonce for each value', async () => {
    const files = [await encrypt(), await encrypt()]
    const nonces = files.flatMap((file) => tokens(file).map((token) => /iv:[^,]*/.exec(token)![0]))
    expect(new Set(nonces).size).toBe(nonces.length)
  })

  it('stores no selection and encrypts everything where it is null', async () => {
    const file = await encrypt([map('data_unencrypted', 'x')], { selection: null })
    expect(tokens(file)).toHaveLength(1)
    expect(Object.keys(block(file))).toStrictEqual(['age', 'lastmodified', 'mac', 'version'])
  })

  it('refuses files with metadata or a reserved key in any document, before it asks a key', async () => {
    const file = await encrypt()
    for (const again of [file, document([map('a', '1'), map('sops', '2')])]) {
      expect((await errorOf(() => encryptDocument(again, { ...request, groups: [] }))).code).toBe('ALREADY_ENCRYPTED')
    }
  })

  it('refuses an expression that is none, before it asks a key', async () => {
    expect((await errorOf(() => encrypt(plain(), { selection: { setting: 'encrypted_regex', pattern: '(' }, groups: [] }))).code).toBe('REGEX_INVALID')
  })
})

describe('opening', () => {
  it('needs metadata and a key', async () => {
    expect((await errorOf(() => open(document(plain())))).code).toBe('NOT_ENCRYPTED')
    const file = await encrypt()
    const strangers = providers(fakeProvider('age', { absent: ['alice', 'bob'] }))
    expect((await errorOf(() => openDocument(file, { providers: strangers }))).code).toBe('DATA_KEY_UNRECOVERABLE')
  })

  it('reads a file under an expression that is none as the reference wrote it, in clear, and writes nothing under it', async () => {
    const clear = [map('a', 'x')]
    const file = await encrypt(clear, { selection: { setting: 'encrypted_regex', pattern: '^nothing$' } })
    const invalid = document(file.tree, { ...block(file), encrypted_regex: '(' })
    const opened = await openDocument(invalid, { providers: providers(fakeProvider('age')), keepNonces: false })
    expect(plainTree(opened)).toEqual(file.tree)
    expect((await errorOf(() => open(invalid))).code).toBe('REGEX_INVALID')
  })

  it('notices clear values that were changed, moved or removed', async () => {
    const [root] = (await encrypt()).tree
    const file = await encrypt()
    const without = (key: string): Tree => [{ ...file.tree[0]!, items: file.tree[0]!.items.filter((item) => item.kind === 'comment' || item.key !== key) }]
    const emptied: Tree = [{ ...file.tree[0]!, items: file.tree[0]!.items.map((item) => (item.kind === 'entry' && item.key === 'a' ? { ...item, value: leaf('') } : item)) }]
    expect(root).toBeDefined()
    for (const tree of [without('e_unencrypted'), without('a'), emptied]) {
      expect((await errorOf(() => open(document(tree, file.metadata)))).code).toBe('MAC_MISMATCH')
    }
  })

  it('tells a missing MAC from a broken one and from one of another time', async () => {
    const file = await encrypt()
    const withBlock = (fields: PlainMap) => document(file.tree, { ...block(file), ...fields })
    for (const [fields, code] of [
      [{ mac: '' }, 'MAC_MISSING'],
      [{ mac: 'text' }, 'MAC_REJECTED'],
      [{ lastmodified: '2024-06-01T12:00:01Z' }, 'MAC_REJECTED'],
    ] as const) {
      expect((await errorOf(() => open(withBlock(fields)))).code).toBe(code)
      expect(show(plainTree(await open(withBlock(fields), { allowUnverifiedMac: true })))).toStrictEqual(show(plain()))
    }
  })

  it('refuses a value from another place or file, MAC or not', async () => {
    const [file, other] = [await encrypt(), await encrypt()]
    const foreign = document([other.tree[0]!], file.metadata)
    expect((await errorOf(() => open(foreign, { allowUnverifiedMac: true }))).code).toBe('VALUE_REJECTED')
  })

  it('opens with any of the keys, and with enough of several groups', async () => {
    const file = await encrypt(plain(), { groups: [[fakeRef('a')], [fakeRef('b')], [fakeRef('c')]], threshold: 2 })
    expect(block(file)).toMatchObject({ shamir_threshold: 2n })
    for (const gone of ['a', 'b', 'c']) {
      const some = providers(fakeProvider('age', { absent: [gone] }))
      expect(show(plainTree(await openDocument(file, { providers: some })))).toStrictEqual(show(plain()))
    }
  })
})

describe('saving', () => {
  it('writes nothing but MAC and time where nothing changed', async () => {
    const file = await encrypt()
    const change = await saveDocument(await open(file), { now: LATER })
    expect(change.edits).toStrictEqual([])
    expect(change.metadata).toEqual({ ...block(file), lastmodified: '2030-01-01T00:00:00Z', mac: expect.any(String) as string })
    expect(change.metadata['mac']).not.toBe(block(file)['mac'])
  })

  it('reproduces the MAC within the same second', async () => {
    const file = await encrypt()
    expect((await saveDocument(await open(file), { now: request.now! })).metadata).toEqual(block(file))
  })

  it('changes the token of a value that was set, and no other', async () => {
    const file = await encrypt()
    const opened = await open(file)
    const change = await saveDocument(opened, { changed: setAt(file.tree, ['b', 'c'], leaf(3n), opened.plain), now: LATER })
    const saved = changedDocument(file, change)
    expect(tokens(saved).filter((token) => !tokens(file).includes(token))).toHaveLength(1)
    expect(show(plainTree(await open(saved)))).toStrictEqual([['# note', ['a', 'one'], ['b', [['c', 3n], ['d', ['x', 'y', '# in']]]], ['e_unencrypted', 'clear'], ['n', null]]])
  })

  it('puts the token of a value that was set where the old one stood', async () => {
    const file = await encrypt()
    const opened = await open(file)
    const { edits } = await saveDocument(opened, { changed: setAt(file.tree, ['a'], leaf('two'), opened.plain) })
    expect(edits).toStrictEqual([{ do: 'token', node: expect.objectContaining({ kind: 'leaf' }) as unknown, token: expect.stringMatching(/^ENC\[/) as unknown }])
  })

  it('leaves tokens alone that a block scalar ends with a line break', async () => {
    const { tree, metadata } = await encrypt([map('a', 'one')])
    const file = document([map('a', `${tokens(document(tree))[0]}\n`)], metadata)
    expect((await saveDocument(await open(file))).edits).toStrictEqual([])
  })

  it('encrypts whole structures that were set, inside one edit each', async () => {
    const file = await encrypt()
    const opened = await open(file)
    const changed = setAt(file.tree, ['new', 'list', 0], map('k', 'v', 'k_unencrypted', 'w'), opened.plain)
    const change = await saveDocument(opened, { changed })
    expect(change.edits).toHaveLength(1)
    const saved = changedDocument(file, change)
    expect(JSON.stringify(show(saved.tree))).not.toContain('"v"')
    expect(JSON.stringify(show(saved.tree))).toContain('"w"')
    expect(show(plainTree(await open(saved)))).toStrictEqual(show(setAt(plain(), ['new', 'list', 0], map('k', 'v', 'k_unencrypted', 'w')).tree))
  })

  it('removes what was unset', async () => {
    const file = await encrypt()
    const opened = await open(file)
    const saved = changedDocument(file, await saveDocument(opened, { changed: unsetAt(file.tree, ['b', 'd', 0]) }))
    expect(show(plainTree(await open(saved)))).toStrictEqual(show(unsetAt(plain(), ['b', 'd', 0]).tree))
  })

  it('follows comments that govern another item after one was removed', async () => {
    const tree = [map(comment('secret'), 'a', '1', 'b', '2', 'c', '3')]
    const file = await encrypt(tree, { selection: { setting: 'encrypted_comment_regex', pattern: 'secret' } })
    const opened = await open(file)
    const saved = changedDocument(file, await saveDocument(opened, { changed: unsetAt(file.tree, ['a']) }))
    expect(show(saved.tree)).toStrictEqual([['#secret', ['b', expect.stringMatching(/^ENC/)], ['c', '3']]])
    expect(show(plainTree(await open(saved)))).toStrictEqual([['#secret', ['b', '2'], ['c', '3']]])
  })

  it('puts a value in clear that is no longer selected', async () => {
    const tree = [map(comment('public'), 'a', '1', 'b', '2')]
    const file = await encrypt(tree, { selection: { setting: 'unencrypted_comment_regex', pattern: 'public' } })
    const opened = await open(file)
    const saved = changedDocument(file, await saveDocument(opened, { changed: unsetAt(file.tree, ['a']) }))
    expect(show(saved.tree)).toStrictEqual([['#public', ['b', '2']]])
    expect(show(plainTree(await open(saved)))).toStrictEqual([['#public', ['b', '2']]])
  })

  it('keeps tokens of a plaintext that was parsed anew', async () => {
    const file = await encrypt()
    const edited = document(setAt(plain(), ['a'], leaf('two')).tree)
    const saved = changedDocument(edited, await saveDocument(await open(file), { replacement: edited, version: '3.14.0' }))
    expect(tokens(saved).filter((token) => !tokens(file).includes(token))).toHaveLength(1)
    expect(block(saved)).toMatchObject({ version: '3.14.0' })
    expect(show(plainTree(await open(saved)))).toStrictEqual(show(edited.tree))
  })

  it('encrypts comments that were clear', async () => {
    const file = await encrypt()
    const withComment = document([{ ...file.tree[0]!, items: [comment(' new'), ...file.tree[0]!.items] }], file.metadata)
    const opened = await open(withComment)
    expect(opened.clearComments).toHaveLength(1)
    const saved = changedDocument(withComment, await saveDocument(opened))
    expect(JSON.stringify(show(saved.tree))).not.toContain(' new')
    expect((await open(saved)).clearComments).toStrictEqual([])
  })

  it('draws new nonces where they were not kept', async () => {
    const file = await encrypt()
    const change = await saveDocument(await open(file, { keepNonces: false }))
    expect(change.edits).toHaveLength(6)
  })
})

describe('rotating and rewrapping', () => {
  it('rotate changes every token and every wrapped key, and keeps what it does not know', async () => {
    const before = await encrypt()
    const file = document(before.tree, { ...block(before), waxseal: { other: 'kept' } })
    const rotated = changedDocument(file, await rotateDocument(await open(file), { now: LATER }))
    expect(tokens(rotated).filter((token) => tokens(file).includes(token))).toStrictEqual([])
    expect(block(rotated)).toMatchObject({ waxseal: { other: 'kept' }, lastmodified: '2030-01-01T00:00:00Z' })
    expect(JSON.stringify(block(rotated)['age'])).not.toBe(JSON.stringify(block(file)['age']))
    expect(show(plainTree(await open(rotated)))).toStrictEqual(show(plain()))
  })

  it('rotate to other groups shuts the old keys out', async () => {
    const file = await encrypt()
    const rotated = changedDocument(file, await rotateDocument(await open(file), { groups: [[fakeRef('carol')]] }))
    const names = (await open(rotated)).metadata.groups.map((group) => group.map((ref) => (ref as FakeRef).name))
    expect(names).toStrictEqual([['carol']])
  })

  it('rewrap keeps data key, values, MAC and time', async () => {
    const file = await encrypt()
    const unlocked = await unlockDocument(file, { providers: known, decryptionOrder: [] })
    const change = await rewrapDocument(unlocked, { groups: [[fakeRef('a')], [fakeRef('b')]], threshold: 2 })
    expect(change.edits).toStrictEqual([])
    expect(change.metadata).toMatchObject({ mac: block(file)['mac'], lastmodified: block(file)['lastmodified'], shamir_threshold: 2n })
    const opened = await open(changedDocument(file, change))
    expect(opened.dataKey.equals(unlocked.dataKey)).toBe(true)
  })

  it('refuse groups that could never be opened', async () => {
    const unlocked = await unlockDocument(await encrypt(), { providers: known })
    for (const [groups, threshold, code] of [
      [[], 0, 'KEY_GROUP_INVALID'],
      [[[fakeRef('a')], []], 0, 'KEY_GROUP_INVALID'],
      [[[fakeRef('a')], [fakeRef('b')]], 5, 'SHAMIR_INVALID'],
    ] as const) {
      expect((await errorOf(() => rewrapDocument(unlocked, { groups, threshold }))).code).toBe(code)
    }
  })
})
