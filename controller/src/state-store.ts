/**
 * The memory in the cluster: Secrets `waxseal-state-N` of the controller's own namespace, so that a restart with everything
 * in sync opens nothing. Written by the leader, together, at most once a minute and at the end.
 *
 *     type: waxseal.dev/state
 *     data.entries: [[uid, generation, scope, fingerprint, Secret uid, Secret version, digest of the data, digest of the entry], ...]
 *
 * Entries are held to be hostile: one whose digest does not fit is passed over, and its SealedSecret is checked in full.
 * @module
 */
import { KubeError, SECRETS, type Clock, type KubeClient } from '@waxseal/kube'
import { describe, type Log } from './log.ts'
import type { InSync, Memory } from './memory.ts'
import type { SecretObject } from './observe.ts'
import { isPermitted } from './permissions.ts'
import { isSameDigest, type StateSeal } from './state-seal.ts'

export const STATE_NAME_PREFIX = 'waxseal-state-'
export const STATE_TYPE = 'waxseal.dev/state'
const ITEM = 'entries'
/** Of less than 280 bytes each: a Secret stays below 256 KiB. */
const ENTRIES_PER_SHARD = 700
/** So that one write holds what a burst of changes leaves. */
const GATHER_MS = 10_000
const PAUSE_MS = 50_000

export interface StateStoreOptions {
  readonly client: KubeClient
  readonly namespace: string
  readonly memory: Memory
  readonly seal: StateSeal
  readonly clock: Clock
  readonly log: Log
  /** Only the leader writes. */
  readonly mayWrite: () => boolean
}

interface Shard {
  /** resourceVersion; '' before it exists. */
  version: string
  readonly uids: Set<string>
  isChanged: boolean
}

export class StateStore {
  readonly #options: StateStoreOptions
  #shards: Shard[] = []
  readonly #shardOf = new Map<string, Shard>()
  #flushed: Promise<void> = Promise.resolve()
  /** Undefined until it was asked. */
  #isPermitted: boolean | undefined

  constructor(options: StateStoreOptions) {
    this.#options = options
  }

  /**
   * Reads what an earlier run left. Never throws: without it everything is checked in full.
   * @param isWanted - of a SealedSecret's uid; what is left of others is dropped
   */
  async load(isWanted: (uid: string) => boolean, signal: AbortSignal): Promise<void> {
    const { client, namespace, log } = this.#options
    this.#shards = []
    this.#shardOf.clear()
    try {
      const { items } = await client.list<SecretObject>(SECRETS, { namespace }, { query: { fieldSelector: `type=${STATE_TYPE}` }, signal })
      for (const secret of items) this.#loadShard(secret, isWanted)
      log.info('State loaded', { sealedsecrets: this.#shardOf.size })
    } catch (error) {
      log.warn('Error reading the state, everything is checked in full', { error: describe(error) })
    }
  }

  /** What is remembered of this SealedSecret has changed. */
  mark(uid: string): void {
    const shard = this.#shardOf.get(uid)
    if (shard) {
      shard.isChanged = true
      return
    }
    if (!this.#entry(uid)) return
    const roomy = this.#shards.find(({ uids }) => uids.size < ENTRIES_PER_SHARD) ?? this.#addShard()
    roomy.uids.add(uid)
    roomy.isChanged = true
    this.#shardOf.set(uid, roomy)
  }

  /**
   * Writes from time to time, until the signal aborts.
   * @param writing - aborts later: a write that was begun is brought to its end, or the next would conflict with it
   */
  async run(signal: AbortSignal, writing: AbortSignal): Promise<void> {
    const { clock } = this.#options
    while (!signal.aborted) {
      await clock.sleep(GATHER_MS, signal)
      if (signal.aborted || !this.#shards.some(({ isChanged }) => isChanged)) continue
      await this.flush(writing)
      await clock.sleep(PAUSE_MS, signal)
    }
  }

  /** Writes what has changed, after what is being written. Never throws. */
  flush(signal: AbortSignal): Promise<void> {
    this.#flushed = this.#flushed.then(() => this.#flush(signal))
    return this.#flushed
  }

  async #flush(signal: AbortSignal): Promise<void> {
    const { log, mayWrite } = this.#options
    for (const [number, shard] of this.#shards.entries()) {
      if (!shard.isChanged || !mayWrite()) continue
      try {
        if (!(await this.#mayStore(signal))) return
        shard.isChanged = false
        await this.#write(`${STATE_NAME_PREFIX}${number}`, shard, signal)
      } catch (error) {
        shard.isChanged = true
        log.warn('Error writing the state, will retry', { error: describe(error) })
      }
    }
  }

  #loadShard({ metadata, data }: SecretObject, isWanted: (uid: string) => boolean): void {
    const [, digits = ''] = /^waxseal-state-(0|[1-9]\d{0,2})$/.exec(metadata.name ?? '') ?? []
    if (digits === '') return
    while (this.#shards.length <= Number(digits)) this.#addShard()
    const shard = this.#shards[Number(digits)]
    if (!shard) return
    shard.version = metadata.resourceVersion ?? ''
    for (const entry of parseEntries(data?.[ITEM] ?? '')) {
      const [uid, inSync] = this.#readEntry(entry) ?? []
      if (uid === undefined || !inSync || !isWanted(uid) || this.#shardOf.has(uid)) {
        shard.isChanged = true
        continue
      }
      shard.uids.add(uid)
      this.#shardOf.set(uid, shard)
      this.#options.memory.note(uid, { inSync, fingerprint: inSync.fingerprint })
    }
  }

  /** @returns undefined if it is none, or none of ours */
  #readEntry(entry: unknown): readonly [string, InSync] | undefined {
    if (!Array.isArray(entry)) return undefined
    const [uid, generation, scope, fingerprint, secretUid, secretVersion, digest, proof] = entry as readonly unknown[]
    if (typeof generation !== 'number') return undefined
    const texts = [uid, scope, fingerprint, secretUid, secretVersion, digest, proof]
    if (!texts.every((text): text is string => typeof text === 'string')) return undefined
    const inSync = { generation, scope: String(scope), fingerprint: String(fingerprint), secretUid: String(secretUid), secretVersion: String(secretVersion), digest: String(digest) }
    const isOurs = isSameDigest(String(proof), this.#options.seal.ofEntry(inSync.fingerprint, partsOf(String(uid), inSync)))
    return isOurs ? [String(uid), inSync] : undefined
  }

  #entry(uid: string): readonly unknown[] | undefined {
    const { inSync } = this.#options.memory.recall(uid)
    if (!inSync || inSync.digest === '') return undefined
    const parts = partsOf(uid, inSync)
    const proof = this.#options.seal.ofEntry(inSync.fingerprint, parts)
    return proof === '' ? undefined : [...parts, proof]
  }

  #addShard(): Shard {
    const shard: Shard = { version: '', uids: new Set(), isChanged: false }
    this.#shards.push(shard)
    return shard
  }

  async #write(name: string, shard: Shard, signal: AbortSignal): Promise<void> {
    const { client, namespace } = this.#options
    const entries: unknown[] = []
    for (const uid of shard.uids) {
      const entry = this.#entry(uid)
      if (entry) {
        entries.push(entry)
      } else {
        shard.uids.delete(uid)
        this.#shardOf.delete(uid)
      }
    }
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace, name, ...(shard.version === '' ? {} : { resourceVersion: shard.version }) },
      type: STATE_TYPE,
      data: { [ITEM]: Buffer.from(JSON.stringify(entries)).toString('base64') },
    }
    try {
      const written = await (shard.version === '' ? client.create(SECRETS, { namespace }, secret, { signal }) : client.update(SECRETS, secret, { signal }))
      shard.version = written.metadata.resourceVersion ?? ''
    } catch (error) {
      // Somebody else wrote or deleted it; ours is the truth, next time.
      if (error instanceof KubeError && (error.status === 404 || error.status === 409)) {
        shard.version = (await client.get(SECRETS, { namespace, name }, { signal }))?.metadata.resourceVersion ?? ''
      }
      throw error
    }
  }

  /** Roles for single namespaces permit creation only: what cannot be kept up to date is not begun. */
  async #mayStore(signal: AbortSignal): Promise<boolean> {
    if (this.#isPermitted !== undefined) return this.#isPermitted
    const { client, namespace, log } = this.#options
    this.#isPermitted = await isPermitted(client, { verb: 'update', resource: SECRETS, namespace, name: `${STATE_NAME_PREFIX}0` }, { signal })
    if (!this.#isPermitted) log.info('The role permits no state: after a restart everything is checked in full')
    return this.#isPermitted
  }
}

function partsOf(uid: string, { generation, scope, fingerprint, secretUid, secretVersion, digest }: InSync): readonly unknown[] {
  return [uid, generation, scope, fingerprint, secretUid, secretVersion, digest]
}

function parseEntries(base64: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(base64, 'base64').toString('utf8'))
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}
