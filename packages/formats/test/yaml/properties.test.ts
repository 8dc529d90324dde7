import { applyEdits, type Edit, type Entry, type LeafNode, type Node, type Value } from '@waxseal/core'
import * as fc from 'fast-check'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseYaml } from '../../src/yaml/document.ts'
import { treeText } from './tree-text.ts'

const FIXTURES = join(import.meta.dirname, '../../../../fixtures/sops-3.13.2/fixtures')
const SOURCES = globSync(join(FIXTURES, '*/*/plain.yaml')).map((path) => readFileSync(path)).filter((source) => isReadable(source))

/** UTF-16 is written as UTF-8. */
function isReadable(source: Uint8Array): boolean {
  if (source[0] === 0xff || source[0] === 0xfe) return false
  try {
    return parseYaml(source).metadata === undefined
  } catch {
    return false
  }
}

function leavesOf(items: readonly (Entry | Node)[]): LeafNode[] {
  return items.flatMap((item) => {
    const node = item.kind === 'entry' ? item.value : item
    return node.kind === 'leaf' ? [node] : node.kind === 'comment' ? [] : leavesOf(node.items)
  })
}

/** Comments may move when text around them changes; floats without a fraction read back as integers. */
function valuesOf(tree: readonly Node[]): string {
  return tree.map(treeText).join('\n').replaceAll(/C(?:i)?"[^\n]*?"(?:, |(?=[}\]]))/g, '').replaceAll(/, (?=[}\]])/g, '').replaceAll(/float (-?\d+)(?=[,}\]])/g, 'int $1')
}

const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: fc.constantFrom(' ', '\n', '\t', 'a', ':', '#', '-', "'", '"', '\\', '\u2028', '\r', '|') }))
const value: fc.Arbitrary<Value> = fc.oneof({ weight: 4, arbitrary: text }, fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.boolean(), fc.constant(null), fc.double({ noNaN: true }).map((n) => n + 0.5))

describe('on recorded files', () => {
  it('there are enough', () => {
    expect(SOURCES.length).toBeGreaterThan(350)
  })

  it('no edit changes no byte', () => {
    for (const source of SOURCES) expect(Buffer.from(parseYaml(source).apply([])).equals(source)).toBe(true)
  })

  it('a metadata block comes and goes without a trace', () => {
    for (const source of SOURCES) {
      const document = parseYaml(source)
      if (document.tree.some(({ items }) => items.every(({ kind }) => kind === 'comment'))) continue // null in a spelling of its own
      expect(Buffer.from(parseYaml(document.apply([], { mac: 'x' })).apply([], null)).toString()).toBe(source.toString())
    }
  })

  it('any value in any dress reads back', () => {
    fc.assert(
      fc.property(fc.constantFrom(...SOURCES), fc.array(fc.tuple(fc.nat(), value), { minLength: 1, maxLength: 4 }), (source, picks) => {
        const document = parseYaml(source)
        const leaves = document.tree.flatMap(({ items }) => leavesOf(items))
        fc.pre(leaves.length > 0 && document.shifted.size === 0)
        const byLeaf = new Map(picks.map(([at, wanted]) => [leaves[at % leaves.length]!, wanted]))
        const edits = [...byLeaf].map(([node, wanted]): Edit => ({ do: 'value', node, value: wanted }))
        expect(valuesOf(parseYaml(document.apply(edits)).tree)).toBe(valuesOf(applyEdits(document.tree, edits)))
      }),
      { numRuns: 400 },
    )
  })
})
