import { setImmediate as nextTurn } from 'node:timers/promises'
import { CodedError } from '@waxseal/core'
import { describe, expect, it } from 'vitest'
import type { Context } from '../../src/context.ts'
import { rotateItems, verifyItems } from '../../src/sealing/ask-controller.ts'
import type { ControllerService } from '../../src/sealing/controller-service.ts'

const SEALED = { apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', metadata: { name: 'db', namespace: 'shop' }, spec: { encryptedData: { a: 'AgA=' }, template: {} } } as const

describe('a wait for a controller that asks for patience', () => {
  it.each([
    ['verify', verifyItems, undefined, 'the run was cancelled'],
    ['rotate', rotateItems, undefined, 'the run was cancelled'],
    ['verify, for a reason', verifyItems, new CodedError('CANCELED', 'user canceled operation'), 'user canceled operation'],
  ])('ends when the run is cancelled: %s', async (_, ask, reason, message) => {
    const run = new AbortController()
    const service = {
      async post() {
        void nextTurn().then(() => run.abort(reason))
        return { status: 429, message: 'too many', retryAfterMs: 3_600_000 }
      },
    } as unknown as ControllerService
    await expect(ask(service, SEALED as never, { signal: run.signal } as Context)).rejects.toMatchObject({ name: 'CodedError', code: 'CANCELED', message })
  })
})
