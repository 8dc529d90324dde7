/**
 * The status of a SealedSecret: the generation that was looked at and the condition `Synced`.
 * Follows: bitnami-labs/sealed-secrets pkg/controller/controller.go (updateSealedSecretStatus): no reason is set, times have
 * whole seconds, and lastTransitionTime moves only when the condition's status does. Unlike there, another message is written too.
 * @module
 */
import { SYNCED } from './names.ts'

export interface Condition {
  readonly type: string
  readonly status: string
  readonly message?: string
  readonly reason?: string
  readonly lastUpdateTime?: string
  readonly lastTransitionTime?: string
}

export interface SealedSecretStatus {
  readonly observedGeneration?: number
  readonly conditions?: readonly Condition[] | null
}

/** What matters of a status. */
export interface SyncState {
  readonly generation: number
  /** undefined: never told */
  readonly synced: boolean | undefined
  readonly message: string
}

export function syncStateOf(status: SealedSecretStatus | null | undefined): SyncState {
  const condition = conditionsOf(status).find(({ type }) => type === SYNCED)
  return {
    generation: status?.observedGeneration ?? 0,
    synced: condition?.status === 'True' ? true : condition?.status === 'False' ? false : undefined,
    message: condition?.message ?? '',
  }
}

/** Where a cluster's schema does not forbid it, others can write anything; one odd status must not stop the watch of all. */
function conditionsOf(status: SealedSecretStatus | null | undefined): readonly Condition[] {
  const conditions: unknown = status?.conditions
  return Array.isArray(conditions) ? conditions.filter((condition): condition is Condition => typeof condition === 'object' && condition !== null) : []
}

/** The whole status to write; conditions of other types stay. */
export function nextStatus(old: SealedSecretStatus | undefined, { generation, synced, message }: SyncState, now: Date): SealedSecretStatus {
  const time = now.toISOString().replace(/\.\d+Z$/, 'Z')
  const status = synced ? 'True' : 'False'
  const conditions = conditionsOf(old)
  const before = conditions.find(({ type }) => type === SYNCED)
  const condition: Condition = {
    type: SYNCED,
    status,
    lastUpdateTime: time,
    lastTransitionTime: before?.status === status ? (before.lastTransitionTime ?? time) : time,
    ...(message === '' ? {} : { message }),
  }
  return {
    observedGeneration: generation,
    conditions: before ? conditions.map((other) => (other === before ? condition : other)) : [...conditions, condition],
  }
}
