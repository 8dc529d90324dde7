/**
 * The layout hint: how values were written that no token can carry, such as `1.10`, `0o17`, text folded over several lines, or an alias.
 * It is one more token, `layout` of the key `waxseal` in the metadata: JSON `[[PLACE, SOURCE TEXT], ...]`, a place being the index of the
 * document, then keys and list indices; a key that stood in its map before is `[KEY, TIMES]`.
 *
 * Encrypted like a value, under the data key and its own associated data, which no path is equal to: those end in ":". The nonce is fresh
 * whenever the content changes. The reference reads over the hint and drops it when it writes. Whatever is wrong with a hint, it is as good as
 * absent; and a format takes a source text for a value only where it reads as that very value.
 * @module
 */
import type { KeyObject } from 'node:crypto'
import { CodedError } from './errors.ts'
import type { RandomSource } from './random.ts'
import type { Entry, Node, PlainMap, Tree, ValueNode } from './tree.ts'
import { createValueCipher } from './value-cipher.ts'
import { isMap, plainMap } from './weak-types.ts'

const OWN_KEY = 'waxseal'
const FIELD = 'layout'
const ASSOCIATED_DATA = 'waxseal layout'
const MAX_TEXT_LENGTH = 16 * 1024 * 1024
const MAX_TOKEN_LENGTH = 4 * MAX_TEXT_LENGTH + 256 // three bytes of UTF-8 are four characters of base64
const MAX_SPELLINGS = 200_000
const MAX_DEPTH = 100

/** Source texts by the value that they stand for. */
export type Spellings = ReadonlyMap<ValueNode, string>

/** @returns nothing if there is no hint, or none of this data key */
export function readSpellings(found: PlainMap, tree: Tree, dataKey: KeyObject): Spellings {
  const spellings = new Map<ValueNode, string>()
  const texts = textsByPlace(readHint(found, dataKey))
  if (texts.size === 0) return spellings
  for (const { node, place } of placedValues(tree)) {
    const text = texts.get(JSON.stringify(place))
    if (text !== undefined) spellings.set(node, text)
  }
  return spellings
}

/**
 * The metadata with a hint for this tree; without one if nothing needs it, or if it would be enormous. A hint that says the same already stays.
 * @param random - gives the nonce
 */
export function withSpellings(found: PlainMap, tree: Tree, spellings: Spellings, dataKey: KeyObject, random: RandomSource): PlainMap {
  const text = spellings.size === 0 ? undefined : hintText(tree, spellings)
  if (text === undefined) return withoutHint(found)
  if (text === readHint(found, dataKey)) return found
  const own = isMap(found[OWN_KEY]) ? found[OWN_KEY] : plainMap([])
  const token = createValueCipher(dataKey, { random }).encrypt(text, ASSOCIATED_DATA)
  return plainMap([...Object.entries(found), [OWN_KEY, plainMap([...Object.entries(own), [FIELD, token]])]])
}

export function withoutHint(found: PlainMap): PlainMap {
  const own = found[OWN_KEY]
  if (!isMap(own) || !(FIELD in own)) return found
  const rest = Object.entries(own).filter(([name]) => name !== FIELD)
  const others = Object.entries(found).filter(([name]) => name !== OWN_KEY)
  return plainMap(rest.length === 0 ? others : [...others, [OWN_KEY, plainMap(rest)]])
}

function readHint(found: PlainMap, dataKey: KeyObject): string | undefined {
  const own = found[OWN_KEY]
  const token = isMap(own) ? own[FIELD] : undefined
  if (typeof token !== 'string' || token.length > MAX_TOKEN_LENGTH) return undefined
  try {
    const text = createValueCipher(dataKey, { random: noNonce }).decrypt(token, ASSOCIATED_DATA)
    return typeof text === 'string' ? text : undefined
  } catch (error) {
    if (error instanceof CodedError) return undefined
    throw error
  }
}

function noNonce(): never {
  throw new TypeError('reading a hint takes no nonce')
}

/** By the JSON of the place. */
function textsByPlace(hint: string | undefined): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  const entries = hint === undefined || hint.length > MAX_TEXT_LENGTH ? undefined : parseJson(hint)
  if (!Array.isArray(entries) || entries.length > MAX_SPELLINGS) return texts
  for (const entry of entries as unknown[]) {
    if (!Array.isArray(entry)) continue
    const [place, text] = entry as unknown[]
    if (isPlace(place) && typeof text === 'string') texts.set(JSON.stringify(place), text)
  }
  return texts
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** @returns undefined if none of the values is in this tree, or if it goes beyond the limits */
function hintText(tree: Tree, spellings: Spellings): string | undefined {
  const entries: string[] = []
  let length = 2
  for (const { node, place } of placedValues(tree)) {
    const text = spellings.get(node)
    if (text === undefined) continue
    const entry = JSON.stringify([place, text])
    entries.push(entry)
    length += entry.length + 1
    if (length > MAX_TEXT_LENGTH || entries.length > MAX_SPELLINGS) return undefined
  }
  return entries.length === 0 ? undefined : `[${entries.join(',')}]`
}

/** Whoever writes a file chooses what stands in its hint: lists in lists in lists would exhaust the stack. */
function isPlace(place: unknown): place is readonly Step[] {
  return Array.isArray(place) && place.length <= MAX_DEPTH && place.every(isStep)
}

function isStep(step: unknown): step is Step {
  if (!Array.isArray(step)) return typeof step === 'string' || typeof step === 'number'
  const [key, times] = step as unknown[]
  return step.length === 2 && typeof key === 'string' && typeof times === 'number'
}

type Step = string | number | readonly [key: string, times: number]

interface Level {
  readonly items: readonly (Entry | Node)[]
  next: number
  /** Elements so far; comments do not count. */
  index: number
  /** How often a key stood in the map so far. */
  readonly keys: Map<string, number>
}

/** In order, down to a depth that people write. Without recursion, and each place only until the next is asked for. */
function* placedValues(tree: Tree): Generator<{ readonly node: ValueNode; readonly place: readonly Step[] }> {
  for (const [document, map] of tree.entries()) {
    const place: Step[] = [document]
    const levels: Level[] = [levelOf(map.items)]
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      const item = level.items[level.next]
      level.next += 1
      if (item === undefined) {
        levels.pop()
        place.pop()
      } else if (item.kind !== 'comment') {
        const node = item.kind === 'entry' ? item.value : item
        place.push(item.kind === 'entry' ? keyStep(level, item.key) : level.index)
        level.index += 1
        yield { node, place }
        if (node.kind === 'leaf' || place.length >= MAX_DEPTH) place.pop()
        else levels.push(levelOf(node.items))
      }
    }
  }
}

function levelOf(items: readonly (Entry | Node)[]): Level {
  return { items, next: 0, index: 0, keys: new Map() }
}

function keyStep({ keys }: Level, key: string): Step {
  const times = keys.get(key) ?? 0
  keys.set(key, times + 1)
  return times === 0 ? key : [key, times]
}
