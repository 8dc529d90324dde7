/**
 * One document through the real sops and through this code, with the same keys.
 * @module
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CodedError, encryptDocument, openDocument, type Document, type Format, type KeyGroup, type KeyProvider, type Providers, type Ref } from '@waxseal/core'
import { createAgeProvider, type IdentitySource } from '@waxseal/provider-age'
import { createPgpProvider } from '@waxseal/provider-pgp'
import { exitStatusOf } from '../../../cli/src/exit-status.ts'
import { FIXTURES, run } from '../../programs.ts'
import type { Generated } from './documents.ts'
import type { KeyName } from './settings.ts'

const VERSION = '3.13.2'
const KEYS = join(FIXTURES, 'sops-3.13.2', 'keys')
const keyText = (file: string): string => readFileSync(join(KEYS, file), 'utf8')
const agePublic = (file: string): string => /public key: (\S+)/.exec(keyText(file))?.[1] ?? ''
const RECIPIENTS: Readonly<Record<KeyName, string>> = {
  'age-a': agePublic('age-a.txt'),
  'age-b': agePublic('age-b.txt'),
  'age-c': agePublic('age-c.txt'),
  'age-pq': agePublic('age-pq.txt'),
  'ssh-ed25519': keyText('ssh_ed25519.pub').trim(),
  'ssh-rsa': keyText('ssh_rsa.pub').trim(),
  'pgp-rsa': keyText('pgp-rsa.fpr').trim(),
  'pgp-ecc': keyText('pgp-ecc.fpr').trim(),
}
const isPgp = (name: KeyName): boolean => name.startsWith('pgp')
const isSsh = (name: KeyName): boolean => name.startsWith('ssh')
const fileOf = (name: KeyName): string => (isSsh(name) ? name.replace('-', '_') : isPgp(name) ? `${name}.sec.asc` : `${name}.txt`)

/** What a program made of a file: bytes, or why not. */
export interface Result {
  /** 0, or the exit status. */
  readonly status: number
  readonly bytes: Buffer
  readonly problem: string
}

export interface Program {
  encrypt(document: Generated): Promise<Result>
  decrypt(document: Generated, encrypted: Uint8Array): Promise<Result>
}

/** @param folder - of the caller's own. @param gpg - with keys of PGP. `close` ends what was started */
export function realProgram(sops: string, folder: string, gpg: boolean): Program & { close(): void } {
  const homes = new Map<string, string>()
  let files = 0
  const write = (content: string | Uint8Array, extension: string): string => {
    const path = join(folder, `${(files += 1)}${extension}`)
    writeFileSync(path, content)
    return path
  }
  return {
    encrypt({ format, source, settings: { selection, macOnlyEncrypted, groups, threshold } }) {
      const rule = {
        key_groups: groups.map((group) => ({ age: group.filter((name) => !isPgp(name)).map((name) => RECIPIENTS[name]), pgp: group.filter(isPgp).map((name) => RECIPIENTS[name]) })),
        shamir_threshold: threshold,
        mac_only_encrypted: macOnlyEncrypted,
        ...(selection && { [selection.setting]: selection.pattern }),
      }
      const config = write(JSON.stringify({ creation_rules: [rule] }), '.yaml')
      return call(['--config', config, 'encrypt', write(source, extensionOf(format))], ['pgp-rsa', 'pgp-ecc'])
    },
    decrypt: ({ format, settings: { held } }, encrypted) => call(['decrypt', write(encrypted, extensionOf(format))], held),
    close() {
      for (const [names, home] of homes) {
        if (gpg && names.includes('pgp')) execFileSync('gpgconf', ['--kill', 'all'], { env: { ...process.env, GNUPGHOME: home }, stdio: 'ignore' })
        rmSync(home, { recursive: true, force: true })
      }
    },
  }

  async function call(args: readonly string[], held: readonly KeyName[]): Promise<Result> {
    const names = [...new Set(held)].toSorted()
    const home = homes.get(names.join()) ?? makeHome(names)
    homes.set(names.join(), home)
    const { status, stdout, stderr } = await run(sops, args, { cwd: folder, env: { HOME: home, GNUPGHOME: home, SOPS_AGE_KEY_FILE: join(home, 'age.txt') } })
    for (const path of args) if (path.startsWith(folder)) rmSync(path) // thousands together take their time in the end
    return { status: status ?? -1, bytes: stdout, problem: stderr.trim() }
  }

  /** The secret keys where the program looks for them. */
  function makeHome(names: readonly KeyName[]): string {
    const home = mkdtempSync(join(tmpdir(), 'wax-')) // short: the agent's socket is in it
    mkdirSync(join(home, '.ssh'))
    const age = names.filter((name) => !isSsh(name) && !isPgp(name))
    writeFileSync(join(home, 'age.txt'), age.map((name) => keyText(fileOf(name))).join(''))
    for (const name of names.filter(isSsh)) {
      for (const end of ['', '.pub']) copyFileSync(join(KEYS, fileOf(name) + end), join(home, '.ssh', `id_${name.slice(4)}${end}`))
    }
    if (gpg) for (const name of names.filter(isPgp)) execFileSync('gpg', ['--batch', '--quiet', '--import', join(KEYS, fileOf(name))], { env: { ...process.env, GNUPGHOME: home }, stdio: 'ignore' })
    return home
  }
}

/** This code, without a process. */
export const ownProgram: Program = {
  encrypt: ({ format, source, layoutHint, settings: { selection, macOnlyEncrypted, groups, threshold } }) =>
    resultOf(async () => {
      const document = format.parsePlain?.(source) ?? format.parse(source)
      const chosen = format.name === 'binary' ? { selection: null } : { selection, macOnlyEncrypted }
      const providers = providersOf(['pgp-rsa', 'pgp-ecc'])
      const request = { ...chosen, layoutHint, groups: groups.map((group) => refsOf(group, providers)), threshold, version: VERSION, providers, isReservedKey: (key: string) => format.isReservedKey(key) }
      const { edits, metadata } = await encryptDocument(document, request)
      return document.apply(edits, metadata)
    }),
  decrypt: ({ format, settings: { held } }, encrypted) =>
    resultOf(async () => {
      const document = parseEncrypted(format, encrypted)
      const { edits } = await openDocument(document, { providers: providersOf(held), keepNonces: false })
      return document.apply(edits, null)
    }),
}

/** The reference has one status for whatever keeps it from reading a file that it is to decrypt. */
function parseEncrypted(format: Format, encrypted: Uint8Array): Document {
  try {
    return format.parse(encrypted)
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause
    throw new CodedError('METADATA_INVALID', cause.message, { cause })
  }
}

async function resultOf(work: () => Promise<Uint8Array>): Promise<Result> {
  try {
    return { status: 0, bytes: Buffer.from(await work()), problem: '' }
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    return { status: exitStatusOf(error), bytes: Buffer.alloc(0), problem: `${error.code} ${error.message}` }
  }
}

function refsOf(group: readonly KeyName[], providers: Providers): KeyGroup {
  return group.map((name): Ref => {
    const provider = providers.get(isPgp(name) ? 'pgp' : 'age')
    if (provider === undefined) throw new TypeError(`no provider for ${name}`)
    return provider.fromText(RECIPIENTS[name], { now: new Date() })
  })
}

function providersOf(held: readonly KeyName[]): Providers {
  const sources = held.filter((name) => !isPgp(name)).map((name): IdentitySource => ({ location: name, form: isSsh(name) ? 'ssh' : 'file', load: async () => keyText(fileOf(name)) }))
  const pgpKeys = async (): Promise<Uint8Array> => Buffer.from(held.filter(isPgp).map((name) => keyText(fileOf(name))).join('\n'))
  const passphrase = (): Promise<never> => Promise.reject(new TypeError('the keys have none'))
  const pgp = createPgpProvider({ keyring: { isPreferred: true, secretKeys: pgpKeys, publicKeys: pgpKeys, passphrase } })
  return new Map<string, KeyProvider>([['age', createAgeProvider(sources)], ['pgp', pgp]])
}

function extensionOf(format: Format): string {
  return format.extensions[0] ?? '.bin'
}
