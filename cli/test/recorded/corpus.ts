/**
 * The recorded cases of fixtures/sops-3.13.2: what the real program did, step by step, and the end state of its folder.
 * Their texts are normalised (normalise.ts); `{DIR}`, `{HOME}`, `{TMP}`, `{KEYS}` and `{GNUPG}` stand for folders.
 * @module
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FIXTURES } from '../test-context.ts'
import { normalise } from './normalise.ts'

export const CORPUS = join(FIXTURES, 'sops-3.13.2')

/** `file` and `normalised` are paths in the corpus; the latter's bytes are normalised when they are read. */
export type Content = { readonly text: string } | { readonly base64: string } | { readonly file: string } | { readonly normalised: string }

export type SetupItem = { readonly path: string; readonly mode?: string; readonly fill?: boolean } & (Content | { readonly dir: true } | { readonly symlink: string })

export interface Expectation {
  readonly exit: number | 'nonzero'
  readonly stdout?: Content
  readonly stderr?: Content
}

export interface Step {
  readonly argv: readonly string[]
  readonly stdin?: Content
  readonly env?: Readonly<Record<string, string>>
  readonly unset?: readonly string[]
  readonly cwd?: string
  readonly expect: Expectation
}

export interface EndState {
  readonly files?: Readonly<Record<string, Content>>
  readonly deleted?: readonly string[]
}

/** Another outcome that the corpus accepts. */
export interface Alternative extends EndState {
  readonly id: string
  readonly steps: readonly Expectation[]
}

export type KeyRing = 'none' | 'all' | 'rsa' | 'ecc' | 'pub'

export interface Case extends EndState {
  readonly id: string
  readonly note: string
  readonly setup?: readonly SetupItem[]
  readonly gnupg?: KeyRing
  readonly service?: unknown
  readonly steps: readonly Step[]
  /** `panic`: the real program crashes; `order`: its lines have no fixed order; `stderr`: 'ignore' if its text varies. */
  readonly tags?: readonly string[]
  readonly stderr?: 'ignore'
  readonly alt?: readonly Alternative[]
}

export function casesOf(area: string): readonly Case[] {
  return (JSON.parse(readFileSync(join(CORPUS, 'cases', `${area}.json`), 'utf8')) as { readonly cases: readonly Case[] }).cases
}

export function bytesOf(content: Content): Buffer {
  if ('text' in content) return Buffer.from(content.text)
  if ('base64' in content) return Buffer.from(content.base64, 'base64')
  if ('file' in content) return readFileSync(join(CORPUS, content.file))
  return normalise(readFileSync(join(CORPUS, content.normalised)))
}
