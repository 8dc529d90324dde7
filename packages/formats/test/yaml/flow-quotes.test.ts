import { describe, expect, it } from 'vitest'
import type { Document, Edit, LeafNode, Node } from '@waxseal/core'
import { yaml } from '../../src/index.ts'

const TOKEN = 'ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]'
const parse = (text: string): Document => yaml.parse(Buffer.from(text))
const apply = (document: Document, edits: readonly Edit[]): string => Buffer.from(document.apply(edits)).toString()

function leaves(document: Document): LeafNode[] {
  const found: LeafNode[] = []
  const visit = (node: Node): void => {
    if (node.kind === 'leaf') found.push(node)
    else if (node.kind !== 'comment') for (const item of node.items) visit(item.kind === 'entry' ? item.value : item)
  }
  for (const map of document.tree) visit(map)
  return found
}

/** All values become tokens, the result is read again, and all tokens become the values again. */
function thereAndBack(text: string): { encrypted: string; back: string } {
  const plain = parse(text)
  const encrypted = apply(plain, leaves(plain).map((node) => ({ do: 'token', node, token: TOKEN })))
  const again = parse(encrypted)
  const values = leaves(plain).map(({ value }) => value)
  return { encrypted, back: apply(again, leaves(again).map((node, i) => ({ do: 'value', node, value: values[i] ?? null }))) }
}

describe('quotes in flow collections', () => {
  it.each(["a: [push, 'pull', \"merge\", 'needs: quotes']\n", "{b: {c: plain, d: 'single', e: \"double\", f: 5, g: 'true'}}\n"])('come back: %j', (text) => {
    expect(thereAndBack(text).back).toBe(text)
  })

  it('a token for plain text stands in single quotes', () => {
    expect(thereAndBack("a: [p, 's', \"d\"]\n").encrypted).toBe(`a: ['${TOKEN}', '${TOKEN} ', "${TOKEN}"]\n`)
  })

  it('a token that is written again keeps what it stands for', () => {
    const document = parse(`a: ['${TOKEN}', '${TOKEN} ']\n`)
    expect(apply(document, leaves(document).map((node) => ({ do: 'token', node, token: TOKEN })))).toBe(`a: ['${TOKEN}', '${TOKEN} ']\n`)
  })
})
