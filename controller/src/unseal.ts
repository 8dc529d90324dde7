/**
 * Opens SealedSecrets without holding up anything else: RSA runs on libuv's threads, a bounded number of operations at once,
 * because files and name look-ups share those threads.
 * @module
 */
import { CodedError } from '@waxseal/core'
import { KEY_HINT_ANNOTATION, scopeOf, sealedSecretOf, unsealSecretAsync, type OpenItemAsync, type RenderTemplatesAsync } from '@waxseal/sealed'
import { describe } from './log.ts'
import type { Observed, SecretObject } from './observe.ts'
import { mayWrite } from './ownership.ts'
import type { UnsealOutcome } from './reconcile.ts'
import { isSameDigest } from './state-seal.ts'

const MAX_MESSAGE_CHARS = 4096

export interface UnsealSettings {
  /** Of the keys that are loaded now. */
  readonly open: OpenItemAsync
  readonly render: RenderTemplatesAsync
  readonly acceptWholeSecret: boolean
  /** Of a Secret's data, keyed by the sealing key with this fingerprint. */
  readonly digest: (fingerprint: string, secret: SecretObject) => string
}

/** Never throws for what is in the object. */
export async function unseal(seen: Observed, { open, render, acceptWholeSecret, digest }: UnsealSettings): Promise<UnsealOutcome> {
  const { sealed, remembered } = seen
  if (!sealed || sealed.metadata.deletionTimestamp !== undefined) return { type: 'none' }
  if (isAsLeft(seen, digest)) return { type: 'asLeft' }
  const expected = remembered.fingerprint ?? sealed.metadata.annotations?.[KEY_HINT_ANNOTATION]
  try {
    const unsealed = await unsealSecretAsync(sealedSecretOf(sealed), open, { render, acceptWholeSecret, ...(expected === undefined ? {} : { expected }) })
    return { type: 'opened', unsealed }
  } catch (error) {
    if (error instanceof CodedError) return { type: 'failed', message: shortened(describe(error)) }
    throw error
  }
}

/** It names each item that fails: with the names of a large object twice, the status would be refused. */
function shortened(message: string): string {
  return message.length <= MAX_MESSAGE_CHARS ? message : `${message.slice(0, MAX_MESSAGE_CHARS)}...`
}

/** The Secret still holds what was written for this very SealedSecret: there is nothing to learn from opening it. */
function isAsLeft({ sealed, secret, remembered: { inSync } }: Observed, digest: UnsealSettings['digest']): boolean {
  if (!sealed || !secret || !inSync || !mayWrite(secret.metadata, sealed.metadata.uid ?? '')) return false
  const { generation = 0, annotations } = sealed.metadata
  const isSameSealed = inSync.generation === generation && inSync.scope === scopeOf(annotations ?? undefined)
  return isSameSealed && isSameDigest(inSync.digest, digest(inSync.fingerprint, secret))
}
