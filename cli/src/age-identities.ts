/**
 * Where age identities are looked for, in the reference's places.
 * Follows: getsops/sops age/keysource.go (loadIdentities). All places are read; what is broken only adds to the error.
 * @module
 */
import { join, resolve } from 'node:path'
import { CodedError } from '@waxseal/core'
import type { IdentitySource } from '@waxseal/provider-age'
import type { Context } from './context.ts'
import { readFileBounded } from './files.ts'
import { splitShellWords } from './shell-words.ts'

/** As age's own limit for identity files. */
const MAX_IDENTITY_BYTES = 16 * 1024 * 1024

/** The user's configuration folder; undefined where the environment does not tell. */
export function userConfigFolder({ env }: Context): string | undefined {
  if (env['XDG_CONFIG_HOME'] && (process.platform === 'darwin' || process.platform === 'linux')) return env['XDG_CONFIG_HOME']
  if (process.platform === 'win32') return env['AppData']
  if (!env['HOME']) return undefined
  return process.platform === 'darwin' ? join(env['HOME'], 'Library', 'Application Support') : join(env['HOME'], '.config')
}

export function ageKeyFile(context: Context): string | undefined {
  const folder = userConfigFolder(context)
  return folder === undefined ? undefined : join(folder, 'sops', 'age', 'keys.txt')
}

export function ageIdentitySources(context: Context): readonly IdentitySource[] {
  const { env } = context
  const sources: IdentitySource[] = [
    { location: 'SOPS_AGE_KEY', severalPerLine: true, load: async () => env['SOPS_AGE_KEY'] ?? null },
    {
      location: 'SOPS_AGE_KEY_FILE',
      load: async () => (env['SOPS_AGE_KEY_FILE'] === undefined ? null : readIdentity(context, env['SOPS_AGE_KEY_FILE'], 'SOPS_AGE_KEY_FILE')),
    },
    { location: 'SOPS_AGE_KEY_CMD', load: async (recipient) => (env['SOPS_AGE_KEY_CMD'] === undefined ? null : outputOf(context, env['SOPS_AGE_KEY_CMD'], recipient)) },
  ]
  const file = ageKeyFile(context)
  if (file !== undefined) {
    sources.push({
      location: file,
      async load() {
        try {
          return readIdentity(context, file, file)
        } catch (error) {
          if (error instanceof CodedError && error.code === 'FILE_NOT_FOUND') return null
          throw error
        }
      },
    })
  }
  return sources
}

function readIdentity(context: Context, path: string, name: string): Uint8Array {
  return readFileBounded(resolve(context.cwd, path), { limitBytes: MAX_IDENTITY_BYTES, name })
}

/** For identity files that a passphrase protects. */
export async function askPassphrase(context: Context, location: string): Promise<string> {
  const { askHidden } = await import('./terminal.ts')
  return await askHidden(`Enter passphrase for identity '${location}': `, context, 'decrypt the identity file with age -d first')
}

/** Runs the command without a shell; it learns the recipient from its environment. */
async function outputOf(context: Context, command: string, recipient: string): Promise<string> {
  const [program, ...args] = splitShellWords(command) ?? []
  if (program === undefined) throw new CodedError('IDENTITY_INVALID', 'SOPS_AGE_KEY_CMD is not a command')
  const { execFile } = await import('node:child_process')
  return await new Promise((fulfil, reject) => {
    const options = { env: { ...context.env, SOPS_AGE_RECIPIENT: recipient }, cwd: context.cwd, signal: context.signal, maxBuffer: MAX_IDENTITY_BYTES }
    execFile(program, args, options, (error, stdout) => {
      if (error) reject(new CodedError('IDENTITY_INVALID', `failed to execute SOPS_AGE_KEY_CMD: ${typeof error.code === 'number' ? `exit status ${error.code}` : 'it could not be run'}`))
      else fulfil(stdout)
    })
  })
}
