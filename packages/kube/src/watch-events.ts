/**
 * A watch's body: one JSON object a line, `{"type":"ADDED","object":{...}}`.
 * Types: ADDED, MODIFIED, DELETED, BOOKMARK (only its resourceVersion counts) and ERROR (a Status object).
 * A line that is none of these is an error and ends the watch: a line that is dropped is a change that nobody sees.
 * @module
 */
import { KubeError, isRecord, kubeErrorFromStatus } from './errors.ts'
import type { KubeObject } from './resource.ts'

const NEWLINE = 0x0a
/** etcd holds 1.5 MiB an object; as JSON with managed fields it can be some times as long. */
const MAX_LINE_BYTES = 16 * 1024 * 1024

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly object: KubeObject
  readonly resourceVersion: string
}

/** @throws KubeError - reason `Malformed`, or what an ERROR event says */
export async function* readWatchEvents(chunks: AsyncIterable<Uint8Array>, onBytes: () => void): AsyncGenerator<WatchEvent> {
  let pending: Uint8Array[] = []
  let pendingBytes = 0
  for await (const chunk of chunks) {
    onBytes()
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      pending.push(chunk.subarray(start, end))
      const line = Buffer.concat(pending).toString('utf8')
      pending = []
      pendingBytes = 0
      start = end + 1
      if (line !== '') yield parseEvent(line)
    }
    if (start < chunk.length) {
      pending.push(chunk.subarray(start))
      pendingBytes += chunk.length - start
      if (pendingBytes > MAX_LINE_BYTES) throw malformed()
    }
  }
  if (pendingBytes > 0) throw new KubeError('the watch was cut inside a line', { status: 0, reason: 'Cut' })
}

function parseEvent(line: string): WatchEvent {
  let event: unknown
  try {
    event = JSON.parse(line)
  } catch {
    throw malformed()
  }
  if (!isRecord(event) || !isRecord(event['object'])) throw malformed()
  const { type, object } = event as { type: unknown; object: Record<string, unknown> }
  if (type === 'ERROR') throw kubeErrorFromStatus(200, object)
  const { metadata } = object
  const resourceVersion = isRecord(metadata) ? metadata['resourceVersion'] : undefined
  if ((type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED' && type !== 'BOOKMARK') || typeof resourceVersion !== 'string') throw malformed()
  return { type, object: object as unknown as KubeObject, resourceVersion }
}

function malformed(): KubeError {
  return new KubeError('the watch sent a line that is no event', { status: 0, reason: 'Malformed' })
}
