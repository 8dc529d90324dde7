/**
 * Files that the real sops wrapped with keys of services, and the material of those keys: fixtures/sops-cloud-3.13.2.
 * @module
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { AzureSeed, GcpSeed, HuaweiSeed } from '@waxseal/testkit'
import { FIXTURES } from '../programs.ts'
import type { VaultSeed } from '../rigs/openbao.ts'

export interface CloudFixture {
  /** Below the folder. */
  readonly file: string
  readonly type: string
  readonly providers: readonly string[]
  readonly about: string
  readonly expect: 'ok' | 'fail'
  /** What `sops decrypt` printed. */
  readonly plain?: string
}

export interface CloudSeed {
  readonly azure: AzureSeed
  readonly gcp: GcpSeed
  readonly vault: VaultSeed & { readonly address: string }
  readonly huawei: HuaweiSeed
}

const folder = join(FIXTURES, 'sops-cloud-3.13.2')
const { files } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as { readonly files: readonly CloudFixture[] }

/** For programs that read it themselves. */
export const cloudSeedFile: string = join(folder, 'seed.json')
export const cloudSeed: CloudSeed = JSON.parse(readFileSync(cloudSeedFile, 'utf8')) as CloudSeed

/** Those whose every key is of one of these providers, and at least one of the first. */
export function cloudFixtures(first: string, ...others: readonly string[]): readonly CloudFixture[] {
  return files.filter(({ providers }) => providers.includes(first) && providers.every((name) => name === first || others.includes(name)))
}

/** Those that keys of several services can open. */
export const mixedFixtures: readonly CloudFixture[] = files.filter(({ providers }) => providers.includes('vault') && providers.includes('aws'))

export function cloudBytes(path: string): Buffer {
  return readFileSync(join(folder, path))
}

export function cloudText(path: string): string {
  return cloudBytes(path).toString()
}

/** SOPS moves comments when it decrypts YAML, and this program does not: so there the values count. */
export function contentOf(text: string, { type }: CloudFixture): unknown {
  return type === 'yaml' ? parse(text) : text
}
