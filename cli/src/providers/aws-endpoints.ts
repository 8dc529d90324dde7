/**
 * Endpoints that the user set for AWS: variables, else the shared configuration of the profile that a key is used with. Files of a
 * repository have no say in them.
 * Follows: docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html, as aws-sdk-go-v2 does for the named profile, too.
 * @module
 */
import type { Context } from '../context.ts'
import { readAwsFile } from './aws-files.ts'

/** @param profile - empty: the one of the environment */
export function awsEndpoint(context: Context, service: 'KMS' | 'STS', profile: string): string | undefined {
  const { env } = context
  if (env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS']?.toLowerCase() === 'true') return undefined
  const set = env[`AWS_ENDPOINT_URL_${service}`] || env['AWS_ENDPOINT_URL']
  if (set) return set
  const sections = readAwsFile(context, 'config')
  const name = profile || env['AWS_PROFILE'] || 'default'
  const section = sections.get(`profile ${name}`) ?? (name === 'default' ? sections.get(name) : undefined)
  if (!section || section.get('ignore_configured_endpoint_urls')?.toLowerCase() === 'true') return undefined
  const services = sections.get(`services ${section.get('services') ?? ''}`)
  return services?.get(`${service.toLowerCase()}.endpoint_url`) ?? section.get('endpoint_url')
}
