/**
 * What the cluster holds, as far as the controller must know it all the time: of each SealedSecret a few fields, of Secrets
 * only those that belong to one, and of them only metadata. Whatever changes puts the SealedSecret's name into the queue.
 * @module
 */
import { isControlledBySealedSecret, isManaged } from './ownership.ts'
import { KubeError, Reflector, SECRETS, type KubeClient, type KubeObject, type ReflectorEvent } from '@waxseal/kube'
import { scopeOf } from '@waxseal/sealed'
import type { Settings } from './flags.ts'
import { INSTANCE_LABEL, SEALED_SECRETS } from './names.ts'
import { syncStateOf, type SealedSecretStatus, type SyncState } from './status.ts'

export interface KnownSealedSecret {
  readonly uid: string
  readonly generation: number
  readonly scope: string
  readonly instance: string
  readonly isDeleting: boolean
  readonly state: SyncState
}

export interface KnownSecret {
  readonly uid: string
  readonly version: string
  /** What goes is made again: a SealedSecret controls it, or it is annotated as managed. */
  readonly isRestored: boolean
}

/** Who applies several objects at once is let finish: with a new SealedSecret the Secret that stood in its place may go. */
const SETTLE_MS = 200
/** Who deletes a Secret that is none of ours has a reason, and perhaps another to put in its place. Upstream never makes it again. */
const FOREIGN_GONE_MS = 2000

export interface FollowedOptions {
  readonly client: KubeClient
  /** undefined: all. */
  readonly namespaces: readonly (string | undefined)[]
  readonly labelSelector: string
  /** Without it deleted and edited Secrets go unnoticed. */
  readonly followSecrets: boolean
  readonly enqueue: (key: string) => void
  readonly enqueueLater: (key: string, afterMs: number) => void
  readonly onSealedSecret: (key: string, known: KnownSealedSecret) => void
  readonly onSealedSecretGone: (key: string, known: KnownSealedSecret) => void
  readonly onError: (what: string, error: unknown) => void
}

/** Own and additional namespaces, or all. */
export function watchedNamespaces(settings: Settings, own: string): readonly (string | undefined)[] {
  const additional = settings['additional-namespaces'].split(',').filter((name) => name !== '')
  if (settings['all-namespaces'] && additional.length === 0) return [undefined]
  return [...new Set([own, ...additional])]
}

export class Followed {
  readonly #options: FollowedOptions
  readonly #sealedSecrets: readonly Reflector<KnownSealedSecret>[]
  readonly #secrets: readonly Reflector<KnownSecret>[]
  /** Which lists the role does not permit: `resource namespace`. */
  readonly #refused = new Set<string>()
  /** SealedSecrets that were known when Secrets were listed: a Secret of theirs would be held. */
  readonly #lookedFor = new Set<string>()

  constructor(options: FollowedOptions) {
    this.#options = options
    this.#sealedSecrets = options.namespaces.map((namespace) => this.#followSealedSecrets(namespace))
    this.#secrets = options.followSecrets ? options.namespaces.map((namespace) => this.#followSecrets(namespace)) : []
  }

  sealedSecret(key: string): KnownSealedSecret | undefined {
    return this.#find(this.#sealedSecrets, key)
  }

  secret(key: string): KnownSecret | undefined {
    return this.#find(this.#secrets, key)
  }

  /** Whether it is known that there is no Secret of this name; of a SealedSecret that came later, it is not. */
  lacksSecret(key: string): boolean {
    return this.#lookedFor.has(key) && this.secret(key) === undefined
  }

  *sealedSecretKeys(): Generator<string> {
    for (const reflector of this.#sealedSecrets) yield* reflector.keys()
  }

  *sealedSecrets(): Generator<KnownSealedSecret> {
    for (const key of this.sealedSecretKeys()) {
      const known = this.sealedSecret(key)
      if (known) yield known
    }
  }

  /** Whether every first list is in; those of namespaces without a role for us keep nobody waiting, unless there are no others. */
  get synced(): boolean {
    const isSettled = this.#options.namespaces.map((namespace, at) => {
      if (!this.#sealedSecrets[at]?.synced) return this.#isRefused('sealedsecrets', namespace)
      return this.#secrets[at]?.synced !== false || this.#isRefused('secrets', namespace)
    })
    return isSettled.every(Boolean) && this.#sealedSecrets.some(({ synced }) => synced)
  }

  /** Runs until the signal aborts. Which Secrets matter is known once the SealedSecrets are. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(
      this.#sealedSecrets.map(async (sealedSecrets, at) => {
        const running = sealedSecrets.run(signal)
        await Promise.race([running, sealedSecrets.untilSynced()])
        await Promise.all([running, this.#secrets[at]?.run(signal)])
      }),
    )
  }

  #followSealedSecrets(namespace: string | undefined): Reflector<KnownSealedSecret> {
    const { client, labelSelector } = this.#options
    return new Reflector({
      client,
      resource: SEALED_SECRETS,
      namespace,
      labelSelector,
      keep: keepSealedSecret,
      onEvent: (event) => this.#onSealedSecretEvent(event),
      onError: (error) => this.#onError('sealedsecrets', namespace, error),
    })
  }

  #followSecrets(namespace: string | undefined): Reflector<KnownSecret> {
    const { client, enqueue, enqueueLater } = this.#options
    return new Reflector({
      client,
      resource: SECRETS,
      namespace,
      metadataOnly: true,
      keep: (object) => this.#keepSecret(object),
      onEvent: (event) => {
        if (event.type === 'synced') this.#noteMissing(namespace)
        else if (!this.sealedSecret(event.key)) return
        else if (event.type === 'deleted' && !event.object.isRestored) enqueueLater(event.key, FOREIGN_GONE_MS)
        else enqueue(event.key)
      },
      onError: (error) => this.#onError('secrets', namespace, error),
    })
  }

  /** A refusal is told once; it is tried again for ever. */
  #onError(resource: string, namespace: string | undefined, error: unknown): void {
    const isRefusal = error instanceof KubeError && error.status === 403
    if (!isRefusal || !this.#isRefused(resource, namespace)) this.#options.onError(resource, error)
    if (isRefusal) this.#refused.add(`${resource} ${namespace}`)
  }

  #isRefused(resource: string, namespace: string | undefined): boolean {
    return this.#refused.has(`${resource} ${namespace}`)
  }

  #onSealedSecretEvent(event: ReflectorEvent<KnownSealedSecret>): void {
    const { enqueue, enqueueLater, onSealedSecret, onSealedSecretGone } = this.#options
    if (event.type === 'synced') return
    const isReplaced = event.type === 'modified' && event.previous.uid !== event.object.uid
    if (event.type === 'deleted') this.#lookedFor.delete(event.key)
    if (event.type === 'deleted') onSealedSecretGone(event.key, event.object)
    else if (isReplaced) onSealedSecretGone(event.key, event.previous)
    if (event.type !== 'deleted') onSealedSecret(event.key, event.object)
    if (event.type === 'added' && this.synced) enqueueLater(event.key, SETTLE_MS)
    else if (event.type !== 'modified' || needsLook(event.previous, event.object)) enqueue(event.key)
  }

  /** A Secret that was never held can have gone while the watch was interrupted. */
  #noteMissing(namespace: string | undefined): void {
    for (const key of this.sealedSecretKeys()) {
      if (namespace !== undefined && !key.startsWith(`${namespace}/`)) continue
      this.#lookedFor.add(key)
      if (!this.secret(key)) this.#options.enqueue(key)
    }
  }

  #keepSecret({ metadata }: KubeObject): KnownSecret | undefined {
    const { namespace = '', name = '', uid = '', resourceVersion = '' } = metadata
    const isControlled = isControlledBySealedSecret(metadata)
    const matters = isControlled || this.sealedSecret(`${namespace}/${name}`) !== undefined
    return matters ? { uid, version: resourceVersion, isRestored: isControlled || isManaged(metadata) } : undefined
  }

  #find<T>(reflectors: readonly Reflector<T>[], key: string): T | undefined {
    for (const reflector of reflectors) {
      const found = reflector.get(key)
      if (found !== undefined) return found
    }
    return undefined
  }
}

function keepSealedSecret(object: KubeObject & { readonly status?: SealedSecretStatus }): KnownSealedSecret {
  const { uid = '', generation = 0, annotations, labels, deletionTimestamp } = object.metadata
  return {
    uid,
    generation,
    scope: scopeOf(annotations ?? undefined),
    instance: labels?.[INSTANCE_LABEL] ?? '',
    isDeleting: deletionTimestamp !== undefined,
    state: syncStateOf(object.status),
  }
}

/** Our own status writes change none of these. */
function needsLook(before: KnownSealedSecret, after: KnownSealedSecret): boolean {
  return before.uid !== after.uid || before.generation !== after.generation || before.scope !== after.scope || before.isDeleting !== after.isDeleting
}
