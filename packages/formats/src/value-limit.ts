/**
 * How many values a text may have: each takes a kilobyte or two of memory until the result is written.
 * @module
 */
import { CodedError } from '@waxseal/core'

export const MAX_VALUES = 2_000_000

/** @param count - values, and comments that stand for themselves. @throws CodedError PARSE_LIMIT */
export function refuseTooMany(count: number): void {
  if (count > MAX_VALUES) throw new CodedError('PARSE_LIMIT', `more than ${MAX_VALUES} values`, { hint: 'split the file, or treat it as binary' })
}
