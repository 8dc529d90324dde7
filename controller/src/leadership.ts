/**
 * Which of several replicas writes to the cluster. Where the role permits no leases this is the only replica, as upstream's
 * manifests have it.
 * @module
 */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { LeaderElector, type Clock, type KubeClient } from '@waxseal/kube'
import { describe, type Log } from './log.ts'

export const LEASE_NAME = 'waxseal-controller'

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
    if ((await this.#elector.run(signal)) === 'stopped') return
    this.#options.log.info('The role permits no leases: running as the only replica')
    this.#isAlone = true
    this.#options.onChange(true)
  }

  #tell(leading: boolean): void {
    this.#options.log.info(leading ? 'Leading' : 'No longer leading')
    this.#options.onChange(leading)
  }
}
