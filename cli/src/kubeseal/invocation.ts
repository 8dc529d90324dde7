/**
 * One call of kubeseal: what its modes share.
 * @module
 */
import { basename, dirname, extname, join, resolve } from 'node:path'
import { CodedError } from '@waxseal/core'
import { checkNotExpired, parseCertificate, type SealingCertificate } from '@waxseal/sealed'
import type { Context } from '../context.ts'
import { kindOfFile, readFileBounded, replaceFile, replaceUnchanged } from '../files.ts'
import { readCertificate } from '../sealing/certificate-source.ts'
import { Cluster, type ControllerPlace } from '../sealing/controller-service.ts'
import { manifestText, readFormat, type ManifestFormat } from '../sealing/manifest-output.ts'
import type { FlagValues } from './flags.ts'

/** Upstream creates its output by a private temporary file. */
const OUTPUT_MODE = 0o600
const TIME_UNITS: Readonly<Record<string, number>> = { '': 1000, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

export class Invocation {
  readonly context: Context
  readonly flags: FlagValues
  readonly cluster: Cluster
  readonly controller: ControllerPlace
  readonly #target: string | undefined
  readonly #written: Uint8Array[] = []
  /** What the target held, if it is the input. */
  #source: Uint8Array | undefined

  /** @throws CodedError USAGE, FILE_NOT_FOUND, FILE_UNWRITABLE - before anything is read */
  constructor(flags: FlagValues, context: Context) {
    this.flags = flags
    this.context = context
    this.cluster = new Cluster(context, clusterOptions(flags))
    this.controller = { namespace: flags.text('controller-namespace'), name: flags.text('controller-name') }
    if (flags.list('from-file').length > 0 && !flags.bool('raw')) throw new CodedError('USAGE', '--from-file requires --raw')
    const source = flags.text('secret-file')
    if (source !== '' && kindOfFile(resolve(context.cwd, source)) === undefined) {
      throw new CodedError('FILE_NOT_FOUND', 'Could not read file specified with --secret-file')
    }
    this.#target = flags.text('sealed-secret-file') || (this.reencrypts ? source : '') || undefined
    if (this.#target !== undefined) checkFolder(this.#target, context)
  }

  get reencrypts(): boolean {
    return this.flags.bool('re-encrypt') || this.flags.bool('rotate')
  }

  /** The namespace of the flag, which kubectl's users may write as a resource. */
  get givenNamespace(): string {
    return this.flags.text('namespace').replace(/^(?:ns|namespaces?)\//i, '')
  }

  /** @throws CodedError USAGE */
  get format(): ManifestFormat {
    return /^\.ya?ml$/.test(extname(this.#target ?? '')) ? 'yaml' : readFormat(this.flags.text('format'))
  }

  /** The text of `--secret-file`, or of standard input. */
  input(): string {
    const file = this.flags.text('secret-file')
    const bytes = file === '' ? this.context.stdin.readAll() : this.readFile(file)
    if (file !== '' && file === this.#target) this.#source = bytes
    return Buffer.from(bytes).toString('utf8')
  }

  readFile(given: string): Uint8Array {
    return readFileBounded(resolve(this.context.cwd, given), { name: `open ${given}` })
  }

  async certificateBytes(): Promise<Uint8Array> {
    return readCertificate({ given: this.flags.text('cert') || undefined, cluster: this.cluster, controller: this.controller }, this.context)
  }

  /** @throws CodedError CERTIFICATE_INVALID, CERTIFICATE_EXPIRED */
  async certificate(): Promise<SealingCertificate> {
    const certificate = parseCertificate(Buffer.from(await this.certificateBytes()).toString('latin1'))
    checkNotExpired(certificate, this.context.now())
    return certificate
  }

  /** Standard output gets it at once; a file gets everything when all went well. */
  write(data: string | Uint8Array): void {
    if (this.#target === undefined) this.context.stdout.write(data)
    else this.#written.push(Buffer.from(data))
  }

  async print(manifest: unknown): Promise<void> {
    this.write(await manifestText(manifest, this.format))
  }

  finish(): void {
    if (this.#target === undefined) return
    const [path, bytes] = [resolve(this.context.cwd, this.#target), Buffer.concat(this.#written)]
    if (this.#source === undefined) replaceFile(path, bytes, this.#target, OUTPUT_MODE)
    else replaceUnchanged(path, bytes, this.#source, this.#target, OUTPUT_MODE)
  }
}

function clusterOptions(flags: FlagValues): ConstructorParameters<typeof Cluster>[1] {
  const overrides = {
    context: 'context',
    cluster: 'cluster',
    user: 'user',
    server: 'server',
    token: 'token',
    username: 'username',
    password: 'password',
    certificateAuthority: 'certificate-authority',
    clientCertificate: 'client-certificate',
    clientKey: 'client-key',
    tlsServerName: 'tls-server-name',
    proxyUrl: 'proxy-url',
    as: 'as',
    asUid: 'as-uid',
  } as const
  const given = Object.entries(overrides).filter(([, flag]) => flags.text(flag) !== '')
  return {
    kubeconfig: flags.text('kubeconfig') || undefined,
    overrides: {
      ...Object.fromEntries(given.map(([key, flag]) => [key, flags.text(flag)])),
      ...(flags.bool('insecure-skip-tls-verify') ? { insecureSkipTlsVerify: true } : {}),
      ...(flags.list('as-group').length > 0 ? { asGroups: flags.list('as-group') } : {}),
    },
    timeoutMs: timeoutMs(flags.text('request-timeout')),
  }
}

/** A number of seconds, or one with its unit; 0 stands for none of its own. */
function timeoutMs(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,9})(ms|s|m|h)?$/.exec(text) ?? []
  if (count === '') throw new CodedError('USAGE', `invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a time unit`)
  return Number(count) * (TIME_UNITS[unit] ?? 1000)
}

function checkFolder(target: string, { cwd }: Context): void {
  if (kindOfFile(dirname(resolve(cwd, target))) === 'folder') return
  // The name that upstream's temporary file would have.
  const sibling = join(dirname(target), `.${basename(target)}${process.pid}`)
  throw new CodedError('FILE_UNWRITABLE', `open ${sibling}: no such file or directory`)
}
