import { describe, expect, it } from 'vitest'
import type { LeafNode } from '@waxseal/core'
import { yaml } from '../../src/index.ts'

const TOKEN = 'ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]'

function first(document: ReturnType<typeof yaml.parse>): LeafNode {
  const item = document.tree[0]?.items.find(({ kind }) => kind === 'entry')
  if (item?.kind !== 'entry' || item.value.kind !== 'leaf') throw new TypeError('no leaf comes first')
  return item.value
}

describe('block scalars as SOPS writes them', () => {
  const own = 'a: |\n    two\n    lines\nb: 1\n'

  it('become a plain token, as in a file of SOPS, and come back', () => {
    const document = yaml.parse(Buffer.from(own))
    const encrypted = Buffer.from(document.apply([{ do: 'token', node: first(document), token: TOKEN }])).toString()
    expect(encrypted).toBe(`a: ${TOKEN}\nb: 1\n`)
    const again = yaml.parse(Buffer.from(encrypted))
    expect(Buffer.from(again.apply([{ do: 'value', node: first(again), value: 'two\nlines\n' }])).toString()).toBe(own)
  })

  it('keep a token that stands in a block already', () => {
    const source = `a: |\n    ${TOKEN}\nb: 1\n`
    const document = yaml.parse(Buffer.from(source))
    const other = TOKEN.replace('data:AA==', 'data:BB==')
    expect(Buffer.from(document.apply([{ do: 'token', node: first(document), token: other }])).toString()).toBe(source.replace(TOKEN, other))
  })

  it.each([
    ['another indentation', 'a: |\n  two\n  lines\nb: 1\n', `a: |\n  ${TOKEN}\nb: 1\n`],
    ['folded text', 'a: >\n    two\n    lines\nb: 1\n', `a: >\n    ${TOKEN}\nb: 1\n`],
    ['a comment on the header', 'a: | # why\n    two\n    lines\nb: 1\n', `a: | # why\n    ${TOKEN}\nb: 1\n`],
    ['one line, which SOPS would not write so', 'a: |-\n    one\nb: 1\n', `a: |-\n    ${TOKEN}\nb: 1\n`],
    ['the end of a file without a line break', 'a: |\n    two\n    lines', `a: |\n    ${TOKEN}`],
  ])('otherwise keep their header: %s', (_, plain, encrypted) => {
    const document = yaml.parse(Buffer.from(plain))
    expect(Buffer.from(document.apply([{ do: 'token', node: first(document), token: TOKEN }])).toString()).toBe(encrypted)
  })
})
