import type { KeyProvider, Providers, Ref } from '@waxseal/core'
import { expect, it } from 'vitest'
import { changesKeys, diffGroups } from '../../src/keys/group-diff.ts'

interface Named extends Ref {
  readonly name: string
}
const providers: Providers = new Map([['age', { displayName: ({ name }: Named) => name } as unknown as KeyProvider]])
const group = (...names: readonly string[]): readonly Named[] => names.map((name) => ({ type: 'age', name }))
const diff = (before: readonly (readonly Named[])[], after: readonly (readonly Named[])[]) => diffGroups(before, after, providers)

it('groups are compared by their place, keys by their name', () => {
  expect(diff([group('a', 'b', 'b')], [group('c', 'b'), group('a')])).toEqual([
    { kept: ['b'], added: ['c'], removed: ['a'] },
    { kept: [], added: ['a'], removed: [] },
  ])
  expect(changesKeys(diff([group('a', 'b')], [group('b', 'a')]))).toBe(false)
  expect(changesKeys(diff([group('a')], []))).toBe(true)
})

it('groups of a hundred thousand keys are compared at once', () => {
  const names = Array.from({ length: 100_000 }, (_, i) => `key-${i}`)
  const [{ kept, added, removed } = { kept: [], added: [], removed: [] }] = diff([group(...names)], [group(...names.map((name) => `${name}-new`))])
  expect([kept.length, added.length, removed.length]).toEqual([0, 100_000, 100_000])
})
