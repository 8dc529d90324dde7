/**
 * Metrics for Prometheus, under upstream's names; names of our own begin with `waxseal_`.
 * Follows: bitnami-labs/sealed-secrets pkg/controller/metrics.go.
 * @module
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { SYNCED } from './names.ts'
import type { ErrorReason } from './reconcile.ts'
import type { SyncState } from './status.ts'

const PREFIX = 'sealed_secrets_controller_'
const METHODS = new Set(['get', 'put', 'head', 'post', 'delete', 'connect', 'options', 'notify', 'trace', 'patch'])

export interface MetricsOptions {
  readonly version: string
  /** Leaves out the metric with names of SealedSecrets. */
  readonly omitConditions: boolean
  readonly queueLength: () => number
  readonly keyCount: () => number
  /** SealedSecrets by the fingerprint of the key that opened them last. */
  readonly openedByKey: () => ReadonlyMap<string, number>
}

export class Metrics {
  readonly registry = new Registry()
  readonly #omitConditions: boolean
  readonly #requests: Counter
  readonly #errors: Counter<'reason' | 'namespace'>
  readonly #conditions: Gauge<'namespace' | 'name' | 'condition' | 'ss_app_kubernetes_io_instance'>
  readonly #httpRequests: Counter<'path' | 'code' | 'method'>
  readonly #httpDuration: Histogram<'path' | 'method'>
  readonly #restored: Counter<'namespace'>
  readonly #opened: Counter
  /** Labels of each object's series, to take it away when they change. */
  readonly #series = new Map<string, Record<'namespace' | 'name' | 'condition' | 'ss_app_kubernetes_io_instance', string>>()

  constructor(options: MetricsOptions) {
    const registers = [this.registry]
    this.#omitConditions = options.omitConditions
    collectDefaultMetrics({ register: this.registry })
    new Gauge({ name: `${PREFIX}build_info`, help: 'Build information.', labelNames: ['revision'], registers }).set({ revision: options.version }, 0)
    this.#requests = new Counter({ name: `${PREFIX}unseal_requests_total`, help: 'Total number of sealed secret unseal requests', registers })
    this.#errors = new Counter({
      name: `${PREFIX}unseal_errors_total`,
      help: 'Total number of sealed secret unseal errors by reason',
      labelNames: ['reason', 'namespace'],
      registers,
    })
    this.#conditions = new Gauge({
      name: `${PREFIX}condition_info`,
      help: 'Current SealedSecret condition status. Values are -1 (false), 0 (unknown or absent), 1 (true)',
      labelNames: ['namespace', 'name', 'condition', 'ss_app_kubernetes_io_instance'],
      registers,
    })
    this.#httpRequests = new Counter({
      name: `${PREFIX}http_requests_total`,
      help: 'A counter for requests to the wrapped handler.',
      labelNames: ['path', 'code', 'method'],
      registers,
    })
    this.#httpDuration = new Histogram({
      name: `${PREFIX}http_request_duration_seconds`,
      help: 'A histogram of latencies for requests.',
      labelNames: ['path', 'method'],
      registers,
    })
    this.#restored = new Counter({ name: 'waxseal_secrets_restored_total', help: 'Secrets whose edited data was restored.', labelNames: ['namespace'], registers })
    this.#opened = new Counter({ name: 'waxseal_items_opened_total', help: 'Sealed items that were decrypted.', registers })
    this.registry.registerMetric(collected('waxseal_queue_length', 'SealedSecrets waiting or being worked on.', options.queueLength))
    this.registry.registerMetric(collected('waxseal_sealing_keys', 'Sealing keys that are loaded.', options.keyCount))
    const openedByKey = new Gauge({
      name: 'waxseal_sealedsecrets_opened',
      help: 'SealedSecrets that this key opened last; a key that opens none is no longer needed in the cluster.',
      labelNames: ['fingerprint'],
      registers: [],
      collect() {
        this.reset()
        for (const [fingerprint, count] of options.openedByKey()) this.set({ fingerprint }, count)
      },
    })
    this.registry.registerMetric(openedByKey)
  }

  countUnseal(): void {
    this.#requests.inc()
  }

  countError(reason: ErrorReason, namespace: string): void {
    this.#errors.inc({ reason, namespace })
  }

  countRestored(namespace: string): void {
    this.#restored.inc({ namespace })
  }

  countOpened(): void {
    this.#opened.inc()
  }

  countHttp(path: string, method: string, code: number, seconds: number): void {
    const name = METHODS.has(method.toLowerCase()) ? method.toLowerCase() : 'unknown'
    this.#httpRequests.inc({ path, code: String(code), method: name })
    this.#httpDuration.observe({ path, method: name }, seconds)
  }

  setCondition(key: string, namespace: string, name: string, instance: string, { synced }: SyncState): void {
    if (this.#omitConditions) return
    const labels = { namespace, name, condition: SYNCED, ss_app_kubernetes_io_instance: instance }
    if (this.#series.get(key)?.ss_app_kubernetes_io_instance !== instance) this.dropCondition(key)
    this.#series.set(key, labels)
    this.#conditions.set(labels, synced === undefined ? 0 : synced ? 1 : -1)
  }

  dropCondition(key: string): void {
    const labels = this.#series.get(key)
    if (!labels) return
    this.#series.delete(key)
    this.#conditions.remove(labels)
  }
}

/** A gauge that is read when it is scraped. */
function collected(name: string, help: string, read: () => number): Gauge {
  return new Gauge({
    name,
    help,
    registers: [],
    collect() {
      this.set(read())
    },
  })
}
