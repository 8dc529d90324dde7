/**
 * Kinds of flag values, read as Go's flag package reads them.
 * Follows: Go strconv.ParseBool, time.ParseDuration.
 * @module
 */

export interface FlagKind<T> {
  /** As in the usage text; '' for a switch, which takes no separate word. */
  readonly name: 'string' | 'int' | 'float' | 'duration' | ''
  /** undefined: not a value of this kind */
  parse(text: string): T | undefined
}

export const TEXT: FlagKind<string> = { name: 'string', parse: (text) => text }

export function oneOf<Choice extends string>(choices: readonly Choice[]): FlagKind<Choice> {
  return { name: 'string', parse: (text) => choices.find((choice) => choice === text) }
}

export const INTEGER: FlagKind<number> = {
  name: 'int',
  parse: (text) => (/^[+-]?\d{1,15}$/.test(text) ? Number(text) : undefined),
}

export const FLOAT: FlagKind<number> = {
  name: 'float',
  parse: (text) => (/^[+-]?(\d{1,15}|\d{0,15}\.\d{1,15})(e[+-]?\d{1,3})?$/i.test(text) ? Number(text) : undefined),
}

const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True'])
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False'])

export const SWITCH: FlagKind<boolean> = {
  name: '',
  parse: (text) => (TRUE.has(text) ? true : FALSE.has(text) ? false : undefined),
}

const UNIT_MS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, 'µs': 1e-3, 'μs': 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
const PART = /(\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})(ns|us|µs|μs|ms|s|m|h)/y

/** Milliseconds. There is no unit for days. */
export const DURATION: FlagKind<number> = {
  name: 'duration',
  parse(text) {
    const sign = text.startsWith('-') ? -1 : 1
    const body = text.replace(/^[+-]/, '')
    if (body === '0') return 0
    let ms = 0
    PART.lastIndex = 0
    while (PART.lastIndex < body.length) {
      const part = PART.exec(body)
      if (!part) return undefined
      ms += Number(part[1]) * (UNIT_MS[part[2] ?? ''] ?? 0)
    }
    return body === '' ? undefined : sign * ms
  },
}

/** As Go prints it: `720h0m0s`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s'
  const seconds = Math.round(ms / 1000)
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  return `${h > 0 ? `${h}h` : ''}${h > 0 || m > 0 ? `${m}m` : ''}${s}s`
}
