import { CodedError, type KeyReport } from '@waxseal/core'
import { describe, expect, it } from 'vitest'
import { unrecoverable } from '../../src/sops/key-report.ts'
import { wrapText } from '../../src/sops/text.ts'
import { splitShellWords } from '../../src/process/shell-words.ts'

describe('wrapText', () => {
  it('breaks between words and keeps line ends', () => {
    expect(wrapText('aa bb cc\n\ndddddddd e', 5)).toBe('aa bb\ncc\n\ndddddddd\ne')
  })
})

describe('splitShellWords', () => {
  it.each([
    ['vim', ['vim']],
    ["sed -i 's/a b/c/'", ['sed', '-i', 's/a b/c/']],
    ['"a \\" b" c\\ d', ['a " b', 'c d']],
    ["a''b ''", ['ab', '']],
    ['a # comment\nb', ['a', 'b']],
    ['', []],
    ["'open", undefined],
    ['a\\', undefined],
  ])('splits %j', (text, words) => {
    expect(splitShellWords(text)).toEqual(words)
  })
})

describe('unrecoverable', () => {
  const report = (group: number, name: string, message?: string): KeyReport => ({
    group,
    type: 'age',
    name,
    outcome: message === undefined ? 'recovered' : 'failed',
    error: message === undefined ? undefined : new CodedError('IDENTITY_INVALID', message),
  })

  it('lists groups, keys and reasons in the layout of the reference', () => {
    const reports = [report(0, 'a', 'no identity here matches this recipient at all, of the three tried'), report(0, 'b', 'x'), report(1, 'c')]
    const error = unrecoverable(new CodedError('DATA_KEY_UNRECOVERABLE', '', { reports }), 2, 2, false)
    expect(error.status).toBe(128)
    expect(error.message.split('\n\nRecovery')[0]).toBe(`Failed to get the data key required to decrypt the SOPS file.

Group 0: FAILED
  a: FAILED
    - | no identity here matches this recipient at all, of the three
      | tried
  
  b: FAILED
    - | x

Group 1: SUCCESS`)
    expect(error.message).toContain('a Shamir threshold of\n2, but only 1 part(s)')
  })
})
