/**
 * Trouble on request: what a real cluster does on a bad day, at the moment a test wants it.
 * @module
 */
import type { RequestInfo, Verb } from './request-info.ts'

/** Which requests are meant; what is left out matches all. */
export interface RequestMatch {
  readonly verb?: Verb
  /** Plural, such as `secrets`. */
  readonly resource?: string
  readonly namespace?: string
  readonly name?: string
  readonly subresource?: string
  /** Start of the path, for requests that are no resource too. */
  readonly path?: string
}

export function matches(match: RequestMatch, { verb, path, resource }: RequestInfo): boolean {
  return (
    (match.verb === undefined || match.verb === verb) &&
    (match.path === undefined || path.startsWith(match.path)) &&
    (match.resource === undefined || match.resource === resource?.plural) &&
    (match.namespace === undefined || match.namespace === resource?.namespace) &&
    (match.name === undefined || match.name === resource?.name) &&
    (match.subresource === undefined || match.subresource === resource?.subresource)
  )
}

export interface Fault {
  /** Requests to hit; the fault is used up after them. Default 1. */
  readonly times?: number
  readonly match?: RequestMatch
}

/** What befalls one request. */
export interface Trouble {
  readonly delayMs?: number
  readonly status?: number
  readonly retryAfterSeconds?: number
  /** The connection is cut instead of an answer. */
  readonly cut?: boolean
  /** The connection is cut after so many bytes of the body. */
  readonly cutAfterBytes?: number
  /** The connection is cut after so many events of a watch. */
  readonly cutAfterEvents?: number
}

/** What the switches do to the running server. */
export interface FaultTarget {
  cutConnections(): void
  refuseConnections(): Promise<void>
  acceptConnections(): Promise<void>
  compact(): void
}

export class Faults {
  readonly #target: FaultTarget
  #planned: { left: number; readonly match: RequestMatch; readonly trouble: Trouble }[] = []

  constructor(target: FaultTarget) {
    this.#target = target
  }

  /** Answers with an HTTP status (409, 410, 429, 500, 503, ...) and a Status body that fits it. */
  fail(status: number, options: Fault & { readonly retryAfterSeconds?: number } = {}): void {
    const { retryAfterSeconds } = options
    this.#plan(options, { status, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) })
  }

  /** Cuts the connection: at once, after some bytes of the answer's body, or after some events of a watch. */
  cut(options: Fault & { readonly afterBytes?: number; readonly afterEvents?: number } = {}): void {
    const { afterBytes, afterEvents } = options
    if (afterBytes !== undefined) this.#plan(options, { cutAfterBytes: afterBytes })
    else if (afterEvents !== undefined) this.#plan(options, { cutAfterEvents: afterEvents })
    else this.#plan(options, { cut: true })
  }

  delay(delayMs: number, options: Fault = {}): void {
    this.#plan(options, { delayMs })
  }

  /** Cuts all connections that are open now. */
  cutConnections(): void {
    this.#target.cutConnections()
  }

  /** New connections are refused, and the open ones cut, until `acceptConnections`. */
  refuseConnections(): Promise<void> {
    return this.#target.refuseConnections()
  }

  acceptConnections(): Promise<void> {
    return this.#target.acceptConnections()
  }

  /** Forgets the history: watches from old versions and continue tokens of lists begun before answer 410. */
  compact(): void {
    this.#target.compact()
  }

  /** Takes back what is planned. */
  clear(): void {
    this.#planned = []
  }

  /** Faults that still wait for their requests. */
  get pending(): number {
    return this.#planned.reduce((sum, { left }) => sum + left, 0)
  }

  /** Uses up the first planned fault of each kind that the request meets. */
  take(request: RequestInfo): Trouble {
    const trouble: Record<string, number | boolean> = {}
    for (const plan of this.#planned) {
      if (!matches(plan.match, request) || Object.keys(plan.trouble).some((kind) => kind in trouble)) continue
      plan.left--
      Object.assign(trouble, plan.trouble)
    }
    this.#planned = this.#planned.filter(({ left }) => left > 0)
    return trouble
  }

  #plan({ times = 1, match = {} }: Fault, trouble: Trouble): void {
    this.#planned.push({ left: times, match, trouble })
  }
}
