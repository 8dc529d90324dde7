/**
 * Every request that the server answered, for assertions about what a client did.
 * @module
 */
import { matches, type RequestMatch } from './faults.ts'
import type { RequestInfo } from './request-info.ts'

export interface LoggedRequest extends RequestInfo {
  /** HTTP status; 0 while it is not answered, or cut before. */
  status: number
  user: string
  readonly userAgent: string
}

export class RequestLog {
  #entries: LoggedRequest[] = []

  all(match: RequestMatch = {}): readonly LoggedRequest[] {
    return this.#entries.filter((entry) => matches(match, entry))
  }

  count(match: RequestMatch = {}): number {
    return this.all(match).length
  }

  /** Requests that change something. */
  writes(match: RequestMatch = {}): readonly LoggedRequest[] {
    return this.all(match).filter(({ verb }) => !['get', 'list', 'watch'].includes(verb))
  }

  clear(): void {
    this.#entries = []
  }

  add(request: RequestInfo, userAgent: string): LoggedRequest {
    const entry = { ...request, status: 0, user: '', userAgent }
    this.#entries.push(entry)
    return entry
  }
}
