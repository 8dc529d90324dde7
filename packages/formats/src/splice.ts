/**
 * Replacements in a text, by offset, in one pass.
 * @module
 */

/** The text from `start` to `end` becomes `text`; an insertion has `start === end`. */
export interface Replacement {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** Replacements must not overlap; several insertions at one place keep their order. A replacement inside a removed or replaced range is dropped. */
export function splice(source: string, replacements: Replacement[]): string {
  const pieces: string[] = []
  let at = 0
  for (const { start, end, text } of replacements.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    if (start < at) continue
    pieces.push(source.slice(at, start), text)
    at = end
  }
  pieces.push(source.slice(at))
  return pieces.join('')
}
