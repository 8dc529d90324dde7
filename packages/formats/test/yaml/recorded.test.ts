/**
 * Files that the real program encrypted, decrypted by putting the recorded values in the place of the tokens.
 */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { Edit, Entry, LeafNode, MapNode, Node } from '@waxseal/core'
import { describe, expect, it } from 'vitest'
import { parseYaml } from '../../src/yaml/document.ts'

const FIXTURES = join(import.meta.dirname, '../../../../fixtures/sops-3.13.2/fixtures')
const NAMES = globSync(join(FIXTURES, '*/*/encrypted.yaml')).map((path) => relative(FIXTURES, dirname(path))).sort()

/** Where our text differs, and why. Comments beside a value stay there; the reference moves them above it. */
const DIFFERENT = new Map([
  ['yaml/defect-lead-space-list', 'the indentation indicator is the true one'],
  ['yaml/defect-lead-space-list-clear', 'the indentation indicator is the true one'],
  ['yaml/defect-tab-first-multiline', 'the reference writes null'],
  ['yaml/defect-tab-first-multiline-clear', 'the reference writes null, and fails its own MAC'],
  ['yaml/float-negative-zero', 'the reference reads -0 as an integer, and fails its own MAC'],
  ['yaml/float-negative-zero-clear', 'the reference reads -0 as an integer, and fails its own MAC'],
  ['comments/map-empty-containers-clear', 'a comment in empty brackets stays there'],
  ['comments/random01', 'a comment in empty brackets stays there'],
  ['comments/random05', 'a comment in empty brackets stays there'],
  ['comments/random07', 'a comment in empty brackets stays there'],
  ['comments/random-list06', 'a comment in empty brackets stays there'],
  ['comments/raw-multi-doc-empty-mid-clear', 'an empty document stays without braces'],
  ['comments/raw-multi-doc-empty-mid-enc', 'an empty document stays without braces'],
  ['comments/raw-multi-doc-empty-end-clear', 'an empty document stays without braces'],
  ['comments/raw-multi-doc-empty-end-enc', 'an empty document stays without braces'],
  ...[1, 2, 3, 5, 8, 12].map((step): [string, string] => [`comments/indent${step}`, 'recorded with another indentation than the decrypted text']),
])

type Item = Entry | Node

/** Edits that turn one tree into another of the same shape; undefined if the shapes differ. */
function editsBetween(from: readonly Item[], to: readonly Item[], edits: Edit[]): Edit[] | undefined {
  if (from.length !== to.length) return undefined
  for (const [at, item] of from.entries()) {
    const other = to[at]!
    const [a, b] = item.kind === 'entry' && other.kind === 'entry' ? [item.value, other.value] : [item as Node, other as Node]
    if (b.kind === 'comment') {
      if (a.kind !== 'comment' && a.kind !== 'leaf') return undefined
      if (a.kind === 'leaf' || a.text !== b.text) edits.push({ do: 'comment', node: a, text: b.text })
    } else if (b.kind === 'leaf') {
      if (a.kind !== 'leaf') return undefined
      if (isToken(a)) edits.push({ do: 'value', node: a, value: b.value })
    } else if (a.kind !== b.kind || editsBetween(a.items, b.items, edits) === undefined) {
      return undefined
    }
  }
  return edits
}

function isToken({ value }: LeafNode): boolean {
  return typeof value === 'string' && value.startsWith('ENC[AES256_GCM,')
}

describe('files that the reference encrypted', () => {
  it('are all there', () => {
    expect(NAMES.length).toBeGreaterThan(300)
  })

  it('come back as the reference decrypts them', () => {
    const counts = { same: 0, otherShape: 0 }
    const unexpected: string[] = []
    for (const name of NAMES) {
      const decrypted = ['decrypted.yaml', 'decrypted-fixed.yaml', 'plain.yaml'].map((file) => join(FIXTURES, name, file)).find((path) => existsSync(path))
      const encrypted = readFileSync(join(FIXTURES, name, 'encrypted.yaml'))
      if (decrypted === undefined || encrypted.includes(' #') || DIFFERENT.has(name)) continue
      const wanted = readFileSync(decrypted)
      const document = parseYaml(encrypted)
      let edits: Edit[] | undefined = []
      for (const [at, map] of parseYaml(wanted).tree.entries()) edits &&= editsBetween((document.tree[at] as MapNode).items, map.items, edits)
      if (edits === undefined) counts.otherShape += 1
      else if (Buffer.from(document.apply(edits, null)).equals(wanted)) counts.same += 1
      else unexpected.push(name)
    }
    expect(unexpected).toEqual([])
    expect(counts.same).toBeGreaterThan(170)
    expect(counts.otherShape).toBeLessThan(40)
  })
})
