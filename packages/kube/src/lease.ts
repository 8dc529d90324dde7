/**
 * Leader election by a Lease: one of several replicas holds it, renews it, and may write to the cluster meanwhile.
 * Whoever cannot renew for `renewDeadlineMs` stops leading, before the others may take over after `leaseMs`. The clocks of
 * two machines are never compared: a lease has ended when it has not changed for its duration as seen here. A change can have
 * come right after the last look, so it is dated by that one: who dies is followed within the duration, whoever looked when.
 * Follows: client-go tools/leaderelection (times, fields of the Lease).
 * @module
 */
import { systemClock, type Clock } from './clock.ts'
import type { KubeClient } from './client.ts'
import { KubeError } from './errors.ts'
import { LEASES, type KubeObject } from './resource.ts'

const LEASE_MS = 15_000
const RENEW_DEADLINE_MS = 10_000
const RETRY_MS = 2000

interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string
    readonly leaseDurationSeconds?: number
    readonly acquireTime?: string
    readonly renewTime?: string
    readonly leaseTransitions?: number
  }
}

export interface LeaderElectorOptions {
  readonly client: KubeClient
  readonly namespace: string
  readonly name: string
  /** Different for every run of every replica. */
  readonly identity: string
  /** Called on every change. False comes at the renew deadline at the latest. */
  readonly onChange: (leading: boolean) => void
  readonly onError: (error: unknown) => void
  readonly leaseMs?: number
  readonly renewDeadlineMs?: number
  readonly retryMs?: number
  readonly clock?: Clock
}

export class LeaderElector {
  readonly #options: LeaderElectorOptions
  readonly #clock: Clock
  readonly #times: { readonly leaseMs: number; readonly renewDeadlineMs: number; readonly retryMs: number }
  /** The lease as last seen, and when it came to that at the earliest, but for what came before the first look. */
  #seen: { readonly lease: Lease; readonly at: number } | undefined
  /** When the lease that somebody else holds ends, as seen here. */
  #freeAt = 0
  #leadingUntil = 0
  #leading = false

  constructor(options: LeaderElectorOptions) {
    const { leaseMs = LEASE_MS, renewDeadlineMs = RENEW_DEADLINE_MS, retryMs = RETRY_MS } = options
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#times = { leaseMs, renewDeadlineMs, retryMs }
  }

  /** Whether this replica may write now; ask before each write. */
  get leading(): boolean {
    return this.#leading && this.#clock.now() < this.#leadingUntil
  }

  /**
   * Runs until the signal aborts, then gives the lease back.
   * @returns 'forbidden' at once if the role permits no leases
   */
  async run(signal: AbortSignal): Promise<'stopped' | 'forbidden'> {
    while (!signal.aborted) {
      try {
        await this.#tryOnce(this.#bound(signal))
      } catch (error) {
        if (error instanceof KubeError && error.status === 403 && !this.#seen) return 'forbidden'
        if (!signal.aborted) this.#options.onError(error)
      }
      this.#tell(this.#leadingUntil > this.#clock.now())
      await this.#pause(signal)
    }
    await this.#release()
    return 'stopped'
  }

  /** A request that would end after the deadline is no use. */
  #bound(signal: AbortSignal): AbortSignal {
    const left = this.#leading ? Math.max(1, this.#leadingUntil - this.#clock.now()) : this.#times.renewDeadlineMs
    return AbortSignal.any([signal, AbortSignal.timeout(left)])
  }

  /** Who waits wakes when the other's lease ends, who leads when its own deadline comes; both otherwise in their usual time. */
  async #pause(signal: AbortSignal): Promise<void> {
    const { retryMs } = this.#times
    const left = (this.#leading ? this.#leadingUntil : this.#freeAt) - this.#clock.now()
    if (left > retryMs || (left <= 0 && !this.#leading)) return this.#clock.sleep(retryMs, signal)
    await this.#clock.sleep(left, signal)
    this.#tell(false)
  }

  async #tryOnce(signal: AbortSignal): Promise<void> {
    const { client, namespace, name, identity } = this.#options
    const startedAt = this.#clock.now()
    const current = await client.get<Lease>(LEASES, { namespace, name }, { signal })
    if (!current) {
      await this.#hold(client.create<Lease>(LEASES, { namespace }, this.#lease(undefined), { signal }), startedAt)
      return
    }
    const unchanged = this.#seen?.lease.metadata.resourceVersion === current.metadata.resourceVersion
    const seen = unchanged && this.#seen ? this.#seen : { lease: current, at: this.#seen ? startedAt - this.#times.retryMs : startedAt }
    this.#seen = seen
    const holder = current.spec?.holderIdentity ?? ''
    const duration = (current.spec?.leaseDurationSeconds ?? 0) * 1000 || this.#times.leaseMs
    this.#freeAt = holder === '' || holder === identity ? 0 : seen.at + duration
    if (this.#clock.now() < this.#freeAt) return
    await this.#hold(client.update<Lease>(LEASES, this.#lease(current), { signal }), startedAt)
  }

  /** The deadline counts from before the request, so it can only be early. */
  async #hold(write: Promise<Lease>, startedAt: number): Promise<void> {
    try {
      this.#seen = { lease: await write, at: startedAt }
      this.#leadingUntil = startedAt + this.#times.renewDeadlineMs
    } catch (error) {
      if (!(error instanceof KubeError && error.status === 409)) throw error
      this.#leadingUntil = 0 // somebody else was faster
    }
  }

  #lease(current: Lease | undefined): Lease {
    const { namespace, name, identity } = this.#options
    const now = microTime(this.#clock.now())
    const mine = current?.spec?.holderIdentity === identity
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: current ? current.metadata : { namespace, name },
      spec: {
        holderIdentity: identity,
        leaseDurationSeconds: Math.ceil(this.#times.leaseMs / 1000),
        acquireTime: (mine && current?.spec?.acquireTime) || now,
        renewTime: now,
        leaseTransitions: (current?.spec?.leaseTransitions ?? 0) + (current && !mine ? 1 : 0),
      },
    }
  }

  async #release(): Promise<void> {
    const held = this.leading ? this.#seen?.lease : undefined
    this.#leadingUntil = 0
    this.#tell(false)
    if (held?.spec?.holderIdentity !== this.#options.identity) return
    const { holderIdentity: _released, ...spec } = held.spec // no holder at all: an empty one is refused
    const released: Lease = { ...held, spec: { ...spec, leaseDurationSeconds: 1, renewTime: microTime(this.#clock.now()) } }
    await this.#options.client.update(LEASES, released).catch((error: unknown) => this.#options.onError(error))
  }

  #tell(leading: boolean): void {
    if (leading === this.#leading) return
    this.#leading = leading
    this.#options.onChange(leading)
  }
}

/** RFC 3339 with microseconds, as the API wants them. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z')
}
