import * as fc from 'fast-check'
import { RE2JS } from 're2js'
import { describe, expect, it } from 'vitest'
import { compileRegex } from '../src/regex.ts'
import { compileSelector, selectionFrom } from '../src/selector.ts'
import { compileSimplePattern } from '../src/simple-pattern.ts'
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
    expect(performance.now() - start).toBeLessThan(20_000)
  })

  it('answer the same for a key that repeats', async () => {
    const { matches } = await compileSelector({ setting: 'encrypted_regex', pattern: 'a' })
    expect([matches('a'), matches('a'), matches('b'), matches('b')]).toStrictEqual([true, true, false, false])
  })
})

describe('simple patterns', () => {
  it.each(['', '^(data|stringData)$', 'secrets/.*\\.yaml$', '.*\\.enc\\.(?:yaml|json)', 'prod|^dev/', '.yaml'])('%j needs no engine', (pattern) => {
    expect(compileSimplePattern(pattern)).toBeDefined()
  })

  it.each(['a+', '.*?', '.+', '(a)?', '(a', 'a)', '((a))', '(^a)', 'a^b', 'a$b', '[ab]', 'a{2}', '\\d', '\\', '(?i)a', 'é', '(a\\)b)', 'a]', '$a', '.**'])(
    '%j is left to the engine',
    (pattern) => {
      expect(compileSimplePattern(pattern)).toBeUndefined()
    },
  )

  it('match what the engine matches', () => {
    const piece = fc.constantFrom('a', 'b', 'ab', '.', '.*', '\\.', '(a|b)', '(?:ab|a.|)', '(.*b|c)', '|', '^', '$', '\\$', '\\|', '(', ')', '-')
    const pattern = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''))
    const text = fc.array(fc.constantFrom('a', 'b', 'c', '.', '$', '|', '\n', '\u{1F600}', '-'), { maxLength: 10 }).map((pieces) => pieces.join(''))
    let compared = 0
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 5, maxLength: 5 }), (expression, texts) => {
        const simple = compileSimplePattern(expression)
        if (simple === undefined) return
        compared += 1
        const engine = RE2JS.compile(expression)
        expect(texts.map(simple)).toStrictEqual(texts.map((each) => engine.matcher(each).find()))
      }),
      { numRuns: 5000 },
    )
    expect(compared).toBeGreaterThan(1000)
  })

  it('take time that grows with the text only', () => {
    const matchesAll = compileSimplePattern(`${'.*a'.repeat(40)}.*b$`)!
    const start = performance.now()
    expect(matchesAll('a'.repeat(100_000))).toBe(false)
    expect(performance.now() - start).toBeLessThan(20_000)
  })
})
