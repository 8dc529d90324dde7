/**
 * Every file that the real sops wrote for an age key decrypts to the text that the real sops gave, byte for byte.
 * What differs on purpose is listed in expected-differences.json by kind; docs/deviations.md explains the kinds.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CodedError } from '@waxseal/core'
import { formatByName } from '@waxseal/formats'
import { decryptBytes } from '../pipeline.ts'
import { FIXTURES } from '../programs.ts'

interface Fixture {
  readonly id: string
  readonly store: string
  readonly exit: number
  readonly encrypted?: string
  readonly decrypt_env?: Readonly<Record<string, string>>
  /** Which secret PGP keys it needs; `none` for the files of this test. */
  readonly gnupg?: string
  readonly decrypted?: string
  readonly decrypted_if_fixed?: string
}

const folder = join(FIXTURES, 'sops-3.13.2')
const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as { readonly fixtures: readonly Fixture[] }
const differences = JSON.parse(readFileSync(join(import.meta.dirname, 'expected-differences.json'), 'utf8')) as Readonly<Record<string, readonly string[]>>
const expected = new Map(Object.entries(differences).flatMap(([kind, ids]) => ids.map((id) => [id, kind] as const)))

const usable = index.fixtures.filter(({ encrypted, decrypt_env: env, decrypted, decrypted_if_fixed: fixed, gnupg }) => {
  const keys = Object.entries(env ?? {})
  return encrypted && (decrypted ?? fixed) && gnupg === 'none' && keys.length === 1 && keys[0]?.[0] === 'SOPS_AGE_KEY_FILE'
})

/** `same`, `different`, or the code of the error. */
async function outcome(fixture: Fixture): Promise<string> {
  const format = formatByName(fixture.store)
  if (!format) return `no format ${fixture.store}`
  const keyFile = Object.values(fixture.decrypt_env ?? {})[0]?.replace('{KEYS}', join(folder, 'keys')) ?? ''
  try {
    const plain = await decryptBytes(format, readFileSync(join(folder, fixture.encrypted ?? '')), readFileSync(keyFile, 'utf8'))
    const wanted = readFileSync(join(folder, fixture.decrypted_if_fixed ?? fixture.decrypted ?? ''))
    return wanted.equals(plain) ? 'same' : 'different'
  } catch (error) {
    if (error instanceof CodedError) return error.code
    throw error
  }
}

describe('files that the real sops wrote', () => {
  for (const store of ['yaml', 'json', 'binary', 'dotenv', 'ini']) {
    const fixtures = usable.filter((fixture) => fixture.store === store)
    it(`${fixtures.length} ${store} files decrypt to its own text`, { timeout: 120_000 }, async () => {
      expect(fixtures.length).toBeGreaterThan(10)
      const unexpected: string[] = []
      for (const fixture of fixtures) {
        const result = await outcome(fixture)
        const listed = expected.get(fixture.id)
        if (result !== 'same' && listed === undefined) unexpected.push(`${fixture.id}: ${result}`)
        if (result === 'same' && listed !== undefined) unexpected.push(`${fixture.id}: listed as "${listed}", but is the same`)
      }
      expect(unexpected).toEqual([])
    })
  }
})
