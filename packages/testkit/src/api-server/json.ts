/**
 * JSON trees as the server keeps them: never changed in place, so that store, history and watchers can share them.
 * Keys come from clients, so objects are built by spread and `Object.fromEntries`, which make own properties of any name.
 * @module
 */

export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json | undefined
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value when it is an object, else an empty one: for reading optional parts. */
export function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {}
}

export function arrayOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : []
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** A copy without some keys. */
export function omit<T extends JsonObject>(object: T, ...keys: readonly string[]): T {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key))) as T
}

/** Walks `a.b.c`; undefined where a step is missing. */
export function valueAt(root: unknown, steps: readonly string[]): Json | undefined {
  let at: unknown = root
  for (const step of steps) {
    if (Array.isArray(at)) at = at[Number(step)]
    else if (isObject(at) && Object.hasOwn(at, step)) at = at[step]
    else return undefined
  }
  return at as Json | undefined
}
