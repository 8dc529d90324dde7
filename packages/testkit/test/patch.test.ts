import { describe, expect, it } from 'vitest'
import type { Json } from '../src/api-server/json.ts'
import { jsonPatch, mergePatch, strategicMergePatch } from '../src/api-server/patch.ts'

describe('merge patch', () => {
  // RFC 7386, appendix A
  it.each<[Json, Json, Json]>([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [['a', 'b'], ['c', 'd'], ['c', 'd']],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j with %j is %j', (target, patch, result) => {
    expect(mergePatch(target, patch)).toEqual(result)
  })
})

describe('strategic merge patch', () => {
  const owner = (uid: string, name = uid): Json => ({ uid, name })
  it.each<[string, Json, Json, Json]>([
    ['joins owners by uid', { ownerReferences: [owner('a'), owner('b')] }, { ownerReferences: [owner('b', 'B'), owner('c')] }, { ownerReferences: [owner('a'), owner('b', 'B'), owner('c')] }],
    ['takes an owner out', { ownerReferences: [owner('a'), owner('b')] }, { ownerReferences: [{ $patch: 'delete', uid: 'a' }] }, { ownerReferences: [owner('b')] }],
    ['joins finalizers', { finalizers: ['a'] }, { finalizers: ['b', 'a'], '$setElementOrder/finalizers': ['a', 'b'] }, { finalizers: ['b', 'a'] }],
    ['takes a finalizer out', { finalizers: ['a', 'b'] }, { '$deleteFromPrimitiveList/finalizers': ['a'] }, { finalizers: ['b'] }],
    ['replaces a map', { data: { a: '1' } }, { data: { $patch: 'replace', b: '2' } }, { data: { b: '2' } }],
    ['replaces other lists', { x: [1] }, { x: [2] }, { x: [2] }],
  ])('%s', (_, target, patch, result) => {
    expect(strategicMergePatch(target, patch)).toEqual(result)
  })
})

describe('JSON patch', () => {
  // RFC 6902, appendix A
  it.each<[string, Json, Json, Json]>([
    ['adds a member', { foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux' }], { baz: 'qux', foo: 'bar' }],
    ['adds an element', { foo: ['bar', 'baz'] }, [{ op: 'add', path: '/foo/1', value: 'qux' }], { foo: ['bar', 'qux', 'baz'] }],
    ['adds at the end', { foo: ['bar'] }, [{ op: 'add', path: '/foo/-', value: ['abc'] }], { foo: ['bar', ['abc']] }],
    ['removes a member', { baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' }],
    ['removes an element', { foo: ['bar', 'qux', 'baz'] }, [{ op: 'remove', path: '/foo/1' }], { foo: ['bar', 'baz'] }],
    ['replaces', { baz: 'qux', foo: 'bar' }, [{ op: 'replace', path: '/baz', value: 'boo' }], { baz: 'boo', foo: 'bar' }],
    ['moves', { foo: { bar: 'baz', waldo: 'fred' }, qux: {} }, [{ op: 'move', from: '/foo/waldo', path: '/qux/thud' }], { foo: { bar: 'baz' }, qux: { thud: 'fred' } }],
    ['copies', { a: { b: 1 } }, [{ op: 'copy', from: '/a', path: '/c' }], { a: { b: 1 }, c: { b: 1 } }],
    ['tests', { '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: 10 }, { op: 'test', path: '/~1', value: 9 }], { '/': 9, '~1': 10 }],
  ])('%s', (_, target, patch, result) => {
    expect(jsonPatch(target, patch)).toEqual(result)
  })

  it.each<[string, Json]>([
    ['a failing test', [{ op: 'test', path: '/a', value: 2 }]],
    ['a missing place', [{ op: 'remove', path: '/x' }]],
    ['a missing parent', [{ op: 'add', path: '/x/y', value: 1 }]],
    ['an index beyond the end', [{ op: 'add', path: '/l/3', value: 1 }]],
    ['an unknown operation', [{ op: 'grow', path: '/a' }]],
    ['a bad pointer', [{ op: 'add', path: 'a', value: 1 }]],
    ['something inherited', [{ op: 'test', path: '/toString', value: null }]],
  ])('%s is refused', (_, patch) => {
    expect(() => jsonPatch({ a: 1, l: [1] }, patch)).toThrow(expect.objectContaining({ code: 422 }))
  })

  it('must be a list', () => {
    expect(() => jsonPatch({}, {})).toThrow(expect.objectContaining({ code: 400 }))
  })
})
