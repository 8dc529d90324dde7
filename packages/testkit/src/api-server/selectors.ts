/**
 * Label and field selectors of list, watch and deletecollection.
 * Follows: k8s.io/apimachinery labels and fields.
 * @module
 */
import { textOf, valueAt } from './json.ts'
import type { KubeObject } from './objects.ts'
import { badRequest } from './status.ts'

export type Selector = (object: KubeObject) => boolean

const LABEL_TERM =
  /^(?:(?<absent>!)\s*(?<absentKey>[\w./-]+)|(?<setKey>[\w./-]+)\s+(?<not>not)?in\s*\((?<set>[^()]*)\)|(?<key>[\w./-]+)\s*(?:(?<op>==|=|!=)\s*(?<value>[\w.-]*))?)$/

/** Commas separate terms, except inside the parentheses of a set. */
function splitTerms(text: string): string[] {
  const terms: string[] = []
  let depth = 0
  let start = 0
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++
    else if (text[i] === ')') depth--
    else if (text[i] === ',' && depth === 0) {
      terms.push(text.slice(start, i))
      start = i + 1
    }
  }
  terms.push(text.slice(start))
  return terms.map((term) => term.trim())
}

/** @throws StatusError 400 for a text that is no selector */
export function labelSelector(text: string): Selector {
  if (text.trim() === '') return () => true
  const tests = splitTerms(text).map((term) => {
    const parts = LABEL_TERM.exec(term)?.groups
    if (!parts) throw badRequest(`unable to parse requirement: ${JSON.stringify(term)} is no label requirement`)
    const { absentKey, setKey, key = '', op, value } = parts
    if (absentKey !== undefined) return (labels: Labels) => label(labels, absentKey) === undefined
    if (setKey !== undefined) {
      const set = new Set((parts['set'] ?? '').split(',').map((one) => one.trim()))
      const negated = parts['not'] !== undefined
      return (labels: Labels) => {
        const there = label(labels, setKey)
        return negated ? there === undefined || !set.has(there) : there !== undefined && set.has(there)
      }
    }
    if (op === undefined) return (labels: Labels) => label(labels, key) !== undefined
    return op === '!=' ? (labels: Labels) => label(labels, key) !== value : (labels: Labels) => label(labels, key) === value
  })
  return ({ metadata }) => tests.every((test) => test(metadata.labels))
}

type Labels = Readonly<Record<string, string>> | undefined

function label(labels: Labels, key: string): string | undefined {
  return labels && Object.hasOwn(labels, key) ? labels[key] : undefined
}

/**
 * @param extraFields - fields that a resource offers beside name and namespace
 * @throws StatusError 400 for a field that the resource does not offer
 */
export function fieldSelector(text: string, extraFields: readonly string[]): Selector {
  if (text.trim() === '') return () => true
  const tests = splitTerms(text).map((term) => {
    const parts = /^([\w.]+)(==|=|!=)(.*)$/.exec(term)
    if (!parts) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`)
    const [, field = '', op, value] = parts
    if (!['metadata.name', 'metadata.namespace', ...extraFields].includes(field)) throw badRequest(`field label not supported: ${field}`)
    const steps = field.split('.')
    return (object: KubeObject) => (textOf(valueAt(object, steps)) === value) === (op !== '!=')
  })
  return (object) => tests.every((test) => test(object))
}
