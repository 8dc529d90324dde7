import { describe, expect, it } from 'vitest'
import { CodedError, plainMap, rememberingUnwrapped, type KeyProvider, type PlainMap, type Ref } from '@waxseal/core'

interface TestRef extends Ref {
  readonly enc: string
  readonly entry: PlainMap
}

const ref = (enc: string): TestRef => ({ type: 'test', enc, entry: plainMap([['enc', enc], ['unknown', 1n]]) })
const options = { signal: new AbortController().signal }

function counting(answer: (ref: TestRef) => Uint8Array | null) {
  const asked: string[] = []
  const inner: KeyProvider<TestRef> = {
    type: 'test',
    parse: () => ref(''),
    serialize: ({ entry }) => entry,
    fromText: () => ref(''),
    fromGroup: () => [],
    displayName: () => 'key',
    wrap: async (_, one) => one,
    async unwrap(one) {
      asked.push(one.enc)
      return answer(one)
    },
  }
  return { asked, provider: rememberingUnwrapped(inner) }
}

describe('unwrapped keys of one run', () => {
  it('are asked for once, at the same time or later', async () => {
    const { asked, provider } = counting(() => new Uint8Array(32).fill(7))
    const parts = await Promise.all([provider.unwrap(ref('a'), options), provider.unwrap(ref('a'), options)])
    parts[0]?.fill(0) // each caller owns, and wipes, what it gets
    expect(parts[1]).toEqual(Buffer.alloc(32, 7))
    expect(await provider.unwrap(ref('a'), options)).toEqual(Buffer.alloc(32, 7))
    await provider.unwrap(ref('b'), options)
    expect(asked).toEqual(['a', 'b'])
  })

  it('are asked for again after a failure', async () => {
    let fails = true
    const { asked, provider } = counting(() => {
      if (!fails) return null
      throw new CodedError('KEY_SERVICE_FAILED', 'down')
    })
    await expect(provider.unwrap(ref('a'), options)).rejects.toThrow('down')
    fails = false
    expect(await provider.unwrap(ref('a'), options)).toBeNull()
    expect(asked).toEqual(['a', 'a'])
  })
})
