/**
 * What SOPS prints when no master key gives the data key: every group, every key, and why it failed.
 * @module
 */
import type { CodedError, KeyReport } from '@waxseal/core'
import { SopsError } from './action.ts'
import { prefixLines, wrapText } from './text.ts'

const STATUS = 128
const TEXT_COLUMNS = 75
const REASON_COLUMNS = 60

/** @param threshold - of the file; 0 if it has one group @param colour - for people */
export function unrecoverable(error: CodedError, groupCount: number, threshold: number, colour: boolean): SopsError {
  const reports = (error.reports ?? []) as readonly KeyReport[]
  const groups = Array.from({ length: groupCount }, (_, group) => reports.filter((report) => report.group === group))
  const opened = openedGroups(error).size
  const texts = groups.map((keys, group) => groupText(keys, group, colour))
  const trailer = wrapText(groupCount > 1 && threshold > 0 ? thresholdTrailer(threshold, opened) : PLAIN_TRAILER, TEXT_COLUMNS)
  return new SopsError(`Failed to get the data key required to decrypt the SOPS file.\n\n${texts.join('\n\n')}\n\n${trailer}`, STATUS, error)
}

const PLAIN_TRAILER =
  'Recovery failed because no master key was able to decrypt the file. In order for SOPS to recover the file, at least one key has to be successful, but none were.'

function thresholdTrailer(threshold: number, opened: number): string {
  return `Recovery failed because the file was encrypted with a Shamir threshold of ${threshold}, but only ${opened} part(s) were successfully \
recovered, one for each successful key group. In order for SOPS to recover the file, at least ${threshold} groups have to be successful. In order for \
a group to be successful, decryption has to succeed with any of the keys in that key group.`
}

/** The indices of the groups that one of their keys opened. */
export function openedGroups(error: CodedError): ReadonlySet<number> {
  return new Set(((error.reports ?? []) as readonly KeyReport[]).filter((report) => report.outcome === 'recovered').map((report) => report.group))
}

function isOpen(keys: readonly KeyReport[]): boolean {
  return keys.some((key) => key.outcome === 'recovered')
}

function groupText(keys: readonly KeyReport[], group: number, colour: boolean): string {
  if (isOpen(keys)) return `Group ${group}: ${paint('SUCCESS', 32, colour)}`
  return `Group ${group}: ${paint('FAILED', 31, colour)}\n${prefixLines(keys.map((key) => keyText(key, colour)).join('\n\n'), '  ')}`
}

function keyText({ name, error }: KeyReport, colour: boolean): string {
  const heading = `${name}: ${paint('FAILED', 31, colour)}`
  const reason = error?.message ?? '' // none without a key service to ask
  if (reason === '') return `${heading}\n`
  const [first, ...rest] = prefixLines(wrapText(reason, REASON_COLUMNS), '  | ').split('\n')
  return `${heading}\n${prefixLines([`- ${first?.slice(2)}`, ...rest].join('\n'), '  ')}`
}

function paint(text: string, colour: number, enabled: boolean): string {
  return enabled ? `\u001B[${colour}m${text}\u001B[0m` : text
}
