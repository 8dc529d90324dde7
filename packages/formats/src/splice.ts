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

/**
 * Several insertions at one place keep their order, and go before what is replaced there. Of replacements that overlap, the one
 * that starts first counts; of those that start together, the longest.
 */
export function splice(source: string, replacements: Replacement[]): string {
  const pieces: string[] = []
  let at = 0
  for (const { start, end, text } of replacements.toSorted(inOrder)) {
    if (start < at) continue
    pieces.push(source.slice(at, start), text)
    at = end
  }
  pieces.push(source.slice(at))
  return pieces.join('')
}

function inOrder(a: Replacement, b: Replacement): number {
  return a.start - b.start || Number(a.start !== a.end) - Number(b.start !== b.end) || b.end - a.end
}
