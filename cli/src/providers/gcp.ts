/**
 * Google Cloud's settings from the environment. Application default credentials are found by Google's own library.
 * Follows: getsops/sops gcpkms/keysource.go (getGoogleCredentials, newKMSClient).
 * @module
 */
import { resolve } from 'node:path'
import { CodedError, type KeyProvider } from '@waxseal/core'
import { createGcpProvider, type GcpSettings } from '@waxseal/provider-gcp'
import type { Context } from '../context.ts'
import { kindOfFile, readFileBounded } from '../files.ts'

const MAX_CREDENTIALS_BYTES = 1024 * 1024

export function gcpProvider(context: Context): KeyProvider {
  return createGcpProvider(() => gcpSettings(context))
}

export function gcpSettings(context: Context): GcpSettings {
  const { env, cwd } = context
  const credentials = env['GOOGLE_CREDENTIALS']
  const accessToken = env['GOOGLE_OAUTH_ACCESS_TOKEN']
  const endpoint = env['SOPS_GCP_KMS_ENDPOINT']
  const universeDomain = env['SOPS_GCP_KMS_UNIVERSE_DOMAIN'] || env['GOOGLE_CLOUD_UNIVERSE_DOMAIN']
  const clientType = env['SOPS_GCP_KMS_CLIENT_TYPE']
  return {
    ...(credentials && { credentials: () => readCredentials(credentials, cwd) }),
    ...(accessToken && { accessToken }),
    ...(endpoint && { endpoint }),
    ...(universeDomain && { universeDomain }),
    ...(clientType && { clientType }),
    agents: async () => (await import('./service-agents.ts')).serviceAgents(context),
  }
}

/** A path if there is a file, and otherwise the JSON itself, which is never quoted. */
function readCredentials(value: string, cwd: string): string {
  try {
    const path = resolve(cwd, value)
    if (kindOfFile(path) !== undefined) return Buffer.from(readFileBounded(path, { limitBytes: MAX_CREDENTIALS_BYTES, name: 'GOOGLE_CREDENTIALS' })).toString('utf8')
  } catch (error) {
    if (!value.trimStart().startsWith('{')) throw unreadable(error)
  }
  return value
}

function unreadable(cause: unknown): CodedError {
  return new CodedError('CREDENTIALS_MISSING', 'the file that GOOGLE_CREDENTIALS names cannot be read', { cause, hint: 'check its path and permissions' })
}
