/**
 * PGP keys as master keys. The `gpg` program does the work; where it is missing or fails, a keyring in this process does.
 * Follows: getsops/sops pgp/keysource.go, which asks the keyring first. Here it is first only if somebody named it, because the
 * keyrings that old versions of GnuPG left behind are large and out of date. What failed is told in the reference's order.
 * @module
 */
import { CodedError, type ErrorCode, type KeyProvider } from '@waxseal/core'
import type { Engine } from './engine.ts'
import { gpgEngine, type RunProgram } from './gpg.ts'
import { keyringEngine, type Keyring } from './keyring.ts'
import { checkFingerprint, fieldsOf, newRef, refFrom, type PgpRef } from './ref.ts'

export interface PgpOptions {
  readonly gpg?: RunProgram
  readonly keyring?: Keyring
}

interface NamedEngine {
  /** As the reference calls what does the same. */
  readonly name: string
  readonly engine: Engine
}

const NO_KEY_HINT = 'install GnuPG and import the key, or set WAXSEAL_PGP_KEY_FILE to a file that holds it'

export function createPgpProvider({ gpg, keyring }: PgpOptions): KeyProvider<PgpRef> {
  const told: readonly NamedEngine[] = [
    ...(keyring ? [{ name: 'github.com/ProtonMail/go-crypto/openpgp', engine: keyringEngine(keyring) }] : []),
    ...(gpg ? [{ name: 'GnuPG binary', engine: gpgEngine(gpg) }] : []),
  ]
  const tried = keyring?.isPreferred ? told : told.toReversed()

  /** The answer of the first engine that has one. */
  async function ask<T>(what: string, code: ErrorCode, work: (engine: Engine) => Promise<T>): Promise<T> {
    const failures = new Map<NamedEngine, CodedError>()
    for (const named of tried) {
      try {
        return await work(named.engine)
      } catch (error) {
        if (!(error instanceof CodedError) || error.code === 'CANCELED') throw error
        failures.set(named, error)
      }
    }
    const reasons = told.map((named) => `${named.name} error: ${failures.get(named)?.message}`)
    throw new CodedError(code, `could not ${what} data key with PGP key: ${reasons.join('; ')}`, { hint: NO_KEY_HINT })
  }

  return {
    type: 'pgp',
    parse: refFrom,
    serialize: fieldsOf,
    fromText: newRef,
    fromGroup(element, context) {
      if (typeof element !== 'string') throw new CodedError('CONFIG_INVALID', 'a pgp key of a key group must be a string')
      return [newRef(element, context)]
    },
    displayName: (ref) => ref.fingerprint,
    async wrap(part, ref, { signal }) {
      checkFingerprint(ref.fingerprint)
      return { ...ref, enc: await ask('encrypt', 'WRAP_FAILED', (engine) => engine.wrap(part, ref.fingerprint, signal)) }
    },
    unwrap: (ref, { signal }) => ask('decrypt', 'IDENTITY_INVALID', (engine) => engine.unwrap(ref.enc, signal)),
  }
}
