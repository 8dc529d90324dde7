/**
 * The recorded files of sops 3.13.2, and the edits that stand between an encrypted and a decrypted one.
 * @module
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Edit, Entry, LeafNode, Node, Tree } from '@waxseal/core'

const ROOT = join(import.meta.dirname, '../../../fixtures/sops-3.13.2')

interface Listed {
  readonly id: string
  readonly store: string
  readonly plain: string
  readonly exit: number
  readonly stderr?: string
  readonly encrypted?: string
  readonly decrypted?: string
  readonly decrypt_exit?: number
}

export interface Recording {
  readonly id: string
  /** The format's name. */
  readonly store: string
  /** Exit status of `sops encrypt`. */
  readonly exit: number
  readonly plain: Buffer
  readonly encrypted: Buffer | undefined
  /** Undefined if sops cannot decrypt its own file. */
  readonly decrypted: Buffer | undefined
}

/** Never empty. */
export function recordings(area: string): readonly Recording[] {
  const { fixtures } = JSON.parse(readFileSync(join(ROOT, 'index.json'), 'utf8')) as { fixtures: readonly Listed[] }
  const found = fixtures.filter(({ id }) => id.startsWith(`${area}/`))
  if (found.length === 0) throw new Error(`no recordings of ${area}`)
  return found.map(({ id, store, exit, plain, encrypted, decrypted, decrypt_exit }) => ({
    id,
    store,
    exit,
    plain: read(plain),
    encrypted: encrypted === undefined ? undefined : read(encrypted),
    decrypted: decrypt_exit === 0 && encrypted !== undefined ? read(decrypted ?? plain) : undefined,
  }))
}

export function recording(id: string): Recording {
  return recordings(id.slice(0, id.indexOf('/'))).find((candidate) => candidate.id === id)!
}

/** Puts every leaf of one tree into the place of the other's, comments likewise. */
export function editsBetween(from: Tree, to: Tree): Edit[] {
  const wanted = [...contents(to)]
  return [...contents(from)].flatMap((node, at): Edit[] => {
    const other = wanted[at]
    if (node.kind === 'leaf' && other?.kind === 'leaf') return node.value === other.value ? [] : [{ do: 'value', node, value: other.value }]
    if (node.kind === 'comment' && other?.kind === 'comment') return node.text === other.text ? [] : [{ do: 'comment', node, text: other.text }]
    throw new Error(`trees differ in shape at item ${at}`)
  })
}

/** A token for every leaf that SOPS would encrypt, and for every comment. */
export function encryptingEdits(tree: Tree): Edit[] {
  let count = 0
  return [...contents(tree)].flatMap((node): Edit[] => {
    const text = node.kind === 'comment' ? node.text : node.value
    if (text === '' || text === null) return []
    count += 1
    return [{ do: 'token', node, token: `ENC[AES256_GCM,data:${count},iv:MTIz,tag:NDU2,type:str]` }]
  })
}

export function* contents(tree: Tree): Generator<LeafNode | Extract<Node, { kind: 'comment' }>> {
  for (const map of tree) yield* inside(map)
}

function* inside(node: Node | Entry): Generator<LeafNode | Extract<Node, { kind: 'comment' }>> {
  if (node.kind === 'leaf' || node.kind === 'comment') yield node
  else if (node.kind === 'entry') yield* inside(node.value)
  else for (const item of node.items) yield* inside(item)
}

function read(path: string): Buffer {
  return readFileSync(join(ROOT, path))
}
