/**
 * Cells of `kubectl get`.
 * @module
 */
import { arrayOf, objectOf, textOf, valueAt } from './json.ts'
import type { KubeObject } from './objects.ts'
import type { Column } from './resource-type.ts'

export const NAME_COLUMN: Column = { name: 'Name', type: 'string', format: 'name', cell: ({ metadata }) => metadata.name ?? '' }
export const AGE_COLUMN: Column = { name: 'Age', type: 'string', cell: ({ metadata }, now) => age(metadata.creationTimestamp, now) }

export function textColumn(name: string, ...steps: readonly string[]): Column {
  return { name, type: 'string', cell: (object) => textOf(valueAt(object, steps)) }
}

export function countColumn(name: string, field: string): Column {
  return { name, type: 'string', cell: (object) => Object.keys(objectOf(object[field])).length }
}

export const EVENT_COLUMNS: readonly Column[] = [
  { name: 'Last Seen', type: 'string', cell: (event, now) => age(textOf(event['lastTimestamp']) || event.metadata.creationTimestamp, now) },
  textColumn('Type', 'type'),
  textColumn('Reason', 'reason'),
  { name: 'Object', type: 'string', cell: involvedObject },
  textColumn('Message', 'message'),
]

function involvedObject(event: KubeObject): string {
  const object = objectOf(event['involvedObject'])
  return `${textOf(object['kind']).toLowerCase()}/${textOf(object['name'])}`
}

export const PORTS_COLUMN: Column = {
  name: 'Port(s)',
  type: 'string',
  cell: (service) =>
    arrayOf(valueAt(service, ['spec', 'ports']))
      .map(objectOf)
      .map(({ port, protocol }) => `${typeof port === 'number' ? port : ''}/${textOf(protocol) || 'TCP'}`)
      .join(','),
}

/** `12s`, `5m3s`, `7h10m`, `3d`: as precise as a column needs. */
export function age(since: string | undefined, now: Date): string {
  const start = since === undefined ? Number.NaN : Date.parse(since)
  if (Number.isNaN(start)) return '<unknown>'
  const seconds = Math.max(0, Math.floor((now.getTime() - start) / 1000))
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  if (seconds < 120) return `${seconds}s`
  if (minutes < 10) return `${minutes}m${seconds % 60 === 0 ? '' : `${seconds % 60}s`}`
  if (hours < 3) return `${minutes}m`
  if (hours < 8) return `${hours}h${minutes % 60 === 0 ? '' : `${minutes % 60}m`}`
  if (hours < 48) return `${hours}h`
  return `${Math.floor(hours / 24)}d`
}
