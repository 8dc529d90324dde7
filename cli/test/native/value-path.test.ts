import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseValuePath, showValuePath } from '../../src/documents/value-path.ts'

describe('value paths', () => {
  it.each([
    ['db.password', ['db', 'password']],
    ['users[0].token', ['users', 0, 'token']],
    ['["a.b"].c', ['a.b', 'c']],
    ["['it''s']", undefined],
    ["['a \"quoted\" key'][2]", ['a "quoted" key', 2]],
    ['["say \\"hi\\""]', ['say "hi"']],
    ['["a"][0]', ['a', 0]],
    ['a b', ['a b']],
    ['', undefined],
    ['.a', undefined],
    ['a.', undefined],
    ['a..b', undefined],
    ['a[', undefined],
    ['a[x]', undefined],
    ['a[-1]', undefined],
    ['a]b', undefined],
    ['a["b"', undefined],
  ])('%s', (text, path) => {
    if (path === undefined) expect(() => parseValuePath(text)).toThrow(expect.objectContaining({ code: 'PATH_INVALID' }))
    else expect(parseValuePath(text)).toEqual(path)
  })

  it('can be typed again as they are shown', () => {
    const component = fc.oneof(fc.string({ unit: 'grapheme' }), fc.nat(999_999_999))
    fc.assert(
      fc.property(fc.array(component, { minLength: 1, maxLength: 5 }), (path) => {
        expect(parseValuePath(showValuePath(path))).toEqual(path)
      }),
    )
  })
})
