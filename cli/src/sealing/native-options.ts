/**
 * What the native commands `seal`, `unseal` and `cert` have in common.
 * @module
 */
import { extname } from 'node:path'
import type { SealingCertificate } from '@waxseal/sealed'
import type { Context } from '../context.ts'
import type { OptionValues } from '../native-command.ts'
import type { CertificateSource } from './certificate-source.ts'
import { Cluster, DEFAULT_CONTROLLER_NAME, DEFAULT_CONTROLLER_NAMESPACE } from './controller-service.ts'
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
