/**
 * Generated documents: a text of one of the formats, and what it is encrypted with.
 * @module
 */
import * as fc from 'fast-check'
import type { Format } from '@waxseal/core'
import { binary, dotenv, ini, json, yaml } from '@waxseal/formats'
import { binaryContent } from './binary.ts'
import { dotenvText } from './dotenv.ts'
import { iniText } from './ini.ts'
import { jsonText } from './json.ts'
import { settingsOf, type Settings } from './settings.ts'
import { yamlText } from './yaml.ts'

export interface Generated {
  /** For `only`, to make it again. */
  readonly name: string
  readonly format: Format
  readonly source: Uint8Array
  readonly settings: Settings
  /** Whether our file gets one, as native commands write it. */
  readonly layoutHint: boolean
  /** Decides how the encrypted file is tampered with. */
  readonly tampering: number
}

/** Half of them YAML, where most can go wrong. */
const SHARES: readonly (readonly [Format, fc.Arbitrary<Uint8Array>, number])[] = [
  [yaml, yamlText, 0.5],
  [json, jsonText, 0.18],
  [ini, iniText, 0.15],
  [dotenv, dotenvText, 0.12],
  [binary, binaryContent, 0.05],
]

/** The same for the same seed; fewer of them are the first of more. */
export function generateDocuments(count: number, seed: number, withPgp: boolean): Generated[] {
  return SHARES.flatMap(([format, source, share]) => {
    const arbitrary = fc.record({ source, settings: settingsOf(withPgp), layoutHint: fc.boolean(), tampering: fc.nat() })
    return fc.sample(arbitrary, { seed, numRuns: Math.max(1, Math.round(count * share)) }).map((one, at) => ({ name: `${format.name} ${at}`, format, ...one }))
  })
}
