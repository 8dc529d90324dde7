export const SELECTOR_SETTINGS = [
  'unencrypted_suffix',
  'encrypted_suffix',
  'unencrypted_regex',
  'encrypted_regex',
  'unencrypted_comment_regex',
  'encrypted_comment_regex',
] as const
export type SelectorSetting = (typeof SELECTOR_SETTINGS)[number]

/** The one setting that tells which values are encrypted. `null` in its place: all of them. */
export interface Selection {
  readonly setting: SelectorSetting
  readonly pattern: string
}
export const DEFAULT_SELECTION: Selection = { setting: 'unencrypted_suffix', pattern: '_unencrypted' }

export type SelectorSettings = Readonly<Partial<Record<SelectorSetting, string>>>
/** @throws CodedError SELECTOR_CONFLICT @returns undefined if no setting is given */
export declare function selectionFrom(settings: SelectorSettings, message: string): Selection | undefined
export interface Selector {
  readonly selection: Selection | null
  readonly byComment: boolean
  readonly encryptsMatched: boolean
  matches(text: string): boolean
}
export declare function compileSelector(selection: Selection | null): Promise<Selector>
