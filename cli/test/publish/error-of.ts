import { CodedError } from '@waxseal/core'

/** The coded error that work ends with. */
export async function errorOf(work: () => Promise<unknown>): Promise<CodedError> {
  try {
    await work()
  } catch (error) {
    if (error instanceof CodedError) return error
    throw error
  }
  throw new Error('did not fail')
}
