import { describe, expect, it } from 'vitest'
import { applyEdits } from '../src/edited-tree.ts'
import { getAt, parseTreePath, setAt, unsetAt, type TreePath } from '../src/tree-path.ts'
import type { LeafNode, Tree } from '../src/tree.ts'
import { Comment } from '../src/value-cipher.ts'
import { codeOf, comment, leaf, list, map, show } from './support.ts'

const tree = (): Tree => [map(comment('c'), 'a', { b: list('x', comment('in'), { d: 1n }) }, 'n', null, 's', 'text'), map('other', 'document')]

describe('parsing', () => {
  it.each<[string, TreePath]>([
    ['', []],
    ['["a"]', ['a']],
    ["['a'][0][\"b c\"]", ['a', 0, 'b c']],
    ['["a\\"]"]', ['a\\"]']],
    ['[-1]', [-1]],
    ['[007]', [7]],
    ['[[0]', [0]],
    ['[""]', ['']],
  ])('%s', (text, path) => {
    expect(parseTreePath(text)).toStrictEqual(path)
  })

  it.each(['a', '["a"', '["a"].b', '[a]', '[]', '["]', '[1.5]', '[99999999999999999999]', '["a[b"]'])('refuses %s', (text) => {
    expect(codeOf(() => parseTreePath(text))).toBe('PATH_INVALID')
  })
})

describe('reading', () => {
  it('finds maps, lists, leaves and comments, in the first document', () => {
    expect(show(getAt(tree(), ['a', 'b', 2, 'd']))).toBe(1n)
    expect(show(getAt(tree(), ['a', 'b', 1]))).toBe('#in')
    expect(show(getAt(tree(), ['n']))).toBeNull()
    expect(getAt(tree(), []).kind).toBe('map')
  })

  it('takes the first of duplicate keys', () => {
    expect(show(getAt([map('a', '1', 'a', '2')], ['a']))).toBe('1')
  })

  it.each<[TreePath, string]>([
    [['x'], "component ['x'] not found"],
    [['other'], "component ['other'] not found"],
    [['a', 0], 'component [0] is integer, but tree part is not a slice'],
    [['s', 'x'], "component ['x'] not found"],
    [['a', 'b', 'k'], "component ['k'] not found"],
    [['a', 'b', 9], 'component [9] accesses out of bounds'],
    [['a', 'b', -1], 'component [-1] accesses out of bounds'],
  ])('%j: %s', (path, message) => {
    expect(() => getAt(tree(), path)).toThrow(expect.objectContaining({ code: 'PATH_NOT_FOUND', message }) as Error)
  })

  it('refuses an empty stream', () => {
    expect(codeOf(() => getAt([], []))).toBe('PARSE_EMPTY')
  })
})

describe('setting', () => {
  const after = (path: TreePath, value = leaf('new'), before = tree()) => {
    const changed = setAt(before, path, value)
    expect(show(applyEdits(before, changed.edits))).toStrictEqual(show(changed.tree))
    return { ...changed, at: (where: TreePath) => show(getAt(changed.tree, where)) }
  }

  it('replaces what stands there, of any kind', () => {
    expect(after(['s']).at(['s'])).toBe('new')
    expect(after(['a']).at(['a'])).toBe('new')
    expect(after(['a', 'b', 2, 'd']).at(['a', 'b'])).toStrictEqual(['x', '#in', [['d', 'new']]])
  })

  it('appends a key with what is missing below it', () => {
    expect(after(['z', 'y', 5, 'w']).at(['z'])).toStrictEqual([['y', [[['w', 'new']]]]])
    expect(after(['a', 'z']).edits).toHaveLength(1)
  })

  it('appends to a list at any index behind its end', () => {
    expect(after(['a', 'b', 3]).at(['a', 'b', 3])).toBe('new')
    expect(after(['a', 'b', 99, 'k']).at(['a', 'b', 3])).toStrictEqual([['k', 'new']])
  })

  it('puts the structure of the path in place of a scalar or null', () => {
    expect(after(['s', 'k']).at(['s'])).toStrictEqual([['k', 'new']])
    expect(after(['n', 0]).at(['n'])).toStrictEqual(['new'])
  })

  it('leaves the given tree and the other documents as they were', () => {
    const before = tree()
    const { tree: changed } = setAt(before, ['s'], leaf('new'))
    expect(show(before)).toStrictEqual(show(tree()))
    expect(changed[1]).toBe(before[1])
  })

  it('changes nothing for an index on a map, as the reference', () => {
    expect(after(['a', 0])).toMatchObject({ edits: [], changed: true })
  })

  it('tells whether another value stood there, by type and by plaintext', () => {
    const token = leaf('ENC[...]')
    const [flag, note] = [comment('ENC[c]'), map('k', token)]
    const before = [map('t', token, 'm', map(flag, 'x', token), 'i', 12n, 'n', null, 'note', note, 'b', Buffer.from([0xff]))]
    const plain = new Map<LeafNode | typeof flag, string | Comment>([[token, 'secret'], [flag, new Comment(' c')]])
    const changed = (path: TreePath, value: Parameters<typeof setAt>[2]) => setAt(before, path, value, plain).changed
    expect(changed(['t'], leaf('secret'))).toBe(false)
    expect(changed(['t'], leaf('ENC[...]'))).toBe(true)
    expect(changed(['i'], leaf(12n))).toBe(false)
    expect(changed(['i'], leaf(12))).toBe(true)
    expect(changed(['n'], leaf(null))).toBe(false)
    expect(changed(['n'], leaf(''))).toBe(true)
    expect(changed(['b'], leaf(Buffer.from([0xff])))).toBe(false)
    expect(changed(['b'], leaf('\xff'))).toBe(true)
    expect(changed(['note'], map('k', 'secret'))).toBe(false)
    expect(changed(['note'], map('j', 'secret'))).toBe(true)
    expect(changed(['note'], list('secret'))).toBe(true)
    expect(changed(['m'], map(comment(' c'), 'x', 'secret'))).toBe(false)
    expect(changed(['m'], map('x', 'secret'))).toBe(true)
    expect(changed(['new'], leaf(null))).toBe(true)
  })

  it.each<[TreePath]>([[[]], [['a', 'b', 'k']], [['a', 'b', -1]], [['a', 'b', 1]]])('refuses %j', (path) => {
    expect(codeOf(() => setAt(tree(), path, leaf('v')))).toBe('PATH_INVALID')
  })
})

describe('removing', () => {
  it('removes entries and items, and leaves empty containers', () => {
    const before = tree()
    const changed = unsetAt(before, ['a', 'b', 2, 'd'])
    expect(show(getAt(changed.tree, ['a', 'b']))).toStrictEqual(['x', '#in', []])
    expect(show(applyEdits(before, changed.edits))).toStrictEqual(show(changed.tree))
    expect(show(unsetAt(before, ['a', 'b', 0]).tree[0]!)).toStrictEqual(['#c', ['a', [['b', ['#in', [['d', 1n]]]]]], ['n', null], ['s', 'text']])
  })

  it.each<[TreePath, string, string]>([
    [['x'], 'PATH_NOT_FOUND', 'key not found: x'],
    [['a', 0], 'PATH_NOT_FOUND', 'key not found: 0'],
    [['a', 'b', 9], 'PATH_NOT_FOUND', 'index 9 out of bounds'],
    [['a', 'b', -1], 'PATH_INVALID', 'component [-1] is negative'],
    [['s', 'x'], 'PATH_INVALID', "unsupported type: string for item 'x'"],
    [['a', 'b', 'x'], 'PATH_INVALID', "component ['x'] is a key, but tree part is a list"],
    [[], 'PATH_INVALID', 'the path is empty'],
  ])('%j: %s, %s', (path, code, message) => {
    expect(() => unsetAt(tree(), path)).toThrow(expect.objectContaining({ code, message }) as Error)
  })
})
