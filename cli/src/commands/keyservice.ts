/**
 * `keyservice`: this machine's keys for programs elsewhere that have none, over SOPS's protocol. It has neither encryption nor authentication, so it is a
 * socket of the user's own, or a port that only this machine reaches.
 * @module
 */
import { isIPv4 } from 'node:net'
import { isAbsolute, join } from 'node:path'
import { CodedError, displayName, restrictHosts, type Providers } from '@waxseal/core'
import type { Context } from '../context.ts'
import type { KeyRequest } from '../keyservice/messages.ts'
import { startKeyService, untilSignal, type ListenAddress, type RunningServer } from '../keyservice/server.ts'
import type { NativeAction } from '../native-command.ts'
import { printable } from '../ui/print-error.ts'
import { loadProviders } from '../providers/providers.ts'
import { askKey } from '../ui/terminal.ts'
import { allowedNames } from '../settings/user-config.ts'

const SOCKET_NAME = 'waxseal-keyservice.sock'
const REASONS: Readonly<Record<string, string>> = { EADDRINUSE: 'it is in use: another service listens there, or one that was killed has left its socket', EACCES: 'permission denied', ENOENT: 'there is no such folder' }

export const keyservice: NativeAction = async (_args, options, context) => {
  const uri = options.text('listen') ?? defaultAddress(context)
  const address = parseAddress(uri)
  const providers = await loadProviders(context, restrictHosts(() => allowedNames(context))) // its own keys: it might ask itself for others
  const confirm = async (action: 'encrypt' | 'decrypt', request: KeyRequest): Promise<boolean> => (await askKey(`${action} with ${printable(nameOf(request, providers))}? (y/n) `, ['y', 'n'], 'leave --prompt out where nobody can be asked')) === 'y'
  const signalled = untilSignal() // who sees the service may end it at once
  const server = await listen(uri, address, { providers, now: context.now, ...(options.bool('prompt') && { confirm }) })
  context.stderr.write(`waxseal: listening on ${uri}\n`)
  await signalled
  server.close()
  return 0
}

function defaultAddress({ env }: Context): string {
  const folder = env['XDG_RUNTIME_DIR']
  if (!folder || !isAbsolute(folder)) throw new CodedError('USAGE', 'there is no folder for the socket: XDG_RUNTIME_DIR is not set', { hint: 'give --listen unix:///absolute/path' })
  return `unix://${join(folder, SOCKET_NAME)}`
}

function parseAddress(uri: string): ListenAddress {
  const [, path] = /^unix:\/\/(\/[^?#%]+)$/.exec(uri) ?? []
  if (path !== undefined) return { path }
  const url = URL.parse(uri)
  if (url?.protocol !== 'tcp:' || url.port === '' || url.href !== `tcp://${url.host}`) throw new CodedError('USAGE', `${JSON.stringify(uri)} is no address to listen on`, { hint: 'unix:///absolute/path or tcp://127.0.0.1:5000' })
  const host = url.hostname.replaceAll(/^\[|\]$/g, '')
  const isOwn = host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
  if (!isOwn) throw new CodedError('USAGE', `${host} can be reached by others, and whoever reaches the service can use your keys`, { hint: 'listen on a socket, and let ssh -R carry it to the other machine' })
  return { host, port: Number(url.port) }
}

async function listen(uri: string, address: ListenAddress, options: Parameters<typeof startKeyService>[1]): Promise<RunningServer> {
  try {
    return await startKeyService(address, options)
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException
    throw new CodedError('KEY_SERVICE_FAILED', `cannot listen on ${uri}: ${REASONS[code] ?? code}`, { hint: 'give another address with --listen', cause })
  }
}

function nameOf({ type, entry }: KeyRequest, providers: Providers): string {
  const provider = providers.get(type)
  return provider ? displayName(provider.parse({ ...entry, created_at: '1970-01-01T00:00:00Z', enc: '' }), providers) : type
}
