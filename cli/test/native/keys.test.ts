import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AGE_RECIPIENT, OTHER_KEY_FILE, testFolder } from '../test-context.ts'
import { waxseal } from './run-native.ts'

const KMS = 'arn:aws:kms:evil:123456789012:key/28bca7a4-f58e-4cb6-b31c-4f34a88ba195'

async function folderWithFile(): Promise<string> {
  const cwd = testFolder()
  writeFileSync(join(cwd, 'f.json'), '{"a": "one"}')
  expect((await waxseal(['encrypt', '-i', '--age', AGE_RECIPIENT, 'f.json'], { cwd })).stderr).toBe('')
  return cwd
}

describe('names of keys', () => {
  const OTHER = 'age16n6pr9p7d8ml2pcql44ta7trq7zegrxqadyr87fjzrl6wahacv5s2p78zf'

  it('are comments and anchors of the rule file, and comments above identities', async () => {
    const cwd = testFolder()
    const rules = (first: string, second: string): void => writeFileSync(join(cwd, '.sops.yaml'), `keys:\n  - &alice ${AGE_RECIPIENT}${first}\ncreation_rules:\n  - age:\n      - *alice\n      - "${OTHER}"${second}\n`)
    writeFileSync(join(cwd, 'keys.txt'), `# laptop\n${readFileSync(OTHER_KEY_FILE, 'utf8').split('\n').findLast((line) => line.startsWith('AGE-SECRET-KEY'))}\n`)
    writeFileSync(join(cwd, 'f.json'), '{"a": "one"}')
    const run = async (...args: readonly string[]): Promise<string> => (await waxseal(args, { cwd, env: { SOPS_AGE_KEY_FILE: join(cwd, 'keys.txt') } })).stdout
    rules('', '')
    await run('encrypt', '-i', 'f.json')
    expect(await run('recipients', 'list', 'f.json')).toBe(`age       ${AGE_RECIPIENT}  alice\nage       ${OTHER}  laptop\n`)
    rules(' # Alice in Berlin', ' # bob')
    expect(await run('recipients', 'list', 'f.json')).toBe(`age       ${AGE_RECIPIENT}  Alice in Berlin\nage       ${OTHER}  bob\n`)
    expect(JSON.parse(await run('recipients', 'list', '--json', 'f.json'))).toMatchObject([{ groups: [[{ name: 'Alice in Berlin' }, { recipient: OTHER, name: 'bob' }]] }])
    expect(await run('explain', 'f.json')).toContain(`for       Alice in Berlin <${AGE_RECIPIENT}> (age)\n          bob <${OTHER}> (age)\n`)
    expect(await run('keys', 'test', 'f.json')).toContain(`  opens   bob <${OTHER}> (age, `)
  })
})

describe('keys test', () => {
  it('tells which key opens a file, and with what', async () => {
    const cwd = await folderWithFile()
    const { status, stdout } = await waxseal(['keys', 'test', 'f.json'], { cwd })
    expect(stdout.replaceAll(/\d+ ms/g, 'N ms')).toBe(`f.json: opens here\n  opens   ${AGE_RECIPIENT} (age, N ms, SOPS_AGE_KEY_FILE)\n`)
    expect(status).toBe(0)
  })

  it('tells why the others do not, and asks all of them', async () => {
    const cwd = await folderWithFile()
    const file = JSON.parse(readFileSync(join(cwd, 'f.json'), 'utf8')) as { readonly sops: object }
    const kms = [{ arn: KMS, enc: 'AAAA', created_at: '2026-01-02T03:04:05Z', aws_profile: '' }]
    writeFileSync(join(cwd, 'f.json'), JSON.stringify({ ...file, sops: { ...file.sops, kms } }))
    const { status, stdout } = await waxseal(['keys', 'test', '--json', 'f.json'], { cwd })
    expect(status).toBe(0)
    const { keys, ...facts } = JSON.parse(stdout) as { readonly keys: readonly { readonly key: string; readonly outcome: string; readonly error?: { readonly code: string } }[] }
    expect(facts).toEqual({ file: 'f.json', opens: true, groupsNeeded: 1 })
    expect(keys.map(({ key, outcome, error }) => [key, outcome, error?.code])).toEqual([
      [KMS, 'failed', 'HOST_REFUSED'],
      [AGE_RECIPIENT, 'recovered', undefined],
    ])
  })

  it('has the status of decrypt where the file does not open', async () => {
    const cwd = await folderWithFile()
    const { status, stdout, stderr } = await waxseal(['keys', 'test', 'f.json'], { cwd, env: { SOPS_AGE_KEY_FILE: OTHER_KEY_FILE } })
    expect(status).toBe(128)
    expect(stdout).toMatch(/^f\.json: does not open here\n {2}fails {3}age1/)
    expect(stdout).toContain('identity did not match any of the recipients')
    expect(stderr).toBe('')
  })

  it('is the only action', async () => {
    const { status, stderr } = await waxseal(['keys', 'list', 'f.json'], { cwd: testFolder() })
    expect(status).toBe(1)
    expect(stderr).toContain('hint: waxseal keys test FILE')
  })
})
