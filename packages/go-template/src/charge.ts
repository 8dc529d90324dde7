/**
 * What the values cost that are worked on: otherwise one step would pay for a text of megabytes, and for a list that holds another list a
 * million times.
 * @module
 */
import type { Budget } from './signature.ts'
import { Dict, List, type GoValue } from './values.ts'

const BYTES_A_STEP = 16
const ITEMS_A_STEP = 8

/** @param isDeep - lists and dicts are read to their depth. @throws LimitError */
export function charge(values: readonly GoValue[], isDeep: boolean, budget: Budget): void {
  const waiting = [...values]
  while (waiting.length > 0) {
    const value = waiting.pop()
    if (typeof value === 'string') budget.tick(Math.floor(value.length / BYTES_A_STEP))
    if (!(value instanceof List || value instanceof Dict)) continue
    const items = value instanceof List ? value.items : [...value.entries.values()]
    budget.tick(1 + Math.floor(items.length / ITEMS_A_STEP))
    if (isDeep) for (const item of items) waiting.push(item)
  }
}
