/**
 * What must not be committed, found without any key: files and values in clear that a rule wants encrypted, Secrets in clear, private keys.
 * @module
 */
import { clearLeaves, CodedError, compileSelectorForReading, parseMetadata, type Document, type LeafNode, type MapNode, type Providers } from '@waxseal/core'
import { formatForPath, json, yaml } from '@waxseal/formats'
import { leavesOf } from './leaf-paths.ts'
import { hasMark } from './secret-tree.ts'
import { showValuePath } from './value-path.ts'

export type GuardRule = 'clear-file' | 'clear-value' | 'clear-secret' | 'private-key' | 'broken'

export interface Finding {
  readonly rule: GuardRule
  readonly file: string
  readonly text: string
  readonly hint: string
}

export interface GuardedFile {
  readonly name: string
  readonly bytes: Uint8Array
  /** A rule with a `path_regex` is meant for it. */
  readonly isMeant: boolean
}

const PRIVATE_KEYS = /AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]{20}|AGE-PLUGIN-[0-9A-Z-]{1,64}-1[0-9A-Z]{20}|-----BEGIN (?:[0-9A-Z]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----\s/

export async function findingsIn(file: GuardedFile, providers: Providers): Promise<readonly Finding[]> {
  const { name, bytes, isMeant } = file
  const text = Buffer.from(bytes).toString('latin1')
  if (hasMark(name, text)) return await inEncrypted(file, providers)
  const found: Finding[] = []
  if (PRIVATE_KEYS.test(text)) found.push({ rule: 'private-key', file: name, text: 'there is a private key in it', hint: 'take it out and make a new one: whoever has the repository has had it' })
  if (isMeant && bytes.length > 0) found.push({ rule: 'clear-file', file: name, text: 'is in clear, though a rule is meant for it', hint: `waxseal encrypt -i ${name}` })
  else if (holdsSecret(name, bytes, text)) found.push({ rule: 'clear-secret', file: name, text: 'there is a Secret in clear in it', hint: `waxseal seal -i ${name}, or waxseal encrypt -i ${name}` })
  return found
}

async function inEncrypted({ name, bytes }: GuardedFile, providers: Providers): Promise<readonly Finding[]> {
  try {
    const document = formatForPath(name).parse(bytes)
    const clear = clearLeaves(document.tree, await compileSelectorForReading(parseMetadata(document.metadata, providers).selection))
    return clear.size === 0 ? [] : [{ rule: 'clear-value', file: name, text: `in clear, though the file is encrypted: ${pathsOf(document, clear).join(', ')}`, hint: 'set them with waxseal set or waxseal edit, and take them for known' }]
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    const place = error.line === undefined || error.message.includes(`line ${error.line}`) ? '' : ` (line ${error.line})`
    return [{ rule: 'broken', file: name, text: `cannot be read: ${error.message}${place}`, hint: 'restore it from git; after a merge, waxseal edit the right version anew' }]
  }
}

function pathsOf(document: Document, nodes: ReadonlySet<LeafNode>): readonly string[] {
  return [...leavesOf(document)].filter(({ node }) => nodes.has(node)).map(({ path }) => showValuePath(path))
}

/** A manifest with values; templates of charts, which do not parse, have none yet. */
function holdsSecret(name: string, bytes: Uint8Array, text: string): boolean {
  const format = formatForPath(name)
  if ((format !== yaml && format !== json) || !/\bkind\b/.test(text) || !/\bSecret\b/.test(text)) return false
  try {
    return format.parse(bytes).tree.some(isSecret)
  } catch (error) {
    if (error instanceof CodedError) return false
    throw error
  }
}

function isSecret(map: MapNode): boolean {
  const child = (key: string): MapNode['items'][number] | undefined => map.items.find((item) => item.kind === 'entry' && item.key === key)
  const textOf = (key: string): unknown => {
    const item = child(key)
    return item?.kind === 'entry' && item.value.kind === 'leaf' ? item.value.value : undefined
  }
  const hasValues = (key: string): boolean => {
    const item = child(key)
    return item?.kind === 'entry' && item.value.kind === 'map' && [...leavesOf({ tree: [item.value] })].some(({ node: { value } }) => value !== null && value !== '' && !(typeof value === 'string' && value.includes('{{')))
  }
  return textOf('kind') === 'Secret' && textOf('apiVersion') === 'v1' && (hasValues('data') || hasValues('stringData'))
}
