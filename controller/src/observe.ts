/**
 * Gathers everything that a decision about one SealedSecret needs: both objects in full, as they are now.
 * @module
 */
import { SECRETS, type KubeClient, type KubeObject, type ObjectMeta } from '@waxseal/kube'
import { SEALED_SECRET_API_VERSION } from '@waxseal/sealed'
import { SEALED_SECRETS } from './names.ts'
import type { Remembered } from './memory.ts'
import type { SealedSecretStatus } from './status.ts'

/** As the server sent it. */
export interface SealedSecretObject extends KubeObject {
  readonly spec?: unknown
  readonly status?: SealedSecretStatus
}

export interface SecretObject extends KubeObject {
  /** Canonical base64. */
  readonly data?: Readonly<Record<string, string>> | null
  readonly type?: string
  readonly immutable?: boolean
}

export interface Observed {
  readonly namespace: string
  readonly name: string
  readonly sealed: SealedSecretObject | null
  readonly secret: SecretObject | null
  readonly remembered: Remembered
  readonly nowMs: number
}

export interface ObserveOptions {
  readonly client: KubeClient
  readonly signal: AbortSignal
  /** Whether the watch has the SealedSecret; if not, it is not read. */
  readonly isKnown: boolean
  /** Whether its Secret is to go with it. */
  readonly deletesSecret: boolean
  /** Whether the watch knows that there is no Secret of its name. */
  readonly lacksSecret: boolean
  readonly remembered: Remembered
  readonly nowMs: number
}

/** @throws KubeError */
export async function observe(key: string, options: ObserveOptions): Promise<Observed> {
  const { client, signal, isKnown, deletesSecret, lacksSecret, remembered, nowMs } = options
  const { namespace, name } = splitKey(key)
  const place = { namespace, name }
  const [sealed, secret] = await Promise.all([
    isKnown ? client.get<SealedSecretObject>(SEALED_SECRETS, place, { signal }) : null,
    (isKnown ? !lacksSecret : deletesSecret) ? client.get<SecretObject>(SECRETS, place, { signal }) : null,
  ])
  return { namespace, name, sealed, secret, remembered, nowMs }
}

export function splitKey(key: string): { readonly namespace: string; readonly name: string } {
  const at = key.indexOf('/')
  return { namespace: key.slice(0, at), name: key.slice(at + 1) }
}

/** What a SealedSecret is called in events. */
export function referenceOf(metadata: ObjectMeta): Readonly<Record<string, string>> {
  const { namespace = '', name = '', uid = '', resourceVersion = '' } = metadata
  return { kind: 'SealedSecret', namespace, name, uid, apiVersion: SEALED_SECRET_API_VERSION, resourceVersion }
}
