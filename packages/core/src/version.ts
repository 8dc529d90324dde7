/**
 * The `version` of a file.
 * Follows: getsops/sops version/version.go (AIsNewerThanB): strict Semantic Versioning 2.0.0, a leading "v" allowed; whatever
 * begins with "1." is old.
 * @module
 */
import { CodedError } from './errors.ts'

const NUMBER = String.raw`(0|[1-9]\d{0,19})`
const VERSION = new RegExp(String.raw`^v?${NUMBER}\.${NUMBER}\.${NUMBER}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$`)

/**
 * The commands that decrypt values want a version that can be compared; `updatekeys`, `groups`, `publish` and `filestatus` do not ask.
 * @throws CodedError VERSION_INVALID
 */
export function checkVersion(version: string): void {
  if (!version.startsWith('1.') && !VERSION.test(version)) {
    throw new CodedError('VERSION_INVALID', 'version of the sops metadata is not of the form 3.13.2', { hint: 'correct it, or run updatekeys' })
  }
}

/** @throws CodedError VERSION_INVALID */
export function isNewerVersion(version: string, than: string): boolean {
  checkVersion(version)
  checkVersion(than)
  if (than.startsWith('1.')) return true
  const [a, b] = [version, than].map((text) => (VERSION.exec(text) ?? []).slice(1).map(Number)) as [number[], number[]]
  const at = a.findIndex((part, i) => part !== b[i])
  return at !== -1 && a[at]! > b[at]!
}
