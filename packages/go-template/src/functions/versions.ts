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
  /** Which parts were given: 0 none (or a wildcard), 1 major, 2 minor, 3 patch. */
  readonly parts: 0 | 1 | 2 | 3
}

const ONE = /^\s*(=|==|!=|>|<|>=|=>|<=|=<|~|~>|\^|)\s*(v?([0-9]{1,20}|[xX*])(?:\.([0-9]{1,20}|[xX*]))?(?:\.([0-9]{1,20}|[xX*]))?(-[0-9A-Za-z.-]{1,256})?(?:\+[0-9A-Za-z.-]{1,256})?)\s*$/

function parseConstraint(text: string, whole: string): Constraint {
  const m = ONE.exec(text)
  if (!m) throw new FunctionError(`improper constraint: ${whole}`)
  const given = [m[3], m[4], m[5]].map((part) => (part === undefined || /[xX*]/.test(part) ? undefined : part))
  const parts = (given[0] === undefined ? 0 : given[1] === undefined ? 1 : given[2] === undefined ? 2 : 3)
  const numbers = given.map((part, i) => (i < parts ? part : '0')).join('.')
  return { operator: m[1] === '=>' ? '>=' : m[1] === '=<' ? '<=' : m[1] === '==' ? '=' : m[1] === '~>' ? '~' : (m[1] ?? ''), version: parseVersion(numbers + (m[6] ?? '')), parts }
}

function satisfies(v: Version, { operator, version: c, parts }: Constraint): boolean {
  if (v.prerelease !== '' && c.prerelease === '') return false
  const same = (count: number): boolean => v.numbers.slice(0, count).every((n, i) => n === c.numbers[i])
  const order = compare(v, c)
  switch (operator) {
    case '':
    case '=':
      return parts < 3 ? same(parts) && (operator === '' || order >= 0) : order === 0
    case '!=':
      return parts < 3 ? !same(parts) : order !== 0
    case '>':
      return parts < 3 && parts > 0 ? order > 0 && !same(parts) : order > 0
    case '<':
      return order < 0
    case '>=':
      return order >= 0
    case '<=':
      return parts < 3 && parts > 0 ? order <= 0 || same(parts) : order <= 0
    case '~':
      return parts === 0 || (order >= 0 && same(Math.min(parts, 2)))
    default: {
      if (order < 0) return false
      const leading = c.numbers[0] > 0n || parts <= 1 ? 1 : c.numbers[1] > 0n || parts === 2 ? 2 : 3
      return parts === 0 || same(leading)
    }
  }
}

function check(constraint: string, version: string): boolean {
  const alternatives = constraint.split('||').map((group) => {
    const text = group.replace(/\s+-\s+/g, ' - ')
    const hyphen = /^\s*(\S+) - (\S+)\s*$/.exec(text)
    const pieces = hyphen ? [`>=${hyphen[1]}`, `<=${hyphen[2]}`] : text.replace(/([<>=!~^])\s+/g, '$1').split(/[\s,]+/).filter((piece) => piece !== '')
    if (pieces.length === 0) throw new FunctionError(`improper constraint: ${constraint}`)
    return pieces.map((piece) => parseConstraint(piece, constraint))
  })
  const parsed = parseVersion(version)
  return alternatives.some((all) => all.every((one) => satisfies(parsed, one)))
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
