import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseAgeFile, encodeUnpadded, writeAgeFile } from '../src/age-file.ts'
import { armor, dearmor } from '../src/armor.ts'
import { createAgeProvider, type IdentitySource } from '../src/index.ts'
import { parseSshPrivateKey, parseSshPublicKey } from '../src/ssh-key.ts'

const RECORDED = join(import.meta.dirname, '../../../fixtures/sops-3.13.2')
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
    const key = parseSshPrivateKey(privateText('rsa'))
    const pem = key.kind === 'ssh-rsa' ? key.key.export({ type, format: 'pem' }) : ''
    expect(parseSshPrivateKey(pem).wire).toEqual(parseSshPublicKey(publicLine('rsa'))?.wire)
  })

  it('reads Ed25519 from PKCS 8', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const found = parseSshPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }))
    expect(found.kind).toBe('ssh-ed25519')
    expect(found.wire.subarray(-32)).toEqual(publicKey.export({ type: 'spki', format: 'der' }).subarray(-32))
  })

  it.each([
    ['nothing', '', 'no key found'],
    ['an age identity', 'AGE-SECRET-KEY-1QQQ\n', 'no key found'],
    ['a protected key', openSshFile('aes256-ctr', 'ssh-ed25519'), 'protected by a passphrase'],
    ['a protected PEM key', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString(), 'protected by a passphrase'],
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
    const field = (content: Buffer): Buffer => Buffer.concat([Buffer.of(0, 0, 0, content.length), content])
    const wire = Buffer.concat([field(Buffer.from('ssh-rsa')), field(Buffer.from(e, 'base64url')), field(Buffer.concat([Buffer.of(0), Buffer.from(n, 'base64url')]))])
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
