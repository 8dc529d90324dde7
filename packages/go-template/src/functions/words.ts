/**
 * sprig's functions that look for words: cases, initials, wrapping, abbreviations. Some go by bytes, as there: `initials` and `nospace` take
 * each byte for a letter.
 * Follows: Go strings.Title; huandu/xstrings 1.5 (snake, kebab and Pascal case); Masterminds/goutils 1.1 (the rest).
 * @module
 */
import { isLetter, isLower, isNumber, isPunctuation, isSpace, isTitle, isUpper, toLower, toTitle, toUpper } from '../letters.ts'
import { fn, type Environment, type GoFunction } from '../signature.ts'
import { bytesOf, runes, textOf } from '../values.ts'

/** What is not UTF-8 comes out as U+FFFD. */
const mapLetters = (s: string, change: (c: string) => string): string => bytesOf([...textOf(s)].map(change).join(''))

/** A letter that no letter, digit or underscore precedes is capitalised. */
function title(s: string): string {
  let before = ' '
  return mapLetters(s, (c) => {
    const starts = before < '\x80' ? !/\w/.test(before) : isSpace(before)
    before = c
    return starts ? toTitle(c) : c
  })
}

function untitle(s: string): string {
  let starts = true
  return mapLetters(s, (c) => {
    const changed = starts ? toLower(c) : c
    starts = isSpace(c)
    return starts ? c : changed
  })
}

function swapcase(s: string): string {
  let afterSpace = true
  return mapLetters(s, (c) => {
    const starts = afterSpace
    afterSpace = !isUpper(c) && !isTitle(c) && !isLower(c) && isSpace(c)
    if (isUpper(c) || isTitle(c)) return toLower(c)
    return isLower(c) ? (starts ? toTitle(c) : toUpper(c)) : c
  })
}

function initials(s: string): string {
  return bytesOf([...s].filter((c, i) => !isSpace(c) && (i === 0 || isSpace(s[i - 1] ?? ''))).join(''))
}

function nospace(s: string): string {
  const kept = [...s].filter((c) => !isSpace(c))
  return kept.length === s.length ? s : bytesOf(kept.join(''))
}

/** @param breaksWords - words longer than the width are broken */
function wrap(width: bigint, newline: string, s: string, breaksWords: boolean, { budget }: Environment): string {
  const size = Math.max(1, Number(width))
  const lines: string[] = []
  let at = 0
  while (s.length - at > size) {
    if (s[at] === ' ') {
      at++
      continue
    }
    const space = at + s.slice(at, at + size + 1).lastIndexOf(' ') // none: before the line
    const end = space >= at ? space : breaksWords ? at + size : s.indexOf(' ', at + size)
    if (end < 0) break
    lines.push(s.slice(at, end))
    at = space >= at || !breaksWords ? end + 1 : end
  }
  budget.allow(s.length + lines.length * newline.length)
  return [...lines, s.slice(at)].join(newline || '\n')
}

function abbreviate(s: string, offset: number, width: number): string {
  if (width < 4 || s.length <= width) return s
  const from = Math.min(offset, s.length - (width - 3))
  if (from <= 4) return `${s.slice(0, width - 3)}...`
  return from + width - 3 < s.length ? `...${abbreviate(s.slice(from), 0, width - 3)}` : `...${s.slice(s.length - (width - 3))}`
}

type WordKind = 'number' | 'upper' | 'letters' | 'connector' | 'punctuation' | 'other' | 'invalid'
interface Word {
  readonly kind: WordKind
  readonly text: string
}

const isConnector = (c: string): boolean => c === '-' || c === '_' || isSpace(c)

/** Letters of scripts that have words. */
function isAlphabet(c: string): boolean {
  const rune = c.codePointAt(0) ?? 0
  return isLetter(c) && !((rune >= 0x4e00 && rune <= 0x9fcc) || (rune >= 0x3400 && rune <= 0x4d85) || (rune >= 0x20000 && rune <= 0x2b81d))
}

/** Letters as xstrings sees them: bytes that are no UTF-8 belong to the letter behind them, those at the end to nothing. */
function letters(s: string): { readonly c: string; readonly bytes: string }[] {
  const found: { c: string; bytes: string }[] = []
  let skipped = ''
  for (const [rune, at, size] of runes(s)) {
    const bytes = skipped + s.slice(at, at + size)
    skipped = rune === 0xfffd ? bytes : ''
    if (rune !== 0xfffd) found.push({ c: String.fromCodePoint(rune), bytes })
  }
  if (skipped) found.push({ c: '', bytes: skipped })
  return found
}

function wordsOf(s: string): Word[] {
  const all = letters(s)
  const words: Word[] = []
  let at = 0
  /** What belongs to nothing belongs to the word before it. */
  const run = (from: number, belongs: (c: string) => boolean): number => {
    let end = from
    while (end < all.length && (all[end]?.c === '' || belongs(all[end]?.c ?? ''))) end++
    return end
  }
  const small = (c: string): boolean => isAlphabet(c) && !isUpper(c)
  while (at < all.length) {
    const c = all[at]?.c ?? ''
    let kind: WordKind
    let end: number
    if (c === '') [kind, end] = ['invalid', at + 1]
    else if (isConnector(c)) [kind, end] = ['connector', run(at + 1, isConnector)]
    else if (isPunctuation(c)) [kind, end] = ['punctuation', run(at + 1, isPunctuation)]
    else if (isUpper(c)) {
      kind = 'upper'
      end = run(at + 1, isUpper)
      const next = all[end]?.c ?? ''
      if (isAlphabet(next)) {
        if (end > at + 1) end-- // the last capital begins the next word: HTTP Server
        else end = run(at + 1, small)
      }
    } else if (isAlphabet(c)) [kind, end] = ['letters', run(at + 1, small)]
    else if (isNumber(c)) [kind, end] = ['number', run(at + 1, isNumber)]
    else [kind, end] = ['other', run(at + 1, (o) => !isConnector(o) && !isAlphabet(o) && !isNumber(o) && !isPunctuation(o))]
    words.push({ kind, text: all.slice(at, end).map(({ bytes }) => bytes).join('') })
    at = end
  }
  return words
}

/** A number joins the letters behind it (`20x`), or else the word before it (`bld4`). */
function separated(s: string, connector: string): string {
  const words = wordsOf(s)
  let out = ''
  let at = 0
  const is = (...kinds: readonly WordKind[]): boolean => kinds.includes(words[at]?.kind ?? 'invalid')
  const write = (): void => {
    const word = words[at++]
    if (!word) return
    const changes = word.kind === 'upper' || word.kind === 'connector'
    out += changes ? mapLetters(word.text, (c) => (isConnector(c) ? connector : isUpper(c) ? toLower(c) : c)) : word.text
  }
  const connect = (...unless: readonly WordKind[]): void => {
    if (!is('connector', 'punctuation', ...unless)) out += connector
  }
  const writeNumberAndLetters = (): void => {
    write()
    while (is('letters', 'number')) write()
    connect('invalid')
  }
  while (at < words.length - 1) {
    if (is('number')) {
      writeNumberAndLetters()
      continue
    }
    const joins = is('connector', 'punctuation')
    write()
    if (joins) continue
    if (!is('number')) connect()
    else if (at < words.length - 1) {
      if (words[at + 1]?.kind === 'letters') {
        out += connector
        writeNumberAndLetters()
      } else {
        write()
        connect()
      }
    }
  }
  write()
  return out
}

/** `foo_bar baz` is `FooBarBaz`; of several connectors in a row one goes, and those at the ends stay. Nothing but connectors gets one more. */
function pascal(s: string): string {
  const all = [...textOf(s)]
  const first = all.findIndex((c) => !isConnector(c))
  if (first < 0) return bytesOf(all.join('') + (all.at(-1) ?? ''))
  let out = all.slice(0, first).join('')
  let current = toUpper(all[first] ?? '')
  let inCapitals = isUpper(all[first] ?? '')
  for (const c of all.slice(first + 1)) {
    const before = current
    current = c
    if (isConnector(before)) {
      if (isConnector(c)) out += before
      else {
        inCapitals = isUpper(c)
        current = toUpper(c)
      }
      continue
    }
    if (inCapitals && isUpper(c)) current = toLower(c)
    else inCapitals = false
    out += before
  }
  return bytesOf(out + current)
}

type S = readonly [string]

export const WORDS: Readonly<Record<string, GoFunction>> = {
  title: fn('string', ([s]: S) => title(s)),
  untitle: fn('string', ([s]: S) => untitle(s)),
  swapcase: fn('string', ([s]: S) => swapcase(s)),
  nospace: fn('string', ([s]: S) => nospace(s)),
  initials: fn('string', ([s]: S) => initials(s)),
  abbrev: fn('int string', ([width, s]: readonly [bigint, string]) => abbreviate(s, 0, Number(width))),
  abbrevboth: fn('int int string', ([left, right, s]: readonly [bigint, bigint, string]) => (right < 4n || (left > 0n && right < 7n) ? s : abbreviate(s, Number(left), Number(right)))),
  wrap: fn('int string', ([n, s]: readonly [bigint, string], env) => wrap(n, '', s, false, env)),
  wrapWith: fn('int string string', ([n, newline, s]: readonly [bigint, string, string], env) => wrap(n, newline, s, true, env)),
  snakecase: fn('string', ([s]: S) => separated(s, '_')),
  kebabcase: fn('string', ([s]: S) => separated(s, '-')),
  camelcase: fn('string', ([s]: S) => pascal(s)),
}
