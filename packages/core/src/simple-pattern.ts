/**
 * The expressions that nearly every rule and selector consists of: literal text, ".", ".*", groups of alternatives and
 * anchors at the ends, such as `^(data|stringData)$` and `secrets/.*\.yaml$`. Matched here in linear time; loading a whole
 * engine takes longer than encrypting a small file. test/selector.test.ts compares the two.
 * @module
 */

const ANY = Symbol('.')
const GAP = Symbol('.*')
type Item = string | typeof ANY | typeof GAP

/** Time is at most their product for each character of the text. */
const MAX_LENGTH = 128
const MAX_BRANCHES = 32
const PUNCTUATION = /^[!-/:-@[-`{-~]$/
/** Without the characters that have a meaning, or get one by what stands around them. */
const LITERAL = /^[A-Za-z0-9 _\-/:,;=@#%&~"'<>!]$/

/** One alternative: pieces of fixed length with gaps between them. */
interface Branch {
  readonly atStart: boolean
  readonly atEnd: boolean
  readonly pieces: readonly (readonly Item[])[]
}

/** @returns undefined for any other expression, valid or not */
export function compileSimplePattern(pattern: string): ((text: string) => boolean) | undefined {
  const branches = pattern.length > MAX_LENGTH ? undefined : parse(pattern)
  if (branches === undefined) return undefined
  return (text) => {
    const lines = text.split('\n') // neither "." nor a literal is a line break, so a match stays in one line
    return lines.some((line, at) => {
      const characters = Array.from(line)
      return branches.some((branch) => matches(branch, characters, at === 0, at === lines.length - 1))
    })
  }
}

function matches({ atStart, atEnd, pieces }: Branch, text: readonly string[], firstLine: boolean, lastLine: boolean): boolean {
  if ((atStart && !firstLine) || (atEnd && !lastLine)) return false
  let from = 0
  for (const [at, piece] of pieces.entries()) {
    const latest = text.length - piece.length
    const start = atEnd && at === pieces.length - 1 ? latest : from
    const end = atStart && at === 0 ? 0 : latest
    if (start < from) return false
    let found = start
    while (found <= end && !standsAt(piece, text, found)) found += 1
    if (found > Math.min(end, latest)) return false
    from = found + piece.length // the leftmost place leaves most room for the rest
  }
  return true
}

function standsAt(piece: readonly Item[], text: readonly string[], at: number): boolean {
  return piece.every((item, offset) => item === ANY || item === text[at + offset])
}

function parse(pattern: string): readonly Branch[] | undefined {
  const branches: Branch[] = []
  for (const alternative of splitAlternatives(pattern)) {
    const atStart = alternative.startsWith('^')
    const atEnd = alternative.endsWith('$') && !alternative.endsWith('\\$')
    const sequences = parseSequences(alternative.slice(atStart ? 1 : 0, atEnd ? -1 : undefined))
    if (sequences === undefined) return undefined
    branches.push(...sequences.map((items) => ({ atStart, atEnd, pieces: splitAtGaps(items) })))
  }
  return branches.length > MAX_BRANCHES ? undefined : branches
}

/** At "|" outside of groups. */
function splitAlternatives(pattern: string): string[] {
  const alternatives = ['']
  let depth = 0
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern[at]!
    if (character === '(') depth += 1
    if (character === ')') depth -= 1
    if (character === '|' && depth === 0) alternatives.push('')
    else alternatives.push(alternatives.pop()! + character + (character === '\\' ? (pattern[(at += 1)] ?? '') : ''))
  }
  return alternatives
}

/** Every way through the groups. */
function parseSequences(text: string): readonly (readonly Item[])[] | undefined {
  let sequences: (readonly Item[])[] = [[]]
  let rest = text
  while (rest !== '') {
    let choices: readonly (readonly Item[])[] | undefined
    if (rest.startsWith('(')) {
      const end = rest.indexOf(')')
      const inner = rest.slice(rest.startsWith('(?:') ? 3 : 1, Math.max(end, 0))
      choices = end === -1 ? undefined : parseChoices(inner)
      rest = rest.slice(end + 1)
    } else {
      const item = parseItem(rest)
      choices = item === undefined ? undefined : [[item.item]]
      rest = rest.slice(item?.length ?? 0)
    }
    if (choices === undefined || choices.length * sequences.length > MAX_BRANCHES) return undefined
    const next = choices
    sequences = sequences.flatMap((sequence) => next.map((choice) => [...sequence, ...choice]))
  }
  return sequences
}

/** The inside of a group: no groups and no anchors, and no escaped ")", which would have ended it. */
function parseChoices(inner: string): readonly (readonly Item[])[] | undefined {
  const choices: Item[][] = []
  for (const alternative of splitAlternatives(inner)) {
    const items: Item[] = []
    for (let rest = alternative; rest !== ''; ) {
      const parsed = parseItem(rest)
      if (parsed === undefined) return undefined
      items.push(parsed.item)
      rest = rest.slice(parsed.length)
    }
    choices.push(items)
  }
  return choices
}

function parseItem(text: string): { readonly item: Item; readonly length: number } | undefined {
  const [first = '', second = ''] = text
  if (first === '.') return second === '*' ? { item: GAP, length: 2 } : { item: ANY, length: 1 }
  if (first === '\\') return PUNCTUATION.test(second) ? { item: second, length: 2 } : undefined
  return LITERAL.test(first) ? { item: first, length: 1 } : undefined
}

function splitAtGaps(items: readonly Item[]): readonly (readonly Item[])[] {
  const pieces: Item[][] = [[]]
  for (const item of items) {
    if (item === GAP) pieces.push([])
    else pieces.at(-1)!.push(item)
  }
  return pieces
}
