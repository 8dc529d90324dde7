/**
 * How the keys of files will change: shown before anything is written, agreed to by a person or by `--yes`.
 * @module
 */
import type { Context } from '../context.ts'
import { changesKeys, type GroupDiff } from './group-diff.ts'
import type { OptionValues } from '../native-command.ts'
import { agreeToPlan } from '../ui/plan.ts'
import { printable } from '../ui/print-error.ts'

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
  return await agreeToPlan({ text: plans.map(planText).join(''), steps: plans, question: 'Change these keys?' }, options, context)
}

function planText({ file, groups, needed, rotates }: KeyPlan): string {
  const lines = groupLines(groups)
  const threshold = needed.before === needed.after ? [] : [`  groups needed to open it: ${needed.before} before, ${needed.after} after`]
  return [`${printable(file)}${rotates ? ' (with a new data key)' : ''}`, ...threshold, ...lines, ''].join('\n')
}

/** Who stays, comes and goes, group by group. */
export function groupLines(groups: readonly GroupDiff[]): readonly string[] {
  return groups.flatMap(({ kept, added, removed }, at) => [
    ...(groups.length > 1 ? [`  group ${at + 1}`] : []),
    ...kept.map((name) => `      ${printable(name)}`),
    ...added.map((name) => `    + ${printable(name)}`),
    ...removed.map((name) => `    - ${printable(name)}`),
  ])
}
