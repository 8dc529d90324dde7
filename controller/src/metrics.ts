/**
 * Metrics for Prometheus, under upstream's names; names of our own begin with `waxseal_`.
 * Follows: bitnami-labs/sealed-secrets pkg/controller/metrics.go.
 * @module
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { KeyEntry } from './keyring.ts'
import { SYNCED } from './names.ts'
import type { ErrorReason } from './reconcile.ts'
import type { SyncState } from './status.ts'

const PREFIX = 'sealed_secrets_controller_'
const METHODS = new Set(['get', 'put', 'head', 'post', 'delete', 'connect', 'options', 'notify', 'trace', 'patch'])

export interface MetricsOptions {
  readonly version: string
  /** Leaves out the metric with names of SealedSecrets. */
  readonly omitConditions: boolean
  readonly isLeading: () => boolean
  readonly queue: { readonly length: number; readonly delayed: number }
  readonly keys: () => readonly KeyEntry[]
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
  readonly #watchErrors: Counter<'resource'>
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
    this.#watchErrors = new Counter({ name: 'waxseal_watch_errors_total', help: 'Lists and watches that failed and were tried again.', labelNames: ['resource'], registers })
    for (const gauge of gauges(options)) this.registry.registerMetric(gauge)
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

  countWatchError(resource: string): void {
    this.#watchErrors.inc({ resource })
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

/** Read when they are scraped. */
function gauges({ isLeading, queue, keys, openedByKey }: MetricsOptions): readonly Gauge[] {
  const ofKeys = (value: (entry: KeyEntry) => number): (() => readonly Sample[]) => () =>
    keys().map((entry) => [value(entry), { secret: entry.secretName, fingerprint: entry.key.fingerprint }])
  const ofOpened = (): readonly Sample[] => [...openedByKey()].map(([fingerprint, count]) => [count, { fingerprint }])
  const labels = ['secret', 'fingerprint']
  return [
    gauge('waxseal_leader', 'Whether this replica writes to the cluster.', [], () => [[isLeading() ? 1 : 0]]),
    gauge('waxseal_queue_length', 'SealedSecrets waiting or being worked on.', [], () => [[queue.length]]),
    gauge('waxseal_queue_delayed', 'SealedSecrets that failed and wait for their next try.', [], () => [[queue.delayed]]),
    gauge('waxseal_sealing_keys', 'Sealing keys that are loaded.', [], () => [[keys().length]]),
    gauge('waxseal_key_start_timestamp_seconds', 'Start of the certificate of a sealing key; the latest is the age of the newest key.', labels, ofKeys(({ certificate }) => certificate.notBefore.getTime() / 1000)),
    gauge('waxseal_key_expiry_timestamp_seconds', 'End of the certificate of a sealing key.', labels, ofKeys(({ certificate }) => certificate.notAfter.getTime() / 1000)),
    gauge('waxseal_sealedsecrets_opened', 'SealedSecrets that a key opened last; one that opens none is no longer needed.', ['fingerprint'], ofOpened),
  ]
}

type Sample = readonly [value: number, labels?: Readonly<Record<string, string>>]

function gauge(name: string, help: string, labelNames: readonly string[], read: () => readonly Sample[]): Gauge {
  return new Gauge({
    name,
    help,
    labelNames: [...labelNames],
    registers: [],
    collect() {
      this.reset()
      for (const [value, labels = {}] of read()) this.set(labels, value)
    },
  })
}
