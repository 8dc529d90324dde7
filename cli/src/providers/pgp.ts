/**
 * The `gpg` program as a child process, and the keys of those who have none.
 * Follows: getsops/sops pgp/keysource.go (gpgBinary, gnuPGHome, getSecRing, getPubRing).
 * @module
 */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { CodedError, type KeyProvider } from '@waxseal/core'
import { createPgpProvider, type Keyring, type ProgramEnd } from '@waxseal/provider-pgp'
import type { Context } from '../context.ts'
import { readFileBounded } from '../files.ts'
import { findProgram } from '../process/program-path.ts'

const MAX_KEYRING_BYTES = 64 * 1024 * 1024
/** Of what gpg prints: a wrapped part has some 2 KiB. */
const MAX_OUTPUT_BYTES = 1024 * 1024

/** GNUPGHOME and what gpg-agent and pinentry need (GPG_TTY, DISPLAY) come through the environment. */
export function pgpProvider(context: Context): KeyProvider {
  const path = context.env['WAXSEAL_PGP_KEY_FILE']
  return createPgpProvider({
    gpg: (args, input, signal) => runGpg(context, args, input, signal),
    keyring: path ? keyFile(context, path) : legacyKeyrings(context),
  })
}

async function runGpg({ env, cwd }: Context, args: readonly string[], input: Uint8Array, signal: AbortSignal): Promise<ProgramEnd> {
  const program = findProgram(env['SOPS_GPG_EXEC'] || 'gpg', { env, cwd })
  if (program === undefined) return { ok: false, stdout: new Uint8Array(), stderr: '' }
  const { execFile } = await import('node:child_process')
  return await new Promise((fulfil, reject) => {
    const child = execFile(program, args, { env, cwd, signal, maxBuffer: MAX_OUTPUT_BYTES, encoding: 'buffer' }, (error, stdout, stderr) => {
      if (signal.aborted) reject(new CodedError('CANCELED', 'gpg was given up', { cause: error }))
      else fulfil({ ok: error === null, stdout, stderr: stderr.toString() })
    })
    child.stdin?.on('error', () => {}) // a program that ends without reading its input is judged by its status
    child.stdin?.end(input)
  })
}

function keyFile(context: Context, path: string): Keyring {
  const load = async (): Promise<Uint8Array> => readRing(resolve(context.cwd, path), path)
  return { isPreferred: true, secretKeys: load, publicKeys: load, ...passphrasesOf(context) }
}

/** As GnuPG kept keys before 2.1. */
function legacyKeyrings(context: Context): Keyring {
  const home = context.env['GNUPGHOME'] || join(context.env['HOME'] || homedir(), '.gnupg')
  const load = async (name: string): Promise<Uint8Array> => readRing(resolve(context.cwd, home, name), join(home, name))
  return {
    isPreferred: false,
    secretKeys: () => load('secring.gpg').catch((error: unknown) => {
      if (error instanceof CodedError && error.code === 'FILE_NOT_FOUND') return load('pubring.gpg')
      throw error
    }),
    publicKeys: () => load('pubring.gpg'),
    ...passphrasesOf(context),
  }
}

function readRing(path: string, name: string): Uint8Array {
  return readFileBounded(path, { limitBytes: MAX_KEYRING_BYTES, name: `could not load secring: open ${name}` })
}

/** A file, then gpg-agent under the ID by which it knows the key, then the terminal. */
function passphrasesOf(context: Context): Pick<Keyring, 'passphrase' | 'forgetPassphrase'> {
  const path = context.env['WAXSEAL_PGP_PASSPHRASE_FILE']
  return {
    async passphrase(keyId) {
      if (path) return firstLine(readFileBounded(resolve(context.cwd, path), { name: path }))
      const { askAgent } = await import('./gpg-agent.ts')
      const answer = await askAgent(context, keyId, `Unlock key ${keyId} to decrypt sops's key`)
      if (answer !== null) return answer
      const { askHidden } = await import('../ui/terminal.ts')
      return await askHidden('Enter PGP key passphrase: ', 'set WAXSEAL_PGP_PASSPHRASE_FILE to a file with the passphrase')
    },
    async forgetPassphrase(keyId) {
      if (path) return
      const { forgetInAgent } = await import('./gpg-agent.ts')
      await forgetInAgent(context, keyId)
    },
  }
}

function firstLine(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString()
  return text.slice(0, /\r?\n/.exec(text)?.index)
}
