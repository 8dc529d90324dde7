/**
 * Keys of Vault's or OpenBao's transit engines as master keys. The address stands in the file, and the user's token goes there:
 * so the address is checked first, and so is the path, which the reference joins with whatever `..` it has.
 * Follows: getsops/sops hcvault/keysource.go (EncryptContext, DecryptContext).
 * @module
 */
import { CodedError, createServiceCaller, decodeBase64, encodeBase64, inStep, Session, type HostPolicy, type KeyProvider, type ServiceCaller } from '@waxseal/core'
import { checkAllowList, parseAllowList } from './allow-list.ts'
import type { VaultClient } from './client.ts'
import { fieldsOf, nameOf, newRef, refFrom, type VaultRef } from './ref.ts'
import type { VaultSettings } from './settings.ts'

export interface VaultOptions {
  readonly hosts: HostPolicy
  /** `VAULT_ADDR`; empty if it is not set. */
  readonly address: string
  /** `SOPS_HC_VAULT_ALLOWLIST`. */
  readonly allowList: string
  /** Asked when the first key is used, and when credentials were refused after a while. */
  readonly readSettings: () => Promise<VaultSettings>
}

interface Service {
  readonly client: VaultClient
  readonly caller: ServiceCaller
  readonly settings: VaultSettings
}

export function createVaultProvider({ hosts, address: ownAddress, allowList, readSettings }: VaultOptions): KeyProvider<VaultRef> {
  const session = new Session<Service>(async () => {
    const { VaultClient: Client, judge } = await import('./client.ts')
    const settings = await readSettings()
    return { client: new Client(settings), caller: createServiceCaller({ service: 'Vault', judge, limits: settings.limits }), settings }
  })

  /** @param fields - of the request. @returns one field of the answer */
  async function ask(what: 'encrypt' | 'decrypt', ref: VaultRef, fields: Readonly<Record<string, string>>, answerField: string, signal: AbortSignal): Promise<string> {
    const path = transitPath(ref, what)
    const listed = parseAllowList(allowList)
    checkAllowList(ref.address, listed)
    return await inStep(`failed to ${what} sops data key ${what === 'encrypt' ? 'to' : 'from'} Vault transit backend '${path}'`, () => session.use(async ({ client, caller, settings }) => {
      // A rule or the user that names a new key is trusted, a key of a file is not, whatever is done with it: rotate wraps to the keys it found.
      // An agent is named by the user, and nothing else is contacted then.
      const isNew = what === 'encrypt' && Object.keys(ref.fields).length === 0
      const checkHost = (host: string): void => {
        if (!isNew && settings.agent === '') hosts.check({ what: 'Vault address', url: host, configured: [...(ownAddress === '' ? [] : [ownAddress]), ...(listed ?? [])], setting: 'VAULT_ADDR' })
      }
      checkHost(ref.address)
      const url = urlOf(settings.agent || ref.address, path)
      const data = await caller.operation(signal, (call) => client.write(call, url, fields, ({ origin }) => checkHost(origin)))
      const text = data[answerField]
      if (typeof text !== 'string' || text === '') throw new CodedError('KEY_SERVICE_FAILED', `no ${answerField} in the answer`)
      return text
    }))
  }

  return {
    type: 'hc_vault',
    parse: refFrom,
    serialize: fieldsOf,
    fromText: newRef,
    skipsEmptyText: true,
    fromGroup(element, context) {
      if (typeof element !== 'string') throw new CodedError('CONFIG_INVALID', 'a hc_vault key of a key group must be a string')
      return [newRef(element, context)]
    },
    displayName: nameOf,
    credentialSource: async () => (await session.last())?.settings.tokenSource,
    async wrap(part, ref, { signal }) {
      return { ...ref, enc: await ask('encrypt', ref, { plaintext: encodeBase64(part) }, 'ciphertext', signal) }
    },
    async unwrap(ref, { signal }) {
      const part = decodeBase64(await ask('decrypt', ref, { ciphertext: ref.enc }, 'plaintext', signal))
      if (part === null) throw new CodedError('KEY_REJECTED', 'cannot decode base64 plaintext into data key bytes')
      return part
    },
  }
}

/** @throws CodedError METADATA_INVALID - a path that would lead out of the engine */
function transitPath({ enginePath, keyName }: VaultRef, what: 'encrypt' | 'decrypt'): string {
  const engine = enginePath.split('/').filter((segment) => segment !== '')
  const segments = [...engine, what, keyName]
  if (engine.length > 0 && keyName !== '' && !keyName.includes('/') && !segments.some((segment) => segment === '.' || segment === '..')) return segments.join('/')
  throw new CodedError('METADATA_INVALID', 'engine path and key name of a Vault key are not those of a transit engine', { hint: 'correct the key in the file' })
}

/** @throws CodedError HOST_REFUSED */
function urlOf(address: string, path: string): URL {
  const base = URL.parse(address)
  if (!base || !/^https?:$/.test(base.protocol) || base.username !== '' || base.password !== '' || base.search !== '' || base.hash !== '') {
    throw new CodedError('HOST_REFUSED', 'the address of a Vault key is not of the form https://host:port', { hint: 'correct the key in the file' })
  }
  base.pathname = [withoutEndSlashes(base.pathname), 'v1', ...path.split('/').map(encodeURIComponent)].join('/')
  return base
}

/** By hand: an expression would begin anew at each slash of an address that is full of them. */
function withoutEndSlashes(path: string): string {
  let end = path.length
  while (path[end - 1] === '/') end -= 1
  return path.slice(0, end)
}
