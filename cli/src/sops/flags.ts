/**
 * The flag grammar of the `sops` program: Go's `flag` package, with the reordering that urfave/cli v1 does for subcommands.
 * `-name` and `--name` are the same, a value follows after `=` or as the next word, the first positional word ends the flags.
 * @module
 */

export interface Flag {
  /** The long name first. */
  readonly names: readonly [string, string?]
  readonly kind: 'bool' | 'string' | 'list' | 'int'
  readonly usage: string
  /** Environment variable that gives the value where the flag is absent. */
  readonly env?: string
  /** A boolean that is true unless switched off. */
  readonly onByDefault?: true
}

/** As the last word it asks for the words that can follow the others. */
export const COMPLETION_WORD = '--generate-bash-completion'
export const HELP_FLAG: Flag = { names: ['help', 'h'], kind: 'bool', usage: 'show help' }
export const VERSION_FLAG: Flag = { names: ['version', 'v'], kind: 'bool', usage: 'print the version' }

/** A command line that does not parse; the message is Go's. */
export class FlagError extends Error {
  override readonly name = 'FlagError'
}

type FlagValue = boolean | string | number | readonly string[]

/** Values by any name of their flag. A name that the command does not have reads as absent, as in the reference. */
export class FlagValues {
  readonly #values = new Map<string, FlagValue>()
  readonly #given = new Set<string>()
  readonly args: readonly string[]
  /** What was wrong with the words; the values are those before it. */
  readonly error: FlagError | undefined
  /** A flag that was given in its long and its short form. */
  readonly doubled: FlagError | undefined

  /** @throws FlagError if an environment variable does not parse */
  constructor(flags: readonly Flag[], words: readonly string[], env: Readonly<Record<string, string | undefined>>) {
    const byName = new Map(flags.flatMap((flag) => flag.names.map((name) => [name ?? '', flag] as const)))
    for (const flag of flags) this.#store(flag, initialValue(flag, env))
    let at = 0
    try {
      at = this.#parse(byName, words)
    } catch (error) {
      if (!(error instanceof FlagError)) throw error
      this.error = error
    }
    this.args = words.slice(at)
    this.doubled = this.#doubledFlag(flags)
  }

  bool(name: string): boolean {
    return this.#values.get(name) === true
  }
  string(name: string): string {
    const value = this.#values.get(name)
    return typeof value === 'string' ? value : ''
  }
  int(name: string): number {
    const value = this.#values.get(name)
    return typeof value === 'number' ? value : 0
  }
  list(name: string): readonly string[] {
    const value = this.#values.get(name)
    return Array.isArray(value) ? value : []
  }
  isGiven(name: string): boolean {
    return this.#given.has(name)
  }

  #store(flag: Flag, value: FlagValue): void {
    for (const name of flag.names) if (name) this.#values.set(name, value)
  }

  /** @returns where the positional words begin */
  #parse(flags: ReadonlyMap<string, Flag>, words: readonly string[]): number {
    let at = 0
    while (at < words.length) {
      const word = words[at] ?? ''
      if (word.length < 2 || !word.startsWith('-')) return at
      if (word === '--') return at + 1
      at++
      const text = word.slice(word[1] === '-' ? 2 : 1)
      if (text.startsWith('-') || text.startsWith('=')) throw new FlagError(`bad flag syntax: ${word}`)
      const equals = text.indexOf('=')
      const name = equals < 0 ? text : text.slice(0, equals)
      let value = equals < 0 ? undefined : text.slice(equals + 1)
      const flag = flags.get(name)
      if (!flag) throw new FlagError(`flag provided but not defined: -${name}`)
      if (flag.kind !== 'bool' && value === undefined) {
        value = words[at++]
        if (value === undefined) throw new FlagError(`flag needs an argument: -${name}`)
      }
      this.#store(flag, this.#read(flag, name, value))
      this.#given.add(name)
    }
    return at
  }

  #read(flag: Flag, name: string, text: string | undefined): FlagValue {
    if (flag.kind === 'string') return text ?? ''
    if (flag.kind === 'list') return [...this.list(name), text ?? '']
    if (flag.kind === 'int') return parseInteger(name, text ?? '')
    const value = text === undefined ? true : parseBool(text)
    if (value === undefined) throw new FlagError(`invalid boolean value ${quote(text ?? '')} for -${name}: parse error`)
    return value
  }

  #doubledFlag(flags: readonly Flag[]): FlagError | undefined {
    const doubled = flags.find(({ names: [long, short] }) => short !== undefined && this.#given.has(long) && this.#given.has(short))
    return doubled && new FlagError(`Cannot use two forms of the same flag: ${doubled.names[1]} ${doubled.names[0]}`)
  }
}

function initialValue(flag: Flag, env: Readonly<Record<string, string | undefined>>): FlagValue {
  const text = flag.env === undefined ? undefined : env[flag.env]
  if (flag.kind === 'string') return text ?? ''
  if (flag.kind === 'list') return text === undefined ? [] : text.split(',').map((part) => part.trim())
  if (flag.kind === 'int') return 0
  if (text === undefined) return flag.onByDefault === true
  const value = text === '' ? false : parseBool(text)
  if (value === undefined) {
    const name = flag.names.join(', ')
    throw new FlagError(`could not parse ${text} as bool value for flag ${name}: strconv.ParseBool: parsing ${quote(text)}: invalid syntax`)
  }
  return value
}

const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True'])
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False'])

function parseBool(text: string): boolean | undefined {
  return TRUE.has(text) ? true : FALSE.has(text) ? false : undefined
}

function parseInteger(name: string, text: string): number {
  const match = /^([+-]?)(0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|0(?:_?[0-7])*|[1-9](?:_?[0-9])*)$/.exec(text)
  if (!match) throw new FlagError(`invalid value ${quote(text)} for flag -${name}: parse error`)
  const [, sign, spelled = ''] = match
  const digits = spelled.replaceAll('_', '')
  const magnitude = Number(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits)
  if (!Number.isSafeInteger(magnitude)) throw new FlagError(`invalid value ${quote(text)} for flag -${name}: value out of range`)
  return sign === '-' ? -magnitude : magnitude
}

/** Go's `%q`, as far as command lines need it. */
export function quote(text: string): string {
  return JSON.stringify(text)
}

/**
 * Moves every known flag, and the word after it unless that is a known flag too, in front of the other words. The word after a
 * boolean flag is moved along: `decrypt --ignore-mac f.yaml --extract P` ends its flags at the file's name. Imitated, since
 * scripts rely on what it does to others' order.
 */
export function reorder(flags: readonly Flag[], words: readonly string[]): readonly string[] {
  const names = new Set(flags.flatMap((flag) => flag.names))
  const moved: string[] = []
  const rest: string[] = []
  let mayBeValue = false
  for (const [at, word] of words.entries()) {
    const known = isKnown(names, word)
    if (mayBeValue && !known) {
      mayBeValue = false
      moved.push(word)
    } else if (word === '--') {
      return [...moved, '--', ...rest, ...words.slice(at + 1)]
    } else if (known) {
      moved.push(word)
      mayBeValue = !word.includes('=')
    } else {
      rest.push(word)
    }
  }
  return [...moved, ...rest]
}

function isKnown(names: ReadonlySet<string | undefined>, word: string): boolean {
  if (word === '-' || word === '--' || !word.startsWith('-')) return false
  return names.has(word.replace(/^-{1,3}/, '').split('=', 1)[0])
}
