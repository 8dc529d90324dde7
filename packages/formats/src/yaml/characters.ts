/**
 * Characters as YAML 1.1 groups them: five line breaks, two blanks, and NUL for the end of the text (`Source` appends it and admits no other).
 * @module
 */

export const TAB = 0x09
export const LF = 0x0a
export const CR = 0x0d
export const SPACE = 0x20
export const BYTE_ORDER_MARK = 0xfeff
const NEL = 0x85
const LINE_SEPARATOR = 0x2028
const PARAGRAPH_SEPARATOR = 0x2029

export function isBlank(c: number): boolean {
  return c === SPACE || c === TAB
}

export function isBreak(c: number): boolean {
  return c === LF || c === CR || (c >= NEL && (c === NEL || c === LINE_SEPARATOR || c === PARAGRAPH_SEPARATOR))
}

export function isBreakOrEnd(c: number): boolean {
  return c === LF || c === CR || c === 0 || (c >= NEL && (c === NEL || c === LINE_SEPARATOR || c === PARAGRAPH_SEPARATOR))
}

/** Whether a token that must be followed by white space may end before this character. No text has control characters but tab and breaks. */
export function isGap(c: number): boolean {
  return c <= SPACE || (c >= NEL && (c === NEL || c === LINE_SEPARATOR || c === PARAGRAPH_SEPARATOR))
}

/** What ends a plain scalar inside brackets: `,`, `?`, `[`, `]`, `{` and `}`. */
export function isFlowIndicator(c: number): boolean {
  return c === 0x2c || c === 0x3f || c === 0x5b || c === 0x5d || c === 0x7b || c === 0x7d
}

/** What a break contributes to a scalar: two of them stand for themselves. */
export function breakText(c: number): string {
  return c === LINE_SEPARATOR || c === PARAGRAPH_SEPARATOR ? String.fromCharCode(c) : '\n'
}

export function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39
}

/** Letters, digits, "_" and "-": names of anchors, tag handles and directives. */
export function isNameCharacter(c: number): boolean {
  return (c >= 0x61 && c <= 0x7a) || (c >= 0x41 && c <= 0x5a) || isDigit(c) || c === 0x5f || c === 0x2d
}

/** @returns -1 if it is no hexadecimal digit */
export function hexValue(c: number): number {
  if (isDigit(c)) return c - 0x30
  const lower = c | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
