/** The vectors of the age file format that a data key's file can meet, through the provider. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CodedError, type PlainMap } from '@waxseal/core'
import { armor } from '../src/armor.ts'
import { createAgeProvider } from '../src/index.ts'

const FOLDER = join(import.meta.dirname, '../../../fixtures/cctv-age-20251208/vectors')
const signal = new AbortController().signal

interface Vector {
  readonly name: string
  readonly expect: string
  readonly identities: readonly string[]
  readonly passphrases: readonly string[]
  readonly payload: string | undefined
  readonly armored: boolean
  readonly file: Buffer
}

function readVector(name: string): Vector {
  const bytes = readFileSync(join(FOLDER, name))
  const end = bytes.indexOf('\n\n')
  const head = bytes.toString('utf8', 0, end).split('\n').map((line) => line.split(': '))
  const all = (key: string): string[] => head.filter(([k]) => k === key).map(([, value = '']) => value)
  return {
    name,
    expect: all('expect')[0] ?? '',
    identities: all('identity'),
    passphrases: all('passphrase'),
    payload: all('payload')[0],
    armored: all('armored')[0] === 'yes',
    file: bytes.subarray(end + 2),
  }
}

/** SHA-256 of what comes out, or the error's code. */
async function outcomeOf({ file, armored, identities }: Vector): Promise<string> {
  const provider = createAgeProvider([{ location: 'vector', form: 'file', load: async () => identities.join('\n') }])
  const entry: Record<string, string> = { enc: armored ? file.toString('latin1') : armor(file), recipient: '' }
  try {
    const part = await provider.unwrap(provider.parse(entry satisfies PlainMap), { signal })
    return part ? createHash('sha256').update(part).digest('hex') : 'none'
  } catch (error) {
    if (error instanceof CodedError) return error.code
    throw error
  }
}

const vectors = readdirSync(FOLDER).map(readVector)
const forIdentities = vectors.filter(({ passphrases, identities }) => passphrases.length === 0 && identities.length > 0)

describe('age vectors', () => {
  it('are there', () => {
    expect(forIdentities.length).toBeGreaterThan(80)
    expect(forIdentities.filter((vector) => vector.expect === 'success').length).toBeGreaterThan(10)
  })

  it.each(forIdentities.filter((vector) => vector.expect === 'success'))('$name opens', async (vector) => {
    expect(await outcomeOf(vector)).toBe(vector.payload)
  })

  // One answer for everything that a post-quantum stanza can be: the library tells no more.
  it.each(forIdentities.filter((vector) => vector.expect !== 'success'))('$name is refused: $expect', async (vector) => {
    const expected = vector.expect === 'no match' || vector.name.startsWith('hybrid_') ? ['IDENTITY_INVALID', 'METADATA_INVALID'] : ['METADATA_INVALID']
    expect(expected).toContain(await outcomeOf(vector))
  })
})

describe('identity files that a passphrase protects', () => {
  const named = (name: string): Vector => readVector(name)

  it.each(vectors.filter(({ passphrases }) => passphrases.length === 1))('$name: $expect', async (vector) => {
    // The vectors hold no identities: a file that opens is then refused for what is in it.
    const asked: string[] = []
    const provider = createAgeProvider([{ location: 'keys.txt', form: 'file', load: async () => vector.file }], {
      async askPassphrase(location) {
        asked.push(location)
        return vector.passphrases[0] ?? ''
      },
    })
    const entry: Record<string, string> = { enc: armor(named('x25519').file), recipient: '' }
    const reason = vector.expect === 'success' ? 'unknown identity type' : "incorrect passphrase for identity 'keys.txt', or the file is damaged"
    const message = `failed to create reader for decrypting sops data key with age: ${reason}`
    await expect(provider.unwrap(provider.parse(entry), { signal })).rejects.toMatchObject({ code: 'IDENTITY_INVALID', message })
    expect(asked).toEqual(['keys.txt'])
  })
})
