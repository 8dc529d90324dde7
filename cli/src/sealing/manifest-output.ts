/**
 * Manifests as Kubernetes' Go tools print them.
 * @module
 */
import { CodedError } from '@waxseal/core'

export type ManifestFormat = 'json' | 'yaml'

const ESCAPES: Readonly<Record<string, string>> = { '<': '\\u003c', '>': '\\u003e', '&': '\\u0026', '\u2028': '\\u2028', '\u2029': '\\u2029' }
const INTEGER_KEY = /^(?:0|[1-9]\d{0,9})$/

/** @throws CodedError USAGE */
export function readFormat(text: string): ManifestFormat {
  const format = text.toLowerCase()
  if (format === '' || format === 'json') return 'json'
  if (format === 'yaml') return 'yaml'
  throw new CodedError('USAGE', `unsupported output format: ${text}`, { hint: 'json and yaml are supported' })
}

/** One document of a stream, with the end of its line. */
export async function manifestText(manifest: unknown, format: ManifestFormat): Promise<string> {
  if (format === 'json') return `${goJson(manifest, '  ')}\n`
  const { manifestYaml } = await import('./manifest-yaml.ts')
  return `---\n${manifestYaml(JSON.parse(JSON.stringify(manifest)))}`
}

/** A whole file: several documents are separated by `---`, and nothing stands before the first. */
export async function manifestFile(manifests: readonly unknown[], format: ManifestFormat): Promise<string> {
  const texts = await Promise.all(manifests.map((manifest) => manifestText(manifest, format)))
  return texts.join('').replace(/^---\n/, '')
}

/** Go's encoding/json: characters that mean something in HTML are escaped. */
export function goJson(value: unknown, indent: string = ''): string {
  return encode(value, indent, '\n').replace(/[<>&\u2028\u2029]/g, (char) => ESCAPES[char] ?? char)
}

function encode(value: unknown, indent: string, lineStart: string): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const inner = indent === '' ? '' : lineStart + indent
  const parts = Array.isArray(value)
    ? value.map((item) => encode(item, indent, lineStart + indent))
    : entriesOf(value).map(([key, item]) => `${JSON.stringify(key)}:${indent === '' ? '' : ' '}${encode(item, indent, lineStart + indent)}`)
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
  if (parts.length === 0) return open + close
  return `${open}${inner}${parts.join(`,${inner}`)}${indent === '' ? '' : lineStart}${close}`
}

/** JavaScript moves keys that look like numbers to the front. Only maps can have such, and maps are sorted. */
function entriesOf(object: object): [string, unknown][] {
  const entries: [string, unknown][] = Object.entries(object).filter(([, value]) => value !== undefined)
  if (!entries.some(([key]) => INTEGER_KEY.test(key))) return entries
  return entries.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}
