/**
 * What work failed with: an error with a code, in which no secret stands.
 * @module
 */
import { CodedError } from '@waxseal/core'

/** @throws Error - it did not fail, or it failed otherwise, or the error shows one of the secrets */
export async function failureOf(work: Promise<unknown>, secrets: readonly string[]): Promise<CodedError> {
  try {
    await work
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    const shown = `${error.message} ${error.hint} ${JSON.stringify(error)} ${JSON.stringify(error.cause)}`
    if (secrets.some((secret) => shown.includes(secret))) throw new Error('the error shows a secret', { cause: error })
    return error
  }
  throw new Error('it did not fail')
}
