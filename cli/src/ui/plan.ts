/**
 * What a command will do: shown before anything is done, agreed to by a person or by `--yes`.
 * @module
 */
import type { Context } from '../context.ts'
import type { OptionValues } from '../native-command.ts'
import { askKey } from './terminal.ts'

export interface Plan {
  /** For people, line by line. */
  readonly text: string
  /** For programs: one for each file. */
  readonly steps: readonly unknown[]
  readonly question: string
}

/** @returns whether to go on. @throws CodedError USAGE where nobody can be asked */
export async function agreeToPlan({ text, steps, question }: Plan, options: OptionValues, context: Context): Promise<boolean> {
  const isDry = options.bool('dryRun')
  if (options.bool('json')) context.stdout.write(`${JSON.stringify(steps, null, 2)}\n`)
  else (isDry ? context.stdout : context.stderr).write(text)
  if (isDry || steps.length === 0) return false
  if (options.bool('yes')) return true
  return (await askKey(`${question} (y/n) `, ['y', 'n'], 'give --yes to agree, or --dry-run to look only')) === 'y'
}
