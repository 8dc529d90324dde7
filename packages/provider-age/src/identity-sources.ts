/**
 * Places where identities are looked for. Where they are is the program's business; they are read when a key is to be unwrapped.
 * Follows: getsops/sops age/keysource.go (loadIdentities) and age/ssh_parse.go: all places are read, a broken one only adds to the error.
 * @module
 */
import { createHash } from 'node:crypto'
import { CodedError } from '@waxseal/core'
import { parseIdentities } from './identity-file.ts'
import type { AgeIdentity, LockedIdentity } from './identity.ts'
import type { LockedSshKey } from './ssh-key.ts'
import { parseSshPrivateKey, parseSshPublicKeyFile } from './ssh-key-file.ts'
import { isForSshKey } from './ssh.ts'

export interface IdentitySource {
  /** The variable or file that messages name. */
  readonly location: string
  /** 'file': as age-keygen writes it. 'words': white space separates identities, too. 'ssh': one private key. */
  readonly form: 'file' | 'words' | 'ssh'
  /** Before the reason why the content cannot be read. Absent: the location's name in a sentence. */
  readonly unreadable?: string
  /** Not told among the places without keys when another source has something. */
  readonly isFallback?: boolean
  /** Of an SSH key in a file. Absent: the key cannot be one that a passphrase protects. */
  readonly sshFile?: {
    readonly path: string
    /** The file beside it. @throws CodedError */
    loadPublicKey(): Promise<string | Uint8Array>
  }
  /**
   * @param recipient - of the key to be unwrapped; a command may want it
   * @returns the content, owned by the caller; null if there is none at this location
   * @throws CodedError
   */
  load(recipient: string): Promise<string | Uint8Array | null>
}

export interface LoadedIdentities {
  readonly identities: readonly AgeIdentity[]
  readonly problems: readonly string[]
  /** Locations. */
  readonly unused: readonly string[]
}

/** Everything is fetched before it is read: in that order the reference tells what went wrong. SSH keys come first, whole. */
export async function loadIdentities(sources: readonly IdentitySource[], recipient: string): Promise<LoadedIdentities> {
  const identities: AgeIdentity[] = []
  const problems: string[] = []
  const [absent, empty]: [string[], string[]] = [[], []]
  const fetched: { readonly source: IdentitySource; readonly content: string | Uint8Array }[] = []
  const read = async (source: IdentitySource, content: string | Uint8Array): Promise<void> => {
    try {
      const found = await identitiesIn(content, source)
      if (found.length === 0) empty.push(source.location)
      identities.push(...found)
    } finally {
      if (typeof content !== 'string') content.fill(0)
    }
  }
  for (const source of sources) {
    await noting(problems, async () => {
      const content = await source.load(recipient)
      if (content === null) {
        if (!source.isFallback || (fetched.length === 0 && identities.length === 0)) absent.push(source.location)
      } else if (source.form === 'ssh') await read(source, content)
      else fetched.push({ source, content })
    })
  }
  for (const { source, content } of fetched) await noting(problems, () => read(source, content))
  return { identities, problems, unused: [...absent, ...empty] }
}

/** A broken source does not stop the others. */
async function noting(problems: string[], step: () => Promise<void>): Promise<void> {
  try {
    await step()
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    problems.push(error.message)
  }
}

async function identitiesIn(content: string | Uint8Array, source: IdentitySource): Promise<readonly AgeIdentity[]> {
  const { form, location, unreadable = `failed to parse '${location}' age identities` } = source
  let locked: LockedSshKey
  try {
    if (form !== 'ssh') return parseIdentities(content, { location, severalPerLine: form === 'words' })
    const key = parseSshPrivateKey(content)
    if (key.kind !== 'locked') return [{ kind: 'ssh', key }]
    locked = key
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    throw new CodedError(error.code, `${unreadable}: ${error.message}`, { cause: error })
  }
  if (!source.sshFile) throw new CodedError('IDENTITY_INVALID', `the SSH key of ${location} is password protected, which is unsupported there`)
  return [await lockedSsh(locked, source.sshFile, createHash('sha256').update(content).digest('hex'))]
}

/** A question only where the key is one of the file's recipients: that takes its public half. */
async function lockedSsh(key: LockedSshKey, file: NonNullable<IdentitySource['sshFile']>, digest: string): Promise<LockedIdentity> {
  const name = JSON.stringify(file.path)
  const publicKey = key.publicKey ?? parseSshPublicKeyFile(await file.loadPublicKey())
  return {
    kind: 'locked',
    name,
    digest,
    mayOpen: ({ stanzas }) => stanzas.some((stanza) => isForSshKey(stanza, publicKey)),
    async unlock(passphrase) {
      const opened = await key.unlock(passphrase)
      if (opened && !opened.wire.equals(publicKey.wire)) {
        throw new CodedError('IDENTITY_INVALID', `the private key in ${name} does not belong to the public key beside it`)
      }
      return opened && [{ kind: 'ssh', key: opened }]
    },
  }
}
