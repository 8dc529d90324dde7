/**
 * `sops keyservice`: serves this machine's keys until a signal comes.
 * @module
 */
import { type KeyRequest } from '../keyservice/messages.ts'
import { type ListenAddress, startKeyService, untilSignal } from '../keyservice/server.ts'
import { trustHosts } from '@waxseal/core'
import { loadProviders } from '../providers/providers.ts'
import { type Action, FatalError, SopsError } from './action.ts'
import { confirm } from './key-diff.ts'
import { withLogs } from './keys.ts'

const LOGGER = 'KEYSERVICE'
const SIGNAL_WORDS = { SIGINT: 'interrupt', SIGTERM: 'terminated' } as const

export const keyService: Action = async ({ context, flags, globals, log }) => {
  if (flags.bool('verbose') || globals.bool('verbose')) log.beVerbose()
  const network = flags.string('network') || 'tcp'
  const address = flags.string('address') || '127.0.0.1:5000'
  const signalled = untilSignal() // who sees the service may end it at once
  const server = await startKeyService(parseAddress(network, address), {
    providers: withLogs(await loadProviders(context, trustHosts((message) => log.warn(message))), log),
    now: context.now,
    ...(flags.bool('prompt') && { confirm: (action: string, request: KeyRequest) => confirm(question(action, request), context) }),
  }).catch((error: NodeJS.ErrnoException) => {
    throw new FatalError(`listen ${network} ${address}: ${error.code ?? error.message}`)
  })
  log.write('info', `Listening on ${network}://${address}`, {}, LOGGER)
  const signal = await signalled
  log.write('info', `Caught signal ${SIGNAL_WORDS[signal]}: shutting down.`, {}, LOGGER)
  server.close()
  return 0
}

function parseAddress(network: string, address: string): ListenAddress {
  if (network === 'unix') return { path: address }
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:]*)):(\d{1,5})$/.exec(address)
  if (!/^tcp[46]?$/.test(network) || !match) throw new SopsError(`listen ${network} ${address}: unknown network or address`, 1)
  return { host: match[1] ?? match[2] ?? '', port: Number(match[3]) }
}

const KEY_WORDS: Readonly<Record<string, readonly [string, string]>> = {
  pgp: ['PGP key with fingerprint', 'fp'],
  kms: ['AWS KMS key with ARN', 'arn'],
  gcp_kms: ['GCP KMS key with resource ID', 'resource_id'],
  azure_kv: ['Azure Key Vault key with URL', 'vault_url'],
  hc_vault: ['Hashicorp Vault key with URI', 'key_name'],
}

/** The reference has no name for an age key. */
function question(action: string, { type, entry }: KeyRequest): string {
  const [what, field] = KEY_WORDS[type] ?? []
  const value = entry[field ?? '']
  const key = typeof value === 'string' ? `${what} ${value}` : 'Unknown key type'
  return `\nReceived ${action} request using ${key}. Respond to request? (y/n): `
}
