/**
 * Timestamps as SOPS stores and hashes them.
 * Follows: RFC 3339 5.6 as Go's `time.Time.UnmarshalText` reads it (upper-case T and Z, no leap second), `MarshalText` writes it.
 * @module
 */

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** @returns the canonical text: at most nanoseconds, no trailing zeros, offset kept, `Z` for UTC; null if it is no timestamp */
export function canonicalTimestamp(text: string): string | null {
  const match = RFC_3339.exec(text)
  if (match === null) return null
  const [, year, month, day, hour, minute, second, fraction = '', zone = ''] = match
  if (Number(day) < 1 || Number(day) > daysIn(Number(year), Number(month))) return null
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null
  if (zone !== 'Z' && (Number(zone.slice(1, 3)) > 23 || Number(zone.slice(4)) > 59)) return null
  const nanoseconds = trimZeros(fraction.slice(0, 9))
  return text.slice(0, 19) + (nanoseconds === '' ? '' : `.${nanoseconds}`) + (zone.slice(1) === '00:00' ? 'Z' : zone)
}

/** The canonical text to the second, as `lastmodified` is read before it becomes the MAC's associated data. */
export function timestampToSecond(text: string): string | null {
  const canonical = canonicalTimestamp(text)
  return canonical === null ? null : canonical.slice(0, 19) + canonical.slice(19).replace(/^\.\d+/, '')
}

export function formatTimestamp(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`
}

function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return month === 2 && leap ? 29 : (DAYS[month - 1] ?? 0)
}

function trimZeros(digits: string): string {
  let end = digits.length
  while (end > 0 && digits[end - 1] === '0') end -= 1
  return digits.slice(0, end)
}
