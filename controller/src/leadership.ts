/**
 * Which of several replicas writes to the cluster. Where the role permits no leases this is the only replica, as upstream's
 * manifests have it. A role can come later than the pods that it is for, and all of them would be alone then: so whoever is alone
 * goes on asking.
 * @module
 */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { Backoff, KubeError, LeaderElector, LEASES, type Clock, type KubeClient } from '@waxseal/kube'
import { describe, type Log } from './log.ts'
import { refusedOf, verbs, type Access } from './permissions.ts'

export const LEASE_NAME = 'waxseal-controller'
const ASK_AGAIN = { firstMs: 2000, longestMs: 60_000 }

/** What an election needs. @param namespace - the controller's own */
export function leaseAccesses(namespace: string): readonly Access[] {
  const lease = { resource: LEASES, namespace }
  return [...verbs('create', lease), ...verbs('get update', { ...lease, name: LEASE_NAME })]
}

export interface LeadershipOptions {
  readonly client: KubeClient
  readonly namespace: string
  readonly clock: Clock
  readonly log: Log
  readonly onChange: (leading: boolean) => void
}

export class Leadership {
  readonly #options: LeadershipOptions
  readonly #elector: LeaderElector
  #isAlone = false

  constructor(options: LeadershipOptions) {
    const { client, namespace, clock, log } = options
    this.#options = options
    this.#elector = new LeaderElector({
      client,
      namespace,
      clock,
      name: LEASE_NAME,
      identity: `${hostname()}_${randomUUID()}`,
      onChange: (leading) => this.#tell(leading),
      onError: (error) => log.warn('Error in leader election, will retry', { error: describe(error) }),
    })
  }

  /** Ask before each write. */
  get leading(): boolean {
    return this.#isAlone || this.#elector.leading
  }

  /** Runs until the signal aborts, then gives leadership back. */
  async run(signal: AbortSignal): Promise<void> {
    const { log } = this.#options
    while ((await this.#elector.run(signal)) === 'forbidden') {
      log.info('The role permits no leases: running as the only replica')
      this.#beAlone(true)
      await this.#untilPermitted(signal)
      if (signal.aborted) return
      log.info('The role permits leases now')
      this.#beAlone(false)
    }
  }

  #beAlone(isAlone: boolean): void {
    this.#isAlone = isAlone
    this.#options.onChange(isAlone)
  }

  /** Comes back early when the signal aborts. */
  async #untilPermitted(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(ASK_AGAIN)
    do {
      await this.#options.clock.sleep(backoff.next(), signal)
    } while (!signal.aborted && !(await this.#isPermitted(signal)))
  }

  async #isPermitted(signal: AbortSignal): Promise<boolean> {
    const { client, namespace } = this.#options
    try {
      return (await refusedOf(client, leaseAccesses(namespace), { signal })).length === 0
    } catch (error) {
      if (error instanceof KubeError) return false // nobody can tell now
      throw error
    }
  }

  #tell(leading: boolean): void {
    this.#options.log.info(leading ? 'Leading' : 'No longer leading')
    this.#options.onChange(leading)
  }
}
