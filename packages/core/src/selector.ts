/**
 * Which values and comments of a file are encrypted. One setting decides for a file; a key that matches decides for
 * everything below it, a comment for what follows it on its level and everything below that.
 * Follows: getsops/sops sops.go (shouldBeEncrypted), stores/stores.go (at most one setting).
 *
 * The reference treats an expression that does not compile as one that never matches, and writes plaintext; here nothing is written under one.
 * @module
 */
import { CodedError } from './errors.ts'
import { compileRegex } from './regex.ts'

export const SELECTOR_SETTINGS = [
  'unencrypted_suffix',
  'encrypted_suffix',
  'unencrypted_regex',
  'encrypted_regex',
  'unencrypted_comment_regex',
  'encrypted_comment_regex',
] as const

export type SelectorSetting = (typeof SELECTOR_SETTINGS)[number]
export type SelectorSettings = Readonly<Partial<Record<SelectorSetting, string>>>

/** The one setting that tells which values are encrypted. `null` in its place: all of them. */
export interface Selection {
  readonly setting: SelectorSetting
  readonly pattern: string
}

/** Of a file that names no setting. */
export const DEFAULT_SELECTION: Selection = { setting: 'unencrypted_suffix', pattern: '_unencrypted' }

export interface Selector {
  /** Comments are matched, not keys. */
  readonly byComment: boolean
  /** What matched is encrypted and the rest is not, or the other way round. */
  readonly encryptsMatched: boolean
  readonly matches: (text: string) => boolean
}

/**
 * @param settings - empty ones count as absent
 * @param conflict - message if there are several
 * @returns undefined if there is none
 * @throws CodedError SELECTOR_CONFLICT
 */
export function selectionFrom(settings: SelectorSettings, conflict: string): Selection | undefined {
  const selections = SELECTOR_SETTINGS.flatMap((setting) => {
    const pattern = settings[setting]
    return pattern === undefined || pattern === '' ? [] : [{ setting, pattern }]
  })
  if (selections.length > 1) {
    const names = selections.map(({ setting }) => setting).join(' and ')
    throw new CodedError('SELECTOR_CONFLICT', conflict, { hint: `keep one of ${names}` })
  }
  return selections[0]
}

/** @throws CodedError REGEX_INVALID */
export async function compileSelector(selection: Selection | null): Promise<Selector> {
  if (selection === null) return { byComment: false, encryptsMatched: false, matches: () => false }
  const { setting, pattern } = selection
  const matches = setting.endsWith('suffix') ? (text: string) => text.endsWith(pattern) : remember(await compileRegex(pattern, setting))
  return selectorOf(setting, matches)
}

/**
 * For reading: an expression that does not compile matched nothing when the reference program wrote the file, so it matches nothing here.
 * What writes refuses it.
 */
export async function compileSelectorForReading(selection: Selection | null): Promise<Selector> {
  try {
    return await compileSelector(selection)
  } catch (error) {
    if (selection === null || !(error instanceof CodedError && error.code === 'REGEX_INVALID')) throw error
    return selectorOf(selection.setting, () => false)
  }
}

function selectorOf(setting: SelectorSetting, matches: Selector['matches']): Selector {
  return { byComment: setting.includes('comment'), encryptsMatched: setting.startsWith('encrypted'), matches }
}

/** Keys repeat, and an expression costs more than a look-up. */
function remember(test: (text: string) => boolean): (text: string) => boolean {
  const known = new Map<string, boolean>()
  return (text) => {
    let answer = known.get(text)
    if (answer === undefined) known.set(text, (answer = test(text)))
    return answer
  }
}
