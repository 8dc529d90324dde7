import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as openpgp from 'openpgp'
import { beforeAll, describe, expect, it } from 'vitest'
import { CodedError, plainMap } from '@waxseal/core'
import { createPgpProvider, type Keyring, type PgpRef, type RunProgram } from '../src/index.ts'

const corpus = join(import.meta.dirname, '../../../fixtures/sops-3.13.2')
const rsa = { secret: readFileSync(join(corpus, 'keys/pgp-rsa.sec.asc')), known: readFileSync(join(corpus, 'keys/pgp-rsa.pub.asc')), fingerprint: 'C9939849A134576C736E533128AAAC4AB104ABEC' }
const ecc = { secret: readFileSync(join(corpus, 'keys/pgp-ecc.sec.asc')), known: readFileSync(join(corpus, 'keys/pgp-ecc.pub.asc')), fingerprint: '876F16C9216226FD347934301D216E2D7538E32B' }
const options = { signal: new AbortController().signal }
const context = { now: new Date() }
const part = createHash('sha256').update('part').digest()
const noGpg: RunProgram = async () => ({ ok: false, stdout: Buffer.alloc(0), stderr: '' })
const provider = providerOf(rsa.secret)

function keyringOf(keys: Uint8Array, rest: Partial<Keyring> = {}): Keyring {
  const load = async (): Promise<Uint8Array> => keys
  return { isPreferred: false, secretKeys: load, publicKeys: load, passphrase: () => Promise.reject(new CodedError('USAGE', 'there is no terminal to ask on')), ...rest }
}

function providerOf(keys: Uint8Array, rest: Partial<Keyring> = {}) {
  return createPgpProvider({ gpg: noGpg, keyring: keyringOf(keys, rest) })
}

function refOf(enc: string, fp = rsa.fingerprint): PgpRef {
  return provider.parse(plainMap(Object.entries({ enc, fp })))
}

/** What the keyring says, without the rest of the message. */
async function reasonOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    if (error instanceof CodedError) return `${error.code} ${/openpgp error: (.*); GnuPG/.exec(error.message)?.[1]}`
    throw error
  }
  throw new Error('it did not fail')
}

function recorded(name: string): PgpRef {
  const { sops } = JSON.parse(readFileSync(join(corpus, 'fixtures/matrix', name, 'encrypted.json'), 'utf8')) as { sops: { pgp: { enc: string; fp: string }[] } }
  return refOf(sops.pgp[0]?.enc ?? '', sops.pgp[0]?.fp ?? '')
}

describe('keys in this process', () => {
  it.each([['RSA', rsa, 'json-default-pgp-rsa'], ['ECC', ecc, 'json-default-pgp-ecc']] as const)('open what gpg encrypted to %s', async (_, key, name) => {
    expect((await providerOf(key.secret).unwrap(recorded(name), options))?.length).toBe(32)
  })

  it.each([['RSA', rsa], ['ECC', ecc]] as const)('encrypt to %s as a fresh message without final newline', async (_, key) => {
    const own = providerOf(key.secret, { publicKeys: async () => key.known })
    const ref = own.fromText(key.fingerprint, context)
    const [first, second] = [await own.wrap(part, ref, options), await own.wrap(part, ref, options)]
    expect(first.enc).toMatch(/^-----BEGIN PGP MESSAGE-----\n[\s\S]+-----END PGP MESSAGE-----$/)
    expect(first.enc).not.toBe(second.enc)
    expect(await own.unwrap(first, options)).toEqual(new Uint8Array(part))
  })

  it('come as several armored blocks in one file, secret and public, or as binary packets', async () => {
    const [binaryRsa, binaryEcc] = await Promise.all([rsa, ecc].map(async ({ secret }) => (await openpgp.readKey({ armoredKey: secret.toString() })).write()))
    const files = [Buffer.concat([ecc.known, rsa.secret, Buffer.from('# notes between them\n'), ecc.secret]), Buffer.concat([binaryRsa as Uint8Array, binaryEcc as Uint8Array])]
    for (const file of files) {
      for (const name of ['json-default-pgp-rsa', 'json-default-pgp-ecc']) expect((await providerOf(file).unwrap(recorded(name), options))?.length).toBe(32)
    }
  })

  it('are named by fingerprint in any case, key ID, 0x, or a subkey that "!" forces', async () => {
    const subkey = '35898C80EA5E71C65E5AF0D6758A71D782FBB013'
    for (const name of [rsa.fingerprint.toLowerCase(), rsa.fingerprint.slice(-16), `0x${rsa.fingerprint}`, subkey, `${subkey}!`]) {
      const { enc } = await provider.wrap(part, provider.fromText(name, context), options)
      const message = await openpgp.readMessage({ armoredMessage: enc })
      expect(message.getEncryptionKeyIDs().map((id) => id.toHex())).toEqual([subkey.slice(-16).toLowerCase()])
    }
  })

  it('that cannot encrypt are refused when "!" forces them', async () => {
    const forced = provider.fromText(`${rsa.fingerprint}!`, context)
    expect(await reasonOf(provider.wrap(part, forced, options))).toMatch(/^WRAP_FAILED key with fingerprint '\w+!' cannot be used to encrypt/)
  })

  it('are read once, and only if gpg fails', async () => {
    let reads = 0
    const secretKeys = async (): Promise<Uint8Array> => {
      reads += 1
      return rsa.secret
    }
    const keyring = keyringOf(rsa.secret, { secretKeys })
    const fallback = createPgpProvider({ gpg: noGpg, keyring })
    for (let i = 0; i < 3; i++) await fallback.unwrap(recorded('json-default-pgp-rsa'), options)
    expect(reads).toBe(1)
    const gpg: RunProgram = async () => ({ ok: true, stdout: part, stderr: '' })
    expect(await createPgpProvider({ gpg, keyring }).unwrap(recorded('json-default-pgp-rsa'), options)).toEqual(part)
    expect(reads).toBe(1)
    expect(await createPgpProvider({ gpg, keyring: { ...keyring, isPreferred: true } }).unwrap(recorded('json-default-pgp-rsa'), options)).not.toEqual(part)
    expect(reads).toBe(2)
  })

  it('say what they cannot do, and nothing of the keys or the message', async () => {
    const ref = recorded('json-default-pgp-rsa')
    expect(await reasonOf(providerOf(ecc.secret).unwrap(ref, options))).toBe('IDENTITY_INVALID reading PGP message failed: no secret key fits')
    expect(await reasonOf(providerOf(rsa.known).unwrap(ref, options))).toBe('IDENTITY_INVALID reading PGP message failed: no secret key fits')
    for (const file of ['', 'no key', rsa.secret.toString().replace('\nlQ', '\nlX')]) {
      expect(await reasonOf(providerOf(Buffer.from(file)).unwrap(ref, options))).toBe('IDENTITY_INVALID reading PGP keys failed: malformed or unsupported key')
    }
    expect(await reasonOf(providerOf(ecc.known).wrap(part, ref, options))).toBe(`WRAP_FAILED key with fingerprint '${rsa.fingerprint}' is not available in keyring`)
  })
})

describe('a message', () => {
  const rsaKey = openpgp.readPrivateKey({ armoredKey: rsa.secret.toString() })

  it('that is none, or was altered, is refused', async () => {
    const { enc } = recorded('json-default-pgp-rsa')
    const lines = enc.split('\n')
    const flipped = [...lines.slice(0, -4), lines.at(-4)?.replace(/[A-Za-z]/g, (char) => (char === 'A' ? 'B' : 'A')), ...lines.slice(-3)].join('\n')
    expect(flipped).not.toBe(enc)
    expect(await reasonOf(provider.unwrap(refOf('nothing'), options))).toBe('IDENTITY_INVALID armor decoding failed: not an OpenPGP message')
    expect(await reasonOf(provider.unwrap(refOf(flipped), options))).toBe('IDENTITY_INVALID reading PGP message failed: wrong key or altered message')
  })

  it('to a recipient that it does not tell opens all the same', async () => {
    const message = await openpgp.createMessage({ binary: part })
    const enc = await openpgp.encrypt({ message, encryptionKeys: (await rsaKey).toPublic(), wildcard: true })
    expect(await provider.unwrap(refOf(enc), options)).toEqual(new Uint8Array(part))
  })

  it('that unpacks to far more than a data key is refused', async () => {
    const message = await openpgp.createMessage({ binary: new Uint8Array(10_000_000) })
    const enc = await openpgp.encrypt({ message, encryptionKeys: (await rsaKey).toPublic(), config: { preferredCompressionAlgorithm: openpgp.enums.compression.zlib } })
    expect(await reasonOf(provider.unwrap(refOf(enc), options))).toBe('IDENTITY_INVALID reading PGP message failed: wrong key or altered message')
  })
})

describe('a protected key', () => {
  let locked: Uint8Array
  let ref: PgpRef
  beforeAll(async () => {
    const privateKey = await openpgp.readPrivateKey({ armoredKey: ecc.secret.toString() })
    locked = Buffer.from((await openpgp.encryptKey({ privateKey, passphrase: 'open sesame' })).armor())
    ref = recorded('json-default-pgp-ecc')
  })

  it('asks for its passphrase once, when it is needed', async () => {
    let asked = 0
    const passphrase = async (): Promise<string> => {
      asked += 1
      return 'open sesame'
    }
    const own = providerOf(Buffer.concat([locked, rsa.secret]), { passphrase })
    await own.unwrap(recorded('json-default-pgp-rsa'), options)
    expect(asked).toBe(0)
    for (let i = 0; i < 2; i++) expect((await own.unwrap(ref, options))?.length).toBe(32)
    expect(asked).toBe(1)
  })

  it('is passed over when another one opens a message that hides whom it is for', async () => {
    const message = await openpgp.createMessage({ binary: part })
    const [rsaKey, eccKey] = await Promise.all([rsa, ecc].map(({ known }) => openpgp.readKey({ armoredKey: known.toString() })))
    const asked: string[] = []
    const own = providerOf(Buffer.concat([locked, rsa.secret]), {
      async passphrase(keyId) {
        asked.push(keyId)
        return 'open sesame'
      },
    })
    const hidden = async (key: openpgp.Key | undefined): Promise<PgpRef> => refOf(await openpgp.encrypt({ message, encryptionKeys: key ?? [], wildcard: true }))
    expect(Buffer.from((await own.unwrap(await hidden(rsaKey), options)) ?? [])).toEqual(part)
    expect(asked).toEqual([])
    expect(Buffer.from((await own.unwrap(await hidden(eccKey), options)) ?? [])).toEqual(part)
    expect(asked).toEqual([ecc.fingerprint.slice(-8)])
  })

  it('is asked for again after a wrong passphrase, which nobody is to remember', async () => {
    const [answers, forgotten] = [['guess', 'open sesame'], [] as string[]]
    const own = providerOf(locked, { passphrase: async () => answers.shift() ?? '', forgetPassphrase: async (keyId) => void forgotten.push(keyId) })
    expect(await reasonOf(own.unwrap(ref, options))).toMatch(/incorrect passphrase/)
    expect((await own.unwrap(ref, options))?.length).toBe(32)
    expect(forgotten).toEqual([ecc.fingerprint.slice(-8)])
  })

  it('refuses a wrong passphrase, and says when there is none', async () => {
    const wrong = providerOf(locked, { passphrase: async () => 'guess' })
    expect(await reasonOf(wrong.unwrap(ref, options))).toBe(`IDENTITY_INVALID incorrect passphrase for PGP key ${ecc.fingerprint}, or the key is damaged`)
    expect(await reasonOf(providerOf(locked).unwrap(ref, options))).toBe(`IDENTITY_INVALID PGP key ${ecc.fingerprint} is protected by a passphrase: there is no terminal to ask on`)
  })
})
