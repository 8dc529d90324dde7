/**
 * One answer on its way to the client, with the trouble that a test planned for it.
 * @module
 */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Trouble } from './faults.ts'
import type { JsonObject } from './json.ts'
import type { LoggedRequest } from './request-log.ts'
import type { StatusError } from './status.ts'

export class Reply {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly #entry: LoggedRequest
  readonly #trouble: Trouble
  #eventsLeft: number
  #bytesLeft: number

  constructor(request: IncomingMessage, response: ServerResponse, entry: LoggedRequest, trouble: Trouble) {
    this.request = request
    this.response = response
    this.#entry = entry
    this.#trouble = trouble
    this.#eventsLeft = trouble.cutAfterEvents ?? Infinity
    this.#bytesLeft = trouble.cutAfterBytes ?? Infinity
    response.setHeader('audit-id', randomUUID())
    response.setHeader('cache-control', 'no-cache, private')
  }

  /** Text that is complete. @param contentType - of the text; JSON unless said otherwise */
  text(status: number, text: string, contentType = 'application/json'): void {
    const bytes = Buffer.from(text)
    this.head(status, { 'content-type': contentType, 'content-length': bytes.length })
    if (this.request.method === 'HEAD') this.response.end()
    else if (bytes.length > this.#bytesLeft) this.response.write(bytes.subarray(0, this.#bytesLeft), () => this.cut())
    else this.response.end(bytes)
  }

  json(status: number, value: JsonObject): void {
    this.text(status, `${JSON.stringify(value)}\n`)
  }

  error(error: StatusError): void {
    for (const [name, value] of Object.entries(error.headers)) this.response.setHeader(name, value)
    this.json(error.code, error.toStatus())
  }

  head(status: number, headers: Readonly<Record<string, string | number | string[]>>): void {
    this.#entry.status = status
    this.response.writeHead(status, headers)
  }

  /** Starts the stream of a watch. */
  startStream(): void {
    this.head(200, { 'content-type': 'application/json' })
    this.response.flushHeaders()
    if (this.#trouble.cutAfterEvents === 0) this.cut()
  }

  /** A line of a stream. @param isEvent - counts towards the events after which the connection is cut */
  line(text: string, isEvent: boolean): void {
    if (this.response.writableEnded || this.response.destroyed) return
    const bytes = Buffer.from(text)
    if (bytes.length > this.#bytesLeft) {
      this.response.write(bytes.subarray(0, this.#bytesLeft), () => this.cut())
      this.#bytesLeft = 0
      return
    }
    this.#bytesLeft -= bytes.length
    if (isEvent) this.#eventsLeft--
    if (isEvent && this.#eventsLeft === 0) this.response.write(bytes, () => this.cut())
    else if (this.#eventsLeft > 0) this.response.write(bytes)
  }

  end(): void {
    this.response.end()
  }

  cut(): void {
    this.request.socket.destroy()
  }
}
