/**
 * What failed for several items of a SealedSecret, as one message of the command line.
 * @module
 */
import { CodedError } from '@waxseal/core'

/** Different failures of several items stand on a line each. */
export function onOneLine<T>(step: () => T): T {
  try {
    return step()
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    throw new CodedError(error.code, error.message.replaceAll('\n', '; '), { ...(error.hint && { hint: error.hint }), cause: error })
  }
}
