import { describe, expect, it } from 'vitest'
import { parseYaml } from '../../src/yaml/document.ts'
import { treeText } from './tree-text.ts'

function read(source: string): string {
  return parseYaml(Buffer.from(source)).tree.map(treeText).join(' --- ')
}

/** Observed with the real program: where it sees comments. */
const SEEN: readonly (readonly [source: string, tree: string])[] = [
  ['# h\na: 1 # i\n', '{C" h", Ci" i", a: int 1}'],
  ['b: # k\n  c: 1\n', '{C" k", b: {c: int 1}}'],
  ['a:\n  # x\n  b: 1\n  # y\nc: 2\n', '{a: {C" x", b: int 1, C" y"}, c: int 2}'],
  ['c: [1, 2] # z\n', '{c: [C" z", int 1, int 2]}'],
  ['l:\n- x # i\n', '{l: [Ci" i", "x"]}'],
  ['a:\n  b: 1\n# dedented\nc: 1\n', '{a: {b: int 1}, C" dedented", c: int 1}'],
  ['e: # only\n', '{C" only", e: null}'],
  ['a: |  # blk\n  x\n', '{Ci" blk", a: "x\\n"}'],
  ['a: 1\n# one\n# two\n', '{a: int 1, C" one", C" two"}'],
  ['##double\n#\na: 1\n', '{C"#double", C"", a: int 1}'],
  ['# license\n\n# about a\na: 1\n', '{C" license", C" about a", a: int 1}'],
  ['# c\r\na: 1\r\n', '{C" c", a: int 1}'],
  ['l:\n  # first\n  - a\n\n  # second\n  - b\n  # end\n', '{l: [C" first", "a", C" second", "b", C" end"]}'],
  ['l:\n- # about k\n  k: v\n', '{l: [{C" about k", k: "v"}]}'],
]

describe('comments stand where SOPS sees them', () => {
  it.each(SEEN)('%j', (source, tree) => {
    expect(read(source)).toBe(tree)
  })
})

describe('comments that SOPS loses come last in their document', () => {
  it.each([
    ['a: 1\n...\n# behind the end\n', '{a: int 1, C" behind the end"}'],
    ['%YAML 1.1 # version\n---\na: 1\n', '{a: int 1, C" version"}'],
  ])('%j', (source, tree) => {
    expect(read(source)).toBe(tree)
  })
})
