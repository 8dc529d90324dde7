/**
 * A `sops` entry as plain data.
 * @module
 */
import { plainMap, Timestamp, type Plain } from '@waxseal/core'
import { scalarValue } from './resolve.ts'
import { syntaxError, type Source } from './source.ts'
import { outerStart, type Syntax } from './syntax.ts'

/** Metadata has four levels; more is somebody's trap. */
const MAX_DEPTH = 64

/** @throws CodedError METADATA_INVALID */
export function plainValue(source: Source, syntax: Syntax, depth = 0): Plain {
  const fail = (problem: string, hint?: string): Error =>
    syntaxError(source, outerStart(syntax), `in the sops metadata: ${problem}`, 'METADATA_INVALID', hint)
  if (depth > MAX_DEPTH) throw fail(`more than ${MAX_DEPTH} levels`)
  if (syntax.kind === 'alias') return plainValue(source, syntax.target, depth + 1)
  if (syntax.kind === 'scalar') {
    const value = scalarValue(syntax)
    if (value instanceof Timestamp) throw fail('a time without quotes', 'put it in quotes')
    if (value === undefined || value instanceof Uint8Array) throw fail('a value of another type than text, number or bool')
    return value
  }
  const children = syntax.children.map((child) => plainValue(source, child, depth + 1))
  if (syntax.kind === 'list') return children
  const entries: [string, Plain][] = []
  for (let i = 0; i < children.length; i += 2) {
    const key = children[i]
    if (typeof key !== 'string') throw fail('a key is not a string')
    entries.push([key, children[i + 1]!])
  }
  return plainMap(entries)
}
