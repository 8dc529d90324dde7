/**
 * An edit that changes nothing gives the same file, byte by byte, within the second that its MAC is bound to: whether the document
 * is written again or its plaintext parsed anew, as after an editor.
 */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CodedError, encryptDocument, openDocument, saveDocument, type Format, type Providers } from '@waxseal/core'
import { dotenv, ini, json, yaml } from '@waxseal/formats'
import { fakeProvider } from '@waxseal/testkit'
import { dotenvText } from './generated/dotenv.ts'
import { iniText } from './generated/ini.ts'
import { jsonText } from './generated/json.ts'
import { yamlText } from './generated/yaml.ts'

const fake = fakeProvider('age')
const providers: Providers = new Map([['age', fake]])
const now = (): Date => new Date('2026-11-25T00:00:00Z')

/** undefined: the generated text is not one that can be encrypted. */
async function encrypt(format: Format, source: Uint8Array): Promise<Uint8Array | undefined> {
  try {
    const document = format.parse(source)
    const isReservedKey = (key: string): boolean => format.isReservedKey(key)
    const { edits, metadata } = await encryptDocument(document, { groups: [[fake.fromText('a', { now: now() })]], version: '3.13.2', providers, isReservedKey, now })
    return document.apply(edits, metadata)
  } catch (error) {
    if (error instanceof CodedError) return undefined
    throw error
  }
}

describe.each<readonly [string, Format, fc.Arbitrary<Uint8Array>]>([
  ['yaml', yaml, yamlText],
  ['json', json, jsonText],
  ['dotenv', dotenv, dotenvText],
  ['ini', ini, iniText],
])('an edit of a %s file', (_, format, text) => {
  it('that changes nothing keeps every byte', { timeout: 60_000 }, async () => {
    let files = 0
    await fc.assert(
      fc.asyncProperty(text, async (source) => {
        const file = await encrypt(format, source)
        if (file === undefined) return
        files += 1
        const document = format.parse(file)
        const { edits, metadata } = await saveDocument(await openDocument(document, { providers }), { now })
        expect(Buffer.from(document.apply(edits, metadata)).toString()).toBe(Buffer.from(file).toString())
      }),
      { numRuns: 150, seed: 1 },
    )
    expect(files).toBeGreaterThan(50)
  })

  it('whose text was read again keeps every byte, too', { timeout: 60_000 }, async () => {
    let files = 0
    await fc.assert(
      fc.asyncProperty(text, async (source) => {
        const file = await encrypt(format, source)
        if (file === undefined) return
        const document = format.parse(file)
        const opened = await openDocument(document, { providers })
        const plain = document.apply(opened.edits, null)
        if (!Buffer.from(plain).equals(source)) return // a spelling that does not come back is an edit
        files += 1
        const replacement = format.parse(plain)
        const { edits, metadata } = await saveDocument(opened, { replacement, now })
        expect(Buffer.from(replacement.apply(edits, metadata)).toString()).toBe(Buffer.from(file).toString())
      }),
      { numRuns: 150, seed: 1 },
    )
    expect(files).toBeGreaterThan(50)
  })
})
