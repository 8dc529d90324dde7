/**
 * One flipped bit anywhere that counts, and the file is refused: in a token, in the key name of an encrypted value, in the MAC, its time, or the
 * wrapped key. A comment's token is the exception that the reference makes: nobody can tell a broken one from a comment that was
 * never encrypted, so it is reported.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CodedError, encryptDocument, openDocument, type Format, type Providers } from '@waxseal/core'
import { binary, dotenv, ini, json, yaml } from '@waxseal/formats'
import { createAgeProvider } from '@waxseal/provider-age'
import { AGE_KEY_FILE, AGE_RECIPIENT } from '../programs.ts'

const age = createAgeProvider([{ location: 'test key', form: 'file', load: async () => readFileSync(AGE_KEY_FILE, 'utf8') }])
const providers: Providers = new Map([['age', age]])

const SOURCES: readonly (readonly [Format, string])[] = [
  [yaml, 'password: hunter2 # secret\nnumber: 42\nlist:\n  - first\n  - 1.5\nnote_unencrypted: clear\nblock: |\n  two\n  lines\n'],
  [json, '{"password": "hunter2", "number": 42, "list": ["first", true], "note_unencrypted": "clear"}\n'],
  [dotenv, '# secret\npassword=hunter2\nother=first\nnote_unencrypted=clear\n'],
  [ini, '; secret\n[section]\npassword = hunter2\nother = first\n'],
  [binary, 'hunter2\n'],
]

async function encrypt(format: Format, source: string): Promise<Buffer> {
  const document = format.parsePlain?.(Buffer.from(source)) ?? format.parse(Buffer.from(source))
  const request = { groups: [[age.fromText(AGE_RECIPIENT, { now: new Date() })]], version: '3.13.2', providers, isReservedKey: (key: string) => format.isReservedKey(key) }
  const { edits, metadata } = await encryptDocument(document, format === binary ? { ...request, selection: null } : request)
  return Buffer.from(document.apply(edits, metadata))
}

interface Opened {
  /** Of the error; undefined if the file was accepted. */
  readonly code: string | undefined
  readonly clearComments: number
}

async function open(format: Format, file: Uint8Array): Promise<Opened> {
  try {
    const { clearComments } = await openDocument(format.parse(file), { providers, keepNonces: false })
    return { code: undefined, clearComments: clearComments.length }
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    return { code: error.code, clearComments: 0 }
  }
}

interface Range {
  readonly start: number
  readonly end: number
}

function rangesOf(file: Buffer, pattern: RegExp): Range[] {
  return [...file.toString('latin1').matchAll(pattern)].map(({ index, 0: found, 1: group = found }) => {
    const start = index + found.indexOf(group)
    return { start, end: start + group.length }
  })
}

/** All of them in CI; every fifth in an everyday run, which meets every bit and every byte of the longer ranges. */
const STEP = process.env['CI'] === 'true' ? 1 : 5

/** The files that differ from this one in one bit of a range. */
function* flips(file: Buffer, { start, end }: Range): Generator<Buffer> {
  for (let bit = start * 8; bit < end * 8; bit += STEP) {
    const flipped = Buffer.from(file)
    const at = Math.floor(bit / 8)
    flipped[at] = flipped.readUInt8(at) ^ (1 << bit % 8)
    yield flipped
  }
}

/** Places whose flips were accepted. */
async function acceptedFlips(format: Format, file: Buffer, ranges: readonly Range[]): Promise<string[]> {
  const accepted: string[] = []
  for (const range of ranges) {
    for (const flipped of flips(file, range)) {
      const { code } = await open(format, flipped)
      if (code === undefined) accepted.push(JSON.stringify(flipped.toString('latin1', range.start, range.end)))
    }
  }
  return accepted
}

const VALUE_TOKENS = /ENC\[AES256_GCM,data:[^,]*,iv:[^,]*,tag:[^,]*,type:(?!comment)\w+\]/g
const COMMENT_TOKENS = /ENC\[AES256_GCM,data:[^,]*,iv:[^,]*,tag:[^,]*,type:comment\]/g
const KEY_NAMES = /\b(password)\b/g
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g
const WRAPPED_KEY = /-----BEGIN AGE ENCRYPTED FILE-----[^]*-----END AGE ENCRYPTED FILE-----(?:\\n|\n)/g

describe.each(SOURCES.map(([format, source]) => [format.name, format, source] as const))('one flipped bit in a %s file', (_, format, source) => {
  it('in a token or the MAC is refused', { timeout: 120_000 }, async () => {
    const file = await encrypt(format, source)
    expect(await open(format, file)).toEqual({ code: undefined, clearComments: 0 })
    const ranges = rangesOf(file, VALUE_TOKENS)
    expect(ranges.length).toBeGreaterThan(1)
    expect(await acceptedFlips(format, file, ranges)).toEqual([])
  })

  if (format !== binary) it('in the key name of an encrypted value is refused', async () => {
    const file = await encrypt(format, source)
    const ranges = rangesOf(file, KEY_NAMES)
    expect(ranges).toHaveLength(1)
    expect(await acceptedFlips(format, file, ranges)).toEqual([])
  })

  it('in the time of the MAC is refused', async () => {
    const file = await encrypt(format, source)
    const ranges = rangesOf(file, TIME)
    expect(ranges).toHaveLength(1)
    expect(await acceptedFlips(format, file, ranges)).toEqual([])
  })

  it('in the wrapped key is refused', { timeout: 120_000 }, async () => {
    const file = await encrypt(format, source)
    const ranges = rangesOf(file, WRAPPED_KEY)
    expect(ranges).toHaveLength(1)
    expect(await acceptedFlips(format, file, ranges)).toEqual([])
  })

  if (/[#;]/.test(source)) it('in the token of a comment is reported', async () => {
    const file = await encrypt(format, source)
    const [range] = rangesOf(file, COMMENT_TOKENS)
    if (range === undefined) throw new TypeError('no comment')
    for (const flipped of flips(file, range)) {
      const { code, clearComments } = await open(format, flipped)
      if (code === undefined) expect(clearComments).toBe(1)
    }
  })
})
