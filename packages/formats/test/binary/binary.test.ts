import type { LeafNode, PlainMap, ValueNode } from '@waxseal/core'
import { describe, expect, it } from 'vitest'
import { binary, json } from '../../src/index.ts'
import { contents, editsBetween, recordings } from '../recordings.ts'

const METADATA: PlainMap = { mac: 'm' }

describe('recordings of sops', () => {
  it.each(recordings('binary'))('$id', ({ plain, encrypted }) => {
    const document = binary.parsePlain!(plain)
    const envelope = binary.parse(encrypted!)
    expect(Buffer.from(envelope.apply(editsBetween(envelope.tree, document.tree), null))).toEqual(plain)
    expect(Buffer.from(binary.emit(envelope.tree, envelope.metadata as PlainMap))).toEqual(encrypted)
    const [data] = contents(document.tree)
    const [token] = contents(envelope.tree)
    const encrypting = [{ do: 'token' as const, node: data as LeafNode, token: (token as LeafNode).value as string }]
    expect(Buffer.from(document.apply(encrypting, envelope.metadata as PlainMap))).toEqual(encrypted)
  })
})

describe('binary files', () => {
  it('are any bytes while they are plain, also none', () => {
    for (const content of [Buffer.alloc(0), Buffer.from('{"sops": 1}'), Buffer.of(0, 0xff, 0x0a)]) {
      expect(Buffer.from(binary.parsePlain!(content).apply([], null))).toEqual(content)
    }
  })

  it('keep text a string and other bytes bytes', () => {
    expect([...contents(binary.parsePlain!(Buffer.from('é')).tree)]).toMatchObject([{ value: 'é' }])
    expect([...contents(binary.parsePlain!(Buffer.of(0xff)).tree)]).toMatchObject([{ value: Buffer.of(0xff) }])
  })

  it('are indented as the rule file says', () => {
    expect(Buffer.from(binary.parsePlain!(Buffer.from('x'), { indent: 2 }).apply([], METADATA)).toString()).toBe('{\n  "data": "x",\n  "sops": {\n    "mac": "m"\n  }\n}\n')
  })

  it('come from the first data entry of any tree', () => {
    const { tree } = json.parse(Buffer.from('{"x": 1, "data": "a", "data": "b"}'))
    expect(Buffer.from(binary.emit(tree)).toString()).toBe('a')
  })

  it.each([
    ['{}', 'no binary data found in tree'],
    ['{"data": 1}', "'data' key in tree does not have a string value"],
    ['{"data": {}}', "'data' key in tree does not have a string value"],
  ])('cannot come from %j', (source, problem) => {
    expect(() => binary.emit(json.parse(Buffer.from(source)).tree)).toThrow(expect.objectContaining({ code: 'EMIT_FAILED', message: `error emitting binary store: ${problem}` }))
  })

  it('have no values inside', () => {
    const value: ValueNode = { kind: 'leaf', value: 1n }
    expect(() => binary.emitValue(value)).toThrow(expect.objectContaining({ code: 'EMIT_FAILED' }))
  })
})
