import { describe, expect, it } from 'vitest'
import { CodedError } from '@waxseal/core'
import { KubeError } from '@waxseal/kube'
import { createLog, describe as describeError, type LogOptions } from '../src/log.ts'

function logger(options: Partial<LogOptions> = {}) {
  const [out, err]: [string[], string[]] = [[], []]
  const now = (): Date => new Date('2026-01-02T03:04:05.678Z')
  const log = createLog({ level: 'INFO', format: 'text', infoToStdout: true, now, stdout: (line) => out.push(line), stderr: (line) => err.push(line), ...options })
  return { log, out, err }
}

describe('createLog', () => {
  it('writes lines as slog does, warnings and errors to stderr', () => {
    const { log, out, err } = logger()
    log.info('Updating', { key: 'ns/a', note: undefined })
    log.warn('Error updating, will retry', { error: 'a "b"\nc', empty: '', n: 3 })
    expect(out).toEqual(['time=2026-01-02T03:04:05.678Z level=INFO msg=Updating key=ns/a\n'])
    expect(err).toEqual(['time=2026-01-02T03:04:05.678Z level=WARN msg="Error updating, will retry" error="a \\"b\\"\\nc" empty="" n=3\n'])
  })

  it('writes JSON', () => {
    const { log, out } = logger({ format: 'json' })
    log.info('a b', { key: 'ns/a' })
    expect(out).toEqual(['{"time":"2026-01-02T03:04:05.678Z","level":"INFO","msg":"a b","key":"ns/a"}\n'])
  })

  it('writes everything to stderr where it is told to', () => {
    const { log, out, err } = logger({ infoToStdout: false })
    log.info('x')
    expect([out.length, err.length]).toEqual([0, 1])
  })

  it.each([
    ['DEBUG', 4],
    ['info', 3],
    ['INFO+2', 2],
    ['WARN', 2],
    ['ERROR', 1],
    ['nonsense', 3],
  ])('lets pass what its level %s asks for', (level, expected) => {
    const { log, out, err } = logger({ level })
    log.debug('x')
    log.info('x')
    log.warn('x')
    log.error('x')
    expect(out.length + err.length).toBe(expected)
  })

  it('repeats only texts that were made for people', () => {
    expect(describeError(new CodedError('USAGE', 'for people'))).toBe('for people')
    expect(describeError(new KubeError('for people', { status: 500 }))).toBe('for people')
    expect(describeError(new TypeError('hunter2'))).toBe('unexpected TypeError')
    expect(describeError('hunter2')).toBe('unexpected failure')
  })
})
