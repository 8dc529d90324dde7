/**
 * The decision: what is to be done, given what is there and what came out of unsealing. It reads nothing but its arguments.
 * Follows: bitnami-labs/sealed-secrets pkg/controller/controller.go (unseal). What differs on purpose: a Secret that was in
 * sync is restored when its data is edited, and only then; nothing is written when nothing differs.
 * @module
 */
import { secretItems, type SecretManifest, type Unsealed } from '@waxseal/sealed'
import type { Observed, SecretObject } from './observe.ts'
import { isControlledBySealedSecret, isManaged, isPatched, mayWrite } from './ownership.ts'
import { syncStateOf, type SyncState } from './status.ts'

export type UnsealOutcome =
  | { readonly type: 'opened'; readonly unsealed: Unsealed }
  /** The text is for people: it goes into status and event. */
  | { readonly type: 'failed'; readonly message: string }
  /** The Secret is as it was left for this SealedSecret; nothing was opened. */
  | { readonly type: 'asLeft' }
  /** There was nothing to unseal. */
  | { readonly type: 'none' }

export interface Policy {
  readonly deleteWithSealedSecret: boolean
  readonly updateStatus: boolean
  /** Whether changes of Secrets are noticed; without it an unmanaged Secret is looked at again after a while. */
  readonly followsSecrets: boolean
}

export type EventReason = 'Unsealed' | 'Restored' | 'ErrUnsealFailed' | 'ErrUpdateFailed'
export type ErrorReason = 'fetch' | 'status' | 'unseal' | 'update' | 'unmanaged'

export type Action =
  | { readonly do: 'createSecret'; readonly secret: SecretManifest }
  | { readonly do: 'replaceSecret'; readonly secret: SecretObject; readonly restores: boolean; readonly isImmutable: boolean }
  | { readonly do: 'deleteSecret'; readonly uid: string }
  | { readonly do: 'setStatus'; readonly state: SyncState }
  | { readonly do: 'emit'; readonly type: 'Normal' | 'Warning'; readonly reason: EventReason; readonly message: string }
  | { readonly do: 'countError'; readonly reason: ErrorReason }
  /** The cluster is as it should be; `secret` is what was found, if it was not written. */
  | { readonly do: 'remember'; readonly secret: SecretObject | null }
  /** Failed in a way that nothing reports when it is over. */
  | { readonly do: 'retry' }
  | { readonly do: 'lookAgain'; readonly afterMs: number }

const RESTORE_FIRST_MS = 1000
const RESTORE_LONGEST_MS = 300_000
/** A Secret that was left alone for so long starts afresh. */
export const RESTORE_FORGET_MS = 600_000
const LEFT_BEHIND_MS = 30_000
const LEFT_BEHIND_LOOK_MS = 2000
const DEFAULT_TYPE = 'Opaque'

export function reconcile(seen: Observed, outcome: UnsealOutcome, policy: Policy): readonly Action[] {
  const { sealed, secret } = seen
  if (!sealed) return policy.deleteWithSealedSecret ? deleted(seen) : []
  if (sealed.metadata.deletionTimestamp !== undefined) return []
  if (outcome.type === 'none') throw new TypeError('a SealedSecret that is there must have been unsealed')
  if (outcome.type === 'failed') {
    const { message } = outcome
    return [...unseal(message), ...status(seen, policy, { synced: false, message })]
  }
  if (outcome.type === 'asLeft') return [...status(seen, policy, SYNCED), { do: 'remember', secret }]
  const { unsealed } = outcome
  if (!secret) return created(seen, unsealed.secret, policy)
  if (!mayWrite(secret.metadata, sealed.metadata.uid ?? '')) {
    return isLeftBehind(seen, secret) ? [{ do: 'lookAgain', afterMs: LEFT_BEHIND_LOOK_MS }] : unmanaged(seen, policy)
  }
  return existing(seen, secret, unsealed, policy)
}

/** With `--old-gc-behavior`. Whoever may delete SealedSecrets must not delete Secrets of others by it, nor those that items are only merged into. */
function deleted({ name, secret }: Observed): readonly Action[] {
  if (!secret || !(isControlledBySealedSecret(secret.metadata, name) || isManaged(secret.metadata))) return []
  return [{ do: 'deleteSecret', uid: secret.metadata.uid ?? '' }]
}

function unseal(message: string): readonly Action[] {
  return [{ do: 'countError', reason: 'unseal' }, { do: 'emit', type: 'Warning', reason: 'ErrUnsealFailed', message: `Failed to unseal: ${message}` }]
}

function created(seen: Observed, secret: SecretManifest, policy: Policy): readonly Action[] {
  const create: Action = { do: 'createSecret', secret }
  const uid = seen.sealed?.metadata.uid ?? ''
  // A template can leave out the owner reference without saying whose the Secret is instead.
  if (!mayWrite(secret.metadata, uid)) return [create, ...unmanaged(seen, policy)]
  return [create, ...status(seen, policy, SYNCED), UNSEALED, { do: 'remember', secret: null }]
}

const SYNCED = { synced: true, message: '' }
const UNSEALED: Action = { do: 'emit', type: 'Normal', reason: 'Unsealed', message: 'SealedSecret unsealed successfully' }

/** Nothing to do before the Secret goes away or says that it may be written; both are noticed. */
function unmanaged(seen: Observed, policy: Policy): readonly Action[] {
  const message = `Resource "${seen.name}" already exists and is not managed by SealedSecret`
  return [
    { do: 'countError', reason: 'unmanaged' },
    { do: 'emit', type: 'Warning', reason: 'ErrUpdateFailed', message },
    ...status(seen, policy, { synced: false, message: `failed update: ${message}` }),
    ...(policy.followsSecrets ? [] : [{ do: 'retry' } as const]),
  ]
}

/** The Secret of a SealedSecret of this name that was deleted just now: the garbage collector is on its way. */
function isLeftBehind({ sealed, nowMs }: Observed, secret: SecretObject): boolean {
  const { name, creationTimestamp } = sealed?.metadata ?? {}
  const ageMs = nowMs - Date.parse(String(creationTimestamp))
  return ageMs < LEFT_BEHIND_MS && isControlledBySealedSecret(secret.metadata, name)
}

function existing(seen: Observed, secret: SecretObject, unsealed: Unsealed, policy: Policy): readonly Action[] {
  const wasSynced = isSettled(seen)
  const statusActions = status(seen, policy, SYNCED)
  if (wasSynced && !isEdited(secret, unsealed)) return [...statusActions, { do: 'remember', secret }]
  const wanted = wasSynced ? withData(secret, unsealed.secret) : overwritten(secret, unsealed.secret)
  if (!wasSynced && isEqual(secret, wanted)) {
    return [...statusActions, ...(statusActions.length > 0 ? [UNSEALED] : []), { do: 'remember', secret }]
  }
  const waitMs = wasSynced ? restoreWaitMs(seen) : 0
  if (waitMs > 0) return [{ do: 'lookAgain', afterMs: waitMs }]
  const replace: Action = { do: 'replaceSecret', secret: wanted, restores: wasSynced, isImmutable: secret.immutable === true }
  const restored: Action = { do: 'emit', type: 'Normal', reason: 'Restored', message: 'Secret data was changed by others and has been restored' }
  return [replace, ...statusActions, wasSynced ? restored : UNSEALED, { do: 'remember', secret: null }]
}

/** Whether this generation was brought into the cluster before: whatever differs now was changed afterwards. */
function isSettled({ sealed, remembered }: Observed): boolean {
  const { generation: current = 0 } = sealed?.metadata ?? {}
  const { generation, synced } = syncStateOf(sealed?.status)
  if (synced !== undefined) return synced && generation === current
  return remembered.inSync?.generation === current
}

/** Text out of a template may differ each time; that its key is there is enough. */
function isEdited(secret: SecretObject, { secret: wanted, templateNames }: Unsealed): boolean {
  const [there, data] = [secret.data ?? {}, dataOf(wanted)]
  const rendered = new Set(templateNames)
  for (const [name, value] of Object.entries(data)) {
    if (rendered.has(name) ? !Object.hasOwn(there, name) : there[name] !== value) return true
  }
  return !isPatched(secret.metadata) && Object.keys(there).some((name) => !Object.hasOwn(data, name))
}

function restoreWaitMs({ remembered: { restored }, nowMs }: Observed): number {
  if (!restored || nowMs - restored.lastMs > RESTORE_FORGET_MS) return 0
  const waitMs = Math.min(RESTORE_LONGEST_MS, RESTORE_FIRST_MS * 2 ** (restored.times - 1))
  return restored.lastMs + waitMs - nowMs
}

function withData(secret: SecretObject, wanted: SecretManifest): SecretObject {
  return { ...secret, data: isPatched(secret.metadata) ? { ...secret.data, ...dataOf(wanted) } : dataOf(wanted) }
}

/** All that a SealedSecret says of a Secret; the annotations of the existing one tell whether it is merged into it. */
function overwritten(secret: SecretObject, wanted: SecretManifest): SecretObject {
  const { metadata } = secret
  const type = wanted.type ?? DEFAULT_TYPE
  const { labels = {}, annotations = {}, ownerReferences = [] } = wanted.metadata
  if (!isPatched(metadata)) return { ...withData(secret, wanted), metadata: { ...metadata, labels, annotations, ownerReferences }, type }
  const merged = { ...metadata, labels: { ...metadata.labels, ...labels }, annotations: { ...metadata.annotations, ...annotations } }
  return { ...withData(secret, wanted), metadata: isManaged(merged) ? { ...merged, ownerReferences } : merged, type }
}

/** `stringData` is folded in, as the server does. */
function dataOf(secret: SecretManifest): Readonly<Record<string, string>> {
  return Object.fromEntries([...secretItems(secret)].map(([name, bytes]) => [name, bytes.toString('base64')]))
}

function isEqual(a: SecretObject, b: SecretObject): boolean {
  return (
    (a.type ?? DEFAULT_TYPE) === (b.type ?? DEFAULT_TYPE) &&
    isSameMap(a.data, b.data) &&
    isSameMap(a.metadata.labels, b.metadata.labels) &&
    isSameMap(a.metadata.annotations, b.metadata.annotations) &&
    JSON.stringify(owners(a)) === JSON.stringify(owners(b))
  )
}

type StringMap = Readonly<Record<string, string>> | null | undefined

function isSameMap(a: StringMap, b: StringMap): boolean {
  const [left, right] = [Object.entries(a ?? {}), b ?? {}]
  return left.length === Object.keys(right).length && left.every(([name, value]) => Object.hasOwn(right, name) && right[name] === value)
}

function owners({ metadata }: SecretObject): unknown {
  return (metadata.ownerReferences ?? []).map(({ apiVersion, kind, name, uid, controller = false, blockOwnerDeletion = false }) => [apiVersion, kind, name, uid, controller, blockOwnerDeletion])
}

/** Writes a status only where it says something new. */
export function status(seen: Observed, policy: Policy, { synced, message }: { readonly synced: boolean; readonly message: string }): readonly Action[] {
  const state: SyncState = { generation: seen.sealed?.metadata.generation ?? 0, synced, message }
  const old = syncStateOf(seen.sealed?.status)
  const isNew = old.synced !== synced || old.generation !== state.generation || old.message !== message
  return policy.updateStatus && isNew ? [{ do: 'setStatus', state }] : []
}
