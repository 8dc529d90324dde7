/**
 * Runs the actions of a decision in order and stops at the first that fails. Failures are tried again for ever. One that the
 * cluster should get over by itself (no answer, overload, somebody else was faster) is told in status and event only if it
 * persists; one that somebody must mend is told at once.
 * @module
 */
import { KubeError, SECRETS, type KubeClient, type KubeObject } from '@waxseal/kube'
import { SEALED_SECRET_API_VERSION } from '@waxseal/sealed'
import type { EventRecorder } from './event-recorder.ts'
import { describe, type Log } from './log.ts'
import { SEALED_SECRETS } from './names.ts'
import type { Observed, SecretObject } from './observe.ts'
import type { Outcome } from './queue.ts'
import { status, type Action, type ErrorReason, type Policy } from './reconcile.ts'
import { nextStatus, type SyncState } from './status.ts'

export interface ApplyContext {
  readonly client: KubeClient
  readonly events: EventRecorder
  readonly log: Log
  readonly policy: Policy
  readonly now: () => Date
  readonly signal: AbortSignal
  /** How often this SealedSecret has failed in a row. */
  readonly failures: number
  /** Asked before each write: another replica may have taken over. */
  readonly mayWrite: () => boolean
  readonly countError: (reason: ErrorReason, namespace: string) => void
}

export interface Applied {
  readonly outcome: Outcome
  /** The Secret that is known to be right; null if something is not. */
  readonly inSync: SecretObject | null
  readonly restored: boolean
  /** As last written, or as it stood. */
  readonly state: SyncState | undefined
}

const DONE: Outcome = { type: 'done' }
/** Silent failures in a row; about a second. */
const PATIENCE = 2

export async function apply(actions: readonly Action[], seen: Observed, context: ApplyContext): Promise<Applied> {
  let [written, inSync, state]: [SecretObject | null, SecretObject | null, SyncState | undefined] = [null, null, undefined]
  let outcome = DONE
  for (const action of actions) {
    try {
      if (!context.mayWrite()) return { outcome: { type: 'retry' }, inSync: null, restored: false, state }
      if (action.do === 'createSecret') written = await create(action.secret, seen, context)
      else if (action.do === 'replaceSecret') written = await context.client.update<SecretObject>(SECRETS, action.secret, context)
      else if (action.do === 'deleteSecret') await context.client.delete(SECRETS, { namespace: seen.namespace, name: seen.name }, { signal: context.signal, preconditions: { uid: action.uid } })
      else if (action.do === 'setStatus') state = await writeStatus(action.state, seen, context)
      else if (action.do === 'emit') await context.events.emit(seen.sealed?.metadata ?? {}, action, context.signal)
      else if (action.do === 'countError') context.countError(action.reason, seen.namespace)
      else if (action.do === 'remember') inSync = written ?? action.secret
      else if (action.do === 'retry') outcome = { type: 'retry' }
      else outcome = { type: 'again', afterMs: action.afterMs }
    } catch (error) {
      return { ...(await failed(action, error, seen, context)), inSync: null, restored: false }
    }
  }
  const restored = actions.some((action) => action.do === 'replaceSecret' && action.restores)
  return { outcome, inSync, restored, state }
}

function create(secret: KubeObject, { namespace }: Observed, { client, signal }: ApplyContext): Promise<SecretObject> {
  return client.create<SecretObject>(SECRETS, { namespace }, secret, { signal })
}

async function writeStatus(state: SyncState, { sealed }: Observed, { client, now, signal }: ApplyContext): Promise<SyncState | undefined> {
  if (!sealed) return undefined
  // Nothing else is written, and the rest is somebody else's: it can be nested deeper than can be written.
  const { namespace = '', name = '', uid = '', resourceVersion = '' } = sealed.metadata
  const object: KubeObject & { status: unknown } = {
    apiVersion: SEALED_SECRET_API_VERSION,
    kind: 'SealedSecret',
    metadata: { namespace, name, uid, resourceVersion },
    status: nextStatus(sealed.status, state, now()),
  }
  await client.updateStatus(SEALED_SECRETS, object, { signal })
  return state
}

type Failed = Pick<Applied, 'outcome' | 'state'>

async function failed(action: Action, error: unknown, seen: Observed, context: ApplyContext): Promise<Failed> {
  if (!(error instanceof KubeError)) throw error
  const { log } = context
  const facts = { key: `${seen.namespace}/${seen.name}`, error: describe(error) }
  const again: Outcome = { type: 'retry', atLeastMs: error.retryAfterMs }
  if (action.do === 'setStatus') {
    if (error.status === 404) return { outcome: DONE, state: undefined } // deleted meanwhile
    context.countError('status', seen.namespace)
    log.error('Error updating SealedSecret status', facts)
    return { outcome: again, state: undefined }
  }
  context.countError('update', seen.namespace)
  if (error.status === 0 || (isPassing(error) && context.failures < PATIENCE)) {
    log.warn('Error updating, will retry', facts)
    return { outcome: again, state: undefined }
  }
  const isFinal = action.do === 'replaceSecret' && action.isImmutable && error.status === 422
  log.error(isFinal ? 'Error updating, giving up' : 'Error updating, will retry', facts)
  return { outcome: isFinal ? DONE : again, state: await tell(error, isFinal, seen, context) }
}

/** A conflict, overload or trouble on the server's side: probably nothing is wrong with the object. */
function isPassing({ status: code }: KubeError): boolean {
  return code === 401 || code === 409 || code === 429 || code >= 500
}

async function tell(error: KubeError, isImmutable: boolean, seen: Observed, context: ApplyContext): Promise<SyncState | undefined> {
  const message = isImmutable
    ? `Error updating ${seen.namespace}/${seen.name}: the target Secret is immutable. Once a Secret is marked as immutable, it is not possible ` +
      'to revert this change nor to mutate the contents of the data field. You can only delete and recreate the Secret.'
    : error.message
  const actions: readonly Action[] = [
    { do: 'emit', type: 'Warning', reason: 'ErrUpdateFailed', message },
    ...status(seen, context.policy, { synced: false, message: error.message }),
  ]
  return (await apply(actions, seen, context)).state
}
