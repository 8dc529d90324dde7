/**
 * What the environment and the home folder say of the user's HuaweiCloud account, in the variables and files of the vendor's SDK.
 * Follows: huaweicloud-sdk-go-v3 0.1.202 core/auth/provider, core/region, core/auth/internal/iam_helper.go.
 * @module
 */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { CodedError, isList, isMap, type KeyProvider, type Plain } from '@waxseal/core'
import { formatByName } from '@waxseal/formats'
import { createHuaweiProvider, type CredentialSource, type HuaweiSettings } from '@waxseal/provider-huawei'
import type { Context } from '../context.ts'
import { readFileBounded } from '../files.ts'
import { parsePlainYaml } from '../settings/plain-yaml.ts'

export function huaweiProvider(context: Context): KeyProvider {
  return createHuaweiProvider(() => readSettings(context))
}

async function readSettings(context: Context): Promise<HuaweiSettings> {
  const { serviceAgents } = await import('./service-agents.ts')
  const { env } = context
  let regions: Plain | undefined
  return {
    sources: readSources(context),
    http: { agents: serviceAgents(context) },
    endpoint(region) {
      const set = env[`HUAWEICLOUD_SDK_REGION_KMS_${region.toUpperCase().replaceAll('-', '_')}`]
      if (set) return set.split(',')[0]
      regions ??= readRegions(context)
      return endpointIn(regions, region)
    },
  }
}

/** In the order of the SDK; the environment's and the profile's are taken without asking anybody. */
function readSources(context: Context): readonly CredentialSource[] {
  const { env } = context
  const sources: CredentialSource[] = []
  const profile = env['HUAWEICLOUD_SDK_CREDENTIALS_FILE'] || join(home(context), 'credentials')
  const account =
    accountFrom(context, 'HUAWEICLOUD_SDK_AK', (name) => env[`HUAWEICLOUD_SDK_${name.toUpperCase()}`] ?? '') ?? accountFrom(context, profile, readProfile(context, profile))
  if (account) return [account]
  sources.push({ name: 'agency of this machine', kind: 'instance' })
  const [url, file] = [env['HC_CONTAINER_CREDENTIALS_FULL_URI'], env['HC_CONTAINER_AUTHORIZATION_TOKEN_FILE']]
  if (url && file) sources.push({ name: 'HC_CONTAINER_CREDENTIALS_FULL_URI', kind: 'pod', url, token: () => readSecret(context, file) })
  return sources
}

function accountFrom(context: Context, name: string, setting: (name: string) => string): CredentialSource | undefined {
  const iam = iamFrom(setting('iam_endpoint'))
  const account = { name, projectId: setting('project_id'), ...(iam !== '' && { iamEndpoint: iam }) }
  const [idpId, idTokenFile] = [setting('idp_id'), setting('id_token_file')]
  if (idpId !== '' && idTokenFile !== '') return { kind: 'federated', idpId, idToken: () => readSecret(context, idTokenFile), ...account }
  const [id, secret, securityToken] = [setting('ak'), setting('sk'), setting('security_token')]
  if (id === '' || secret === '') return undefined
  return { kind: 'access-key', id, secret, ...(securityToken !== '' && { securityToken }), ...account }
}

function iamFrom(text: string): string {
  return text === '' || text.includes('://') ? text : `https://${text}`
}

/** Section `basic` of the credentials file; the IAM endpoint of the environment holds for it, too. */
function readProfile(context: Context, path: string): (name: string) => string {
  const source = readOptional(context, path)
  const section = source && formatByName('ini')?.parse(source).tree[0]?.items.find((item) => item.kind === 'entry' && item.key === 'basic')
  const values = new Map<string, string>()
  if (section?.kind === 'entry' && section.value.kind === 'map') {
    for (const item of section.value.items) {
      if (item.kind === 'entry' && item.value.kind === 'leaf' && typeof item.value.value === 'string') values.set(item.key, item.value.value)
    }
  }
  return (name) => values.get(name) || (name === 'iam_endpoint' ? (context.env['HUAWEICLOUD_SDK_IAM_ENDPOINT'] ?? '') : '')
}

/** `kms: [{id, endpoint}]`; null if there is no such file. */
function readRegions(context: Context): Plain {
  const source = readOptional(context, context.env['HUAWEICLOUD_SDK_REGIONS_FILE'] || join(home(context), 'regions.yaml'))
  return source ? parsePlainYaml(source) : null
}

function endpointIn(regions: Plain, region: string): string | undefined {
  if (!isMap(regions)) return undefined
  for (const [service, list] of Object.entries(regions)) {
    if (service.toUpperCase() !== 'KMS' || !isList(list)) continue
    for (const entry of list) {
      if (!isMap(entry) || entry['id'] !== region) continue
      const [first] = [entry['endpoint'], ...(isList(entry['endpoints']) ? entry['endpoints'] : [])].filter((text) => typeof text === 'string' && text !== '')
      if (typeof first === 'string') return first
    }
  }
  return undefined
}

function home({ env }: Context): string {
  return join(env['HOME'] || homedir(), '.huaweicloud')
}

function readOptional(context: Context, path: string): Uint8Array | undefined {
  try {
    return readFileBounded(resolve(context.cwd, path), { name: path })
  } catch (error) {
    if (error instanceof CodedError && error.code === 'FILE_NOT_FOUND') return undefined
    throw error
  }
}

/** @throws CodedError CREDENTIALS_MISSING */
function readSecret(context: Context, path: string): string {
  const text = Buffer.from(readFileBounded(resolve(context.cwd, path), { name: path })).toString().trim()
  if (text === '') throw new CodedError('CREDENTIALS_MISSING', `${path} file content is empty`)
  return text
}
