/**
 * OpenPGP by the `gpg` program: it has the keys, asks for passphrases and talks to agents and cards.
 * Follows: getsops/sops pgp/keysource.go (encryptWithGnuPG, decryptWithGnuPG): the same arguments.
 * @module
 */
import { CodedError } from '@waxseal/core'
import type { Engine } from './engine.ts'

/** How the program ended. */
export interface ProgramEnd {
  /** It could be started and its exit status was 0. */
  readonly ok: boolean
  readonly stdout: Uint8Array
  readonly stderr: string
}

/**
 * Runs gpg without a shell.
 * @param input - for its standard input; borrowed
 * @throws CodedError CANCELED
 */
export type RunProgram = (args: readonly string[], input: Uint8Array, signal: AbortSignal) => Promise<ProgramEnd>

const LONG_ID_LENGTH = 16

export function gpgEngine(run: RunProgram): Engine {
  return {
    async wrap(part, fingerprint, signal) {
      const args = ['--no-default-recipient', '--yes', '--encrypt', '-a', '-r', fingerprint, '--trusted-key', longKeyId(fingerprint), '--no-encrypt-to']
      const { ok, stdout, stderr } = await run(args, part, signal)
      if (!ok) throw new CodedError('WRAP_FAILED', `failed to encrypt sops data key with pgp: ${stderr.trim()}`)
      return Buffer.from(stdout).toString('latin1').trim()
    },
    async unwrap(message, signal) {
      const { ok, stdout, stderr } = await run(['-d'], Buffer.from(message), signal)
      if (!ok) {
        stdout.fill(0) // what came before the damage was found
        throw new CodedError('IDENTITY_INVALID', `failed to decrypt sops data key with pgp: ${stderr.trim()}`)
      }
      // Older versions skip packets of newer ones, find nothing, and call it success.
      if (stdout.length === 0) throw new CodedError('IDENTITY_INVALID', 'failed to decrypt sops data key with pgp: zero bytes returned')
      return stdout
    },
  }
}

/** The `!` of a forced subkey belongs to its ID. */
function longKeyId(fingerprint: string): string {
  return fingerprint.slice(-LONG_ID_LENGTH - (fingerprint.endsWith('!') ? 1 : 0))
}
