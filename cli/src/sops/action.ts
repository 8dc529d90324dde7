/**
 * What the command line hands to a command, and how a command fails.
 * @module
 */
import type { Context } from '../context.ts'
import type { LoadedRules } from '../settings/rules.ts'
import type { FlagValues } from './flags.ts'
import type { Log } from './log.ts'

export interface Invocation {
  readonly context: Context
  readonly log: Log
  readonly flags: FlagValues
  /** The flags before the command. Without a command (`sops FILE`) the same as `flags`. */
  readonly globals: FlagValues
  readonly args: readonly string[]
  /** The rule file that `--config` names or that was found; null if there is none. Read once. */
  readonly rules: () => Promise<LoadedRules | null>
}

/** @returns the exit status */
export type Action = (invocation: Invocation) => Promise<number>

/** A failure whose text and status are SOPS's: printed bare to standard error. */
export class SopsError extends Error {
  override readonly name = 'SopsError'
  readonly status: number
  constructor(message: string, status: number, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.status = status
  }
}

/** A failure that SOPS logs as fatal; the status is 1. */
export class FatalError extends Error {
  override readonly name = 'FatalError'
}

/** The commands with one FILE go on when they get more, and say so. */
export function warnOfExtraArguments({ args, log }: Invocation): void {
  if (args.length < 2) return
  log.warn('More than one positional argument provided. Only the first one will be used!')
  const flag = args.slice(1).findLast((word) => word.startsWith('-'))
  if (flag === undefined) return
  log.warn(
    `Note that one of the ignored positional argument is "${flag}", which looks like a flag. Flags must always be provided before the first positional argument!`,
  )
}
