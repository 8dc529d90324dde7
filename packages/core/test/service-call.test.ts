import { describe, expect, it } from 'vitest'
import { CodedError, createServiceCaller, type CallLimits, type Failure } from '@waxseal/core'

class Status extends Error {
  readonly status: number
  constructor(status: number) {
    super('a foreign error')
    this.status = status
  }
}

const QUICK: Partial<CallLimits> = { attempts: 3, pauseMs: 1 }

function judge(cause: unknown): Failure {
  const status = cause instanceof Status ? cause.status : 0
  return { error: new CodedError('KEY_SERVICE_FAILED', `status ${status}`), isTransient: status === 429 || status >= 500 }
}

const caller = (limits: Partial<CallLimits> = QUICK) => createServiceCaller({ service: 'the service', judge, limits, random: () => 0.5 })
const never = new AbortController().signal
const silence = (): Promise<never> => new Promise(() => {})

/** Answers with each status in turn, then well. */
function scripted(...statuses: number[]) {
  let calls = 0
  return {
    count: () => calls,
    send: async (): Promise<string> => {
      const status = statuses[calls++]
      if (status !== undefined) throw new Status(status)
      return 'answer'
    },
  }
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'none'
  } catch (error) {
    if (error instanceof CodedError) return error.code
    throw error
  }
}

describe('calls to a key service', () => {
  it('are tried again after throttling and server errors', async () => {
    const service = scripted(429, 503)
    expect(await caller().operation(never, (call) => call(service.send))).toBe('answer')
    expect(service.count()).toBe(3)
  })

  it('are given up after the last attempt', async () => {
    const service = scripted(500, 500, 500, 500)
    await expect(caller().operation(never, (call) => call(service.send))).rejects.toThrow('status 500')
    expect(service.count()).toBe(3)
  })

  it.each([400, 403, 404])('are not tried again after %i', async (status) => {
    const service = scripted(status)
    expect(await codeOf(caller().operation(never, (call) => call(service.send)))).toBe('KEY_SERVICE_FAILED')
    expect(service.count()).toBe(1)
  })

  it('end at their time limit, even if the client does not obey the signal', async () => {
    let seen: AbortSignal | undefined
    const silent = (signal: AbortSignal): Promise<never> => ((seen = signal), silence())
    const started = performance.now()
    expect(await codeOf(caller({ callMs: 40, operationMs: 60_000 }).operation(never, (call) => call(silent)))).toBe('KEY_SERVICE_TIMEOUT')
    expect(performance.now() - started).toBeLessThan(20_000)
    expect(seen?.aborted).toBe(true)
  })

  it('share the time limit of their operation', async () => {
    let calls = 0
    const slow = async (): Promise<void> => {
      calls++
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    const work = caller({ ...QUICK, operationMs: 60 }).operation(never, async (call) => {
      for (;;) await call(slow)
    })
    expect(await codeOf(work)).toBe('KEY_SERVICE_TIMEOUT')
    expect(calls).toBeLessThan(5)
  })

  it('end when the run is cancelled: before, during a call, and in a pause', async () => {
    const before = new AbortController()
    before.abort()
    const service = scripted()
    expect(await codeOf(caller().operation(before.signal, (call) => call(service.send)))).toBe('CANCELED')
    expect(service.count()).toBe(0)

    const during = new AbortController()
    const running = caller().operation(during.signal, (call) => call(silence))
    during.abort()
    expect(await codeOf(running)).toBe('CANCELED')

    const pausing = new AbortController()
    const failing = scripted(503, 503)
    const paused = caller({ ...QUICK, pauseMs: 100_000, operationMs: 1_000_000 }).operation(pausing.signal, (call) => call(failing.send))
    setTimeout(() => pausing.abort(), 10)
    expect(await codeOf(paused)).toBe('CANCELED')
    expect(failing.count()).toBe(1)
  })

  it('wait as long as the service asks, but not longer than the operation may take', async () => {
    const asking = (retryAfterMs: number) =>
      createServiceCaller({ service: 'the service', judge: (cause) => ({ ...judge(cause), retryAfterMs }), limits: QUICK, random: () => 0 })
    const patient = scripted(429)
    const started = performance.now()
    await asking(30).operation(never, (call) => call(patient.send))
    expect(performance.now() - started).toBeGreaterThan(25)
    const hopeless = scripted(429)
    expect(await codeOf(asking(3_600_000).operation(never, (call) => call(hopeless.send)))).toBe('KEY_SERVICE_FAILED')
    expect(hopeless.count()).toBe(1)
  })

  it('let coded errors through as they are', async () => {
    let calls = 0
    const refusing = async (): Promise<never> => {
      calls++
      throw new CodedError('CREDENTIALS_MISSING', 'none')
    }
    expect(await codeOf(caller().operation(never, (call) => call(refusing)))).toBe('CREDENTIALS_MISSING')
    expect(calls).toBe(1)
  })

  it('run no more at once than the limit', async () => {
    let [now, most] = [0, 0]
    const limited = caller({ width: 3 })
    const work = async (): Promise<void> => {
      most = Math.max(most, ++now)
      await new Promise((resolve) => setTimeout(resolve, 5))
      now--
    }
    await Promise.all(Array.from({ length: 20 }, () => limited.operation(never, (call) => call(work))))
    expect(most).toBe(3)
  })

  it('end when the run is cancelled while they wait for their turn, and leave it to the next', async () => {
    const narrow = caller({ width: 1 })
    let finish: (answer: string) => void = () => {}
    const first = narrow.operation(never, () => new Promise<string>((resolve) => (finish = resolve)))
    const run = new AbortController()
    const cancelled = narrow.operation(run.signal, silence)
    const third = narrow.operation(never, async () => 'third')
    run.abort()
    expect(await codeOf(cancelled)).toBe('CANCELED')
    finish('first')
    expect(await Promise.all([first, third])).toStrictEqual(['first', 'third'])
  })
})
