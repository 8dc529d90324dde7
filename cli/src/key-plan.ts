/**
 * How the keys of files will change: shown before anything is written, agreed to by a person or by `--yes`.
 * @module
 */
import type { Context } from './context.ts'
import { changesKeys, type GroupDiff } from './group-diff.ts'
import type { OptionValues } from './native-command.ts'
import { printable } from './print-error.ts'
import { askKey } from './terminal.ts'

export interface KeyPlan {
  readonly file: string
  readonly groups: readonly GroupDiff[]
  /** Groups that are needed to open the file. */
  readonly needed: { readonly before: number; readonly after: number }
  /** A new data key is made as well. */
  readonly rotates: boolean
}

export function changesAnything({ groups, needed }: KeyPlan): boolean {
  return needed.before !== needed.after || changesKeys(groups)
}

/** @returns whether to go on. @throws CodedError USAGE where nobody can be asked */
export async function agreeTo(plans: readonly KeyPlan[], options: OptionValues, context: Context): Promise<boolean> {
  const isDry = options.bool('dryRun')
  if (options.bool('json')) context.stdout.write(`${JSON.stringify(plans, null, 2)}\n`)
  else (isDry ? context.stdout : context.stderr).write(plans.map(planText).join(''))
  if (isDry || plans.length === 0) return false
  if (options.bool('yes')) return true
  return (await askKey('Change these keys? (y/n) ', ['y', 'n'], 'give --yes to agree, or --dry-run to look only')) === 'y'
}

function planText({ file, groups, needed, rotates }: KeyPlan): string {
  const lines = groups.flatMap(({ kept, added, removed }, at) => [
    ...(groups.length > 1 ? [`  group ${at + 1}`] : []),
    ...kept.map((name) => `      ${printable(name)}`),
    ...added.map((name) => `    + ${printable(name)}`),
    ...removed.map((name) => `    - ${printable(name)}`),
  ])
  const threshold = needed.before === needed.after ? [] : [`  groups needed to open it: ${needed.before} before, ${needed.after} after`]
  return [`${printable(file)}${rotates ? ' (with a new data key)' : ''}`, ...threshold, ...lines, ''].join('\n')
}
