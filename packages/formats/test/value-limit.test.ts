import { describe, expect, it } from 'vitest'
import { formatByName } from '../src/index.ts'
import { MAX_VALUES } from '../src/value-limit.ts'
import { codeOf } from './nodes.ts'

const MORE = MAX_VALUES + 1

describe('a file with more values than memory is meant for', () => {
  it.each([
    ['json', `{"a":[${'0,'.repeat(MORE)}0]}`],
    ['yaml', `a: [${'0,'.repeat(MORE)}0]\n`],
    ['yaml', '#\n'.repeat(MORE)],
    ['dotenv', 'A=1\n'.repeat(MORE)],
    ['ini', 'a=1\n'.repeat(MORE)],
  ])('is refused: %s', { timeout: 60_000 }, (name, text) => {
    const source = Buffer.from(text)
    expect(codeOf(() => formatByName(name)!.parse(source))).toBe('PARSE_LIMIT')
  })
})
