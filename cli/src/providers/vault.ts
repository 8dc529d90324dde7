/**
 * What the environment and the home folder say of the user's Vault, in the variables of Vault's own client.
 * Follows: hashicorp/vault api/client.go (ReadEnvironment, NewClient); getsops/sops hcvault/keysource.go (userVaultToken).
 * @module
 */
import { readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { CodedError, type CallLimits, type HostPolicy, type KeyProvider } from '@waxseal/core'
import { createVaultProvider, type VaultSettings } from '@waxseal/provider-vault'
import type { Context } from '../context.ts'
import { readFileBounded } from '../files.ts'
import type { ConnectionSettings } from './service-agents.ts'

const MAX_FILE_BYTES = 16 * 1024 * 1024
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

export function vaultProvider(context: Context, hosts: HostPolicy): KeyProvider {
  return createVaultProvider({
    hosts,
    address: context.env['VAULT_ADDR'] ?? '',
    allowList: context.env['SOPS_HC_VAULT_ALLOWLIST'] ?? '',
    readSettings: () => readVaultSettings(context),
  })
}

/** @throws CodedError CONFIG_INVALID, CREDENTIALS_MISSING, FILE_NOT_FOUND, FILE_UNREADABLE */
export async function readVaultSettings(context: Context): Promise<VaultSettings> {
  const { serviceAgents } = await import('./service-agents.ts')
  const { env } = context
  const agent = env['VAULT_AGENT_ADDR'] ?? ''
  const socketPath = agent.startsWith('unix://') ? agent.slice('unix://'.length) : undefined
  const agents = serviceAgents(context, { ca: readAuthorities(context), tls: readTls(context), proxy: env['VAULT_PROXY_ADDR'] || env['VAULT_HTTP_PROXY'] })
  const token = env['VAULT_TOKEN'] || readToken(context)
  return {
    token,
    tokenSource: env['VAULT_TOKEN'] ? 'VAULT_TOKEN' : token === '' ? undefined : '~/.vault-token',
    namespace: env['VAULT_NAMESPACE'] ?? '',
    headers: readHeaders(env['VAULT_HEADERS'] ?? ''),
    agent: socketPath === undefined ? agent : 'http://localhost',
    http: { agents, ...(socketPath !== undefined && { socketPath }) },
    followsRedirect: !flag(context, 'VAULT_DISABLE_REDIRECTS'),
    limits: readLimits(context),
  }
}

/** Where `vault login` left it; nobody has to have one. */
function readToken(context: Context): string {
  const path = join(context.env['HOME'] || homedir(), '.vault-token')
  try {
    return read(context, path).trim()
  } catch (error) {
    if (error instanceof CodedError && error.code === 'FILE_NOT_FOUND') return ''
    throw error instanceof CodedError ? new CodedError('CREDENTIALS_MISSING', `cannot get Vault token: ${error.message}`, { cause: error }) : error
  }
}

function readTls(context: Context): NonNullable<ConnectionSettings['tls']> {
  const { env } = context
  const [certPath, keyPath] = [env['VAULT_CLIENT_CERT'] ?? '', env['VAULT_CLIENT_KEY'] ?? '']
  if ((certPath === '') !== (keyPath === '')) throw invalid('both client cert and client key must be provided')
  return {
    rejectUnauthorized: !flag(context, 'VAULT_SKIP_VERIFY'),
    ...(certPath !== '' && { cert: read(context, certPath), key: read(context, keyPath) }),
    ...(env['VAULT_TLS_SERVER_NAME'] && { servername: env['VAULT_TLS_SERVER_NAME'] }),
  }
}

/** A file, the certificates themselves, or a folder of files: the first that is set. */
function readAuthorities(context: Context): readonly string[] | undefined {
  const { env } = context
  if (env['VAULT_CACERT']) return [read(context, env['VAULT_CACERT'])]
  if (env['VAULT_CACERT_BYTES']) return [env['VAULT_CACERT_BYTES']]
  if (!env['VAULT_CAPATH']) return undefined
  const folder = resolve(context.cwd, env['VAULT_CAPATH'])
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
    return entries.filter((entry) => !entry.isDirectory()).map((entry) => read(context, join(entry.parentPath, entry.name)))
  } catch (error) {
    if (error instanceof CodedError) throw error
    throw invalid(`VAULT_CAPATH: ${folder} is not a folder that can be read`)
  }
}

function read(context: Context, path: string): string {
  return Buffer.from(readFileBounded(resolve(context.cwd, path), { limitBytes: MAX_FILE_BYTES, name: path })).toString()
}

/** JSON of texts. @throws CodedError CONFIG_INVALID - without what stands there: it may be a credential */
function readHeaders(text: string): Readonly<Record<string, string>> {
  if (text === '') return {}
  let headers: unknown
  try {
    headers = JSON.parse(text)
  } catch {
    // not JSON
  }
  if (typeof headers !== 'object' || headers === null) throw invalid('could not unmarshal environment-supplied headers: VAULT_HEADERS is not a JSON object')
  const entries = Object.entries(headers)
  if (!entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')) throw invalid('environment-supplied headers include non-string values')
  if (entries.some(([name]) => /^x-vault-/i.test(name))) throw invalid("headers of VAULT_HEADERS that begin with 'X-Vault-' are for internal usage only")
  return Object.fromEntries(entries)
}

/** `VAULT_CLIENT_TIMEOUT` holds for all attempts together. */
function readLimits({ env }: Context): Partial<CallLimits> {
  const [timeout, retries] = [env['VAULT_CLIENT_TIMEOUT'] ?? '', env['VAULT_MAX_RETRIES'] ?? '']
  if (retries !== '' && !/^\d{1,9}$/.test(retries)) throw invalid('could not parse VAULT_MAX_RETRIES')
  const ms = timeout === '' ? 0 : durationMs(timeout)
  return { ...(ms > 0 && { callMs: ms, operationMs: ms }), ...(retries !== '' && { attempts: Number(retries) + 1 }) }
}

/** Seconds, or as Go writes it: `1m30s`. */
function durationMs(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000
  if (!/^(?:\d{1,9}(?:\.\d{1,9})?(?:ms|s|m|h))+$/.test(text)) throw invalid('could not parse "VAULT_CLIENT_TIMEOUT"')
  return [...text.matchAll(/([\d.]+)(ms|s|m|h)/g)].reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNIT_MS[unit] ?? 0), 0)
}

function flag({ env }: Context, name: string): boolean {
  const text = env[name] ?? ''
  if (['', '0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true
  throw invalid(`could not parse ${name}`)
}

function invalid(message: string): CodedError {
  return new CodedError('CONFIG_INVALID', message, { hint: 'correct the variable in the environment' })
}
