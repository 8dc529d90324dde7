import { describe, expect, it } from 'vitest'
import { compileRegex } from '../src/regex.ts'
import { compileSelector, selectionFrom } from '../src/selector.ts'
import { codeOf, errorOf } from './support.ts'

describe('settings', () => {
  it('take one, treat empty ones as absent', () => {
    expect(selectionFrom({ encrypted_regex: '^data$', encrypted_suffix: '' }, 'conflict')).toStrictEqual({ setting: 'encrypted_regex', pattern: '^data$' })
    expect(selectionFrom({ unencrypted_suffix: '' }, 'conflict')).toBeUndefined()
  })

  it('refuse two', () => {
    expect(codeOf(() => selectionFrom({ encrypted_regex: 'a', unencrypted_suffix: 'b' }, 'conflict'))).toBe('SELECTOR_CONFLICT')
  })
})

describe('regular expressions', () => {
  it.each([
    ['a', 'xay', true],
    ['^a$', 'a\n', false],
    ['a\\z', 'ba', true],
    ['(?i)DATA', 'my data', true],
    ['[[:alpha:]]', '5', false],
    ['\\pL', 'é', true],
    ['^.$', '\u{1F600}', true],
    ['\\Q.\\E', 'a', false],
  ])('%s in %j: %s, as in Go', async (pattern, text, found) => {
    expect((await compileRegex(pattern, 'path_regex'))(text)).toBe(found)
  })

  it.each(['(', '[a', '(?=a)', '(?<!a)', '(a)\\1', '\\Z', 'a{1001}', '*', 'a**', '[[:foo:]]'])('refuse %s', async (pattern) => {
    const error = await errorOf(() => compileSelector({ setting: 'encrypted_regex', pattern }))
    expect(error.code).toBe('REGEX_INVALID')
    expect(error.message).toContain('encrypted_regex')
  })

  it('take time that grows with the text only', async () => {
    const matches = await compileRegex('^(a+)+$', 'path_regex')
    const start = performance.now()
    expect(matches(`${'a'.repeat(50_000)}!`)).toBe(false)
    expect(performance.now() - start).toBeLessThan(5000)
  })

  it('answer the same for a key that repeats', async () => {
    const { matches } = await compileSelector({ setting: 'encrypted_regex', pattern: 'a' })
    expect([matches('a'), matches('a'), matches('b'), matches('b')]).toStrictEqual([true, true, false, false])
  })
})
