import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { CodedError, plainMap } from '@waxseal/core'
import { createPgpProvider, type Keyring, type ProgramEnd, type RunProgram } from '../src/index.ts'

const FINGERPRINT = 'C9939849A134576C736E533128AAAC4AB104ABEC'
const options = { signal: new AbortController().signal }
const context = { now: new Date('2026-01-02T03:04:05.678Z') }
const part = createHash('sha256').update('part').digest()

interface Call {
  readonly args: readonly string[]
  readonly input: string
}

/** A program that notes how it was called. */
function fakeGpg(end: Partial<ProgramEnd>): { readonly run: RunProgram; readonly calls: Call[] } {
  const calls: Call[] = []
  const run: RunProgram = async (args, input) => {
    calls.push({ args, input: Buffer.from(input).toString('latin1') })
    return { ok: true, stdout: Buffer.alloc(0), stderr: '', ...end }
  }
  return { run, calls }
}

const absent = (): Promise<never> => Promise.reject(new CodedError('FILE_NOT_FOUND', 'could not load secring: open /home/u/.gnupg/pubring.gpg: no such file or directory'))
const noKeyring: Keyring = { isPreferred: false, secretKeys: absent, publicKeys: absent, passphrase: absent }

async function failureOf(work: Promise<unknown>): Promise<Pick<CodedError, 'code' | 'message'>> {
  try {
    await work
  } catch (error) {
    if (error instanceof CodedError) return { code: error.code, message: error.message }
    throw error
  }
  throw new Error('it did not fail')
}

describe('the metadata entry', () => {
  const provider = createPgpProvider({})

  it('keeps unknown fields and the time of its making', () => {
    const entry = plainMap(Object.entries({ created_at: '2020-01-01T00:00:00Z', enc: 'E', fp: 'ABCD', note: 'kept' }))
    expect(provider.serialize(provider.parse(entry))).toEqual(entry)
  })

  it('is made from a fingerprint with blanks, which it loses, and with "!", which it keeps', () => {
    const ref = provider.fromText('C993 9849 A134 576C 736E 5331 28AA AC4A B104 ABEC!', context)
    expect(provider.displayName(ref)).toBe(`${FINGERPRINT}!`)
    expect(provider.serialize(ref)).toEqual({ created_at: '2026-01-02T03:04:05Z', enc: '', fp: `${FINGERPRINT}!` })
  })

  it('keeps the spelling of lower case, key IDs and 0x', () => {
    for (const text of [FINGERPRINT.toLowerCase(), '28AAAC4AB104ABEC', `0x${FINGERPRINT}`]) {
      expect(provider.fromText(text, context).fingerprint).toBe(text)
    }
  })

  it('takes no user ID, option or empty text', async () => {
    for (const text of ['', 'rsa@example.invalid', '--output', 'ABC', `${FINGERPRINT}!!`]) {
      expect((await failureOf(Promise.resolve().then(() => provider.fromText(text, context)))).code).toBe('RECIPIENT_INVALID')
    }
    const gpg = fakeGpg({})
    const fromFile = provider.parse(plainMap(Object.entries({ created_at: '', enc: '', fp: 'rsa@example.invalid' })))
    expect((await failureOf(createPgpProvider({ gpg: gpg.run }).wrap(part, fromFile, options))).code).toBe('RECIPIENT_INVALID')
    expect(gpg.calls).toEqual([])
  })

  it('stands in a key group as a string', () => {
    expect(provider.fromGroup(FINGERPRINT, context)).toEqual([provider.fromText(FINGERPRINT, context)])
    expect(() => provider.fromGroup(null, context)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })
})

describe('the gpg program', () => {
  const armored = '-----BEGIN PGP MESSAGE-----\n\nAAAA\n-----END PGP MESSAGE-----'

  it("encrypts with SOPS's arguments and loses outer white space", async () => {
    const gpg = fakeGpg({ stdout: Buffer.from(`${armored}\n`) })
    const provider = createPgpProvider({ gpg: gpg.run, keyring: noKeyring })
    const ref = await provider.wrap(part, provider.fromText(FINGERPRINT, context), options)
    expect(ref.enc).toBe(armored)
    const args = ['--no-default-recipient', '--yes', '--encrypt', '-a', '-r', FINGERPRINT, '--trusted-key', '28AAAC4AB104ABEC', '--no-encrypt-to']
    expect(gpg.calls).toEqual([{ args, input: part.toString('latin1') }])
  })

  it('trusts a forced subkey by its ID with "!"', async () => {
    const gpg = fakeGpg({ stdout: Buffer.from(armored) })
    const provider = createPgpProvider({ gpg: gpg.run })
    await provider.wrap(part, provider.fromText(`${FINGERPRINT}!`, context), options)
    expect(gpg.calls[0]?.args.slice(5, 8)).toEqual([`${FINGERPRINT}!`, '--trusted-key', '28AAAC4AB104ABEC!'])
  })

  it('decrypts from standard input', async () => {
    const gpg = fakeGpg({ stdout: part })
    const provider = createPgpProvider({ gpg: gpg.run, keyring: noKeyring })
    const ref = provider.parse(plainMap(Object.entries({ enc: armored, fp: FINGERPRINT })))
    expect(await provider.unwrap(ref, options)).toEqual(part)
    expect(gpg.calls).toEqual([{ args: ['-d'], input: armored }])
  })

  it('fails as SOPS says it, with what gpg said', async () => {
    const { run } = fakeGpg({ ok: false, stderr: 'gpg: decryption failed: No secret key\n' })
    const provider = createPgpProvider({ gpg: run, keyring: noKeyring })
    const ref = provider.fromText(FINGERPRINT, context)
    expect(await failureOf(provider.unwrap(ref, options))).toEqual({
      code: 'IDENTITY_INVALID',
      message:
        'could not decrypt data key with PGP key: github.com/ProtonMail/go-crypto/openpgp error: could not load secring: open /home/u/.gnupg/pubring.gpg: ' +
        'no such file or directory; GnuPG binary error: failed to decrypt sops data key with pgp: gpg: decryption failed: No secret key',
    })
    expect(await failureOf(provider.wrap(part, ref, options))).toEqual({
      code: 'WRAP_FAILED',
      message:
        `could not encrypt data key with PGP key: github.com/ProtonMail/go-crypto/openpgp error: key with fingerprint '${FINGERPRINT}' is not available in keyring; ` +
        'GnuPG binary error: failed to encrypt sops data key with pgp: gpg: decryption failed: No secret key',
    })
  })

  it('does not take success without output for a data key', async () => {
    const provider = createPgpProvider({ gpg: fakeGpg({}).run })
    const failure = await failureOf(provider.unwrap(provider.fromText(FINGERPRINT, context), options))
    expect(failure).toEqual({ code: 'IDENTITY_INVALID', message: 'could not decrypt data key with PGP key: GnuPG binary error: failed to decrypt sops data key with pgp: zero bytes returned' })
  })

  it('hides neither a cancelled run nor a defect of our own', async () => {
    for (const error of [new CodedError('CANCELED', 'given up'), new TypeError('defect')]) {
      const provider = createPgpProvider({ gpg: () => Promise.reject(error), keyring: noKeyring })
      await expect(provider.unwrap(provider.fromText(FINGERPRINT, context), options)).rejects.toBe(error)
    }
  })
})
