/**
 * What the native commands for the cluster have in common.
 * @module
 */
import { extname } from 'node:path'
import { CodedError } from '@waxseal/core'
import { checkNotExpired, parseCertificate, type SealingCertificate } from '@waxseal/sealed'
import type { Context } from '../context.ts'
import type { OptionValues } from '../native-command.ts'
import { pinnedCertificate } from '../settings/rules.ts'
import { findRules, inFile, readSource } from '../documents/secret-file.ts'
import { readCertificate, type CertificateSource } from './certificate-source.ts'
import { Cluster, DEFAULT_CONTROLLER_NAME, DEFAULT_CONTROLLER_NAMESPACE } from './controller-service.ts'
import { readKeyFile, type StoredKey } from './key-files.ts'
import { readFormat, type ManifestFormat } from './manifest-output.ts'

/** Controllers make a new key every 30 days, long before the old one's certificate ends. */
const WARN_DAYS = 30
const DAY_MS = 24 * 60 * 60 * 1000

/** @param given - file or URL */
export function certificateSource(given: string | undefined, options: OptionValues, context: Context): CertificateSource {
  const kubeContext = options.text('context')
  const cluster = new Cluster(context, { kubeconfig: options.text('kubeconfig'), overrides: kubeContext === undefined ? {} : { context: kubeContext } })
  const controller = {
    namespace: options.text('controllerNamespace') ?? DEFAULT_CONTROLLER_NAMESPACE,
    name: options.text('controllerName') ?? DEFAULT_CONTROLLER_NAME,
  }
  return { given, cluster, controller }
}

/** `--cert`, or the certificate that the rule file pins. */
export async function givenCertificate(options: OptionValues, context: Context): Promise<string | undefined> {
  const given = options.text('cert')
  if (given !== undefined) return given
  const rules = await findRules(context, undefined)
  return rules === null ? undefined : pinnedCertificate(rules)
}

/**
 * The certificate to seal with: given, pinned, or the controller's; not ended, with a warning if it ends soon.
 * @throws CodedError CERTIFICATE_*, FILE_*, KUBE_*
 */
export async function sealingCertificate(options: OptionValues, context: Context): Promise<SealingCertificate> {
  return await certificateFrom(await givenCertificate(options, context), options, context)
}

/** The same of what `givenCertificate` says. */
export async function certificateFrom(given: string | undefined, options: OptionValues, context: Context): Promise<SealingCertificate> {
  const pem = await withoutCluster(() => readCertificate(certificateSource(given, options, context), context))
  const parse = (): SealingCertificate => parseCertificate(Buffer.from(pem).toString('latin1'))
  return usable(given === undefined ? parse() : await inFile(given, parse), context)
}

/** Nobody needs a cluster to seal. */
async function withoutCluster<T>(fetch: () => Promise<T>): Promise<T> {
  try {
    return await fetch()
  } catch (error) {
    if (!(error instanceof CodedError) || (error.code !== 'KUBE_CONFIG_INVALID' && error.code !== 'KUBE_UNREACHABLE')) throw error
    throw new CodedError(error.code, error.message, { cause: error, hint: `${error.hint === undefined ? '' : `${error.hint}; `}without a cluster, --cert FILE or cert of waxseal: in .sops.yaml brings the certificate` })
  }
}

/** @throws CodedError CERTIFICATE_EXPIRED */
export function usable(certificate: SealingCertificate, context: Context): SealingCertificate {
  checkNotExpired(certificate, context.now())
  warnOfEnd(certificate, context)
  return certificate
}

/**
 * The keys of all files of `--key`.
 * @throws CodedError USAGE - no file; SEALING_KEY_INVALID - no key in one of them
 */
export async function privateKeys(options: OptionValues, context: Context): Promise<readonly StoredKey[]> {
  const files = options.list('key')
  if (files.length === 0) {
    throw new CodedError('USAGE', 'no private key is given', { hint: 'give --key FILE: a PEM key, a key Secret, or a backup of key Secrets' })
  }
  const keys: StoredKey[] = []
  for (const file of files) {
    const found = await inFile(file, () => readKeyFile(Buffer.from(readSource(context, file)).toString('utf8')))
    if (found.length === 0) throw new CodedError('SEALING_KEY_INVALID', `${file}: no private key in it`, { hint: 'a key Secret has kind: Secret and tls.key' })
    keys.push(...found)
  }
  return keys
}

/** As asked, else by the name of the output, else as the input is. @throws CodedError USAGE */
export function outputFormat(options: OptionValues, input: string): ManifestFormat {
  const given = options.text('format')
  if (given !== undefined) return readFormat(given)
  const ending = extname(options.text('output') ?? '')
  if (ending === '.json') return 'json'
  if (ending === '.yaml' || ending === '.yml') return 'yaml'
  return input.trimStart().startsWith('{') ? 'json' : 'yaml'
}

/** Whole days until the certificate ends; negative when it has ended. */
export function daysLeft({ notAfter }: SealingCertificate, { now }: Context): number {
  return Math.floor((notAfter.getTime() - now().getTime()) / DAY_MS)
}

/** Tells that a certificate ends soon, or has ended. */
export function warnOfEnd(certificate: SealingCertificate, context: Context): void {
  const days = daysLeft(certificate, context)
  if (days >= WARN_DAYS) return
  const day = certificate.notAfter.toISOString().slice(0, 10)
  const text = days < 0 ? `the certificate ended on ${day}` : `the certificate ends on ${day}, in ${days} day${days === 1 ? '' : 's'}`
  context.stderr.write(`waxseal: warning: ${text}; fetch a newer one\n`)
}
