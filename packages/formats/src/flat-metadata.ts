/**
 * Metadata for formats without nesting: a path of map keys and list positions becomes one key,
 * `age__list_0__map_enc`. Empty maps and lists leave no trace; every scalar becomes a string.
 * Follows: getsops/sops stores/flatten.go.
 * @module
 */
import { CodedError, isList, isMap, plainMap, type Plain, type PlainMap } from '@waxseal/core'
import { scalarString } from './scalar-string.ts'

const MAX_DEPTH = 100
const SEPARATOR = /__(map|list)_/g

export type FlatEntry = readonly [key: string, value: string]

export function flatten(metadata: PlainMap): FlatEntry[] {
  return Object.entries(metadata).flatMap(([key, value]) => flattenValue(key, value))
}

function flattenValue(path: string, value: Plain): FlatEntry[] {
  if (isList(value)) return value.flatMap((item, at) => flattenValue(`${path}__list_${at}`, item))
  if (isMap(value)) return Object.entries(value).flatMap(([key, item]) => flattenValue(`${path}__map_${key}`, item))
  return [[path, scalarString(value) as string]]
}

type Step = { readonly key: string } | { readonly position: number }

interface Slot {
  value: string | undefined
  readonly keys: Map<string, Slot>
  readonly positions: Map<number, Slot>
}

/** @throws CodedError METADATA_INVALID */
export function unflatten(entries: readonly FlatEntry[]): PlainMap {
  const root = newSlot()
  for (const [path, value] of entries) {
    const slot = stepsOf(path).reduce(descend, root)
    if (slot.value !== undefined) throw invalid('Duplicate value')
    slot.value = value
  }
  return mapOf(root.keys)
}

function stepsOf(path: string): Step[] {
  const steps: Step[] = []
  let start = 0
  let kind = 'map'
  for (const match of path.matchAll(SEPARATOR)) {
    steps.push(stepOf(kind, path.slice(start, match.index)))
    kind = match[1]!
    start = match.index + match[0].length
  }
  steps.push(stepOf(kind, path.slice(start)))
  if (steps.length > MAX_DEPTH) throw invalid(`more than ${MAX_DEPTH} levels`)
  return steps
}

function stepOf(kind: string, name: string): Step {
  // a position that is no number counts as 0
  return kind === 'map' ? { key: name } : { position: /^[+-]?\d{1,15}$/.test(name) ? Number(name) : 0 }
}

function descend(slot: Slot, step: Step): Slot {
  const next = ('key' in step ? slot.keys.get(step.key) : slot.positions.get(step.position)) ?? newSlot()
  if ('key' in step) slot.keys.set(step.key, next)
  else slot.positions.set(step.position, next)
  return next
}

function newSlot(): Slot {
  return { value: undefined, keys: new Map(), positions: new Map() }
}

function plainOf({ value, keys, positions }: Slot): Plain {
  if (Number(value !== undefined) + Number(keys.size > 0) + Number(positions.size > 0) > 1) throw invalid('Type mismatch')
  if (value !== undefined) return value
  if (keys.size > 0) return mapOf(keys)
  return Array.from({ length: positions.size }, (_, at) => {
    const item = positions.get(at)
    if (item === undefined) throw invalid('Incomplete list')
    return plainOf(item)
  })
}

function mapOf(keys: ReadonlyMap<string, Slot>): PlainMap {
  return plainMap([...keys].map(([key, slot]) => [key, plainOf(slot)] as const))
}

function invalid(problem: string): CodedError {
  return new CodedError('METADATA_INVALID', `Error while unflattening the sops metadata: ${problem}`)
}
