import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CodedError } from '@waxseal/core'
import { parseAgeFile, writeAgeFile } from '../src/age-file.ts'
import { armor, dearmor } from '../src/armor.ts'
import { createAgeProvider, type IdentitySource, type PassphraseRequest } from '../src/index.ts'
import { encodeUnpadded } from '../src/primitives.ts'
import { parseSshPublicKey, type SshPrivateKey } from '../src/ssh-key.ts'
import { parseSshPrivateKey } from '../src/ssh-key-file.ts'
import { wireOf } from '../src/ssh-wire.ts'

const RECORDED = join(import.meta.dirname, '../../../fixtures/sops-3.13.2')
const PROTECTED = join(import.meta.dirname, '../../../fixtures/openssh-9.2p1')
const options = { signal: new AbortController().signal }
const context = { now: new Date() }
const KINDS = ['ed25519', 'rsa'] as const

const publicLine = (kind: string): string => readFileSync(join(RECORDED, 'keys', `ssh_${kind}.pub`), 'utf8').trim()
const privateText = (kind: string): string => readFileSync(join(RECORDED, 'keys', `ssh_${kind}`), 'utf8')
const source = (text: string): IdentitySource => ({ location: '~/.ssh/key', form: 'ssh', unreadable: 'malformed SSH identity in "key"', load: async () => text })

function recordedEntry(kind: string): Record<string, string> {
  const file = readFileSync(join(RECORDED, 'fixtures', 'matrix', `json-default-ssh-${kind}`, 'encrypted.json'), 'utf8')
  const { sops } = JSON.parse(file) as { sops: { age: Record<string, string>[] } }
  return sops.age[0] ?? {}
}

function readKey(text: string): SshPrivateKey {
  const key = parseSshPrivateKey(text)
  if (key.kind === 'locked') throw new TypeError('a protected key')
  return key
}

/** One of OpenSSH's private key files, of any fields. */
function openSshFile(cipher: string, kind: string): string {
  const field = (content: Uint8Array | string): Buffer => Buffer.concat([Buffer.of(0, 0, 0, content.length), Buffer.from(content)])
  const secret = Buffer.concat([Buffer.from('0000000100000001', 'hex'), field(kind)])
  const body = Buffer.concat([Buffer.from('openssh-key-v1\0'), field(cipher), field('none'), field(''), Buffer.of(0, 0, 0, 1), field('public'), field(secret)])
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${body.toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`
}

describe.each(KINDS)('ssh-%s', (kind) => {
  const provider = createAgeProvider([source(privateText(kind))])

  it("opens the real program's wrapped data key", async () => {
    const entry = recordedEntry(kind)
    expect(entry['recipient']).toMatch(new RegExp(`^ssh-${kind} `))
    expect((await provider.unwrap(provider.parse(entry), options))?.length).toBe(32)
  })

  it.each([32, 33])('wraps and unwraps %i bytes', async (size) => {
    const part = Buffer.alloc(size, 7)
    const wrapped = await provider.wrap(part, provider.fromText(publicLine(kind), context), options)
    expect(Buffer.from((await provider.unwrap(wrapped, options)) ?? [])).toEqual(part)
  })

  it('is not opened by the other key, nor after a change', async () => {
    const entry = recordedEntry(kind)
    const other = createAgeProvider([source(privateText(kind === 'rsa' ? 'ed25519' : 'rsa'))])
    await expect(other.unwrap(other.parse(entry), options)).rejects.toMatchObject({ code: 'IDENTITY_INVALID' })
    const { stanzas, payload } = parseAgeFile(dearmor(entry['enc'] ?? ''))
    const [stanza] = stanzas
    const body = Buffer.from(stanza?.body ?? [])
    body[3] = (body[3] ?? 0) ^ 1
    const altered = writeAgeFile(payload, Buffer.alloc(16), [{ args: stanza?.args ?? [], body }], Buffer.alloc(16))
    await expect(provider.unwrap(provider.parse({ ...entry, enc: armor(altered) }), options)).rejects.toMatchObject({
      code: 'METADATA_INVALID',
      message: expect.stringContaining('failed to decrypt file key'),
    })
  })
})

describe('ssh keys in other files', () => {
  it.each(['pkcs1', 'pkcs8'] as const)('reads RSA from %s', (type) => {
    const pem = readKey(privateText('rsa')).key.export({ type, format: 'pem' }).toString()
    expect(readKey(pem).wire).toEqual(parseSshPublicKey(publicLine('rsa'))?.wire)
  })

  it('reads Ed25519 from PKCS 8', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const found = readKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
    expect(found.kind).toBe('ssh-ed25519')
    expect(found.wire.subarray(-32)).toEqual(publicKey.export({ type: 'spki', format: 'der' }).subarray(-32))
  })

  it.each([
    ['nothing', '', 'no key found'],
    ['an age identity', 'AGE-SECRET-KEY-1QQQ\n', 'no key found'],
    ['another kind', openSshFile('none', 'ecdsa-sha2-nistp256'), 'keys of type "ecdsa-sha2-nistp256" cannot be used'],
    ['another kind in PEM', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 'keys of type ec cannot be used'],
    ['a key that is cut off', openSshFile('none', 'ssh-rsa'), 'malformed OpenSSH key'],
    ['something else', '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n', 'invalid openssh private key format'],
    ['broken PEM', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', 'malformed private key'],
  ])('refuses %s', async (_, text, reason) => {
    const provider = createAgeProvider([source(text)])
    await expect(provider.unwrap(provider.parse(recordedEntry('rsa')), options)).rejects.toMatchObject({
      code: 'IDENTITY_INVALID',
      message: expect.stringMatching(new RegExp(`^failed to load age identities\\. Errors while loading age identities: malformed SSH identity in "key": ssh: .*${reason}`)),
    })
  })
})

describe('ssh keys that a passphrase protects', () => {
  const locked = (name: string): string => readFileSync(join(PROTECTED, name), 'utf8')

  /** The provider with one protected key file, and what it asked. */
  function asking(text: string, passphrase: string | CodedError, publicKey?: string) {
    const asked: PassphraseRequest[] = []
    const provider = createAgeProvider([{ ...source(text), sshFile: { path: 'key', loadPublicKey: async () => publicKey ?? Promise.reject(new CodedError('FILE_NOT_FOUND', 'key.pub: no such file')) } }], {
      passphrases: {
        async ask(request) {
          asked.push(request)
          if (typeof passphrase !== 'string') throw passphrase
          return passphrase
        },
        forget: async () => {},
      },
    })
    return { asked, unwrap: (kind: string) => provider.unwrap(provider.parse(recordedEntry(kind)), options) }
  }

  it.each(['aes256-ctr', 'aes192-ctr', 'aes128-ctr', 'aes256-cbc', 'aes192-cbc', 'aes128-cbc', '24-rounds'])('open: ed25519, %s', async (name) => {
    const { asked, unwrap } = asking(locked(`ed25519-${name}`), 'correct horse')
    for (let i = 0; i < 2; i++) expect((await unwrap('ed25519'))?.length).toBe(32)
    expect(asked).toEqual([{ question: 'Enter passphrase for "key":' }])
  })

  it.each(['aes256-ctr', 'pem', 'pem-aes256', 'pkcs8'])('open: rsa, %s', async (name) => {
    const { asked, unwrap } = asking(locked(`rsa-${name}`), 'correct horse', `# mine\n${publicLine('rsa')}\n`)
    expect((await unwrap('rsa'))?.length).toBe(32)
    expect(asked.length).toBe(1)
  })

  it.each(['ed25519-aes256-ctr', 'ed25519-aes256-cbc', 'rsa-pem', 'rsa-pkcs8'])('stay closed under another passphrase: %s', async (name) => {
    const kind = name.startsWith('rsa') ? 'rsa' : 'ed25519'
    for (const wrong of ['correct', '']) {
      const { unwrap } = asking(locked(name), wrong, publicLine(kind))
      const message = 'failed to create reader for decrypting sops data key with age: incorrect passphrase for "key", or the file is damaged'
      await expect(unwrap(kind)).rejects.toMatchObject({ code: 'IDENTITY_INVALID', message })
    }
  })

  it('are not asked for when the file is for another key', async () => {
    const { asked, unwrap } = asking(locked('ed25519-aes256-ctr'), 'correct horse')
    await expect(unwrap('rsa')).rejects.toMatchObject({ code: 'IDENTITY_INVALID', message: expect.stringContaining('identity did not match any of the recipients') })
    expect(asked).toEqual([])
  })

  it('are not opened when nobody answers', async () => {
    await expect(asking(locked('ed25519-aes256-ctr'), new CodedError('USAGE', 'there is no terminal to ask on')).unwrap('ed25519')).rejects.toMatchObject({
      message: expect.stringContaining(': could not read passphrase for "key": there is no terminal to ask on'),
    })
    await expect(asking(locked('ed25519-aes256-ctr'), new CodedError('CANCELED', 'canceled')).unwrap('ed25519')).rejects.toMatchObject({ code: 'CANCELED' })
  })

  it.each([
    ['another cipher', locked('ed25519-chacha20-poly1305'), 'cipher "chacha20-poly1305@openssh.com" is not supported'],
    ['an authenticated cipher', locked('ed25519-aes256-gcm'), 'cipher "aes256-gcm@openssh.com" is not supported'],
    ['another kind', locked('ecdsa'), 'keys of type "ecdsa-sha2-nistp256" cannot be used'],
    ['one that is cut off', locked('ed25519-aes256-ctr').replace(/.{8}\n-----END/, '\n-----END'), 'malformed OpenSSH key'],
    ['PEM without the public key beside it', locked('rsa-pem'), 'key.pub: no such file'],
  ])('are refused at once: %s', async (_, text, reason) => {
    const { asked, unwrap } = asking(text, 'correct horse')
    await expect(unwrap('rsa')).rejects.toMatchObject({ code: 'IDENTITY_INVALID', message: expect.stringContaining(reason) })
    expect(asked).toEqual([])
  })

  it('are refused with more work than the reference allows', async () => {
    const bytes = Buffer.from(locked('ed25519-aes256-ctr').replace(/-----.*-----\n/g, ''), 'base64')
    bytes.writeUInt32BE(2049, bytes.indexOf(Buffer.from('0000000100000001', 'hex')))
    const { unwrap } = asking(`-----BEGIN OPENSSH PRIVATE KEY-----\n${bytes.toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`, 'correct horse')
    await expect(unwrap('ed25519')).rejects.toMatchObject({ message: expect.stringContaining('2049 rounds of key derivation are more than 2048') })
  })

  it('and come from a command are refused', async () => {
    const provider = createAgeProvider([source(locked('ed25519-aes256-ctr'))])
    await expect(provider.unwrap(provider.parse(recordedEntry('ed25519')), options)).rejects.toMatchObject({ message: expect.stringContaining('is password protected, which is unsupported there') })
  })

  it('belong to the public key beside them', async () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const { n = '', e = '' } = publicKey.export({ format: 'jwk' })
    const other = wireOf(Buffer.from('ssh-rsa'), Buffer.from(e, 'base64url'), Buffer.concat([Buffer.of(0), Buffer.from(n, 'base64url')]))
    const line = `ssh-rsa ${other.toString('base64')}`
    const provider = createAgeProvider([{ ...source(locked('rsa-pem')), sshFile: { path: 'key', loadPublicKey: async () => line } }], {
      passphrases: { ask: async () => 'correct horse', forget: async () => {} },
    })
    const wrapped = await provider.wrap(Buffer.alloc(32), provider.fromText(line, context), options)
    await expect(provider.unwrap(wrapped, options)).rejects.toMatchObject({ message: expect.stringContaining('does not belong to the public key beside it') })
  })
})

describe('ssh recipients', () => {
  const provider = createAgeProvider([])

  it.each([
    ['ssh-ed25519 AAAA'],
    ['ssh-dss AAAAB3NzaC1kc3M='],
    ['ssh-ed25519'],
    [publicLine('rsa').replace('ssh-rsa', 'ssh-ed25519')],
    [publicLine('ed25519').replace(/(AAAA\S+)/, '$1AAAA')],
    [`ssh-rsa ${parseSshPublicKey(publicLine('rsa'))?.wire.subarray(0, 60).toString('base64')}`],
  ])('%s is refused', (text) => {
    expect(() => provider.fromText(text, context)).toThrow(expect.objectContaining({ code: 'RECIPIENT_INVALID', message: expect.stringContaining('malformed SSH recipient') }))
  })

  it('short RSA keys are refused', () => {
    const { n = '', e = '' } = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
    const wire = wireOf(Buffer.from('ssh-rsa'), Buffer.from(e, 'base64url'), Buffer.concat([Buffer.of(0), Buffer.from(n, 'base64url')]))
    expect(() => provider.fromText(`ssh-rsa ${wire.toString('base64')}`, context)).toThrow(/RSA key size is too small/)
  })

  it.each([
    ['low order', Buffer.concat([Buffer.of(1), Buffer.alloc(31)])],
    ['no point of the curve', Buffer.concat([Buffer.of(2), Buffer.alloc(31)])],
  ])('a key of %s is refused when wrapping', async (_, point) => {
    const wire = Buffer.concat([Buffer.of(0, 0, 0, 11), Buffer.from('ssh-ed25519'), Buffer.of(0, 0, 0, 32), point])
    const ref = provider.fromText(`ssh-ed25519 ${wire.toString('base64')}`, context)
    await expect(provider.wrap(Buffer.alloc(32), ref, options)).rejects.toMatchObject({ code: 'RECIPIENT_INVALID' })
  })

  it('fingerprints are short and unpadded', async () => {
    const wrapped = await provider.wrap(Buffer.alloc(32), provider.fromText(publicLine('ed25519'), context), options)
    const name = parseAgeFile(dearmor(wrapped.enc)).stanzas[0]?.args[1] ?? ''
    expect(encodeUnpadded(Buffer.from(name, 'base64'))).toBe(name)
    expect(Buffer.from(name, 'base64').length).toBe(4)
  })
})
