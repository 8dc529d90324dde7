/**
 * Sealing keys in the cluster: key Secrets of the controller's own namespace with the label `active`, and the one that is
 * named like the prefix, whatever its labels (as versions before 0.9 made it). A Secret that holds no usable key is logged
 * and passed over. New keys are stored so that upstream's controller can load them.
 * Follows: bitnami-labs/sealed-secrets pkg/controller/keys.go, main.go (initKeyRenewal).
 * @module
 */
import { Backoff, KubeError, Reflector, SECRETS, type Clock, type KubeClient, type KubeObject } from '@waxseal/kube'
import { generateSealingKey, KEY_LABEL, KEY_LABEL_ACTIVE, newKeySecret, readKeySecret } from '@waxseal/sealed'
import { parsePairs, type Settings } from './flags.ts'
import type { KeyEntry, Keyring } from './keyring.ts'
import { describe, type Log } from './log.ts'

/** Keys can also go away; and timers cannot wait for weeks. */
const LONGEST_SLEEP_MS = 60_000
const SHORTEST_SLEEP_MS = 1000
const GENERATE_BACKOFF = { firstMs: 1000, longestMs: 60_000 }

export interface KeyStoreOptions {
  readonly client: KubeClient
  readonly namespace: string
  readonly settings: Settings
  readonly keyring: Keyring
  readonly clock: Clock
  readonly log: Log
  /** Only one of several replicas makes keys. */
  readonly mayWrite: () => boolean
  /** Keys were added or removed. */
  readonly onChange: () => void
}

export class KeyStore {
  readonly #options: KeyStoreOptions
  readonly #reflector: Reflector<KeyEntry>
  readonly #extra: { readonly labels: Readonly<Record<string, string>>; readonly annotations: Readonly<Record<string, string>> }
  #isWatchRefusalTold = false

  /** @throws CodedError USAGE - labels or annotations that are no pairs */
  constructor(options: KeyStoreOptions) {
    const { client, namespace, settings, keyring, log } = options
    this.#options = options
    this.#extra = {
      labels: parsePairs('privatekey-labels', settings['privatekey-labels']),
      annotations: parsePairs('privatekey-annotations', settings['privatekey-annotations']),
    }
    this.#reflector = new Reflector({
      client,
      resource: SECRETS,
      namespace,
      labelSelector: `${KEY_LABEL}=${KEY_LABEL_ACTIVE}`,
      keep: (object) => this.#read(object),
      onEvent: (event) => {
        if (event.type === 'synced') return
        if (event.type === 'deleted') {
          keyring.remove(event.object.secretName)
          log.info('unregistered private key', { secretname: event.object.secretName })
        } else {
          this.#register(event.object)
        }
        options.onChange()
      },
      onError: (error) => this.#onWatchError(error),
    })
  }

  /** Follows the key Secrets until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#reflector.run(signal)
  }

  /** Resolves when every key that is there is loaded. */
  async load(signal: AbortSignal): Promise<void> {
    const { log, clock } = this.#options
    log.info('Searching for existing private keys')
    await this.#reflector.untilSynced()
    const backoff = new Backoff(GENERATE_BACKOFF)
    while (!signal.aborted) {
      try {
        return await this.#loadLegacy(signal)
      } catch (error) {
        log.error('Error reading the legacy key', { error: describe(error) })
        await clock.sleep(backoff.next(), signal)
      }
    }
  }

  /** Makes a key if there is none or the newest is older than the cut-off, and then one every period; until the signal aborts. */
  async renew(signal: AbortSignal): Promise<void> {
    const { settings, keyring, clock, log, mayWrite } = this.#options
    const periodMs = settings['key-renew-period'] > 0 ? settings['key-renew-period'] : Number.POSITIVE_INFINITY
    const backoff = new Backoff(GENERATE_BACKOFF)
    let cutoffMs = this.#cutoff() // counts once
    while (!signal.aborted) {
      const { newest } = keyring
      const leftMs = newest && newest.orderMs >= cutoffMs ? newest.orderMs + periodMs - clock.now() : 0
      if (leftMs > 0 || !mayWrite()) {
        await clock.sleep(Math.min(LONGEST_SLEEP_MS, Math.max(SHORTEST_SLEEP_MS, leftMs)), signal)
        continue
      }
      try {
        await this.generate(signal)
        cutoffMs = Number.NEGATIVE_INFINITY
        backoff.reset()
      } catch (error) {
        if (!signal.aborted) log.error('Failed to generate new key', { error: describe(error) })
        await clock.sleep(backoff.next(), signal)
      }
    }
  }

  /** @throws KubeError */
  async generate(signal: AbortSignal): Promise<void> {
    const { client, namespace, settings, clock, log, onChange } = this.#options
    const startMs = Math.floor(clock.now() / 1000) * 1000
    const generated = await generateSealingKey({
      bits: settings['key-size'],
      notBefore: new Date(startMs),
      notAfter: new Date(startMs + settings['key-ttl']),
      commonName: settings['my-cn'],
    })
    const secret = newKeySecret(generated, { namespace, prefix: settings['key-prefix'], ...this.#extra })
    const { metadata } = await client.create(SECRETS, { namespace }, secret, { signal })
    log.info('New key written', { namespace, name: metadata.name })
    log.info('Certificate generated', { certificate: generated.certificate.pem })
    this.#register({ secretName: metadata.name ?? '', ...generated, orderMs: startMs, createdMs: createdMs(metadata.creationTimestamp) })
    onChange()
  }

  async #loadLegacy(signal: AbortSignal): Promise<void> {
    const { client, namespace, settings } = this.#options
    // A list, because the role in the own namespace has no `get`.
    const query = { fieldSelector: `metadata.name=${settings['key-prefix']}` }
    const { items } = await client.list(SECRETS, { namespace }, { query, signal })
    for (const object of items) {
      const entry = this.#read(object)
      if (!entry) continue
      this.#register(entry)
      this.#options.onChange()
    }
  }

  #read(object: KubeObject): KeyEntry | undefined {
    const { log, settings } = this.#options
    const { name: secretName = '', creationTimestamp } = object.metadata
    try {
      const { key, certificate } = readKeySecret(object)
      if (key.fingerprint !== certificate.fingerprint) log.warn('Certificate and private key do not belong together', { secretname: secretName })
      const created = createdMs(creationTimestamp)
      const byCreation = settings['key-order-priority'] === 'SecretCreationTimestamp'
      return { secretName, key, certificate, orderMs: byCreation ? created : certificate.notBefore.getTime(), createdMs: created }
    } catch (error) {
      log.error('Error reading key Secret, ignoring it', { secretname: secretName, error: describe(error) })
      return undefined
    }
  }

  #register(entry: KeyEntry): void {
    const isKnown = this.#options.keyring.entries.some(({ secretName, key }) => secretName === entry.secretName && key.fingerprint === entry.key.fingerprint)
    this.#options.keyring.put(entry)
    if (!isKnown) this.#options.log.info('registered private key', { secretname: entry.secretName })
  }

  #cutoff(): number {
    const text = this.#options.settings['key-cutoff-time']
    const ms = text === '' ? Number.NEGATIVE_INFINITY : Date.parse(text)
    if (!Number.isNaN(ms)) return ms
    this.#options.log.error('Invalid --key-cutoff-time, ignoring it', { value: text })
    return Number.NEGATIVE_INFINITY
  }

  /** Without the right to watch, the retries of the reflector list the keys every half minute. */
  #onWatchError(error: unknown): void {
    const { log } = this.#options
    if (!(error instanceof KubeError && error.status === 403)) {
      log.warn('Error watching key Secrets, will retry', { error: describe(error) })
    } else if (!this.#isWatchRefusalTold) {
      this.#isWatchRefusalTold = true
      log.warn('The role does not permit watching key Secrets; they are listed from time to time instead', { error: describe(error) })
    }
  }
}

function createdMs(timestamp: unknown): number {
  return typeof timestamp === 'string' ? Date.parse(timestamp) || 0 : 0
}
