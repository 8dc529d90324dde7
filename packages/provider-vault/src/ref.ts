/**
 * The metadata entry of a key in a transit engine of Vault or OpenBao: `vault_address`, `engine_path`, `key_name`, `enc` (`vault:v1:...`, as
 * the engine gave it) and `created_at`. Flags and rules write it as `https://HOST:8200/v1/ENGINE/keys/NAME`.
 * Follows: getsops/sops hcvault/keysource.go (NewMasterKeyFromURI, ToMap).
 * @module
 */
import { CodedError, formatTimestamp, weakString, type Plain, type PlainMap, type RecipientContext, type Ref } from '@waxseal/core'

export interface VaultRef extends Ref {
  readonly type: 'hc_vault'
  /** Without path. */
  readonly address: string
  readonly enginePath: string
  readonly keyName: string
  /** Empty before the key is wrapped. */
  readonly enc: string
  readonly createdAt: string
  /** The entry as found: unknown fields survive. */
  readonly fields: PlainMap
}

const EXAMPLE = 'https://vault.example.com:8200/v1/transit/keys/keyName'
const VERSION = /^v\d+$/
/** Scheme, authority, path. */
const URI = /^(https?):\/\/([^/]+)(\/.*)?$/i

/** @throws CodedError RECIPIENT_INVALID */
export function newRef(text: string, { now }: RecipientContext): VaultRef {
  const [, scheme = '', host = '', path = ''] = URI.exec(text) ?? []
  if (host.includes('@')) throw invalid('a Vault URL with credentials in it, which everybody could read in the file')
  if (scheme === '') throw invalid(`missing scheme in Vault URL (should be like this: ${EXAMPLE}), got: ${JSON.stringify(text)}`)
  if (/[^!-~]|[?#]/.test(text)) throw invalid(`a Vault URL must end with the name of the key, got: ${JSON.stringify(text)}`)
  const [version = '', ...segments] = path.replace(/^\/+/, '').replace(/\/$/, '').split('/')
  if (segments.slice(0, -3).some((segment) => VERSION.test(segment))) {
    throw invalid(`running Vault with a prefixed URL is not supported! (Format has to be like ${EXAMPLE})`)
  }
  if (!VERSION.test(version) || segments.length < 3 || segments.includes('')) throw invalid(`vault path does not seem to be formatted correctly: (eg. ${EXAMPLE})`)
  return {
    type: 'hc_vault',
    address: `${scheme.toLowerCase()}://${host}`,
    enginePath: segments.slice(0, -2).join('/'), // behind it stands `keys`, which the reference does not look at
    keyName: segments.at(-1) ?? '',
    enc: '',
    createdAt: formatTimestamp(now),
    fields: Object.create(null) as PlainMap,
  }
}

/** @throws CodedError METADATA_INVALID */
export function refFrom(entry: PlainMap): VaultRef {
  const text = (name: string): string => weakString(entry[name], { code: 'METADATA_INVALID', name: `${name} of a hc_vault key in the sops metadata` })
  return {
    type: 'hc_vault',
    address: text('vault_address'),
    enginePath: text('engine_path'),
    keyName: text('key_name'),
    enc: text('enc'),
    createdAt: text('created_at'),
    fields: entry,
  }
}

export function fieldsOf({ address, enginePath, keyName, enc, createdAt, fields }: VaultRef): PlainMap {
  return Object.assign(Object.create(null) as Record<string, Plain>, fields, {
    created_at: createdAt,
    enc,
    engine_path: enginePath,
    key_name: keyName,
    vault_address: address,
  })
}

export function nameOf({ address, enginePath, keyName }: VaultRef): string {
  return `${address}/v1/${enginePath}/keys/${keyName}`
}

function invalid(message: string): CodedError {
  return new CodedError('RECIPIENT_INVALID', message, { hint: `a key of a transit engine: ${EXAMPLE}` })
}
