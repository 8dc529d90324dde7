/**
 * Semantic versions and constraints on them.
 * Follows: Masterminds/semver v3 (loose parsing, ranges, pre-releases only where a constraint has one).
 * @module
 */
import { FunctionError } from '../errors.ts'
import { fn, type GoFunction } from '../signature.ts'
import { Int, Struct, typeName, type GoValue } from '../values.ts'

interface Version {
  readonly original: string
  readonly numbers: readonly [bigint, bigint, bigint]
  readonly prerelease: string
  readonly metadata: string
}

const LOOSE = /^v?(\d{1,20})(?:\.(\d{1,20}))?(?:\.(\d{1,20}))?(?:-([0-9A-Za-z.-]{1,256}))?(?:\+([0-9A-Za-z.-]{1,256}))?$/

function parseVersion(text: string): Version {
  const m = LOOSE.exec(text)
  const bad = (): never => {
    throw new FunctionError('Invalid Semantic Version')
  }
  if (!m) return bad()
  const part = (digits: string | undefined): bigint => BigInt(digits ?? '0')
  const prerelease = m[4] ?? ''
  const metadata = m[5] ?? ''
  if (prerelease && prerelease.split('.').some((id) => id === '')) bad()
  if (prerelease.split('.').some((id) => /^0\d+$/.test(id))) throw new FunctionError("Version segment starts with 0")
  if (metadata && metadata.split('.').some((id) => id === '')) bad()
  return { original: text, numbers: [part(m[1]), part(m[2]), part(m[3])], prerelease, metadata }
}

function comparePrerelease(a: string, b: string): number {
  if (a === b) return 0
  if (a === '') return 1
  if (b === '') return -1
  const [x, y] = [a.split('.'), b.split('.')]
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    const [p, q] = [x[i], y[i]]
    if (p === q) continue
    if (p === undefined) return -1
    if (q === undefined) return 1
    const [np, nq] = [/^\d+$/.test(p), /^\d+$/.test(q)]
    if (np && nq) return BigInt(p) < BigInt(q) ? -1 : 1
    if (np !== nq) return np ? -1 : 1
    return p < q ? -1 : 1
  }
  return 0
}

function compare(a: Version, b: Version): number {
  for (let i = 0; i < 3; i++) {
    const [x = 0n, y = 0n] = [a.numbers[i], b.numbers[i]]
    if (x !== y) return x < y ? -1 : 1
  }
  return comparePrerelease(a.prerelease, b.prerelease)
}

interface Constraint {
  readonly operator: string
  readonly version: Version
  /** The parts that were given before a wildcard or the end; `x` alone counts as all three, being 0.0.0. */
  readonly parts: 1 | 2 | 3
  readonly isComplete: boolean
}

const NUMBER = '[0-9xX*|]+'
const IDENTIFIERS = '[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*'
/** @param open - of a group for each part of the version */
const pattern = (open: '(' | '(?:'): string => `v?${open}${NUMBER})(?:\\.${open}${NUMBER}))?(?:\\.${open}${NUMBER}))?${open}-${IDENTIFIERS})?(?:\\+${IDENTIFIERS})?`
const ONE = new RegExp(`(=>|=<|=|!=|>=?|<=?|~>?|\\^|) ?${pattern('(')}`, 'y')
const RANGE = new RegExp(`(^|[ ,]|\\|(?=v))(${pattern('(?:')}) - (${pattern('(?:')})`, 'g')

function constraintOf([, operator = '', major = '', minor = '', patch = '', prerelease = '']: readonly (string | undefined)[]): Constraint {
  const isWildcard = (part: string): boolean => part === '' || /^[xX*]$/.test(part)
  const given = [major, minor, patch]
  const parts = given.findIndex(isWildcard)
  const numbers = given.map((part, i) => (parts >= 0 && i >= parts ? '0' : part)).join('.')
  if (!/^[0-9.]+$/.test(numbers)) throw new FunctionError('constraint parser error')
  return { operator, version: parseVersion(numbers + prerelease), parts: parts === 1 || parts === 2 ? parts : 3, isComplete: parts < 0 }
}

function satisfies(v: Version, { operator, version: c, parts, isComplete }: Constraint): boolean {
  const order = compare(v, c)
  const differs = [0, 1, 2].findIndex((i) => v.numbers[i] !== c.numbers[i])
  /** The given parts are the same. */
  const isWithin = differs < 0 || differs >= parts
  const isGreaterBefore = (count: number): boolean => differs >= 0 && differs < count && (v.numbers[differs] ?? 0n) > (c.numbers[differs] ?? 0n)
  switch (operator) {
    case '=':
    case '':
      return isComplete ? order === 0 : satisfies(v, { operator: '~', version: c, parts, isComplete })
    case '!=':
      if (parts === 3) return order !== 0
      return !isWithin || (parts === 2 && comparePrerelease(v.prerelease, c.prerelease) !== 0)
    case '>':
      return parts === 3 ? order > 0 : isGreaterBefore(parts)
    case '<':
      return order < 0
    case '>=':
    case '=>':
      return order >= 0
    case '<=':
    case '=<':
      return isComplete ? order <= 0 : !isGreaterBefore(parts === 1 ? 1 : 2)
    case '~':
    case '~>': {
      const isAny = parts === 3 && c.numbers.every((n) => n === 0n)
      return order >= 0 && (isAny || differs < 0 || differs >= Math.min(parts, 2))
    }
    default: {
      // ^: the first part that is not 0 stays, or the last that was given.
      const leading = c.numbers[0] > 0n || parts === 1 ? 1 : c.numbers[1] > 0n || parts === 2 ? 2 : 3
      return order >= 0 && (differs < 0 || differs >= leading)
    }
  }
}

/** All of the constraints between two `||`. */
function parseGroup(text: string): Constraint[] {
  const found: Constraint[] = []
  const improper = (): never => {
    throw new FunctionError(`improper constraint: ${text}`)
  }
  let at = text.startsWith(' ') ? 1 : 0
  for (;;) {
    ONE.lastIndex = at
    const one = ONE.exec(text) ?? improper()
    found.push(constraintOf(one))
    const rest = text.slice(ONE.lastIndex)
    const separator = /^(?: ?, ?| )/.exec(rest)?.[0] ?? ''
    if (rest === '' || rest === ' ') return found
    if (separator === '') improper()
    at = text.length - rest.length + separator.length
  }
}

function check(constraint: string, version: string): boolean {
  const spaced = constraint.replace(/[\t\n\f\r ]+/g, ' ').replace(RANGE, '$1>= $2, <= $3 ')
  const groups = spaced.replace(/ +/g, ' ').split('||').map(parseGroup)
  const parsed = parseVersion(version)
  // A pre-release satisfies only groups that name one.
  return groups.some((all) => (parsed.prerelease === '' || all.some((one) => one.version.prerelease !== '')) && all.every((one) => satisfies(parsed, one)))
}

function versionText(v: Version): string {
  return v.numbers.join('.') + (v.prerelease && `-${v.prerelease}`) + (v.metadata && `+${v.metadata}`)
}

/** The parsed form beside each Struct that a template holds. */
const parsedOf = new WeakMap<Struct, Version>()

function wrap(v: Version): Struct {
  const other = (value: GoValue): Version => {
    const found = value instanceof Struct ? parsedOf.get(value) : undefined
    if (!found) throw new FunctionError(`wrong type for value; expected *semver.Version; got ${typeName(value)}`)
    return found
  }
  const [major, minor, patch] = v.numbers
  const bumped = (numbers: Version['numbers']): Struct => wrap({ original: numbers.join('.'), numbers, prerelease: '', metadata: '' })
  const methods = new Map<string, (args: readonly GoValue[]) => GoValue>([
    ['Major', () => new Int('uint64', major)],
    ['Minor', () => new Int('uint64', minor)],
    ['Patch', () => new Int('uint64', patch)],
    ['Prerelease', () => v.prerelease],
    ['Metadata', () => v.metadata],
    ['Original', () => v.original],
    ['String', () => versionText(v)],
    ['Compare', (args) => BigInt(compare(v, other(args[0])))],
    ['Equal', (args) => compare(v, other(args[0])) === 0],
    ['LessThan', (args) => compare(v, other(args[0])) < 0],
    ['GreaterThan', (args) => compare(v, other(args[0])) > 0],
    ['LessThanEqual', (args) => compare(v, other(args[0])) <= 0],
    ['GreaterThanEqual', (args) => compare(v, other(args[0])) >= 0],
    ['IncMajor', () => bumped([major + 1n, 0n, 0n])],
    ['IncMinor', () => bumped([major, minor + 1n, 0n])],
    ['IncPatch', () => bumped([major, minor, v.prerelease ? patch : patch + 1n])],
  ])
  const struct = new Struct('*semver.Version', versionText(v), new Map(), methods)
  parsedOf.set(struct, v)
  return struct
}

export const VERSIONS: Readonly<Record<string, GoFunction>> = {
  semver: fn('string', ([text]: readonly [string]) => wrap(parseVersion(text))),
  semverCompare: fn('string string', ([constraint, version]: readonly [string, string]) => check(constraint, version)),
}
