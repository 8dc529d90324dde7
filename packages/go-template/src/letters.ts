/**
 * Classes and cases of single letters: one letter becomes one letter, whatever stands around it.
 * Follows: Go unicode (IsSpace, ToUpper, ToLower, ToTitle), with the Unicode version of the runtime.
 * @module
 */

export const isSpace = (c: string): boolean => /^[\t-\r \u0085\p{Z}]$/u.test(c)
export const isUpper = (c: string): boolean => /^\p{Lu}$/u.test(c)
export const isLower = (c: string): boolean => /^\p{Ll}$/u.test(c)
export const isTitle = (c: string): boolean => /^\p{Lt}$/u.test(c)
export const isLetter = (c: string): boolean => /^\p{L}$/u.test(c)
export const isPunctuation = (c: string): boolean => /^\p{P}$/u.test(c)
export const isNumber = (c: string): boolean => /^\p{N}$/u.test(c)

const single = (changed: string, c: string): string => (changed.length === c.length ? changed : c)

/** Small Greek letters with an iota below, whose capitals JavaScript writes as two letters: `ᾳ`. */
const IOTA_BELOW: ReadonlyMap<string, string> = new Map([
  ...[0x1f80, 0x1f90, 0x1fa0].flatMap((row) => Array.from({ length: 8 }, (_, i) => [row + i, row + i + 8] as const)),
  ...[0x1fb3, 0x1fc3, 0x1ff3].map((letter) => [letter, letter + 9] as const),
].map(([small, capital]) => [String.fromCharCode(small), String.fromCharCode(capital)]))

export const toUpper = (c: string): string => IOTA_BELOW.get(c) ?? single(c.toUpperCase(), c)
export const toLower = (c: string): string => (c === 'İ' ? 'i' : single(c.toLowerCase(), c))

/** Georgian letters stay as they are; letters of two (`ǆ`) have a form of their own (`ǅ`). */
export function toTitle(c: string): string {
  if (c >= 'ა' && c <= 'ჿ') return c
  const upper = toUpper(c)
  return 'ǄǇǊǱ'.includes(upper) ? String.fromCharCode(upper.charCodeAt(0) + 1) : upper
}
