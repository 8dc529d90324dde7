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

export function syncStateOf(status: SealedSecretStatus | undefined): SyncState {
  const condition = status?.conditions?.find(({ type }) => type === SYNCED)
  return {
    generation: status?.observedGeneration ?? 0,
    synced: condition?.status === 'True' ? true : condition?.status === 'False' ? false : undefined,
    message: condition?.message ?? '',
  }
}

/** The whole status to write; conditions of other types stay. */
export function nextStatus(old: SealedSecretStatus | undefined, { generation, synced, message }: SyncState, now: Date): SealedSecretStatus {
  const time = now.toISOString().replace(/\.\d+Z$/, 'Z')
  const status = synced ? 'True' : 'False'
  const before = old?.conditions?.find(({ type }) => type === SYNCED)
  const condition: Condition = {
    type: SYNCED,
    status,
    lastUpdateTime: time,
    lastTransitionTime: before?.status === status ? (before.lastTransitionTime ?? time) : time,
    ...(message === '' ? {} : { message }),
  }
  const conditions = old?.conditions ?? []
  return {
    observedGeneration: generation,
    conditions: before ? conditions.map((other) => (other === before ? condition : other)) : [...conditions, condition],
  }
}
