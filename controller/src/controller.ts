/**
 * The controller: watches fill the queue with names; for each name it observes, unseals, reconciles and applies. Only the
 * leading replica works on the queue and makes keys; every replica follows the cluster, loads the keys and serves HTTP.
 * @module
 */
import { availableParallelism } from 'node:os'
import { Turns } from '@waxseal/core'
import { systemClock, type Clock, type KubeClient } from '@waxseal/kube'
import { scopeOf, type RenderTemplatesAsync } from '@waxseal/sealed'
import { apply, type Applied } from './apply.ts'
import { EventRecorder } from './event-recorder.ts'
import type { Settings } from './flags.ts'
import { Followed, watchedNamespaces } from './followed.ts'
import { KeyStore } from './key-store.ts'
import { Keyring } from './keyring.ts'
import { Leadership } from './leadership.ts'
import { describe, type Log } from './log.ts'
import { Memory, type InSync } from './memory.ts'
import { Metrics } from './metrics.ts'
import { INSTANCE_LABEL } from './names.ts'
import { observe, splitKey, type Observed, type SecretObject } from './observe.ts'
import { WorkQueue, type Outcome } from './queue.ts'
import { reconcile, RESTORE_FORGET_MS, type Policy, type UnsealOutcome } from './reconcile.ts'
import { StateSeal } from './state-seal.ts'
import { StateStore } from './state-store.ts'
import { syncStateOf } from './status.ts'
import { unseal } from './unseal.ts'

const WORKERS = 16
/** Work that is under way when the program is told to stop may take so long. */
const GRACE_MS = 20_000

export interface ControllerOptions {
  readonly client: KubeClient
  /** The controller's own: keys, lease. */
  readonly namespace: string
  readonly settings: Settings
  readonly version: string
  readonly log: Log
  readonly render: RenderTemplatesAsync
  readonly clock?: Clock
}

export class Controller {
  readonly keyring = new Keyring()
  readonly metrics: Metrics
  readonly #options: ControllerOptions
  readonly #clock: Clock
  readonly #keys: KeyStore
  readonly #followed: Followed
  readonly #queue: WorkQueue
  readonly #leadership: Leadership
  readonly #events: EventRecorder
  readonly #memory = new Memory()
  readonly #seal: StateSeal
  readonly #state: StateStore
  readonly #policy: Policy
  /** Files and name look-ups share the threads that RSA runs on. */
  readonly #rsa = new Turns(2 * availableParallelism())
  /** SealedSecrets that no key opened; a new key may. */
  readonly #unopened = new Set<string>()
  /** Ends work that is under way; later than the watches. */
  readonly #working = new AbortController()
  #isPrepared = false
  /** Counts the changes of who leads: what an earlier one began is not finished by a later one. */
  #term = 0

  /** @throws CodedError USAGE */
  constructor(options: ControllerOptions) {
    const { client, namespace, settings, version, log, clock = systemClock } = options
    this.#options = options
    this.#clock = clock
    this.#policy = {
      deleteWithSealedSecret: settings['old-gc-behavior'],
      updateStatus: settings['update-status'],
      followsSecrets: !settings['skip-recreate'],
    }
    this.#queue = new WorkQueue({
      concurrency: WORKERS,
      clock,
      work: (key) => this.#work(key),
      onError: (key, error) => log.error('Error updating, will retry', { key, error: describe(error) }),
    })
    this.metrics = new Metrics({
      version,
      omitConditions: settings['metrics-omit-secret-labels'],
      isLeading: () => this.#leadership.leading,
      queue: this.#queue,
      keys: () => this.keyring.entries,
      openedByKey: () => this.#memory.countByKey(),
    })
    this.#leadership = new Leadership({ client, namespace, clock, log, onChange: () => this.#balance() })
    this.#keys = new KeyStore({
      client,
      namespace,
      settings,
      keyring: this.keyring,
      clock,
      log,
      mayWrite: () => this.#leadership.leading,
      onChange: () => this.#onKeysChanged(),
    })
    this.#seal = new StateSeal((fingerprint) => this.keyring.find(fingerprint))
    this.#state = new StateStore({ client, namespace, memory: this.#memory, seal: this.#seal, clock, log, mayWrite: () => this.#leadership.leading })
    this.#events = new EventRecorder({
      client,
      now: () => new Date(clock.now()),
      onEvent: ({ type, reason, message }, { namespace: ns, name }) => log.info('Event', { type, reason, object: `${ns}/${name}`, message }),
      onError: (error) => log.warn('Error writing an event', { error: describe(error) }),
    })
    this.#followed = new Followed({
      client,
      namespaces: watchedNamespaces(settings, namespace),
      labelSelector: settings['label-selector'],
      followSecrets: !settings['skip-recreate'],
      enqueue: (key) => this.#queue.add(key),
      enqueueLater: (key, afterMs) => this.#queue.addLater(key, afterMs),
      onSealedSecret: (key, { instance, state }) => this.metrics.setCondition(key, ...pair(key), instance, state),
      onSealedSecretGone: (key, { uid }) => this.#onSealedSecretGone(key, uid),
      onError: (what, error) => {
        this.metrics.countWatchError(what)
        log.warn('Error watching, will retry', { resource: what, error: describe(error) })
      },
    })
  }

  /** Whether a key is loaded and the first lists are in. */
  get ready(): boolean {
    return this.#isPrepared && this.#followed.synced && this.keyring.newest !== undefined
  }

  /** Makes a new key at once. */
  async renewNow(): Promise<void> {
    if (!this.#leadership.leading) {
      this.#options.log.warn('Not leading, no key is made here')
      return
    }
    await this.#keys.generate(this.#working.signal).catch((error: unknown) => {
      this.#options.log.error('Failed to generate new key', { error: describe(error) })
    })
  }

  /** Runs until the signal aborts; then finishes what is under way. */
  async run(signal: AbortSignal): Promise<void> {
    const running = [this.#keys.run(signal), this.#leadership.run(this.#working.signal), this.#prepare(signal)]
    await aborted(signal)
    this.#isPrepared = false
    const grace = setTimeout(() => this.#working.abort(), GRACE_MS)
    await this.#queue.stop()
    await this.#state.flush(this.#working.signal)
    clearTimeout(grace)
    this.#working.abort() // and the lease is given back
    await Promise.all(running)
  }

  async #prepare(signal: AbortSignal): Promise<void> {
    await Promise.race([this.#keys.load(signal), aborted(signal)])
    if (signal.aborted) return
    this.#isPrepared = true
    const running = [this.#keys.renew(signal), this.#followed.run(signal), this.#state.run(signal, this.#working.signal)]
    while (!signal.aborted && !this.ready) await this.#clock.sleep(READY_POLL_MS, signal)
    if (!signal.aborted) {
      this.#options.log.info('Ready')
      this.#balance()
    }
    await Promise.all(running)
  }

  /** Works on the queue exactly while it may write, and knows what there is and what the last leader left. */
  #balance(): void {
    const term = ++this.#term
    void this.#queue.pause()
    if (this.ready && this.#leadership.leading) void this.#lead(term)
  }

  async #lead(term: number): Promise<void> {
    const synced = [...this.#followed.sealedSecrets()].filter(({ generation, state }) => !this.#policy.updateStatus || (state.synced === true && state.generation === generation))
    const uids = new Set(synced.map(({ uid }) => uid))
    await this.#state.load((uid) => uids.has(uid), this.#working.signal)
    if (term === this.#term) this.#queue.start()
  }

  #onKeysChanged(): void {
    for (const key of this.#unopened) this.#queue.add(key)
  }

  async #work(key: string): Promise<Outcome> {
    const { client, log } = this.#options
    const known = this.#followed.sealedSecret(key)
    this.metrics.countUnseal()
    if (known && this.#memory.isInSync(known, this.#followed.secret(key))) return { type: 'done' }
    log.info('Updating', { key })
    let seen: Observed
    try {
      const remembered = this.#memory.recall(known?.uid ?? '')
      const lacksSecret = this.#queue.failures(key) === 0 && this.#followed.lacksSecret(key) // a watch may be late
      const { deleteWithSealedSecret: deletesSecret } = this.#policy
      seen = await observe(key, { client, signal: this.#working.signal, isKnown: known !== undefined, lacksSecret, deletesSecret, remembered, nowMs: this.#clock.now() })
    } catch (error) {
      this.metrics.countError('fetch', '')
      log.warn('Error reading, will retry', { key, error: describe(error) })
      return { type: 'retry' }
    }
    this.#unopened.add(key) // until it is opened: a key that comes meanwhile is tried, too
    const outcome = await this.#unseal(seen)
    const applied = await apply(reconcile(seen, outcome, this.#policy), seen, {
      client,
      log,
      events: this.#events,
      policy: this.#policy,
      now: () => new Date(this.#clock.now()),
      signal: this.#working.signal,
      failures: this.#queue.failures(key),
      mayWrite: () => this.#leadership.leading,
      countError: (reason, namespace) => this.metrics.countError(reason, namespace),
    })
    this.#note(key, seen, outcome, applied)
    return applied.outcome
  }

  #unseal(seen: Observed): Promise<UnsealOutcome> {
    const { settings, render } = this.#options
    const { open } = this.keyring
    return unseal(seen, {
      open: (...item) =>
        this.#rsa.run(async () => {
          const opened = await open(...item)
          this.metrics.countOpened()
          return opened
        }),
      render,
      acceptWholeSecret: settings['accept-deprecated-v1-data'],
      digest: (fingerprint, secret) => this.#seal.ofData(fingerprint, secret),
    })
  }

  #note(key: string, { namespace, name, sealed, remembered }: Observed, outcome: UnsealOutcome, { inSync, restored, state }: Applied): void {
    if (outcome.type !== 'failed') this.#unopened.delete(key)
    if (!sealed) {
      this.metrics.dropCondition(key)
      return
    }
    const { uid = '', generation = 0, annotations, labels } = sealed.metadata
    const fingerprint = outcome.type === 'opened' ? outcome.unsealed.fingerprints[0] : remembered.fingerprint
    this.#memory.note(uid, { inSync: inSync ? this.#inSync(generation, scopeOf(annotations ?? undefined), fingerprint, inSync) : undefined, fingerprint })
    this.#state.mark(uid)
    if (restored) {
      const now = this.#clock.now()
      const before = remembered.restored
      const times = before && now - before.lastMs <= RESTORE_FORGET_MS ? before.times + 1 : 1
      this.#memory.note(uid, { restored: { times, lastMs: now } })
      this.metrics.countRestored(namespace)
    }
    this.metrics.setCondition(key, namespace, name, labels?.[INSTANCE_LABEL] ?? '', state ?? syncStateOf(sealed.status))
  }

  #inSync(generation: number, scope: string, fingerprint = '', secret: SecretObject): InSync {
    const { uid: secretUid = '', resourceVersion: secretVersion = '' } = secret.metadata
    return { generation, scope, secretUid, secretVersion, fingerprint, digest: this.#seal.ofData(fingerprint, secret) }
  }

  #onSealedSecretGone(key: string, uid: string): void {
    this.metrics.dropCondition(key)
    this.#memory.forget(uid)
    this.#state.mark(uid)
  }
}

const READY_POLL_MS = 50

function pair(key: string): readonly [string, string] {
  const { namespace, name } = splitKey(key)
  return [namespace, name]
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
