import { expect, it } from 'vitest'
import { printable } from '../../src/ui/print-error.ts'

it('shows what would move the cursor, add a line or turn the direction of text', () => {
  expect(printable('a\u001b[2J\r\n\u009b\u2028b')).toBe('a\\u001b[2J\\u000d\\u000a\\u009b\\u2028b')
  expect(printable('\u061c\u200e\u200f\u202a\u202e\u2066\u2069')).toBe('\\u061c\\u200e\\u200f\\u202a\\u202e\\u2066\\u2069')
  expect(printable('größe/日本-😀.yaml')).toBe('größe/日本-😀.yaml')
})
