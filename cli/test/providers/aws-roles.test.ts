import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Context } from '../../src/context.ts'
import { awsRoles } from '../../src/providers/aws.ts'
import { runHandler, testFolder } from '../test-context.ts'

const CONFIG = `[default]
role_arn = arn:1 # why
[profile team]
source_profile = base
role_arn=arn:2
[profile none]
role_arn =
s3 =
  role_arn = arn:nested
`
const CREDENTIALS = `[base]
aws_access_key_id = AKIABASE
[other]
role_arn = arn:3
`

async function roles(env: Readonly<Record<string, string>>, cwd = testFolder()): Promise<readonly string[]> {
  let found: readonly string[] = []
  const handler = async (_: readonly string[], context: Context): Promise<number> => {
    found = awsRoles(context)
    return 0
  }
  await runHandler(handler, [], { cwd, env })
  return found
}

it('roles of the user are those of the environment and of the profiles in the home folder', async () => {
  const home = testFolder()
  mkdirSync(join(home, '.aws'))
  writeFileSync(join(home, '.aws', 'config'), CONFIG)
  writeFileSync(join(home, '.aws', 'credentials'), CREDENTIALS)
  expect(await roles({ HOME: home })).toEqual(['arn:1', 'arn:2', 'arn:3'])
  expect(await roles({ HOME: home, AWS_ROLE_ARN: 'arn:0' })).toEqual(['arn:0', 'arn:1', 'arn:2', 'arn:3'])
})

it('roles of the user are looked for in the files that the environment names, and nowhere in the working folder', async () => {
  const cwd = testFolder()
  mkdirSync(join(cwd, '.aws'))
  writeFileSync(join(cwd, '.aws', 'config'), CONFIG)
  writeFileSync(join(cwd, 'shared'), CREDENTIALS)
  const home = { HOME: testFolder() }
  expect(await roles(home, cwd)).toEqual([])
  expect(await roles({ ...home, AWS_CONFIG_FILE: 'absent', AWS_SHARED_CREDENTIALS_FILE: 'shared' }, cwd)).toEqual(['arn:3'])
})
