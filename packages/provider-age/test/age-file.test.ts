/** The vectors of the age file format. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { CodedError } from '@waxseal/core'
import { parseAgeFile, readPayload } from '../src/age-file.ts'
import { armor, dearmor } from '../src/armor.ts'
import { parseIdentities } from '../src/identity-file.ts'
import { createAgeProvider } from '../src/index.ts'
import { createOpener } from '../src/opener.ts'
import { readScryptStanza, unwrapForPassphrase } from '../src/scrypt.ts'

const FOLDER = join(import.meta.dirname, '../../../fixtures/cctv-age-20251208/vectors')
const COUNT = 143
const signal = new AbortController().signal

interface Vector {
  readonly name: string
  readonly expect: string
  readonly identities: readonly string[]
  readonly passphrase: string | undefined
  /** SHA-256 of what the file holds. */
  readonly payload: string | undefined
  readonly armored: boolean
  readonly file: Buffer
}

function readVector(name: string): Vector {
  const bytes = readFileSync(join(FOLDER, name))
  const end = bytes.indexOf('\n\n')
  const head = bytes.toString('utf8', 0, end).split('\n').map((line) => line.split(': '))
  const all = (key: string): string[] => head.filter(([k]) => k === key).map(([, value = '']) => value)
  const body = bytes.subarray(end + 2)
  return {
    name,
    expect: all('expect')[0] ?? '',
    identities: all('identity'),
    passphrase: all('passphrase')[0],
    payload: all('payload')[0],
    armored: all('armored')[0] === 'yes',
    file: all('compressed')[0] === 'zlib' ? inflateSync(body) : body,
  }
}

/** SHA-256 of what comes out, 'none', or the error's message. */
async function outcomeOf({ file, armored, identities, passphrase }: Vector): Promise<string> {
  try {
    const opened = parseAgeFile(armored ? dearmor(file.toString('latin1')) : file)
    let payload: Uint8Array | null
    if (passphrase === undefined) payload = await createOpener({})(opened, parseIdentities(identities.join('\n')), signal)
    else {
      const stanza = readScryptStanza(opened)
      const fileKey = stanza && (await unwrapForPassphrase(stanza, passphrase))
      payload = fileKey && readPayload(opened, fileKey)
    }
    return payload ? createHash('sha256').update(payload).digest('hex') : 'none'
  } catch (error) {
    if (error instanceof CodedError && error.code === 'METADATA_INVALID') return error.message
    throw error
  }
}

const vectors = readdirSync(FOLDER).map(readVector)
const EXPECTED: Readonly<Record<string, RegExp>> = {
  'no match': /^none$/,
  'HMAC failure': /^malformed age file: bad header MAC$/,
  'header failure': /^malformed age file: (?!bad header MAC|payload)/,
  'armor failure': /^invalid armor: /,
  'payload failure': /^malformed age file: payload /,
}

describe('age vectors', () => {
  it('are all there', () => {
    expect(vectors.length).toBe(COUNT)
    expect(new Set(vectors.map((vector) => vector.expect))).toEqual(new Set(['success', ...Object.keys(EXPECTED)]))
  })

  it.each(vectors)('$name: $expect', async (vector) => {
    const outcome = await outcomeOf(vector)
    if (vector.expect === 'success') expect(outcome).toBe(vector.payload)
    else expect(outcome).toMatch(EXPECTED[vector.expect] ?? /never/)
  })
})

describe('identity files that a passphrase protects', () => {
  const named = (name: string): Vector => readVector(name)
  const entry: Record<string, string> = { enc: armor(named('x25519').file), recipient: '' }

  /** What the provider says to this identity file. */
  async function reasonFor(file: Buffer, passphrase: string): Promise<{ readonly message: string; readonly forgotten: number }> {
    let forgotten = 0
    const passphrases = { ask: async () => passphrase, forget: async () => void forgotten++ }
    const provider = createAgeProvider([{ location: 'keys.txt', form: 'file', load: async () => Buffer.from(file) }], { passphrases })
    const message = await provider.unwrap(provider.parse(entry), { signal }).then(() => '', (error: CodedError) => error.message)
    return { message, forgotten }
  }

  // The vectors hold no identities: a file that opens is then refused for what is in it.
  it('are opened, and what is in them is read', async () => {
    const { file, passphrase = '' } = named('scrypt')
    expect(await reasonFor(file, passphrase)).toEqual({ message: 'failed to create reader for decrypting sops data key with age: unknown identity type', forgotten: 0 })
  })

  it('stay closed under another passphrase, which nobody is to remember', async () => {
    const { file } = named('scrypt')
    for (const wrong of ['wrong', '']) {
      const message = "failed to create reader for decrypting sops data key with age: incorrect passphrase for identity 'keys.txt', or the file is damaged"
      expect(await reasonFor(file, wrong)).toEqual({ message, forgotten: 1 })
    }
  })

  it.each([
    ['scrypt_work_factor_23', 'malformed age file: scrypt work factor 23 is more than 22'],
    ['scrypt_and_x25519', 'malformed age file: a passphrase must be the only recipient'],
    ['x25519', 'the file is encrypted, but not with a passphrase'],
  ])('are refused before anybody is asked: %s', async (name, reason) => {
    expect(await reasonFor(named(name).file, '')).toEqual({ message: `failed to load age identities. Errors while loading age identities: failed to parse 'keys.txt' age identities: ${reason}`, forgotten: 0 })
  })
})
