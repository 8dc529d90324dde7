/**
 * `cert`: the certificate that the controller seals with now, to be kept beside the manifests.
 * @module
 */
import { parseCertificate } from '@waxseal/sealed'
import type { NativeAction } from '../native-command.ts'
import { readCertificate } from '../sealing/certificate-source.ts'
import { certificateSource, daysLeft, warnOfEnd } from '../sealing/native-options.ts'
import { deliver, STDIO } from '../documents/secret-file.ts'

export const cert: NativeAction = async (_args, options, context) => {
  const bytes = await readCertificate(certificateSource(options.text('url'), options, context), context)
  const certificate = parseCertificate(Buffer.from(bytes).toString('latin1'))
  const { pem, fingerprint, notBefore, notAfter } = certificate
  warnOfEnd(certificate, context)
  const answer = { fingerprint, notBefore: notBefore.toISOString(), notAfter: notAfter.toISOString(), daysLeft: daysLeft(certificate, context), pem }
  const text = options.bool('json') ? `${JSON.stringify(answer, null, 2)}\n` : pem
  deliver(context, new Map([[STDIO, { bytes: Buffer.from(text) }]]), { inPlace: false, output: options.text('output') })
  if (!options.bool('json')) context.stderr.write(`waxseal: certificate ${fingerprint}, valid until ${notAfter.toISOString().slice(0, 10)}\n`)
  return 0
}
