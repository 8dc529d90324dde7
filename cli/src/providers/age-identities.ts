/**
 * Where age identities are looked for, in the reference's places.
 * Follows: getsops/sops age/keysource.go (loadIdentities). All places are read; what is broken only adds to the error.
 * @module
 */
import { join, resolve } from 'node:path'
import { CodedError, type HostPolicy, type KeyProvider } from '@waxseal/core'
import { createAgeProvider, type IdentitySource, namedRecipients, type NamedRecipient } from '@waxseal/provider-age'
import { agePassphrases } from './age-passphrases.ts'
import { agePlugins } from './age-plugins.ts'
import type { Context } from '../context.ts'
import { readFileBounded } from '../files.ts'
import { findProgram } from '../process/program-path.ts'
import { splitShellWords } from '../process/shell-words.ts'
import { userConfigFolder } from '../settings/user-config.ts'

/** As age's own limit for identity files. */
const MAX_IDENTITY_BYTES = 16 * 1024 * 1024

export function ageProvider(context: Context, policy: HostPolicy): KeyProvider {
  return createAgeProvider(ageIdentitySources(context), { passphrases: agePassphrases(context), plugins: agePlugins(context, policy) })
}

export function ageKeyFile(context: Context): string | undefined {
  const folder = userConfigFolder(context)
  return folder === undefined ? undefined : join(folder, 'sops', 'age', 'keys.txt')
}

export function ageIdentitySources(context: Context): readonly IdentitySource[] {
  return [
    ...sshSources(context),
    { location: 'SOPS_AGE_KEY', form: 'words', load: async () => context.env['SOPS_AGE_KEY'] ?? null },
    { location: 'SOPS_AGE_KEY_FILE', form: 'file', load: async () => fileOf(context, 'SOPS_AGE_KEY_FILE', 'failed to open SOPS_AGE_KEY_FILE file') },
    { location: 'SOPS_AGE_KEY_CMD', form: 'file', load: (recipient) => outputOf(context, 'SOPS_AGE_KEY_CMD', recipient) },
    ...optionalFile(context, ageKeyFile(context), { form: 'file', isFallback: true }),
  ]
}

/** Of the identities that stand in variables and files; places that cannot be read have none. */
export async function ownRecipients(context: Context): Promise<readonly NamedRecipient[]> {
  const found: NamedRecipient[] = []
  for (const source of ageIdentitySources(context)) {
    if (source.form === 'ssh' || source.location.endsWith('_CMD')) continue
    try {
      const content = await source.load('')
      if (content !== null) found.push(...(await namedRecipients(content)))
    } catch (error) {
      if (!(error instanceof CodedError)) throw error // told by who uses the identity
    }
  }
  return found
}

function sshSources(context: Context): readonly IdentitySource[] {
  const { HOME: home, SOPS_AGE_SSH_PRIVATE_KEY_FILE: named = '' } = context.env
  const inHome = (name: string): string | undefined => (home ? join(home, '.ssh', name) : undefined)
  return [
    {
      ...sshFile(context, named),
      location: 'SOPS_AGE_SSH_PRIVATE_KEY_FILE',
      load: async () => fileOf(context, 'SOPS_AGE_SSH_PRIVATE_KEY_FILE', 'failed to open file'),
    },
    {
      location: 'SOPS_AGE_SSH_PRIVATE_KEY_CMD',
      form: 'ssh',
      unreadable: 'malformed SSH identity returned by running SOPS_AGE_SSH_PRIVATE_KEY_CMD',
      load: (recipient) => outputOf(context, 'SOPS_AGE_SSH_PRIVATE_KEY_CMD', recipient),
    },
    ...optionalFile(context, inHome('id_ed25519'), { form: 'ssh' }),
    ...optionalFile(context, inHome('id_rsa'), { form: 'ssh' }),
  ]
}

/** What an SSH key in a file has beside its content. */
function sshFile(context: Context, path: string): Pick<IdentitySource, 'form' | 'unreadable' | 'sshFile'> {
  const publicPath = `${path}.pub`
  const [name, publicName] = [JSON.stringify(path), JSON.stringify(publicPath)]
  const loadPublicKey = async (): Promise<Uint8Array> =>
    readIdentity(context, publicPath, `failed to obtain public ${publicName} key for ${name} SSH key: open ${publicPath}`)
  return { form: 'ssh', unreadable: `malformed SSH identity in ${name}`, sshFile: { path, loadPublicKey } }
}

/** A file that need not be there. */
function optionalFile(context: Context, path: string | undefined, how: Pick<IdentitySource, 'form' | 'isFallback'>): readonly IdentitySource[] {
  if (path === undefined) return []
  const source: IdentitySource = {
    ...how,
    location: path,
    async load() {
      try {
        return readIdentity(context, path, `failed to open file: open ${path}`)
      } catch (error) {
        if (error instanceof CodedError && error.code === 'FILE_NOT_FOUND') return null
        throw error
      }
    },
  }
  return [how.form === 'ssh' ? { ...source, ...sshFile(context, path) } : source]
}

/** The file that a variable names. */
function fileOf(context: Context, variable: string, failure: string): Uint8Array | null {
  const path = context.env[variable]
  if (path === undefined) return null
  if (path === '') throw new CodedError('FILE_NOT_FOUND', `${failure}: open : no such file or directory`)
  return readIdentity(context, path, `${failure}: open ${path}`)
}

/** @param name - what messages call the file */
function readIdentity(context: Context, path: string, name: string): Uint8Array {
  return readFileBounded(resolve(context.cwd, path), { limitBytes: MAX_IDENTITY_BYTES, name })
}

/** Runs the command that a variable holds, without a shell; it learns the recipient from its environment. */
async function outputOf(context: Context, variable: string, recipient: string): Promise<Uint8Array | null> {
  const command = context.env[variable]
  if (command === undefined) return null
  const failed = (reason: string): CodedError => new CodedError('IDENTITY_INVALID', `failed to execute command ${command}: ${reason}`)
  const [program, ...args] = splitShellWords(command) ?? []
  if (program === undefined) throw failed(`${variable} is not a command`)
  const path = findProgram(program, context)
  if (path === undefined) throw failed(`exec: ${JSON.stringify(program)}: executable file not found in $PATH`)
  const { execFile } = await import('node:child_process')
  const env = { ...context.env, SOPS_AGE_RECIPIENT: recipient }
  return await new Promise((fulfil, reject) => {
    execFile(path, args, { env, cwd: context.cwd, signal: context.signal, maxBuffer: MAX_IDENTITY_BYTES, encoding: 'buffer' }, (error, stdout) => {
      if (!error) fulfil(stdout)
      else if (typeof error.code === 'number') reject(failed(`exit status ${error.code}`))
      else reject(failed('it did not end by itself'))
    })
  })
}
