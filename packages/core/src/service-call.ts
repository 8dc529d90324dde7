/**
 * The frame of every call to a key service over the network: a time limit for each call and one for the operation that it
 * belongs to (credentials, a role, the key itself, with all retries), another attempt after throttling and server errors only,
 * a limit to calls at once, and an end when the run is cancelled.
 * @module
 */
import { CodedError } from './errors.ts'
import { cancelled, Turns } from './turns.ts'

export interface CallLimits {
  readonly callMs: number
  readonly operationMs: number
  readonly attempts: number
  /** Of the first pause; each further one may be twice as long. The true pause is random below that. */
  readonly pauseMs: number
  /** Operations at once. */
  readonly width: number
}

export const CALL_LIMITS: CallLimits = { callMs: 10_000, operationMs: 30_000, attempts: 3, pauseMs: 250, width: 32 }

/** What a failed call means. */
export interface Failure {
  readonly error: CodedError
  /** Throttling, or an error of the server: another attempt may succeed. */
  readonly isTransient: boolean
  /** How long the service asks to wait. */
  readonly retryAfterMs?: number | undefined
}

/** @param send - must hand the signal on where it can; an answer that comes after the signal is dropped */
export type Call = <T>(send: (signal: AbortSignal) => Promise<T>) => Promise<T>

export interface ServiceCaller {
  /**
   * @param signal - ends the operation
   * @throws CodedError CANCELED, KEY_SERVICE_TIMEOUT, and what `judge` makes of a failure
   */
  operation<T>(signal: AbortSignal, work: (call: Call) => Promise<T>): Promise<T>
}

export interface ServiceCallerOptions {
  /** For messages: "AWS KMS". */
  readonly service: string
  /** Foreign errors become coded ones here; it is never asked about a `CodedError`, which goes through. Must not quote bodies or headers. */
  readonly judge: (cause: unknown) => Failure
  readonly limits?: Partial<CallLimits>
  /** From 0 to below 1. */
  readonly random?: () => number
}

export function createServiceCaller({ service, judge, limits, random = Math.random }: ServiceCallerOptions): ServiceCaller {
  const { callMs, operationMs, attempts, pauseMs, width } = { ...CALL_LIMITS, ...limits }
  const turns = new Turns(width)

  function operation<T>(signal: AbortSignal, work: (call: Call) => Promise<T>): Promise<T> {
    return turns.run(() => limited(signal, operationMs, timeout(operationMs), (inner) => work((send) => withRetries(send, inner))), signal)
  }

  async function withRetries<T>(send: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await limited(signal, callMs, timeout(callMs), send)
      } catch (cause) {
        if (cause instanceof CodedError) throw cause
        const { error, isTransient, retryAfterMs = 0 } = judge(cause)
        if (!isTransient || attempt >= attempts || retryAfterMs > operationMs) throw error
        await pause(Math.max(retryAfterMs, random() * pauseMs * 2 ** attempt), signal)
      }
    }
  }

  const timeout = (ms: number): CodedError =>
    new CodedError('KEY_SERVICE_TIMEOUT', `${service} gave no answer within ${ms / 1000} seconds`, { hint: 'check the network, the proxy and the endpoint' })

  return { operation }
}

/** Errors say first what was attempted; a run that was cancelled needs no more words. */
export async function inStep<T>(step: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof CodedError) || error.code === 'CANCELED') throw error
    throw new CodedError(error.code, `${step}: ${error.message}`, { cause: error, ...(error.hint !== undefined && { hint: error.hint }) })
  }
}

/** Ends with the work, or when the signal or the time says so, whether or not the work obeys the signal that it gets. */
async function limited<T>(outer: AbortSignal, ms: number, late: CodedError, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const inner = new AbortController()
  const stop = (): void => inner.abort(cancelled(outer))
  if (outer.aborted) stop()
  outer.addEventListener('abort', stop)
  const timer = setTimeout(() => inner.abort(late), ms)
  try {
    inner.signal.throwIfAborted()
    return await new Promise<T>((resolve, reject) => {
      inner.signal.addEventListener('abort', () => reject(inner.signal.reason as CodedError))
      work(inner.signal).then(resolve, reject)
    })
  } finally {
    clearTimeout(timer)
    outer.removeEventListener('abort', stop)
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer)
      reject(signal.reason as CodedError)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end)
      resolve()
    }, ms)
    signal.addEventListener('abort', end)
  })
}
