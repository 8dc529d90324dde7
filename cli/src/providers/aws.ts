/**
 * AWS KMS with the credentials of this environment.
 * Follows: aws-sdk-go-v2 config (resolveCredentialChain): static keys of the environment come before a web identity, and both before
 * the shared configuration; getsops/sops kms/keysource.go (stsSessionName).
 * @module
 */
import { hostname } from 'node:os'
import { FoundOnce, type HostPolicy, type KeyProvider } from '@waxseal/core'
import { createAwsProvider, type AwsSources } from '@waxseal/provider-aws'
import type { Context } from '../context.ts'
import { awsEndpoint } from './aws-endpoints.ts'
import { readAwsFile } from './aws-files.ts'
import type { ServiceAgents } from './service-agents.ts'

const MAX_SESSION_NAME = 64

export function awsProvider(context: Context, policy: HostPolicy): KeyProvider {
  const { env } = context
  const agents = new FoundOnce<'all', ServiceAgents>() // of all regions, profiles and roles
  return createAwsProvider({
    policy,
    sources: {
      endpoint: (service, profile) => awsEndpoint(context, service, profile),
      credentials: staticCredentials(env),
      webIdentity: webIdentity(env),
      roles: () => awsRoles(context),
      sessionName: `sops@${hostname().replace(/[^a-zA-Z0-9=,.@-_]+/g, '')}`.slice(0, MAX_SESSION_NAME),
      agents: () => agents.get('all', async () => (await import('./service-agents.ts')).serviceAgents(context, { bundle: env['AWS_CA_BUNDLE'] })),
    },
  })
}

function staticCredentials(env: Context['env']): AwsSources['credentials'] {
  const accessKeyId = env['AWS_ACCESS_KEY_ID'] || env['AWS_ACCESS_KEY']
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY'] || env['AWS_SECRET_KEY']
  const sessionToken = env['AWS_SESSION_TOKEN']
  if (!accessKeyId || !secretAccessKey) return undefined
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) }
}

function webIdentity(env: Context['env']): AwsSources['webIdentity'] {
  const webIdentityTokenFile = env['AWS_WEB_IDENTITY_TOKEN_FILE']
  const roleArn = env['AWS_ROLE_ARN']
  const roleSessionName = env['AWS_ROLE_SESSION_NAME']
  if (!webIdentityTokenFile || !roleArn) return undefined
  return { webIdentityTokenFile, roleArn, ...(roleSessionName && { roleSessionName }) }
}

/** Those that the user takes on anyway: of the environment, and of any profile. */
export function awsRoles(context: Context): readonly string[] {
  const profiles = (['config', 'credentials'] as const).flatMap((name) => [...readAwsFile(context, name).values()])
  return [context.env['AWS_ROLE_ARN'], ...profiles.map((profile) => profile.get('role_arn'))].filter((role): role is string => Boolean(role))
}
