/**
 * How key groups differ: groups are compared by their position, keys by their name.
 * @module
 */
import { displayName, type KeyGroup, type Providers } from '@waxseal/core'

export interface GroupDiff {
  readonly kept: readonly string[]
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

export function diffGroups(before: readonly KeyGroup[], after: readonly KeyGroup[], providers: Providers): readonly GroupDiff[] {
  const namesOf = (group: KeyGroup = []): string[] => group.map((ref) => displayName(ref, providers))
  return Array.from({ length: Math.max(before.length, after.length) }, (_, at) => {
    const [old, now] = [namesOf(before[at]), namesOf(after[at])]
    const [had, has] = [new Set(old), new Set(now)]
    return {
      kept: now.filter((name) => had.has(name)),
      added: now.filter((name) => !had.has(name)),
      removed: old.filter((name) => !has.has(name)),
    }
  })
}

export function changesKeys(diffs: readonly GroupDiff[]): boolean {
  return diffs.some(({ added, removed }) => added.length > 0 || removed.length > 0)
}
