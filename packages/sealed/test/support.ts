import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CodedError } from '@waxseal/core'
import { parseCertificate, type SealingCertificate } from '../src/certificate.ts'
import { parseSealingKey, type SealingKey } from '../src/sealing-key.ts'

const FIXTURES = join(import.meta.dirname, '../../../fixtures/sealed-secrets-0.38.4-de72a97b')

/** A sealed file of the real kubeseal, and what is in it. */
export interface SealedItemFile {
  readonly file: string
  readonly key: string
  readonly namespace: string
  readonly name: string
  readonly scope: string
  readonly type?: string
  readonly plaintext: Readonly<Record<string, string>>
}

export const fixture = (path: string): string => readFileSync(join(FIXTURES, path), 'utf8')
export const recordings = (): readonly SealedItemFile[] => (JSON.parse(fixture('index.json')) as { items: SealedItemFile[] }).items
export const keyNames = (): readonly string[] =>
  readdirSync(join(FIXTURES, 'keys'))
    .filter((name) => name.endsWith('.secret.json'))
    .map((name) => name.replace('.secret.json', ''))

export const fixtureKey = (name: string): SealingKey => parseSealingKey(fixture(`keys/${name}.key`))
export const fixtureCertificate = (name: string): SealingCertificate => parseCertificate(fixture(`keys/${name}.crt`))

/** The code that a call throws; fails the test if it throws anything else or nothing. */
export function codeOf(call: () => unknown): string {
  return errorOf(call).code
}

export function errorOf(call: () => unknown): CodedError {
  try {
    call()
  } catch (error) {
    if (error instanceof CodedError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
