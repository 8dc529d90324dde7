/**
 * White space as Go's `unicode.IsSpace` sees it, in byte text (see byte-text.ts), where characters beyond ASCII are several units.
 * @module
 */

const SPACE = /[\t-\r ]|\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80/y
const LONGEST = 3

/** @returns the first offset from `start` on that holds no space, at most `end` */
export function skipSpace(text: string, start: number, end: number): number {
  let at = start
  while (at < end) {
    SPACE.lastIndex = at
    if (!SPACE.test(text)) break
    at = SPACE.lastIndex
  }
  return at
}

/** @returns the smallest offset down to `start` so that only spaces stand between it and `end` */
export function trimEnd(text: string, start: number, end: number): number {
  let at = end
  while (at > start) {
    const length = spaceBefore(text, start, at)
    if (length === 0) break
    at -= length
  }
  return at
}

function spaceBefore(text: string, start: number, end: number): number {
  for (let length = 1; length <= LONGEST && end - length >= start; length += 1) {
    SPACE.lastIndex = end - length
    if (SPACE.test(text) && SPACE.lastIndex === end) return length
  }
  return 0
}

export function trim(text: string): string {
  const start = skipSpace(text, 0, text.length)
  return text.slice(start, trimEnd(text, start, text.length))
}
