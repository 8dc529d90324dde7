import { describe, expect, it } from 'vitest'
import { CodedError } from '@waxseal/core'
import { failureOf } from '@waxseal/testkit'

describe('what work failed with', () => {
  const failing = (message: string, cause?: unknown): Promise<never> => Promise.reject(new CodedError('USAGE', message, { cause }))

  it('is an error with a code that shows no secret', async () => {
    expect((await failureOf(failing('no'), ['hunter2'])).code).toBe('USAGE')
    await expect(failureOf(failing('it was hunter2'), ['hunter2'])).rejects.toThrow('the error shows a secret')
    await expect(failureOf(failing('no', { token: 'hunter2' }), ['hunter2'])).rejects.toThrow('the error shows a secret')
  })

  it('is none where work succeeds, or fails otherwise', async () => {
    await expect(failureOf(Promise.resolve('done'), [])).rejects.toThrow('it did not fail')
    await expect(failureOf(Promise.reject(new TypeError('a defect')), [])).rejects.toThrow('a defect')
  })
})
