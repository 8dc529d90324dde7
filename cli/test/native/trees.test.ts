import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Context } from '../../src/context.ts'
import { isMarked } from '../../src/documents/secret-tree.ts'
import { AGE_KEY_FILE, AGE_RECIPIENT, OTHER_KEY_FILE, testFolder } from '../test-context.ts'
import { waxseal } from './run-native.ts'

const OTHER_RECIPIENT = /public key: (\S+)/.exec(readFileSync(OTHER_KEY_FILE, 'utf8'))?.[1] ?? ''
const PLAIN = { 'deploy/a.yaml': 'user: x # who\nport: 1\n', 'deploy/deep/b.json': '{"k": "v"}\n', 'deploy/deep/c.env': 'K=v\n' }
/** A user without rights. */
const NOBODY = 65_534
const rulesFor = (recipients: string): string => `creation_rules:\n  - path_regex: ^deploy/\n    encrypted_regex: ^(user|k|K)$\n    age: ${recipients}\n  - age: ${recipients}\n`

/** A tree of plain files with rules for those below deploy, a README beside them, and a folder of git. */
function plainTree(): string {
  const cwd = testFolder()
  for (const folder of ['deploy/deep', '.git', 'docs']) mkdirSync(join(cwd, folder), { recursive: true })
  for (const [name, text] of Object.entries(PLAIN)) writeFileSync(join(cwd, name), text)
  writeFileSync(join(cwd, '.sops.yaml'), rulesFor(AGE_RECIPIENT))
  writeFileSync(join(cwd, 'docs/README.md'), 'sops: a word, and ENC[AES256_GCM,...\n')
  writeFileSync(join(cwd, '.git/config'), 'sops: x\n')
  return cwd
}

async function encryptedTree(): Promise<string> {
  const cwd = plainTree()
  expect(await waxseal(['encrypt', '-i', 'deploy'], { cwd })).toEqual({ status: 0, stdout: '', stderr: '' })
  return cwd
}

const identityOf = (file: string): string => /^AGE-SECRET-KEY-.*$/m.exec(readFileSync(file, 'utf8'))?.[0] ?? ''
const read = (cwd: string, name: string): string => readFileSync(join(cwd, name), 'utf8')
const all = (cwd: string): Record<string, string> => Object.fromEntries(Object.keys(PLAIN).map((name) => [name, read(cwd, name)]))

describe('folders', () => {
  it('are encrypted by their rules and decrypted to the byte', async () => {
    const cwd = await encryptedTree()
    for (const name of Object.keys(PLAIN)) expect(read(cwd, name)).toContain('ENC[AES256_GCM,')
    expect(read(cwd, 'docs/README.md')).toContain('sops: a word')
    expect(await waxseal(['decrypt', '-i', '.'], { cwd })).toEqual({ status: 0, stdout: '', stderr: '' })
    expect(all(cwd)).toEqual(PLAIN)
  })

  it('without anything to do are an error', async () => {
    const cwd = plainTree()
    expect(await waxseal(['decrypt', '-i', 'deploy'], { cwd })).toMatchObject({ status: 1, stderr: expect.stringContaining('no encrypted file') as string })
    expect(await waxseal(['encrypt', '-i', 'docs'], { cwd })).toMatchObject({ status: 1, stderr: expect.stringContaining('a rule is meant for') as string })
  })

  it('are all decrypted or none', async () => {
    const cwd = await encryptedTree()
    writeFileSync(join(cwd, 'deploy/a.yaml'), read(cwd, 'deploy/a.yaml').replace('port: 1', 'port: 2'))
    const before = all(cwd)
    expect(await waxseal(['decrypt', '-i', 'deploy'], { cwd })).toMatchObject({ status: 51, stderr: expect.stringContaining('deploy/a.yaml: MAC mismatch') as string })
    expect(all(cwd)).toEqual(before)
  })
})

describe('rotate', () => {
  it('gives every file a new data key and other tokens, and goes on beside a file that fails', async () => {
    const cwd = await encryptedTree()
    const before = all(cwd)
    writeFileSync(join(cwd, 'deploy/a.yaml'), read(cwd, 'deploy/a.yaml').replace('port: 1', 'port: 2'))
    const { status, stderr } = await waxseal(['rotate', 'deploy'], { cwd })
    expect(status).toBe(51)
    expect(stderr).toContain('deploy/a.yaml: MAC mismatch')
    expect(stderr).toContain('1 of 3 files failed, the others are done')
    const tokens = (text = ''): string[] => text.match(/ENC\[AES256_GCM,[^\]]*\]/g) ?? []
    for (const name of ['deploy/deep/b.json', 'deploy/deep/c.env']) {
      expect(tokens(read(cwd, name)).some((token) => tokens(before[name]).includes(token))).toBe(false)
      expect((await waxseal(['decrypt', name], { cwd })).stdout).toBe(PLAIN[name as keyof typeof PLAIN])
    }
  })
})

describe('updatekeys', () => {
  it('shows a plan, and gives the keys of the rules without touching a value', async () => {
    const cwd = await encryptedTree()
    writeFileSync(join(cwd, '.sops.yaml'), rulesFor(`${AGE_RECIPIENT},${OTHER_RECIPIENT}`))
    const before = all(cwd)
    const dry = await waxseal(['updatekeys', '--dry-run', 'deploy'], { cwd })
    expect([dry.status, dry.stdout]).toEqual([0, Object.keys(PLAIN).map((name) => `${name}\n      ${AGE_RECIPIENT}\n    + ${OTHER_RECIPIENT}\n`).join('')])
    expect(all(cwd)).toEqual(before)
    expect((await waxseal(['updatekeys', '--yes', 'deploy'], { cwd })).status).toBe(0)
    for (const name of Object.keys(PLAIN)) {
      expect(read(cwd, name).match(/ENC\[AES256_GCM,[^\]]*\]/)?.[0]).toBe(before[name]?.match(/ENC\[AES256_GCM,[^\]]*\]/)?.[0])
      expect((await waxseal(['decrypt', name], { cwd, env: { SOPS_AGE_KEY_FILE: OTHER_KEY_FILE } })).stdout).toBe(PLAIN[name as keyof typeof PLAIN])
    }
    expect(await waxseal(['updatekeys', 'deploy'], { cwd })).toEqual({ status: 0, stdout: '', stderr: 'the keys of all 3 files are those of the rules already\n' })
  })

  it('asks on a terminal or wants --yes', async () => {
    const cwd = await encryptedTree()
    writeFileSync(join(cwd, '.sops.yaml'), rulesFor(`${AGE_RECIPIENT},${OTHER_RECIPIENT}`))
    const before = all(cwd)
    const { status, stderr } = await waxseal(['updatekeys', 'deploy/a.yaml'], { cwd })
    expect([status, stderr.includes('--yes')]).toEqual([1, true])
    expect(all(cwd)).toEqual(before)
  })

  it('makes a new data key with --rotate', async () => {
    const cwd = await encryptedTree()
    writeFileSync(join(cwd, '.sops.yaml'), rulesFor(OTHER_RECIPIENT))
    const before = read(cwd, 'deploy/a.yaml')
    const { status, stdout } = await waxseal(['updatekeys', '--yes', '--rotate', '--json', 'deploy/a.yaml'], { cwd })
    expect([status, JSON.parse(stdout)]).toEqual([0, [{ file: 'deploy/a.yaml', groups: [{ kept: [], added: [OTHER_RECIPIENT], removed: [AGE_RECIPIENT] }], needed: { before: 1, after: 1 }, rotates: true }]])
    expect(read(cwd, 'deploy/a.yaml').match(/user: (\S+)/)?.[1]).not.toBe(before.match(/user: (\S+)/)?.[1])
    expect((await waxseal(['decrypt', 'deploy/a.yaml'], { cwd, env: { SOPS_AGE_KEY_FILE: OTHER_KEY_FILE } })).stdout).toBe(PLAIN['deploy/a.yaml'])
  })
})

describe('updatekeys --rotate', () => {
  it('makes a new data key where the keys are right already', async () => {
    const cwd = await encryptedTree()
    const before = read(cwd, 'deploy/a.yaml')
    const { status, stdout } = await waxseal(['updatekeys', '--yes', '--rotate', '--json', 'deploy/a.yaml'], { cwd })
    expect([status, JSON.parse(stdout)]).toMatchObject([0, [{ groups: [{ kept: [AGE_RECIPIENT], added: [], removed: [] }], rotates: true }]])
    expect(read(cwd, 'deploy/a.yaml').match(/user: (\S+)/)?.[1]).not.toBe(before.match(/user: (\S+)/)?.[1])
  })
})

/** Runs as a user who may not touch the path. */
async function withoutRights<T>(path: string, work: () => Promise<T>): Promise<T> {
  const { mode } = statSync(path)
  const isSuperuser = process.getuid?.() === 0
  chmodSync(path, 0)
  if (isSuperuser) process.seteuid?.(NOBODY)
  try {
    return await work()
  } finally {
    if (isSuperuser) process.seteuid?.(0)
    chmodSync(path, mode)
  }
}

describe('a file of a folder that cannot be read', () => {
  it.each([
    ['status', 'broken     deploy/a.yaml\n             deploy/a.yaml: permission denied\nencrypted  deploy/deep/b.json\nencrypted  deploy/deep/c.env\n'],
    ['verify', 'failed    deploy/a.yaml: permission denied\nverified  deploy/deep/b.json\nverified  deploy/deep/c.env\n'],
  ])('is one line of %s', async (command, answer) => {
    const cwd = await encryptedTree()
    const key = identityOf(AGE_KEY_FILE)
    chmodSync(cwd, 0o755)
    const ended = await withoutRights(join(cwd, 'deploy/a.yaml'), () => waxseal([command, 'deploy'], { cwd, env: { SOPS_AGE_KEY: key, SOPS_AGE_KEY_FILE: '' } }))
    expect([ended.status === 0, ended.stdout]).toEqual([false, answer])
  })
})

describe('a folder in a folder that cannot be listed', () => {
  it.each([
    ['status', 'encrypted  deploy/a.yaml\nbroken     deploy/deep\n             deploy/deep: permission denied\n'],
    ['verify', 'verified  deploy/a.yaml\nfailed    deploy/deep: permission denied\n'],
  ])('is one line of %s', async (command, answer) => {
    const cwd = await encryptedTree()
    const key = identityOf(AGE_KEY_FILE)
    chmodSync(cwd, 0o755)
    const ended = await withoutRights(join(cwd, 'deploy/deep'), () => waxseal([command, 'deploy'], { cwd, env: { SOPS_AGE_KEY: key, SOPS_AGE_KEY_FILE: '' } }))
    expect([ended.status === 0, ended.stdout]).toEqual([false, answer])
  })

  it('keeps nobody from the other files, and encrypts and seals nothing', async () => {
    const cwd = await encryptedTree()
    const before = all(cwd)
    for (const folder of ['', 'deploy']) chmodSync(join(cwd, folder), 0o777)
    const env = { SOPS_AGE_KEY: identityOf(AGE_KEY_FILE), SOPS_AGE_KEY_FILE: '' }
    const ended = await withoutRights(join(cwd, 'deploy/deep'), async () => [await waxseal(['encrypt', '-i', 'deploy'], { cwd, env }), await waxseal(['seal', '-i', 'deploy'], { cwd, env })])
    for (const { status, stderr } of ended) expect([status, stderr]).toEqual([2, expect.stringContaining('deploy/deep: permission denied')])
    expect(all(cwd)).toEqual(before)
  })
})

const groupRules = (...groups: readonly string[][]): string =>
  `creation_rules:\n  - key_groups:\n${groups.map((group) => `      - age:\n${group.map((recipient) => `          - ${recipient}\n`).join('')}`).join('')}`

describe('a rule without a threshold', () => {
  const both = { SOPS_AGE_KEY: `${identityOf(AGE_KEY_FILE)} ${identityOf(OTHER_KEY_FILE)}` }

  /** Three groups; a file that is encrypted for all of them. */
  async function sharedFile(): Promise<string> {
    const cwd = testFolder()
    writeFileSync(join(cwd, '.sops.yaml'), groupRules([AGE_RECIPIENT], [OTHER_RECIPIENT], [AGE_RECIPIENT]))
    writeFileSync(join(cwd, 'f.json'), '{"k": "v"}\n')
    expect((await waxseal(['encrypt', '-i', 'f.json'], { cwd })).status).toBe(0)
    return cwd
  }

  it('needs every group, as explain says, and its files are up to date', async () => {
    const cwd = await sharedFile()
    expect((await waxseal(['explain', 'f.json'], { cwd })).stdout).toContain('3 of 3 groups')
    expect(read(cwd, 'f.json')).toContain('"shamir_threshold": 3')
    expect((await waxseal(['updatekeys', 'f.json'], { cwd, env: both })).stderr).toBe('the keys are those of the rules already\n')
  })

  it('leaves the threshold of a file as it is', async () => {
    const cwd = await sharedFile()
    expect((await waxseal(['groups', 'threshold', '--yes', 'f.json', '2'], { cwd, env: both })).status).toBe(0)
    writeFileSync(join(cwd, '.sops.yaml'), groupRules([AGE_RECIPIENT, OTHER_RECIPIENT], [OTHER_RECIPIENT], [AGE_RECIPIENT]))
    const { status, stdout } = await waxseal(['updatekeys', '--yes', '--json', 'f.json'], { cwd, env: both })
    expect([status, JSON.parse(stdout)]).toMatchObject([0, [{ needed: { before: 2, after: 2 } }]])
    expect(read(cwd, 'f.json')).toContain('"shamir_threshold": 2')
  })
})

describe('recipients', () => {
  it('are listed, added, and removed with a new data key', async () => {
    const cwd = await encryptedTree()
    expect((await waxseal(['recipients', 'list', 'deploy/a.yaml'], { cwd })).stdout).toBe(`age       ${AGE_RECIPIENT}\n`)
    expect((await waxseal(['recipients', 'add', '--yes', OTHER_RECIPIENT, 'deploy'], { cwd })).status).toBe(0)
    expect(JSON.parse((await waxseal(['recipients', 'list', '--json', 'deploy'], { cwd })).stdout)).toMatchObject(
      Object.keys(PLAIN).map((file) => ({ file, groupsNeeded: 1, groups: [[{ recipient: AGE_RECIPIENT }, { recipient: OTHER_RECIPIENT }]] })),
    )
    expect((await waxseal(['recipients', 'remove', '--yes', AGE_RECIPIENT, 'deploy'], { cwd })).status).toBe(0)
    expect((await waxseal(['decrypt', 'deploy/a.yaml'], { cwd })).status).toBe(128)
    expect((await waxseal(['decrypt', 'deploy/a.yaml'], { cwd, env: { SOPS_AGE_KEY_FILE: OTHER_KEY_FILE } })).stdout).toBe(PLAIN['deploy/a.yaml'])
  })

  it.each([
    { words: ['remove', '--yes', AGE_RECIPIENT, 'deploy/a.yaml'], says: 'left without keys' },
    { words: ['remove', '--yes', OTHER_RECIPIENT, 'deploy/a.yaml'], says: 'deploy/a.yaml has no such recipient' },
    { words: ['remove', '--yes', 'nobody', 'deploy'], says: 'the files have no such recipient' },
    { words: ['add', '--yes', 'nobody', 'deploy/a.yaml'], says: 'no recipient of a known kind' },
    { words: ['add', '--yes', '--group', '2', OTHER_RECIPIENT, 'deploy/a.yaml'], says: 'no key group 2' },
    { words: ['add', '--yes', OTHER_RECIPIENT], says: 'needs a recipient and a file' },
    { words: ['drop', 'x'], says: 'has no action "drop"' },
  ])('$words.0: $says', async ({ words, says }) => {
    const cwd = await encryptedTree()
    const before = all(cwd)
    const { status, stderr } = await waxseal(['recipients', ...words], { cwd })
    expect(status).not.toBe(0)
    expect(stderr).toContain(says)
    expect(all(cwd)).toEqual(before)
  })
})

describe('groups', () => {
  it('are added, counted and deleted with a new data key', async () => {
    const cwd = await encryptedTree()
    const [file, plain] = ['deploy/a.yaml', PLAIN['deploy/a.yaml']]
    expect((await waxseal(['groups', 'add', '--yes', file, OTHER_RECIPIENT], { cwd })).status).toBe(0)
    expect((await waxseal(['recipients', 'list', file], { cwd })).stdout).toContain('group 2 (2 of 2 are needed)')
    expect((await waxseal(['decrypt', file], { cwd })).status).toBe(128)
    const both = { SOPS_AGE_KEY: `${identityOf(AGE_KEY_FILE)}\n${identityOf(OTHER_KEY_FILE)}`, SOPS_AGE_KEY_FILE: AGE_KEY_FILE }
    expect((await waxseal(['decrypt', file], { cwd, env: both })).stdout).toBe(plain)
    const before = read(cwd, file)
    expect((await waxseal(['groups', 'delete', '--yes', '--threshold', '1', file, '1'], { cwd, env: both })).status).toBe(0)
    expect(read(cwd, file).match(/user: (\S+)/)?.[1]).not.toBe(before.match(/user: (\S+)/)?.[1])
    expect((await waxseal(['decrypt', file], { cwd })).status).toBe(128)
    expect((await waxseal(['decrypt', file], { cwd, env: { SOPS_AGE_KEY_FILE: OTHER_KEY_FILE } })).stdout).toBe(plain)
  })

  it('can be needed in another number', async () => {
    const cwd = await encryptedTree()
    const file = 'deploy/a.yaml'
    for (let n = 0; n < 2; n++) expect((await waxseal(['groups', 'add', '--yes', file, AGE_RECIPIENT, '--threshold', '2'], { cwd })).status).toBe(0)
    expect(await waxseal(['groups', 'threshold', '--dry-run', file, '3'], { cwd })).toMatchObject({ status: 0, stdout: expect.stringContaining('groups needed to open it: 2 before, 3 after') as string })
    expect((await waxseal(['groups', 'threshold', '--yes', file, '3'], { cwd })).status).toBe(0)
    expect((await waxseal(['decrypt', file], { cwd })).stdout).toBe(PLAIN[file])
  })

  it.each([
    { words: ['add', 'deploy/a.yaml'], says: 'needs the recipients' },
    { words: ['add', 'deploy/a.yaml', OTHER_RECIPIENT, '--threshold', '3'], says: '3 groups would be needed, and there are 2' },
    { words: ['delete', 'deploy/a.yaml', '1'], says: 'the last key group' },
    { words: ['delete', 'deploy/a.yaml', '2'], says: 'there is no key group 2' },
    { words: ['threshold', 'deploy/a.yaml', 'x'], says: 'is a whole number' },
    { words: ['drop', 'deploy/a.yaml'], says: 'has no action "drop"' },
  ])('$words.0: $says', async ({ words, says }) => {
    const cwd = await encryptedTree()
    const before = all(cwd)
    const { status, stderr } = await waxseal(['groups', '--yes', ...words], { cwd })
    expect(status).not.toBe(0)
    expect(stderr).toContain(says)
    expect(all(cwd)).toEqual(before)
  })
})

describe('a file that is gone since its folder was listed', () => {
  it('is none of ours', () => {
    expect(isMarked('gone.yaml', { cwd: testFolder() } as Context)).toBe(false)
  })
})

describe('status', () => {
  it('needs no key and tells what is not as its rule wants it', async () => {
    const cwd = await encryptedTree()
    expect(await waxseal(['status'], { cwd, env: { SOPS_AGE_KEY_FILE: '/none' } })).toEqual({ status: 0, stderr: '', stdout: Object.keys(PLAIN).map((name) => `encrypted  ${name}\n`).join('') })
    writeFileSync(join(cwd, 'deploy/new.yaml'), 'user: y\n')
    writeFileSync(join(cwd, 'deploy/a.yaml'), `${read(cwd, 'deploy/a.yaml')}a: [\n`)
    writeFileSync(join(cwd, '.sops.yaml'), rulesFor(OTHER_RECIPIENT))
    const { status, stdout } = await waxseal(['status', '--json', 'deploy'], { cwd })
    expect(status).toBe(1)
    expect((JSON.parse(stdout) as { file: string; state: string }[]).map(({ file, state }) => `${state} ${file}`)).toEqual([
      'broken deploy/a.yaml',
      'stale deploy/deep/b.json',
      'stale deploy/deep/c.env',
      'clear deploy/new.yaml',
    ])
  })
})

describe('explain', () => {
  it('tells the rule, the recipients, and what would be encrypted', async () => {
    const cwd = plainTree()
    expect(await waxseal(['explain', 'deploy/a.yaml'], { cwd })).toEqual({
      status: 0,
      stderr: '',
      stdout: `file      deploy/a.yaml
rule      1 of 2 in .sops.yaml: path_regex ^deploy/ is found in deploy/a.yaml
encrypts  values whose keys match ^(user|k|K)$
for       ${AGE_RECIPIENT} (age)
would be  1 values encrypted, 1 in clear
            clear: port
`,
    })
    expect(JSON.parse((await waxseal(['explain', '--json', 'other.yaml'], { cwd })).stdout)).toMatchObject({ rule: 2, pathRegex: '', selects: 'all values but those whose keys end in _unencrypted' })
  })

  it('says what to do without rules', async () => {
    const { status, stderr } = await waxseal(['explain', 'a.yaml'], { cwd: testFolder() })
    expect(status).not.toBe(0)
    expect(stderr).toContain('waxseal init')
  })
})

describe('verify', () => {
  it('ends with the status of the first file that fails, whichever is done first', async () => {
    const cwd = await encryptedTree()
    writeFileSync(join(cwd, 'deploy/a.yaml'), read(cwd, 'deploy/a.yaml').replace('port: 1', 'port: 2'))
    writeFileSync(join(cwd, 'deploy/deep/b.json'), read(cwd, 'deploy/deep/b.json').replace('{', '{,'))
    const { status, stdout } = await waxseal(['verify', 'deploy'], { cwd })
    expect(stdout).toMatch(/^failed .*a\.yaml: MAC mismatch.*\nfailed .*b\.json: .*\nverified /)
    expect(status).toBe(51)
  })

  it('opens every value and says which file is not what was written', async () => {
    const cwd = await encryptedTree()
    expect(await waxseal(['verify', 'deploy'], { cwd })).toEqual({ status: 0, stderr: '', stdout: Object.keys(PLAIN).map((name) => `verified  ${name}\n`).join('') })
    writeFileSync(join(cwd, 'deploy/a.yaml'), read(cwd, 'deploy/a.yaml').replace('port: 1', 'port: 2'))
    const { status, stdout } = await waxseal(['verify', '--json'], { cwd })
    expect(status).toBe(51)
    expect(JSON.parse(stdout)).toMatchObject([{ file: 'deploy/a.yaml', verified: false, error: { code: 'MAC_MISMATCH' } }, { verified: true, values: 1 }, { verified: true }])
  })
})
