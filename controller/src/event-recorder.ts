/**
 * Events for people, core/v1. An event that repeats within the last hour is counted up by a patch instead of being created
 * anew. Events are never worth a failure: what goes wrong is logged.
 * Follows: client-go tools/record (names, aggregation by count).
 * @module
 */
import { EVENTS, KubeError, type KubeClient, type KubeObject, type ObjectMeta } from '@waxseal/kube'
import { EVENT_SOURCE } from './names.ts'
import { referenceOf } from './observe.ts'

const MAX_MESSAGE_CHARS = 1024
const MAX_REMEMBERED = 4096
/** The server forgets events after an hour. */
const REPEAT_MS = 3_600_000

export interface EventFacts {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}

interface Sent {
  readonly name: string
  readonly atMs: number
  readonly count: number
}

export interface EventRecorderOptions {
  readonly client: KubeClient
  readonly now: () => Date
  readonly onEvent: (facts: EventFacts, about: ObjectMeta) => void
  readonly onError: (error: unknown) => void
}

export class EventRecorder {
  readonly #options: EventRecorderOptions
  /** In the order of use. */
  readonly #sent = new Map<string, Sent>()
  #serial = 0

  constructor(options: EventRecorderOptions) {
    this.#options = options
  }

  /** Never throws. */
  async emit(about: ObjectMeta, { type, reason, message }: EventFacts, signal: AbortSignal): Promise<void> {
    const facts = { type, reason, message: message.slice(0, MAX_MESSAGE_CHARS) }
    this.#options.onEvent(facts, about)
    try {
      await this.#send(about, facts, signal)
    } catch (error) {
      this.#options.onError(error)
    }
  }

  async #send(about: ObjectMeta, facts: EventFacts, signal: AbortSignal): Promise<void> {
    const now = this.#options.now()
    const identity = JSON.stringify([about.uid, facts.type, facts.reason, facts.message])
    const last = this.#sent.get(identity)
    if (last && now.getTime() - last.atMs < REPEAT_MS && (await this.#countUp(about, last, now, signal))) {
      this.#note(identity, { ...last, atMs: now.getTime(), count: last.count + 1 })
      return
    }
    const event = this.#newEvent(about, facts, now)
    await this.#options.client.create(EVENTS, { namespace: about.namespace }, event, { signal })
    this.#note(identity, { name: event.metadata.name ?? '', atMs: now.getTime(), count: 1 })
  }

  /** @returns false if the server has forgotten it */
  async #countUp({ namespace }: ObjectMeta, { name, count }: Sent, now: Date, signal: AbortSignal): Promise<boolean> {
    const patch = { count: count + 1, lastTimestamp: wholeSeconds(now) }
    try {
      await this.#options.client.patch(EVENTS, { namespace, name }, 'application/merge-patch+json', patch, { signal })
      return true
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return false
      throw error
    }
  }

  #newEvent(about: ObjectMeta, facts: EventFacts, now: Date): KubeObject {
    const { namespace = '', name = '' } = about
    const unique = (BigInt(now.getTime()) * 1_000_000n + BigInt(this.#serial++ % 1_000_000)).toString(16)
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { namespace, name: `${name}.${unique}` },
      involvedObject: referenceOf(about),
      ...facts,
      source: { component: EVENT_SOURCE },
      reportingComponent: EVENT_SOURCE,
      firstTimestamp: wholeSeconds(now),
      lastTimestamp: wholeSeconds(now),
      count: 1,
    }
    return event
  }

  #note(identity: string, sent: Sent): void {
    this.#sent.delete(identity)
    this.#sent.set(identity, sent)
    const [oldest] = this.#sent.keys()
    if (this.#sent.size > MAX_REMEMBERED && oldest !== undefined) this.#sent.delete(oldest)
  }
}

function wholeSeconds(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z')
}
