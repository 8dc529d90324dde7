/**
 * Endpoints that the user set for AWS: variables, else the shared configuration of the profile that a key is used with. Files of a
 * repository have no say in them.
 * Follows: docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html, as aws-sdk-go-v2 does for the named profile, too.
 * @module
 */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { CodedError } from '@waxseal/core'
import type { Context } from '../context.ts'
import { readFileBounded } from '../files.ts'

/** By name; `kms.endpoint_url` for a setting that is nested below `kms`. */
type Section = ReadonlyMap<string, string>

/** @param profile - empty: the one of the environment */
export function awsEndpoint(context: Context, service: 'KMS' | 'STS', profile: string): string | undefined {
  const { env } = context
  if (env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS']?.toLowerCase() === 'true') return undefined
  const set = env[`AWS_ENDPOINT_URL_${service}`] || env['AWS_ENDPOINT_URL']
  if (set) return set
  const sections = readSections(context)
  const name = profile || env['AWS_PROFILE'] || 'default'
  const section = sections.get(`profile ${name}`) ?? (name === 'default' ? sections.get(name) : undefined)
  if (!section || section.get('ignore_configured_endpoint_urls')?.toLowerCase() === 'true') return undefined
  const services = sections.get(`services ${section.get('services') ?? ''}`)
  return services?.get(`${service.toLowerCase()}.endpoint_url`) ?? section.get('endpoint_url')
}

/** None where there is no file. */
function readSections(context: Context): ReadonlyMap<string, Section> {
  const path = resolve(context.cwd, context.env['AWS_CONFIG_FILE'] || join(context.env['HOME'] || homedir(), '.aws', 'config'))
  try {
    return parseSections(Buffer.from(readFileBounded(path, { name: path })).toString())
  } catch (error) {
    if (error instanceof CodedError && error.code === 'FILE_NOT_FOUND') return new Map()
    throw error
  }
}

/** `[section]`, `name = value`, and indented lines below a name without value. */
function parseSections(text: string): ReadonlyMap<string, Section> {
  const sections = new Map<string, Map<string, string>>()
  let section = new Map<string, string>()
  let parent = ''
  for (const line of text.split(/\r?\n/)) {
    const content = line.trim()
    if (content === '' || content.startsWith('#') || content.startsWith(';')) continue
    if (content.startsWith('[')) {
      const name = content.slice(1).split(']', 1)[0] ?? ''
      section = new Map()
      sections.set(name.split(/[ \t]+/).filter((word) => word !== '').join(' '), section)
      continue
    }
    const [name = '', ...rest] = content.split('=')
    const value = rest.join('=').split(/[ \t][#;]/, 1)[0]?.trim() ?? ''
    const isNested = line !== line.trimStart() && parent !== ''
    if (!isNested) parent = value === '' ? name.trim() : ''
    section.set(isNested ? `${parent}.${name.trim()}` : name.trim(), value)
  }
  return sections
}
