/**
 * Puts the cases to a server and makes the answers comparable: what differs from run to run becomes a mark.
 * @module
 */
import { events, send, type Answer, type Endpoint, type Json } from '../http-client.ts'
import type { Case } from './cases.ts'

export interface Recorded {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The body; for a watch the list of its lines. */
  readonly body: Json
}

const HEADERS = ['content-type', 'warning', 'retry-after', 'cache-control']

export async function askAll(endpoint: Endpoint, cases: readonly Case[]): Promise<Record<string, Recorded>> {
  const answers = new Map<string, Answer>()
  const recorded: Record<string, Recorded> = {}
  for (const one of cases) {
    const fill = <T>(value: T): T => JSON.parse(JSON.stringify(value).replace(/\{\{([^{}.]+)\.([^{}]+)\}\}/g, (_, name: string, path: string) => partOf(answers.get(name), path))) as T
    const { method = 'GET', lines, headers } = one
    const answer = await send(headers?.['authorization'] ? { url: endpoint.url, caPem: endpoint.caPem } : endpoint, fill(one.path), {
      method,
      ...(one.body === undefined ? {} : { body: fill(one.body) }),
      ...(headers ? { headers } : {}),
      ...(lines ? { until: (text: string) => text.split('\n').length > lines } : {}),
    })
    answers.set(one.name, answer)
    const kept = Object.fromEntries(HEADERS.map((name) => [name, answer.headers[name]]).filter(([, value]) => value !== undefined))
    const body = lines === undefined ? (answer.body ?? answer.text) : events(answer.text)
    recorded[one.name] = { status: answer.status, headers: kept, body: normalize(body) }
  }
  return recorded
}

function partOf(answer: Answer | undefined, path: string): string {
  const value: unknown = path.split('.').reduce<Json>((at, step) => at?.[step], answer?.body)
  if (typeof value !== 'string') throw new Error(`an earlier answer has no ${path}`)
  return value
}

const MARKS: Readonly<Record<string, string>> = {
  resourceVersion: '<version>',
  uid: '<uid>',
  creationTimestamp: '<time>',
  deletionTimestamp: '<time>',
  continue: '<continue>',
}

const LONG_TEXT = 10_000

function normalize(value: Json): Json {
  if (Array.isArray(value)) return value.map(normalize)
  if (typeof value === 'string') {
    if (value.length > LONG_TEXT) return `<${value.length} characters>`
    return value
      .replace(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '<uid>')
      .replace(/\b(gen|ev)-[a-z0-9]{5}\b/g, '$1-<suffix>')
      .replace(/in object meta: \d+/, 'in object meta: <version>')
      .replace(/current: \d+/, 'current: <version>')
      .replace(/^\d+[sm](\d+s)?$/, '<age>')
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value as Record<string, Json>)
      .filter(([key]) => key !== 'managedFields' && key !== 'description')
      .map(([key, child]) => [key, typeof child === 'string' && child !== '' && key in MARKS ? MARKS[key] : normalize(child)]),
  )
}
