/** Texts on standard error, to the byte, as the real program prints them. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sops } from '../../src/sops/sops.ts'
import { AGE_KEY_FILE, AGE_RECIPIENT, type Ended, OTHER_KEY_FILE, runHandler, testFolder } from '../test-context.ts'

const WRONG_SUM = `${AGE_RECIPIENT.slice(0, -1)}q`
const PUBLIC_KEY = 'failed to parse input as Bech32-encoded age public key: malformed recipient'

/** In a folder with `p.yaml`, with `f.yaml` made from it, and with `f.dat`, a JSON file that lost its name. */
async function failing(args: readonly string[], { rules, env }: { readonly rules?: string; readonly env?: Readonly<Record<string, string>> } = {}): Promise<Ended> {
  const cwd = testFolder()
  writeFileSync(join(cwd, 'p.yaml'), 'a: 1\nm:\n  b: two\n')
  for (const [name, text] of Object.entries({ 'empty.json': '', 'cut.json': '{"a": ', 'bad.json': '{"a": secret}', 'bad.yaml': 'a: [\n', 'bad.ini': 'secret\n' })) writeFileSync(join(cwd, name), text)
  const { stdout } = await runHandler(sops, ['encrypt', '--age', AGE_RECIPIENT, 'p.yaml'], { cwd })
  writeFileSync(join(cwd, 'f.yaml'), stdout)
  writeFileSync(join(cwd, 'p.json'), '{"a": 1}')
  writeFileSync(join(cwd, 'f.dat'), (await runHandler(sops, ['encrypt', '--age', AGE_RECIPIENT, 'p.json'], { cwd })).stdout)
  if (rules !== undefined) writeFileSync(join(cwd, '.sops.yaml'), rules)
  return await runHandler(sops, args, { cwd, env: { SOPS_AGE_KEY_FILE: AGE_KEY_FILE, ...env } })
}

describe('messages', () => {
  it.each([
    [['encrypt', '--age', 'age1xyz', 'p.yaml'], `${PUBLIC_KEY} "age1xyz": separator '1' at invalid position: pos=3, len=7`],
    [['encrypt', '--age', WRONG_SUM, 'p.yaml'], `${PUBLIC_KEY} "${WRONG_SUM}": invalid checksum`],
    [['encrypt', '--age', 'age1foo1qqqqqqqqqq', 'p.yaml'], 'failed to parse input as age key from age plugin: invalid recipient encoding: invalid checksum'],
    [['encrypt', '--age', AGE_RECIPIENT, 'empty.json'], 'Error unmarshalling file: Could not unmarshal input data: EOF'],
    [['encrypt', '--age', AGE_RECIPIENT, 'cut.json'], 'Error unmarshalling file: Could not unmarshal input data: unexpected EOF'],
    [['decrypt', 'cut.json'], 'Could not unmarshal input data: unexpected EOF'],
    [['decrypt', '--output-type', 'dotenv', '--extract', '["a"]', 'f.yaml'], 'Error dumping tree: the dotenv store only supports emitting strings, got int'],
    [['decrypt', '--extract', '[m]', 'f.yaml'], 'error parsing --extract path: strconv.Atoi: parsing "m": invalid syntax'],
  ])('of %j', async (args, text) => {
    const { status, stderr } = await failing(args)
    expect(stderr).toBe(`${text}\n`)
    expect(status).not.toBe(0)
  })

  it.each([
    [['encrypt', '--age', AGE_RECIPIENT, 'bad.json'], 'Error unmarshalling file: Could not unmarshal input data: line 1, column 7: '],
    [['decrypt', '--input-type', 'json', 'f.yaml'], 'Could not unmarshal input data: line 1, column 1: '],
    [['decrypt', '--input-type', 'binary', 'f.yaml'], 'Could not unmarshal input data: line 1, column 1: '],
    [['decrypt', 'bad.ini'], 'Could not unmarshal input data: line 1, column 1: '],
    [['decrypt', 'bad.yaml'], 'yaml: line '],
    [['filestatus', 'bad.json'], '[CMD]\t time="TIME" level=fatal msg="cannot check file status: cannot load encrypted file: Could not unmarshal input data: line 1, column 7: '],
  ])('of %j begin as those of its parsers, and quote nothing', async (args, text) => {
    const { stderr } = await failing(args)
    expect(stderr.replace(/time="[^"]*"/, 'time="TIME"').slice(0, text.length)).toBe(text)
    expect(stderr).not.toContain('secret')
  })

  it.each([
    ['(', 'missing closing ): `(`'],
    ['(?!x)', 'invalid or unsupported Perl syntax: `(?!`'],
  ])('of a path_regex %s', async (pattern, why) => {
    const { stderr } = await failing(['encrypt', 'p.yaml'], { rules: `creation_rules:\n  - path_regex: '${pattern}'\n` })
    expect(stderr).toBe(`can not compile regexp: error parsing regexp: ${why}\n`)
  })

  it('of a key group that is null', async () => {
    const { stderr } = await failing(['encrypt', 'p.yaml'], { rules: 'creation_rules:\n  - key_groups: [null]\n' })
    expect(stderr).toBe('Could not generate data key: [empty key group provided]\n')
  })

  it.each([
    ['a YAML file', ['decrypt', '--input-type', 'yaml', '--output-type', 'binary', 'f.yaml']],
    ['a JSON file without its name', ['decrypt', 'f.dat']],
  ])('of a binary file that is %s', async (_, args) => {
    const { stderr } = await failing(args)
    expect(stderr).toMatch(/^Error dumping file: error emitting binary store: no binary data found in tree\n\nThis is likely not an encrypted binary file\?/)
  })

  it('of groups that cannot be opened', async () => {
    const { status, stderr } = await failing(['groups', 'delete', '-f', 'f.yaml', '0'], { env: { SOPS_AGE_KEY_FILE: OTHER_KEY_FILE } })
    expect(stderr).toContain('level=fatal msg="Error getting data key: 0 successful groups required, got 0"')
    expect(status).toBe(1)
  })

  it('of a file that nothing is there to open', async () => {
    const { status, stderr } = await failing(['decrypt', '--enable-local-keyservice=false', 'f.yaml'])
    expect(stderr).toContain(`Group 0: FAILED\n  ${AGE_RECIPIENT}: FAILED\n\n\nRecovery failed`)
    expect(status).toBe(128)
  })

  it('of a key service that does not run', async () => {
    const { stderr } = await failing(['decrypt', '--enable-local-keyservice=false', '--keyservice', 'unix:///none.sock', 'f.yaml'])
    expect(stderr.replaceAll(/\s*\|?\s+\| /g, ' ')).toContain('desc = "transport: Error while dialing: dial unix /none.sock: connect: no such file or directory"')
  })

  it('of an address without a scheme, which is a URL to the reference: not before it is asked', async () => {
    const args = ['decrypt', '--keyservice', 'keys.sock', 'f.yaml']
    expect(await failing(args)).toMatchObject({ status: 0, stderr: '' })
    const { status, stderr } = await failing(['decrypt', '--enable-local-keyservice=false', ...args.slice(1)])
    expect([status, stderr.replaceAll(/\s*\|?\s+\| /g, ' ')]).toEqual([128, expect.stringContaining('the address is neither unix:///path nor tcp://host:port')])
  })

  it('of an address that is no URL, once', async () => {
    const { status, stderr } = await failing(['rotate', '--keyservice', ':bad', 'f.yaml'])
    expect([status, stderr.match(/Error parsing URI for keyservice, skipping/g)?.length]).toEqual([0, 1])
  })

  it('of an identity that is misspelt tell its length only', async () => {
    const { stderr } = await failing(['decrypt', 'f.yaml'], { env: { SOPS_AGE_KEY_FILE: '', SOPS_AGE_KEY: 'AGE-SECRET-KEY-1ABCD' } })
    expect(stderr.replaceAll(/\s+\| /g, ' ')).toContain("malformed secret key: separator '1' at invalid position: pos=15, len=20")
    expect(stderr).not.toContain('ABCD')
  })
})
