/**
 * The flag grammar of the `kubeseal` program: long and short flags, values behind `=` or as the next word, flags and positional
 * words in any order, and a variable of the environment for each flag.
 * Follows: spf13/pflag v1.0.10; bitnami-labs/sealed-secrets pkg/pflagenv.
 * @module
 */

export type FlagKind = 'bool' | 'string' | 'list' | 'int' | 'choice'

export interface Flag {
  readonly name: string
  readonly short?: string
  readonly kind: FlagKind
  readonly usage: string
  /** How the usage calls the value; else by its kind. */
  readonly valueName?: string
  readonly initial?: string
  /** The values that a 'choice' takes, beside none. */
  readonly choices?: readonly string[]
  /** What to use instead. */
  readonly deprecated?: string
  /** No variable gives this one. */
  readonly withoutVariable?: true
}

/** A command line that does not parse. */
export class FlagError extends Error {
  override readonly name = 'FlagError'
}

/** `-h` where no flag has that letter: the usage is wanted. */
export class HelpWanted extends Error {
  override readonly name = 'HelpWanted'
}

const PREFIX = 'SEALED_SECRETS_'
const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True']
const FALSE = ['0', 'f', 'F', 'FALSE', 'false', 'False']

export class FlagValues {
  readonly #flags: ReadonlyMap<string, Flag>
  readonly #byLetter: ReadonlyMap<string, Flag>
  readonly #texts = new Map<string, string>()
  readonly #lists = new Map<string, readonly string[]>()
  readonly #warnings: string[] = []

  /** @throws FlagError, HelpWanted */
  constructor(flags: readonly Flag[], words: readonly string[], env: Readonly<Record<string, string | undefined>>) {
    this.#flags = new Map(flags.map((flag) => [flag.name, flag]))
    this.#byLetter = new Map(flags.flatMap((flag) => (flag.short === undefined ? [] : [[flag.short, flag] as const])))
    for (const flag of flags) this.#setFromVariable(flag, env)
    this.#parse(words)
  }

  /** About deprecated flags. */
  get warnings(): readonly string[] {
    return this.#warnings
  }

  bool(name: string): boolean {
    return TRUE.includes(this.text(name))
  }

  text(name: string): string {
    return this.#texts.get(name) ?? this.#flags.get(name)?.initial ?? ''
  }

  list(name: string): readonly string[] {
    return this.#lists.get(name) ?? []
  }

  /** An invalid value is as good as none. */
  #setFromVariable(flag: Flag, env: Readonly<Record<string, string | undefined>>): void {
    if (flag.withoutVariable) return
    const value = env[`${PREFIX}${flag.name.toUpperCase().replaceAll('-', '_')}`]
    if (value === undefined) return
    try {
      this.#store(flag, value)
    } catch (error) {
      if (!(error instanceof FlagError)) throw error
    }
  }

  #parse(words: readonly string[]): void {
    const rest = [...words]
    for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
      if (word === '--') return
      if (word.startsWith('--')) this.#parseLong(word, rest)
      else if (word.startsWith('-') && word !== '-') this.#parseShort(word.slice(1), rest)
    }
  }

  #parseLong(word: string, rest: string[]): void {
    const body = word.slice(2)
    if (/^[-=]/.test(body)) throw new FlagError(`bad flag syntax: ${word}`)
    const end = body.includes('=') ? body.indexOf('=') : body.length
    const name = body.slice(0, end)
    const flag = this.#flags.get(name)
    if (!flag) throw new FlagError(`unknown flag: --${name}`)
    const value = end < body.length ? body.slice(end + 1) : flag.kind === 'bool' ? 'true' : rest.shift()
    if (value === undefined) throw new FlagError(`flag needs an argument: --${name}`)
    this.#set(flag, value)
  }

  /** Several letters may share a dash; the first that takes a value takes what follows it. */
  #parseShort(letters: string, rest: string[]): void {
    const letter = letters[0] ?? ''
    const flag = this.#byLetter.get(letter)
    if (!flag) {
      if (letter === 'h') throw new HelpWanted()
      throw new FlagError(`unknown shorthand flag: '${letter}' in -${letters}`)
    }
    if (letters.length > 2 && letters[1] === '=') return this.#set(flag, letters.slice(2))
    if (flag.kind === 'bool') {
      this.#set(flag, 'true')
      if (letters.length > 1) this.#parseShort(letters.slice(1), rest)
      return
    }
    const value = letters.length > 1 ? letters.slice(1) : rest.shift()
    if (value === undefined) throw new FlagError(`flag needs an argument: '${letter}' in -${letters}`)
    this.#set(flag, value)
  }

  #set(flag: Flag, value: string): void {
    this.#store(flag, value)
    if (flag.deprecated) this.#warnings.push(`Flag --${flag.name} has been deprecated, ${flag.deprecated}`)
  }

  /** A list grows, whether its words came from the environment or from the command line. */
  #store(flag: Flag, value: string): void {
    const problem = flag.kind === 'list' ? undefined : problemOf(flag, value)
    if (problem !== undefined) {
      const name = flag.short === undefined ? `--${flag.name}` : `-${flag.short}, --${flag.name}`
      throw new FlagError(`invalid argument ${JSON.stringify(value)} for "${name}" flag: ${problem}`)
    }
    if (flag.kind === 'list') this.#lists.set(flag.name, [...this.list(flag.name), ...readCsv(value)])
    else this.#texts.set(flag.name, value)
  }
}

function problemOf({ kind, choices = [] }: Flag, value: string): string | undefined {
  if (kind === 'bool') return TRUE.includes(value) || FALSE.includes(value) ? undefined : `strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`
  if (kind === 'int') return /^[+-]?\d+$/.test(value) ? undefined : `strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`
  if (kind === 'choice') return value === '' || choices.includes(value) ? undefined : `must be one of: ${choices.join(', ')}`
  return undefined
}

/** One line of RFC 4180: fields in quotes may hold commas, and quotes in double. */
function readCsv(line: string): string[] {
  if (line === '') return []
  const fields: string[] = []
  let field = ''
  let quoted = false
  for (let at = 0; at < line.length; at++) {
    const char = line[at] ?? ''
    if (quoted && char === '"' && line[at + 1] === '"') field += line[++at]
    else if (char === '"' && (quoted || field === '')) quoted = !quoted
    else if (char === ',' && !quoted) {
      fields.push(field)
      field = ''
    } else field += char
  }
  return [...fields, field]
}

/** All flags with their usage, in the order of their names. */
export function flagUsages(flags: readonly Flag[]): string {
  const rows = flags.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map((flag) => [headOf(flag), tailOf(flag)] as const)
  const width = Math.max(...rows.map(([head]) => head.length))
  return rows.map(([head, tail]) => `${head.padEnd(width)}   ${tail}\n`).join('')
}

function headOf({ name, short, kind, valueName = kind === 'list' ? 'strings' : kind }: Flag): string {
  const head = short === undefined ? `      --${name}` : `  -${short}, --${name}`
  return kind === 'bool' ? head : `${head} ${valueName}`
}

function tailOf({ usage, kind, initial = '', deprecated }: Flag): string {
  const shown = initial === '' || initial === 'false' || initial === '0' ? '' : ` (default ${kind === 'string' ? JSON.stringify(initial) : initial})`
  return usage + shown + (deprecated ? ` (DEPRECATED: ${deprecated})` : '')
}
