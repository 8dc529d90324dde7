/**
 * Opens age files with the identities there are: first with those that need nobody, then with those that ask or run a program, in their order.
 * @module
 */
import { CodedError, FoundOnce } from '@waxseal/core'
import { readPayload, type AgeFile } from './age-file.ts'
import { unwrapWith, type AgeIdentity, type LockedIdentity, type PluginIdentity } from './identity.ts'
import { unwrapByPlugin, type PluginHost } from './plugin.ts'

export interface PassphraseRequest {
  /** Ends in a colon. */
  readonly question: string
  /** By which an agent may remember the answer. */
  readonly cacheId?: string
}

export interface Passphrases {
  /** @throws CodedError */
  ask(request: PassphraseRequest): Promise<string>
  /** It was wrong: nobody is to remember it. */
  forget(request: PassphraseRequest): Promise<void>
}

/** Ways to reach people and programs. */
export interface AgeHelpers {
  /** Asked only when no other identity fits. Absent: protected identities cannot be used. */
  readonly passphrases?: Passphrases
  /** Absent: identities and recipients of plugins cannot be used. */
  readonly plugins?: PluginHost
}

export type Opener = (file: AgeFile, identities: readonly AgeIdentity[], signal: AbortSignal) => Promise<Buffer | null>

/**
 * What was unlocked once stays so for the life of the opener.
 * @returns opens a file: the payload, owned by the caller; null if no identity is one of its recipients; throws CodedError METADATA_INVALID for
 * a damaged file, and what the asking threw if nothing else opens it
 */
export function createOpener({ passphrases, plugins }: AgeHelpers): Opener {
  const unlocked = new FoundOnce<string, readonly AgeIdentity[]>()

  function unlock(identity: LockedIdentity): Promise<readonly AgeIdentity[]> {
    return unlocked.get(`${identity.name}\0${identity.digest}`, () => askFor(identity, passphrases))
  }

  async function openByPlugin(file: AgeFile, identity: PluginIdentity, signal: AbortSignal): Promise<Buffer | null> {
    const fileKey = await unwrapByPlugin(file, identity, requirePlugins(plugins), signal)
    return fileKey && readAndWipe(file, fileKey)
  }

  async function openFile(file: AgeFile, identities: readonly AgeIdentity[], signal: AbortSignal): Promise<Buffer | null> {
    const others: (LockedIdentity | PluginIdentity)[] = []
    for (const identity of identities) {
      if (identity.kind === 'plugin' || identity.kind === 'locked') {
        others.push(identity)
        continue
      }
      const fileKey = await unwrapWith(identity, file)
      if (fileKey) return readAndWipe(file, fileKey)
    }
    return firstAnswer(others, async (identity) => {
      if (identity.kind === 'plugin') return openByPlugin(file, identity, signal)
      return identity.mayOpen(file) ? openFile(file, await unlock(identity), signal) : null
    })
  }
  return openFile
}

/** @throws CodedError PROGRAM_REFUSED */
export function requirePlugins(plugins: PluginHost | undefined): PluginHost {
  if (!plugins) throw new CodedError('PROGRAM_REFUSED', 'age plugins cannot be started here', { hint: 'use an age key that needs none' })
  return plugins
}

async function askFor(identity: LockedIdentity, passphrases: Passphrases | undefined): Promise<readonly AgeIdentity[]> {
  const { name, cacheId } = identity
  if (!passphrases) {
    throw new CodedError('IDENTITY_INVALID', `${name} is protected by a passphrase, which cannot be asked for here`, { hint: 'use a key without one' })
  }
  const request = { question: `Enter passphrase for ${name}:`, ...(cacheId !== undefined && { cacheId }) }
  const passphrase = await passphrases.ask(request).catch((error: unknown) => {
    if (!(error instanceof CodedError) || error.code === 'CANCELED') throw error
    throw new CodedError(error.code, `could not read passphrase for ${name}: ${error.message}`, { cause: error, ...(error.hint !== undefined && { hint: error.hint }) })
  })
  const identities = await identity.unlock(passphrase)
  if (identities) return identities
  await passphrases.forget(request)
  throw new CodedError('IDENTITY_INVALID', `incorrect passphrase for ${name}, or the file is damaged`)
}

/** What one cannot do, another may: the first failure is told only if nothing comes. */
async function firstAnswer<T>(items: readonly T[], ask: (item: T) => Promise<Buffer | null>): Promise<Buffer | null> {
  const failures: CodedError[] = []
  for (const item of items) {
    try {
      const answer = await ask(item)
      if (answer) return answer
    } catch (error) {
      if (!(error instanceof CodedError) || error.code === 'CANCELED') throw error
      failures.push(error)
    }
  }
  if (failures[0]) throw failures[0]
  return null
}

/** @param fileKey - taken over and wiped */
function readAndWipe(file: AgeFile, fileKey: Buffer): Buffer {
  try {
    return readPayload(file, fileKey)
  } finally {
    fileKey.fill(0)
  }
}
