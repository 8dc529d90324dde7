import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { awsEndpoint } from '../../src/providers/aws-endpoints.ts'
import type { Context } from '../../src/context.ts'
import { runHandler, testFolder } from '../test-context.ts'

const CONFIG = `
# comment
[default]
region = eu-west-1
[profile generic]
endpoint_url = http://generic:1 # why
s3 =
  endpoint_url = http://nested:1
[ profile  split ]
services = local
endpoint_url = http://generic:2
[services local]
kms =
  endpoint_url = http://kms:1
  other = x
sso =
  endpoint_url = http://sso:1
[profile ignoring]
ignore_configured_endpoint_urls = TRUE
endpoint_url = http://generic:3
[no section
endpoint_url
= nothing
`

/** The endpoints of KMS and STS for a profile. */
async function endpoints(env: Readonly<Record<string, string>>, profile = '', config: string | undefined = CONFIG): Promise<readonly (string | undefined)[]> {
  const cwd = testFolder()
  if (config !== undefined) writeFileSync(join(cwd, 'config'), config)
  let found: readonly (string | undefined)[] = []
  const handler = async (_: readonly string[], context: Context): Promise<number> => {
    found = [awsEndpoint(context, 'KMS', profile), awsEndpoint(context, 'STS', profile)]
    return 0
  }
  await runHandler(handler, [], { cwd, env: { AWS_CONFIG_FILE: 'config', ...env } })
  return found
}

describe('endpoints of AWS', () => {
  it.each<readonly [string, Readonly<Record<string, string>>, string, readonly (string | undefined)[]]>([
    ['are those of AWS unless something is set', {}, '', [undefined, undefined]],
    ['come from a variable for all services', { AWS_ENDPOINT_URL: 'http://all:1' }, 'generic', ['http://all:1', 'http://all:1']],
    ['come from a variable for one', { AWS_ENDPOINT_URL_STS: 'http://sts:1' }, '', [undefined, 'http://sts:1']],
    ['come from the profile of the key', {}, 'generic', ['http://generic:1', 'http://generic:1']],
    ['come from the profile of the environment', { AWS_PROFILE: 'generic' }, '', ['http://generic:1', 'http://generic:1']],
    ['come from services that the profile names', {}, 'split', ['http://kms:1', 'http://generic:2']],
    ['are ignored when a profile says so', {}, 'ignoring', [undefined, undefined]],
    ['are ignored when a variable says so', { AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true', AWS_ENDPOINT_URL: 'http://all:1' }, 'generic', [undefined, undefined]],
    ['of a profile that is not there are those of AWS', {}, 'nobody', [undefined, undefined]],
  ])('%s', async (_, env, profile, expected) => {
    expect(await endpoints(env, profile)).toEqual(expected)
  })

  it('come from the default profile, where there is no other', async () => {
    expect(await endpoints({}, '', '[default]\nendpoint_url=http://default:1')).toEqual(['http://default:1', 'http://default:1'])
    expect(await endpoints({ AWS_CONFIG_FILE: 'absent' })).toEqual([undefined, undefined])
  })
})
