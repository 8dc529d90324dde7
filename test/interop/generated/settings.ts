/**
 * What a generated document is encrypted with: a selector, the kind of MAC, key groups, and the keys that are at hand to open it.
 * @module
 */
import * as fc from 'fast-check'
import type { Selection, SelectorSetting } from '@waxseal/core'

/** The recorded test keys. */
export const KEY_NAMES = ['age-a', 'age-b', 'age-c', 'age-pq', 'ssh-ed25519', 'ssh-rsa', 'pgp-rsa', 'pgp-ecc'] as const
export type KeyName = (typeof KEY_NAMES)[number]

export interface Settings {
  /** undefined: the default of the reference. */
  readonly selection: Selection | undefined
  readonly macOnlyEncrypted: boolean
  readonly groups: readonly (readonly KeyName[])[]
  readonly threshold: number
  /** Whose secret side is there when the file is opened. */
  readonly held: readonly KeyName[]
}

const PATTERNS: Readonly<Record<SelectorSetting, readonly string[]>> = {
  unencrypted_suffix: ['_unencrypted', '_clear', 'a'],
  encrypted_suffix: ['_encrypted', 'a', 'd'],
  unencrypted_regex: ['^(a|data)$', 'clear', '^x .*$', '\\p{Cyrillic}'],
  encrypted_regex: ['^(data|stringData)$', 'pass', '(?i)^upper$', '[a-c]+', '.'],
  unencrypted_comment_regex: ['sops:clear', '^ ?note'],
  encrypted_comment_regex: ['sops:enc', '^ ?note', '.'],
}

const selection: fc.Arbitrary<Selection | undefined> = fc.oneof(
  fc.constant(undefined),
  ...Object.entries(PATTERNS).map(([setting, patterns]) => fc.constantFrom(...patterns).map((pattern): Selection => ({ setting: setting as SelectorSetting, pattern }))),
)

interface Keys {
  readonly groups: readonly (readonly KeyName[])[]
  readonly threshold: number
  readonly held: readonly KeyName[]
}

/** One key of age is by far the most usual; those of PGP cost a `gpg` each. */
function keysOf(names: readonly KeyName[]): fc.Arbitrary<Keys> {
  const single = fc.constantFrom(...names)
  const group = fc.uniqueArray(single, { minLength: 1, maxLength: 2 })
  const plain = fc.constant<Keys>({ groups: [['age-a']], threshold: 0, held: ['age-a'] })
  const one = single.map((name): Keys => ({ groups: [[name]], threshold: 0, held: [name] }))
  const several = fc.tuple(fc.uniqueArray(single, { minLength: 2, maxLength: 3 }), fc.nat()).map(([keys, at]): Keys => ({ groups: [keys], threshold: 0, held: [keys[at % keys.length] ?? 'age-a'] }))
  const shared = fc.tuple(fc.array(group, { minLength: 2, maxLength: 4 }), fc.nat({ max: 3 }), fc.infiniteStream(fc.boolean())).map(([groups, threshold, coins]): Keys => {
    const held = groups.flat().filter(() => coins.next().value)
    return { groups, threshold: threshold < 2 ? 0 : Math.min(threshold, groups.length), held: [...new Set(held)] }
  })
  return fc.oneof({ weight: 4, arbitrary: plain }, { weight: 3, arbitrary: one }, { weight: 1, arbitrary: several }, { weight: 2, arbitrary: shared })
}

/** @param withPgp - keys of PGP are among them */
export function settingsOf(withPgp: boolean): fc.Arbitrary<Settings> {
  const others = KEY_NAMES.filter((name) => !name.startsWith('pgp'))
  const keys = withPgp ? fc.oneof({ weight: 11, arbitrary: keysOf(others) }, { weight: 1, arbitrary: keysOf(['age-a', 'pgp-rsa', 'pgp-ecc']) }) : keysOf(others)
  return fc.record({ selection, macOnlyEncrypted: fc.nat({ max: 4 }).map((n) => n === 0), keys }).map(({ keys: some, ...rest }) => ({ ...rest, ...some }))
}
