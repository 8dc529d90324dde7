/**
 * Regular expressions in Go's syntax, in linear time.
 * Follows: Masterminds/sprig v3.3.0 regex.go; Go regexp (Expand, Split).
 * @module
 */
import { RE2JS } from 're2js'
import { FunctionError } from '../errors.ts'
import { fn, type Budget, type Environment, type GoFunction } from '../signature.ts'
import { bytesOf, List, runes, textOf } from '../values.ts'

/** Characters times instructions. */
const SEARCHED_A_STEP = 64

function compile(pattern: string): RE2JS {
  for (const [rune, , size] of runes(pattern)) if (rune === 0xfffd && size === 1) throw new FunctionError(`error parsing regexp: invalid UTF-8: \`${pattern}\``)
  try {
    return RE2JS.compile(textOf(pattern))
  } catch (error) {
    // The library has RE2's own words behind its prefix.
    const reason = (error instanceof Error ? error.message : '').replace(/^error parsing regexp: /, '')
    throw new FunctionError(bytesOf(`error parsing regexp: ${reason}${reason.includes(': `') ? '' : ': ``'}`))
  }
}

/**
 * Text for the matcher. Bytes that are no UTF-8 become lone surrogates, which no text holds: they match what U+FFFD matches in classes, and
 * come back as they were.
 */
function matchable(s: string): string {
  let out = ''
  for (const [rune, at, size] of runes(s)) out += rune === 0xfffd && size === 1 ? String.fromCharCode(0xdc00 + s.charCodeAt(at)) : String.fromCodePoint(rune)
  return out
}

function unmatchable(text: string): string {
  let out = ''
  for (const c of text) out += c.length === 1 && c >= '\udc80' && c < '\ue000' ? String.fromCharCode(c.charCodeAt(0) - 0xdc00) : bytesOf(c)
  return out
}

interface Match {
  readonly start: number
  readonly end: number
  readonly groups: readonly (string | undefined)[]
  readonly named: ReadonlyMap<string, string | undefined>
}

/** The time of a search grows with the text and with the expression, which a repetition like `{1000}` makes long. */
function chargeSearch(pattern: RE2JS, text: string, budget: Budget): void {
  budget.tick(Math.floor((text.length * pattern.programSize()) / SEARCHED_A_STEP))
}

/** All matches as Go finds them: an empty match right behind another match does not count. */
function matches(pattern: RE2JS, text: string, limit: number, { budget }: Environment): Match[] {
  chargeSearch(pattern, text, budget)
  const found: Match[] = []
  const matcher = pattern.matcher(text)
  let from = 0
  let lastEnd = -1
  while (found.length < limit && from <= text.length && matcher.find(from)) {
    budget.tick()
    const [start, end] = [matcher.start(), matcher.end()]
    const groups: (string | undefined)[] = []
    for (let i = 0; i <= matcher.groupCount(); i++) groups.push(matcher.group(i) ?? undefined)
    if (end > start || start !== lastEnd) {
      const named = new Map(Object.entries(pattern.namedGroups()).map(([name, index]) => [name, groups[index]]))
      found.push({ start, end, groups, named })
    }
    lastEnd = end
    if (end > start) from = end
    else from = end + ((text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1)
  }
  return found
}

/** regexp.Expand: `$1`, `${1}`, `$name`, `$$`; the longest name counts, unknown ones are empty. */
function expand(template: string, match: Match): string {
  return template.replace(/\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu, (all, braced: string | undefined, bare: string | undefined) => {
    if (all === '$$') return '$'
    const name = braced ?? bare ?? ''
    return (/^(?:0|[1-9]\d{0,8})$/.test(name) ? match.groups[Number(name)] : match.named.get(name)) ?? ''
  })
}

function replaceAll(pattern: RE2JS, text: string, by: (match: Match) => string, environment: Environment): string {
  let out = ''
  let last = 0
  for (const match of matches(pattern, text, Infinity, environment)) {
    out += text.slice(last, match.start) + by(match)
    environment.budget.allow(out.length)
    last = match.end
  }
  return out + text.slice(last)
}

function split(pattern: RE2JS, text: string, count: bigint, environment: Environment): string[] {
  if (count === 0n) return []
  if (text === '' && pattern.pattern() !== '') return ['']
  const limit = count < 0n ? Infinity : Number(count)
  const parts: string[] = []
  let begin = 0
  let end = 0
  for (const match of matches(pattern, text, limit, environment)) {
    if (parts.length === limit - 1) break
    end = match.start
    if (match.end > 0) parts.push(text.slice(begin, end))
    begin = match.end
  }
  // An empty match at the end leaves nothing behind it.
  return end === text.length ? parts : [...parts, text.slice(begin)]
}

type SS = readonly [string, string]
type SSN = readonly [string, string, bigint]
type SSS = readonly [string, string, string]

/** The forms without `must` compile by MustCompile: a bad pattern is a panic with another text. */
function compiled(pattern: string, must: boolean): RE2JS {
  if (must) return compile(pattern)
  try {
    return compile(pattern)
  } catch (error) {
    throw error instanceof FunctionError ? new FunctionError(`regexp: Compile(${quoteForPanic(pattern)}): ${error.message}`) : error
  }
}

function quoteForPanic(pattern: string): string {
  for (const [rune] of runes(pattern)) if (rune === 0x60 || rune < 0x20) return JSON.stringify(pattern)
  return `\`${pattern}\``
}

function family(must: boolean): Readonly<Record<string, GoFunction>> {
  return {
    find: fn('string string', ([pattern, text]: SS, env) => unmatchable(matches(compiled(pattern, must), matchable(text), 1, env)[0]?.groups[0] ?? '')),
    findAll: fn('string string int', ([pattern, text, n]: SSN, env) => {
      const found = matches(compiled(pattern, must), matchable(text), n < 0n ? Infinity : Number(n), env)
      return List.ofFound(found.map((match) => unmatchable(match.groups[0] ?? '')), 'string')
    }),
    replaceAll: fn('string string string', ([pattern, text, by]: SSS, env) => {
      const template = matchable(by)
      return unmatchable(replaceAll(compiled(pattern, must), matchable(text), (match) => expand(template, match), env))
    }),
    replaceAllLiteral: fn('string string string', ([pattern, text, by]: SSS, env) => {
      const literal = matchable(by)
      return unmatchable(replaceAll(compiled(pattern, must), matchable(text), () => literal, env))
    }),
    split: fn('string string int', ([pattern, text, n]: SSN, env) => new List(split(compiled(pattern, must), matchable(text), n, env).map(unmatchable), 'string', n === 0n)),
  }
}

function isMatch(pattern: string, text: string, { budget }: Environment): boolean {
  const expression = compile(pattern)
  chargeSearch(expression, text, budget)
  return expression.matcher(matchable(text)).find()
}

const plain = family(false)
const must = family(true)

export const REGEXES: Readonly<Record<string, GoFunction>> = {
  regexMatch: fn('string string', ([pattern, text]: SS, env) => {
    try {
      return isMatch(pattern, text, env)
    } catch (error) {
      if (error instanceof FunctionError) return false
      throw error
    }
  }),
  mustRegexMatch: fn('string string', ([pattern, text]: SS, env) => isMatch(pattern, text, env)),
  regexFind: plain['find'] as GoFunction,
  mustRegexFind: must['find'] as GoFunction,
  regexFindAll: plain['findAll'] as GoFunction,
  mustRegexFindAll: must['findAll'] as GoFunction,
  regexReplaceAll: plain['replaceAll'] as GoFunction,
  mustRegexReplaceAll: must['replaceAll'] as GoFunction,
  regexReplaceAllLiteral: plain['replaceAllLiteral'] as GoFunction,
  mustRegexReplaceAllLiteral: must['replaceAllLiteral'] as GoFunction,
  regexSplit: plain['split'] as GoFunction,
  mustRegexSplit: must['split'] as GoFunction,
  regexQuoteMeta: fn('string', ([text]: readonly [string]) => text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')),
}
