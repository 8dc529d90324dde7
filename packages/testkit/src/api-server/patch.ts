/**
 * The three ways to change an object by parts.
 * Follows: RFC 7386 (merge), RFC 6902 (JSON patch), and the strategic merge of the built-in kinds as far as metadata needs it.
 * @module
 */
import { isDeepStrictEqual } from 'node:util'
import { arrayOf, isObject, objectOf, omit, valueAt, type Json, type JsonObject } from './json.ts'
import { badRequest, StatusError } from './status.ts'

/** RFC 7386 2. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch
  const result = new Map(Object.entries(objectOf(target)))
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || value === undefined) result.delete(key)
    else result.set(key, mergePatch(result.get(key), value))
  }
  return Object.fromEntries(result)
}

/** Lists that strategic merge joins, with the key that names an element; '' for plain values. Others are replaced. */
const MERGED_LISTS: Readonly<Record<string, string>> = { ownerReferences: 'uid', finalizers: '', ports: 'port', subjects: 'name' }

/** Merge by keys and, for the lists above, by elements. Directives: `$patch`, `$deleteFromPrimitiveList`; order directives are ignored. */
export function strategicMergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch
  if (patch['$patch'] === 'replace') return omit(patch, '$patch')
  const result = new Map(Object.entries(objectOf(target)))
  for (const [key, value] of Object.entries(patch)) {
    const removed = /^\$deleteFromPrimitiveList\/(.+)$/.exec(key)?.[1]
    const listKey = MERGED_LISTS[key]
    if (removed !== undefined) result.set(removed, arrayOf(result.get(removed)).filter((one) => !arrayOf(value).includes(one)))
    else if (key.startsWith('$')) continue
    else if (value === null || value === undefined) result.delete(key)
    else if (listKey !== undefined && Array.isArray(value)) result.set(key, mergeList(arrayOf(result.get(key)), value, listKey))
    else result.set(key, strategicMergePatch(result.get(key), value))
  }
  return Object.fromEntries(result)
}

function mergeList(target: readonly Json[], patch: readonly Json[], key: string): readonly Json[] {
  if (key === '') return [...patch, ...target.filter((one) => !patch.includes(one))]
  let result = [...target]
  for (const element of patch) {
    const at = result.findIndex((one) => isObject(one) && isObject(element) && isDeepStrictEqual(one[key], element[key]))
    if (isObject(element) && element['$patch'] === 'delete') result = result.filter((_, index) => index !== at)
    else if (at < 0) result.push(element)
    else result[at] = strategicMergePatch(result[at], element)
  }
  return result
}

/** RFC 6902. @throws StatusError 422 when an operation fails, 400 when the patch is no list */
export function jsonPatch(target: Json, patch: Json): Json {
  if (!Array.isArray(patch)) throw badRequest('error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch')
  return patch.reduce<Json>((document, operation: Json) => operate(document, objectOf(operation)), target)
}

function operate(document: Json, { op, path, from, value = null }: JsonObject): Json {
  const at = steps(path)
  switch (op) {
    case 'add':
      return change(document, at, 'add', value)
    case 'replace':
      lookUp(document, at)
      return change(document, at, 'replace', value)
    case 'remove':
      lookUp(document, at)
      return change(document, at, 'remove')
    case 'copy':
      return change(document, at, 'add', lookUp(document, steps(from)))
    case 'move':
      return change(change(document, steps(from), 'remove'), at, 'add', lookUp(document, steps(from)))
    case 'test':
      if (!isDeepStrictEqual(lookUp(document, at), value)) throw failed()
      return document
    default:
      throw failed()
  }
}

function steps(pointer: Json | undefined): string[] {
  if (typeof pointer !== 'string' || (pointer !== '' && !pointer.startsWith('/'))) throw failed()
  return pointer === '' ? [] : pointer.slice(1).split('/').map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function lookUp(document: Json, at: readonly string[]): Json {
  const found = valueAt(document, at)
  if (found === undefined) throw failed()
  return found
}

function change(document: Json, [step, ...rest]: readonly string[], how: 'add' | 'replace' | 'remove', value: Json = null): Json {
  if (step === undefined) return value
  if (Array.isArray(document)) {
    const list = [...(document as readonly Json[])]
    const index = step === '-' && how === 'add' ? list.length : Number(step)
    if (!Number.isInteger(index) || index < 0 || index > list.length) throw failed()
    if (rest.length > 0) list[index] = change(list[index] ?? null, rest, how, value)
    else if (how === 'remove') list.splice(index, 1)
    else list.splice(index, how === 'add' ? 0 : 1, value)
    return list
  }
  if (!isObject(document)) throw failed()
  if (rest.length === 0) return how === 'remove' ? omit(document, step) : { ...document, [step]: value }
  return { ...document, [step]: change(lookUp(document, [step]), rest, how, value) }
}

/** One answer for every operation that fails. */
function failed(): StatusError {
  return new StatusError(422, 'Invalid', 'the server rejected our request due to an error in our request', { details: {} })
}
