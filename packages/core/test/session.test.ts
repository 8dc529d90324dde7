import { describe, expect, it } from 'vitest'
import { CodedError, Session } from '@waxseal/core'

const denied = async (): Promise<never> => Promise.reject(new CodedError('KEY_ACCESS_DENIED', 'refused'))

function sessions(...starts: (() => Promise<string>)[]) {
  const clock = { ms: 0 }
  let count = 0
  const session = new Session(async () => await (starts[count++] ?? (async () => `session ${count}`))(), () => clock.ms)
  return { session, clock, use: () => session.use(async (needed) => needed) }
}

describe('a session with a key service', () => {
  it('is made when it is first needed, and once for all who need it', async () => {
    const { session, use } = sessions()
    expect(await session.last()).toBeUndefined()
    expect(await Promise.all([use(), use()])).toEqual(['session 1', 'session 1'])
    expect(await session.last()).toBe('session 1')
  })

  it('is made anew where it could not be made', async () => {
    const { session, use } = sessions(async () => Promise.reject(new CodedError('CREDENTIALS_MISSING', 'no token')))
    await expect(Promise.all([use(), use()])).rejects.toMatchObject({ code: 'CREDENTIALS_MISSING' })
    expect(await session.last()).toBeUndefined()
    expect(await use()).toBe('session 2')
  })

  it('is made anew where credentials are refused after a while, and tells what was refused until then', async () => {
    const { session, clock, use } = sessions()
    await expect(session.use(denied)).rejects.toMatchObject({ code: 'KEY_ACCESS_DENIED' })
    expect(await use()).toBe('session 1')
    clock.ms = 60_000
    await expect(session.use(denied)).rejects.toMatchObject({ code: 'KEY_ACCESS_DENIED' })
    expect(await session.last()).toBe('session 1')
    expect(await use()).toBe('session 2')
  })

  it('outlives failures that have nothing to do with credentials', async () => {
    const { session, clock, use } = sessions()
    clock.ms = 60_000
    await use()
    clock.ms = 600_000
    await expect(session.use(async () => Promise.reject(new CodedError('KEY_SERVICE_FAILED', 'status 500')))).rejects.toMatchObject({ code: 'KEY_SERVICE_FAILED' })
    await expect(session.use(async () => Promise.reject(new TypeError('a defect')))).rejects.toThrow('a defect')
    expect(await use()).toBe('session 1')
  })
})
