/**
 * Opens SealedSecrets without holding up anything else: RSA runs on libuv's threads, a bounded number of operations at once,
 * because files and name look-ups share those threads.
 * @module
 */
import { CodedError } from '@waxseal/core'
import { KEY_HINT_ANNOTATION, sealedSecretOf, unsealSecretAsync, type OpenItemAsync, type RenderTemplates } from '@waxseal/sealed'
import { describe } from './log.ts'
import type { Observed } from './observe.ts'
import type { UnsealOutcome } from './reconcile.ts'

export interface UnsealSettings {
  /** Of the keys that are loaded now. */
  readonly open: OpenItemAsync
  readonly render: RenderTemplates
  readonly acceptWholeSecret: boolean
}

/** Never throws for what is in the object. */
export async function unseal({ sealed, remembered }: Observed, { open, render, acceptWholeSecret }: UnsealSettings): Promise<UnsealOutcome> {
  if (!sealed || sealed.metadata.deletionTimestamp !== undefined) return { type: 'none' }
  const expected = remembered.fingerprint ?? sealed.metadata.annotations?.[KEY_HINT_ANNOTATION]
  try {
    const unsealed = await unsealSecretAsync(sealedSecretOf(sealed), open, { render, acceptWholeSecret, ...(expected === undefined ? {} : { expected }) })
    return { type: 'opened', unsealed }
  } catch (error) {
    if (error instanceof CodedError) return { type: 'failed', message: describe(error) }
    throw error
  }
}

/** Runs at most `limit` at once, the others in the order of their coming. */
export function limitInFlight<Arguments extends readonly unknown[], Result>(
  limit: number,
  run: (...parameters: Arguments) => Promise<Result>,
): (...parameters: Arguments) => Promise<Result> {
  const waiting: (() => void)[] = []
  let running = 0
  return async (...parameters) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      return await run(...parameters)
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}
