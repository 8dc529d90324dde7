/**
 * Writes values to a key/value store, version 1 or 2, of Vault or OpenBao.
 * Follows: getsops/sops publish/vault.go; Vault's HTTP API, secret/kv/kv-v1 and kv-v2. Lists that hold maps are sent as they are.
 * @module
 */
import { CodedError, createServiceCaller, type DestinationRule } from '@waxseal/core'
import { createHttpClient, judgeNetwork, judgeStatus, quoted, type Answer } from '@waxseal/http'
import type { Context } from '../context.ts'
import { readVaultSettings } from '../providers/vault.ts'
import type { ValueStore } from './destination.ts'

type VaultRule = Extract<DestinationRule['destination'], { readonly kind: 'vault' }>

const DEFAULT_ADDRESS = 'https://127.0.0.1:8200'

export function vaultValues({ address, path, mountName, kvVersion }: VaultRule, context: Context, warn: (message: string) => void): ValueStore {
  const server = address || context.env['VAULT_ADDR'] || DEFAULT_ADDRESS
  const isVersion1 = kvVersion === 1
  const folder = `${withSlash(mountName || 'secret')}${isVersion1 ? '' : 'data/'}${withSlash(path)}`
  return {
    kind: 'values',
    address: (name) => `${server}/v1/${folder}${name}`,
    async upload(name, json) {
      const url = URL.parse(`${server}/v1/${folder}${name}`)
      if (url === null || !/^https?:$/.test(url.protocol)) throw new CodedError('CONFIG_INVALID', 'the Vault address of the destination is no URL', { hint: 'set vault_address or VAULT_ADDR to https://HOST:PORT' })
      const send = await connect(context)
      if (!isVersion1 && (await holds(send, url, json, () => warn(`Cannot check if destination secret already exists in ${folder}${name}. New version will be created even if the data has not been changed.`)))) return false
      await send('PUT', url, isVersion1 ? json : `{"data":${json}}`)
      return true
    },
  }
}

const withSlash = (text: string): string => (text.endsWith('/') ? text : `${text}/`)

type Send = (method: 'GET' | 'PUT', url: URL, body?: string) => Promise<Answer>

class Refused extends Error {
  readonly answer: Answer
  constructor(answer: Answer, message: string) {
    super(message)
    this.answer = answer
  }
}

/** @throws CodedError KEY_ACCESS_DENIED, KEY_SERVICE_FAILED, KEY_SERVICE_TIMEOUT, and what reading the settings throws */
async function connect(context: Context): Promise<Send> {
  const { token, namespace, headers, http, limits } = await readVaultSettings(context)
  const client = createHttpClient(http)
  const caller = createServiceCaller({
    service: 'Vault',
    limits,
    judge: (cause) => (cause instanceof Refused ? judgeStatus(cause.message, cause.answer, { hint: 'look at the path, and at what the token may do' }) : judgeNetwork('Vault cannot be reached', cause)),
  })
  const sent = { ...headers, 'x-vault-request': 'true', ...(token !== '' && { 'x-vault-token': token }), ...(namespace !== '' && { 'x-vault-namespace': namespace }) }
  return (method, url, body) =>
    caller.operation(context.signal, (call) =>
      call(async (signal) => {
        const answer = await client.send({ method, url, headers: body === undefined ? sent : { ...sent, 'content-type': 'application/json' }, ...(body !== undefined && { body }) }, signal)
        if (answer.status < 300 || (method === 'GET' && answer.status === 404)) return answer
        throw new Refused(answer, `${method} ${url.href}: status ${answer.status}: ${quoted(reasonOf(answer), [token, ...Object.values(headers)])}`)
      }),
    )
}

/** Whether the newest version holds just these values. */
async function holds(send: Send, url: URL, json: string, warn: () => void): Promise<boolean> {
  try {
    const { status, body } = await send('GET', url)
    if (status === 404) return false
    const stored = (exact(body) as { readonly data?: { readonly data?: unknown } }).data?.data
    return canonical(stored) === canonical(exact(json))
  } catch (error) {
    if (error instanceof CodedError && error.code === 'CANCELED') throw error
    warn()
    return false
  }
}

/** Numbers as they are written: none is rounded. */
function exact(json: string): unknown {
  return JSON.parse(json, (_, value: unknown, { source }: { readonly source?: string } = {}) => (typeof value === 'number' ? { number: source } : value))
}

/** Objects by content, whatever the order of their keys. */
function canonical(value: unknown): string | undefined {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item) ? Object.fromEntries(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1))) : item,
  )
}

/** `{"errors": [...]}`. Other bodies are not quoted: whoever answered is not Vault. */
function reasonOf({ body }: Answer): string {
  try {
    const { errors } = JSON.parse(body) as { readonly errors?: unknown }
    return Array.isArray(errors) && errors.length > 0 ? errors.filter((error) => typeof error === 'string').join(' * ') : 'without a reason'
  } catch {
    return 'without a reason'
  }
}
