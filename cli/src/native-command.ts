/**
 * What a native command is: data for the grammar and the help, and a handler that is loaded when the command runs.
 * @module
 */
import type { Context } from './context.ts'

export interface NativeOption {
  /** As commander reads it: `-i, --in-place`, `-o, --output <file>`. */
  readonly flags: string
  readonly summary: string
  readonly default?: string
  /** What its value can be, if it is one of few. */
  readonly choices?: readonly string[]
  /** May be given again, one value each time: commander's own `<value...>` would take the files behind it too. */
  readonly isRepeatable?: boolean
}

/** Values by the option's long name in camel case. */
export class OptionValues {
  readonly #values: Readonly<Record<string, unknown>>
  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values
  }

  bool(name: string): boolean {
    return this.#values[name] === true
  }

  text(name: string): string | undefined {
    const value = this.#values[name]
    return typeof value === 'string' ? value : undefined
  }

  list(name: string): readonly string[] {
    const value = this.#values[name]
    return Array.isArray(value) ? value.map(String) : typeof value === 'string' ? [value] : []
  }
}

/** @returns the exit status */
export type NativeAction = (args: readonly string[], options: OptionValues, context: Context) => Promise<number>

export interface NativeCommand {
  readonly name: string
  readonly alias?: string
  /** As commander reads them: `<file>`, `[file...]`. */
  readonly arguments?: string
  /** What the first argument can be, if it is one of few. */
  readonly choices?: readonly string[]
  readonly summary: string
  /** What the one line of the summary cannot say. */
  readonly details?: string
  readonly options: readonly NativeOption[]
  /** Command lines that work as they stand. */
  readonly examples: readonly string[]
  /** What to do with words that are too many. */
  readonly excessHint?: string
  /** What to do with an option that is not the command's. */
  readonly optionHint?: string
  readonly group: 'files' | 'run' | 'keys' | 'cluster' | 'setup'
  load(): Promise<NativeAction>
}
