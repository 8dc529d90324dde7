/**
 * The program `kubeseal`: parses its flags as the reference does, chooses the mode, and tells failures in its words.
 * Follows: bitnami-labs/sealed-secrets 0.38.4 cmd/kubeseal/main.go.
 * @module
 */
import { CodedError } from '@waxseal/core'
import type { Context, Handler } from '../context.ts'
import { ServiceError } from '../sealing/controller-service.ts'
import { FLAGS } from './flag-table.ts'
import { FlagError, flagUsages, FlagValues, HelpWanted } from './flags.ts'
import { Invocation } from './invocation.ts'

/** The version whose behaviour is followed, as upstream's integration suite wants it written. */
const KUBESEAL_VERSION = 'v0.38.4'
const STATUS_ERROR = 1
const STATUS_USAGE = 2
const SERVICE_ADVICE = '.\nPlease, use the flag --controller-name and --controller-namespace to set up the name and namespace of the sealed secrets controller'
const USAGE_HEADER = 'Usage of kubeseal:\n'

type Mode = (invocation: Invocation) => Promise<void>

export const kubeseal: Handler = async (words, context) => {
  let flags: FlagValues
  try {
    flags = new FlagValues(FLAGS, words, context.env)
  } catch (error) {
    return refuse(error, context)
  }
  for (const warning of flags.warnings) context.stdout.write(`${warning}\n`)
  if (flags.bool('help')) context.stdout.write(USAGE_HEADER + flagUsages(FLAGS))
  else if (flags.bool('version')) context.stdout.write(`kubeseal version: ${KUBESEAL_VERSION}\n`)
  else return run(flags, context)
  return 0
}

/** The reference prints its usage to standard output, all but the first line. */
function refuse(error: unknown, context: Context): number {
  if (!(error instanceof FlagError || error instanceof HelpWanted)) throw error
  context.stderr.write(USAGE_HEADER)
  context.stdout.write(flagUsages(FLAGS))
  if (error instanceof HelpWanted) return 0
  context.stdout.write(`${error.message}\n`)
  return STATUS_USAGE
}

async function run(flags: FlagValues, context: Context): Promise<number> {
  try {
    const invocation = new Invocation(flags, context)
    adviseTerminal(flags, context)
    await (await modeOf(invocation))(invocation)
    invocation.finish()
    return 0
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    context.stderr.write(`error: ${error.message}${error instanceof ServiceError ? SERVICE_ADVICE : ''}\n`)
    return STATUS_ERROR
  }
}

/** The first that applies. */
async function modeOf({ flags, reencrypts }: Invocation): Promise<Mode> {
  if (flags.bool('recovery-unseal')) return (await import('./recover.ts')).recover
  if (flags.bool('validate')) return (await import('./ask-controller.ts')).validate
  if (reencrypts) return (await import('./ask-controller.ts')).reEncrypt
  if (flags.bool('fetch-cert')) return fetchCertificate
  if (flags.text('merge-into') !== '') return (await import('./merge.ts')).mergeInto
  if (flags.bool('raw')) return (await import('./raw.ts')).raw
  return (await import('./seal.ts')).seal
}

const fetchCertificate: Mode = async (invocation) => invocation.write(await invocation.certificateBytes())

function adviseTerminal(flags: FlagValues, { stdin, stderr }: Context): void {
  if (stdin.isTerminal && flags.text('secret-file') === '' && !flags.bool('raw') && !flags.bool('fetch-cert')) {
    stderr.write('(tty detected: expecting a Secret as JSON or YAML on standard input)\n')
  }
  if (stderr.isTerminal && flags.list('recovery-private-key').length > 0 && !flags.bool('recovery-unseal')) {
    stderr.write('warning: --recovery-private-key has no effect without --recovery-unseal\n')
  }
}
