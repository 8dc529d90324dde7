/**
 * The rules of `metadata`: which fields exist, what names, labels, annotations, owners and finalizers may look like.
 * Follows: k8s.io/apimachinery api/validation and util/validation (rules and the texts that clients show).
 * @module
 */
import { duplicate, forbidden, invalid, required, tooLong, type FieldError } from './field-errors.ts'
import { arrayOf, isObject, objectOf, textOf, type JsonObject } from './json.ts'
import type { KubeObject, ObjectMeta } from './objects.ts'
import { badRequest } from './status.ts'

const SUBDOMAIN_MAX = 253
const LABEL_MAX = 63
const STANDARD_FINALIZERS = ['kubernetes', 'orphan', 'foregroundDeletion']
const ANNOTATIONS_MAX_BYTES = 256 * 1024

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/
const NAME_PART = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/

const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character" +
  " (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const LABEL_TEXT =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character" +
  " (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const LABEL_VALUE_TEXT =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character" +
  " (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
const NAME_PART_TEXT =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character" +
  " (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

/** How a resource's names must look. `path` only keeps them usable in a URL. */
export type NameRule = 'subdomain' | 'label' | 'path'

export function subdomainProblems(name: string): string[] {
  const problems = name.length > SUBDOMAIN_MAX ? [`must be no more than ${SUBDOMAIN_MAX} characters`] : []
  return name.split('.').every((part) => DNS_LABEL.test(part)) ? problems : [...problems, SUBDOMAIN_TEXT]
}

function nameProblems(name: string, rule: NameRule): string[] {
  if (rule === 'subdomain') return subdomainProblems(name)
  if (rule === 'path') return /[/%]/.test(name) || name === '.' || name === '..' ? ["may not contain '/' or '%'"] : []
  const problems = name.length > LABEL_MAX ? [`must be no more than ${LABEL_MAX} characters`] : []
  return DNS_LABEL.test(name) ? problems : [...problems, LABEL_TEXT]
}

/** `prefix/name` of labels, annotations and finalizers. */
function qualifiedNameProblems(key: string): string[] {
  const parts = key.split('/')
  if (parts.length > 2) {
    return [`${NAME_PART_TEXT.replace('name part', 'a valid label key')} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`]
  }
  const [name = '', prefix] = parts.reverse()
  const problems: string[] = []
  if (prefix !== undefined) problems.push(...(prefix === '' ? ['prefix part must be non-empty'] : subdomainProblems(prefix).map((text) => `prefix part ${text}`)))
  if (name === '') problems.push('name part must be non-empty')
  else if (name.length > LABEL_MAX) problems.push(`name part must be no more than ${LABEL_MAX} bytes`)
  if (!NAME_PART.test(name)) problems.push(NAME_PART_TEXT)
  return problems
}

/** The known fields of a metadata as it came in, empty ones left out; managed fields are not kept. @throws StatusError 400 */
export function readMetadata(raw: unknown, kind: string): ObjectMeta {
  if (raw !== undefined && raw !== null && !isObject(raw)) throw undecodable(kind, 'metadata must be an object')
  const meta = objectOf(raw)
  const read: Record<string, JsonObject[string]> = {}
  for (const field of ['name', 'generateName', 'namespace', 'uid', 'resourceVersion', 'creationTimestamp', 'deletionTimestamp']) {
    const value = meta[field]
    if (value === undefined || value === null || value === '') continue
    if (typeof value !== 'string') throw undecodable(kind, `metadata.${field} must be a string`)
    read[field] = value
  }
  for (const field of ['generation', 'deletionGracePeriodSeconds']) if (typeof meta[field] === 'number') read[field] = meta[field]
  for (const field of ['labels', 'annotations']) {
    const entries = Object.entries(stringMap(meta[field], kind, `metadata.${field}`))
    if (entries.length > 0) read[field] = Object.fromEntries(entries)
  }
  for (const field of ['ownerReferences', 'finalizers']) if (arrayOf(meta[field]).length > 0) read[field] = arrayOf(meta[field])
  return read
}

/** A map of strings, null taken for empty. @throws StatusError 400 */
export function stringMap(value: unknown, kind: string, field: string): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {}
  if (!isObject(value)) throw undecodable(kind, `${field} must be a map`)
  return Object.fromEntries(
    Object.entries(value).map(([key, text]) => {
      if (typeof text !== 'string' && text !== null) throw undecodable(kind, `${field} must hold strings only`)
      return [key, text ?? '']
    }),
  )
}

export function undecodable(kind: string, why: string, version = 'v1'): Error {
  return badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`)
}

export function validateMetadata({ metadata }: KubeObject, rule: NameRule): FieldError[] {
  const errors: FieldError[] = []
  const { name = '', generateName } = metadata
  if (generateName !== undefined) {
    for (const text of nameProblems(generateName.replace(/-$/, 'a'), rule)) errors.push(invalid('metadata.generateName', generateName, text))
  }
  if (name === '') errors.push(required('metadata.name', 'name or generateName is required'))
  else for (const text of nameProblems(name, rule)) errors.push(invalid('metadata.name', name, text))
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    for (const text of qualifiedNameProblems(key)) errors.push(invalid('metadata.labels', key, text))
    if (value.length > LABEL_MAX) errors.push(invalid('metadata.labels', value, `must be no more than ${LABEL_MAX} bytes`))
    if (!LABEL_VALUE.test(value)) errors.push(invalid('metadata.labels', value, LABEL_VALUE_TEXT))
  }
  let annotationBytes = 0
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    for (const text of qualifiedNameProblems(key.toLowerCase())) errors.push(invalid('metadata.annotations', key, text))
    annotationBytes += Buffer.byteLength(key) + Buffer.byteLength(value)
  }
  if (annotationBytes > ANNOTATIONS_MAX_BYTES) errors.push(tooLong('metadata.annotations', ANNOTATIONS_MAX_BYTES))
  return [...errors, ...ownerErrors(metadata), ...finalizerErrors(metadata)]
}

function ownerErrors({ ownerReferences = [] }: ObjectMeta): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  ownerReferences.forEach((owner, index) => {
    for (const part of ['apiVersion', 'kind', 'name', 'uid']) {
      if (textOf(owner[part]) === '') errors.push(required(`metadata.ownerReferences[${index}].${part}`, 'must not be empty'))
    }
    if (owner.controller === true && ownerReferences.findIndex((one) => one.controller === true) < index) {
      errors.push(invalid('metadata.ownerReferences', [...ownerReferences], 'Only one reference can have Controller set to true'))
    }
    if (seen.has(owner.uid)) errors.push(duplicate(`metadata.ownerReferences[${index}].uid`, owner.uid))
    seen.add(owner.uid)
  })
  return errors
}

function finalizerErrors({ finalizers = [] }: ObjectMeta): FieldError[] {
  return finalizers.flatMap((finalizer, index) => {
    const errors = qualifiedNameProblems(finalizer).map((text) => invalid('metadata.finalizers', finalizer, text))
    if (finalizer.includes('/') || STANDARD_FINALIZERS.includes(finalizer)) return errors
    return [...errors, invalid(`metadata.finalizers[${index}]`, finalizer, 'name is neither a standard finalizer name nor is it fully qualified')]
  })
}

/** What an update may not do to metadata beyond what `validateMetadata` finds. */
export function validateMetadataUpdate({ metadata }: KubeObject, previous: KubeObject): FieldError[] {
  if (previous.metadata.deletionTimestamp === undefined) return []
  const added = (metadata.finalizers ?? []).filter((one) => !(previous.metadata.finalizers ?? []).includes(one))
  if (added.length === 0) return []
  const list = added.map((one) => JSON.stringify(one)).join(', ')
  return [forbidden('metadata.finalizers', `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`)]
}
