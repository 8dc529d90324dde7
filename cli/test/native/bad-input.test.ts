/** Every kind of input that cannot be used: one line of error, one of hint, the documented status, nothing written, nothing told. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AGE_RECIPIENT, OTHER_KEY_FILE, testFolder } from '../test-context.ts'
import { waxseal } from './run-native.ts'

const SECRET = 'hunter2-plaintext'
const PLAIN = `db:\n  password: ${SECRET}\n  port: 5432\n`
const RULES = `creation_rules:\n  - age: ${AGE_RECIPIENT}\n`
const MIB = 1024 * 1024

/** Names, sizes and small contents of everything in a folder. */
function contentOf(folder: string): ReadonlyMap<string, string> {
  return new Map(
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort().map((name) => {
      const stats = statSync(join(folder, name))
      return [name, stats.isFile() && stats.size < MIB ? readFileSync(join(folder, name), 'latin1') : `${stats.size} ${stats.mtimeMs}`]
    }),
  )
}

async function encrypted(plain = PLAIN, name = 'f.yaml'): Promise<string> {
  const cwd = testFolder()
  writeFileSync(join(cwd, name), plain)
  const { status, stdout, stderr } = await waxseal(['encrypt', '--age', AGE_RECIPIENT, name], { cwd })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return stdout
}

interface BadInput {
  readonly what: string
  readonly args: readonly string[]
  readonly status: number
  readonly message: RegExp
  /** Files of the folder; `secret.yaml` is usually the one. */
  readonly files?: () => Promise<Readonly<Record<string, string | Uint8Array>>> | Readonly<Record<string, string | Uint8Array>>
  readonly env?: Readonly<Record<string, string>>
}

const DECRYPT = ['decrypt', '-i', 'secret.yaml']
const ENCRYPT = ['encrypt', '-i', '--age', AGE_RECIPIENT, 'secret.yaml']

const TABLE: readonly BadInput[] = [
  { what: 'a missing file', args: DECRYPT, status: 100, message: /^secret\.yaml: no such file/ },
  { what: 'a missing file to encrypt', args: ENCRYPT, status: 100, message: /^secret\.yaml: no such file/ },
  { what: 'a missing file to change', args: ['set', 'secret.yaml', 'a', '--stdin'], status: 100, message: /^secret\.yaml: no such file/ },
  { what: 'a folder', args: ['set', 'folder', 'a', '--stdin'], status: 2, message: /^folder: is a directory/ },
  { what: 'a folder without encrypted files', args: ['decrypt', '-i', 'folder'], status: 1, message: /^folder: there is no encrypted file in there/ },
  { what: 'a file without metadata', args: DECRYPT, files: () => ({ 'secret.yaml': PLAIN }), status: 1, message: /^secret\.yaml: sops metadata not found/ },
  { what: 'a file that is encrypted already', args: ENCRYPT, files: async () => ({ 'secret.yaml': await encrypted() }), status: 203, message: /^secret\.yaml: the file has a top-level entry/ },
  {
    what: "somebody else's identity",
    args: DECRYPT,
    files: async () => ({ 'secret.yaml': await encrypted() }),
    env: { SOPS_AGE_KEY_FILE: OTHER_KEY_FILE },
    status: 128,
    message: /^secret\.yaml: no master key was able to decrypt the file, needs one of: age1[a-z0-9]+ \(failed to create reader for decrypting sops data key with age: identity did not match any of the recipients/,
  },
  {
    what: 'no identity at all',
    args: ['edit', 'secret.yaml'],
    files: async () => ({ 'secret.yaml': await encrypted() }),
    env: { SOPS_AGE_KEY_FILE: '/nonexistent/keys.txt' },
    status: 128,
    message: /failed to load age identities/,
  },
  {
    what: 'a value with a changed byte',
    args: DECRYPT,
    files: async () => ({ 'secret.yaml': (await encrypted()).replace(/(password: ENC\[AES256_GCM,data:)(.)/, (_, front: string, c: string) => front + (c === 'A' ? 'B' : 'A')) }),
    status: 25,
    message: /^secret\.yaml: value at db:password: failed authentication/,
  },
  { what: 'a renamed key', args: DECRYPT, files: async () => ({ 'secret.yaml': (await encrypted()).replace('password:', 'passwort:') }), status: 25, message: /^secret\.yaml: value at db:passwort:/ },
  {
    what: 'values that changed places',
    args: DECRYPT,
    files: async () => ({ 'secret.yaml': (await encrypted('a: one\nb: two\n')).replace(/^a: (.*)\nb: (.*)$/m, 'b: $2\na: $1') }),
    status: 51,
    message: /^secret\.yaml: MAC mismatch/,
  },
  {
    what: 'a removed value',
    args: ['get', 'secret.yaml', 'db.password'],
    files: async () => ({ 'secret.yaml': (await encrypted()).replace(/^ {2}port: .*\n/m, '') }),
    status: 51,
    message: /^secret\.yaml: MAC mismatch/,
  },
  { what: 'a changed MAC', args: DECRYPT, files: async () => ({ 'secret.yaml': (await encrypted()).replace(/(mac: ENC\[AES256_GCM,data:)(.)/, (_, front: string, c: string) => front + (c === 'A' ? 'B' : 'A')) }), status: 51, message: /^secret\.yaml: cannot decrypt MAC/ },
  { what: 'no MAC', args: DECRYPT, files: async () => ({ 'secret.yaml': (await encrypted()).replace(/^ *mac: .*\n/m, '') }), status: 51, message: /^secret\.yaml: MAC mismatch: the file has no MAC/ },
  { what: 'a clear value where a token was', args: ['view', 'secret.yaml'], files: async () => ({ 'secret.yaml': (await encrypted()).replace(/port: ENC.*/, `port: ${SECRET}`) }), status: 25, message: /^secret\.yaml: value at db:port:/ },
  { what: 'a file that was cut off', args: DECRYPT, files: async () => ({ 'secret.yaml': (await encrypted()).slice(0, 150) }), status: 1, message: /^secret\.yaml: sops metadata not found/ },
  { what: 'a JSON file that was cut off', args: ['decrypt', '-i', 'secret.json'], files: async () => ({ 'secret.json': (await encrypted('{"a": "b"}', 'f.json')).slice(0, -9) }), status: 2, message: /^secret\.json: .*line \d+, column \d+/ },
  { what: 'metadata that was cut off', args: DECRYPT, files: async () => ({ 'secret.yaml': (await encrypted()).replace(/^ {4}lastmodified:[\s\S]*/m, '') }), status: 1, message: /^secret\.yaml: lastmodified/ },
  { what: 'metadata without keys', args: DECRYPT, files: async () => ({ 'secret.yaml': (await encrypted()).replace(/^ {4}age:[\s\S]*?(?=^ {4}lastmodified)/m, '') }), status: 1, message: /^secret\.yaml: / },
  { what: 'a key twice', args: ENCRYPT, files: () => ({ 'secret.yaml': `a: ${SECRET}\nb: 1\na: 2\n` }), status: 2, message: /^secret\.yaml: .*line 3/ },
  { what: 'a key that is no text', args: ENCRYPT, files: () => ({ 'secret.yaml': `1: ${SECRET}\n` }), status: 23, message: /^secret\.yaml: / },
  { what: 'a list for a key', args: ENCRYPT, files: () => ({ 'secret.yaml': `? [a, b]\n: ${SECRET}\n` }), status: 2, message: /^secret\.yaml: .*line 1/ },
  { what: 'no YAML', args: ENCRYPT, files: () => ({ 'secret.yaml': `a: "${SECRET}\nb: [` }), status: 2, message: /^secret\.yaml: .*line \d/ },
  { what: 'a list at the top', args: ENCRYPT, files: () => ({ 'secret.yaml': `- ${SECRET}\n` }), status: 2, message: /^secret\.yaml: / },
  { what: 'an empty file', args: ENCRYPT, files: () => ({ 'secret.yaml': '' }), status: 92, message: /^secret\.yaml: / },
  { what: 'bytes that are no UTF-8', args: ENCRYPT, files: () => ({ 'secret.yaml': Buffer.concat([Buffer.from(`a: ${SECRET}`), Buffer.of(0xff, 0xfe, 0x0a)]) }), status: 2, message: /^secret\.yaml: / },
  { what: 'JSON that is no UTF-8', args: ['encrypt', '-i', '--age', AGE_RECIPIENT, 'secret.json'], files: () => ({ 'secret.json': Buffer.concat([Buffer.from(`{"a": "${SECRET}`), Buffer.of(0xff), Buffer.from('"}')]) }), status: 2, message: /^secret\.json: / },
  { what: 'very deep flow nesting', args: ENCRYPT, files: () => ({ 'secret.yaml': `a: ${'['.repeat(200_000)}` }), status: 2, message: /^secret\.yaml: .*more than \d+ levels/ },
  { what: 'very deep block nesting', args: ENCRYPT, files: () => ({ 'secret.yaml': `a:\n  ${'- '.repeat(200_000)}x\n` }), status: 2, message: /^secret\.yaml: .*more than \d+ levels/ },
  { what: 'very deep JSON', args: ['encrypt', '-i', '--age', AGE_RECIPIENT, 'secret.json'], files: () => ({ 'secret.json': `{"a": ${'['.repeat(200_000)}` }), status: 2, message: /^secret\.json: .*more than \d+ levels/ },
  {
    what: 'aliases that grow without end',
    args: ENCRYPT,
    files: () => ({ 'secret.yaml': `a0: &a0 ${SECRET}\n${Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]\n`).join('')}` }),
    status: 2,
    message: /^secret\.yaml: .*aliases make this file too large/,
  },
  { what: 'a rule file that is no YAML', args: ['encrypt', '-i', 'secret.yaml'], files: () => ({ 'secret.yaml': PLAIN, '.sops.yaml': 'creation_rules: [' }), status: 1, message: /^\.sops\.yaml: .*line \d/ },
  { what: 'a rule file of another shape', args: ['encrypt', '-i', 'secret.yaml'], files: () => ({ 'secret.yaml': PLAIN, '.sops.yaml': 'creation_rules: 5\n' }), status: 1, message: /^\.sops\.yaml: .*creation_rules/ },
  { what: 'a rule with a broken expression', args: ['encrypt', '-i', 'secret.yaml'], files: () => ({ 'secret.yaml': PLAIN, '.sops.yaml': RULES.replace('- age', '- path_regex: "("\n    age') }), status: 1, message: /^\.sops\.yaml: / },
  { what: 'a selector with a broken expression', args: ['encrypt', '-i', 'secret.yaml'], files: () => ({ 'secret.yaml': PLAIN, '.sops.yaml': `${RULES}    encrypted_regex: "^(password"\n` }), status: 1, message: /^secret\.yaml: / },
  { what: 'two selectors', args: ['encrypt', '-i', 'secret.yaml'], files: () => ({ 'secret.yaml': PLAIN, '.sops.yaml': `${RULES}    encrypted_regex: a\n    encrypted_suffix: b\n` }), status: 8, message: /^\.sops\.yaml: / },
  { what: 'rules of which none matches', args: ['encrypt', '-i', 'secret.yaml'], files: () => ({ 'secret.yaml': PLAIN, '.sops.yaml': RULES.replace('- age', '- path_regex: nothing\n    age') }), status: 1, message: /^\.sops\.yaml: .*no matching creation rules/ },
  { what: 'a rule without keys', args: ['encrypt', '-i', 'secret.yaml'], files: () => ({ 'secret.yaml': PLAIN, '.sops.yaml': 'creation_rules:\n  - path_regex: ""\n' }), status: 1, message: /^secret\.yaml: / },
  { what: 'no rules and no recipients', args: ['encrypt', '-i', 'secret.yaml'], files: () => ({ 'secret.yaml': PLAIN }), status: 1, message: /^no recipients/ },
  { what: 'a recipient with a typing error', args: ['encrypt', '-i', '--age', `${AGE_RECIPIENT}x`, 'secret.yaml'], files: () => ({ 'secret.yaml': PLAIN }), status: 1, message: /malformed recipient/ },
  { what: 'a secret key for a recipient', args: ['encrypt', '-i', '--age', 'AGE-SECRET-KEY-1QQQ', 'secret.yaml'], files: () => ({ 'secret.yaml': PLAIN }), status: 1, message: /secret age identity, not a recipient/ },
  { what: 'a path that leads nowhere', args: ['get', 'secret.yaml', 'db.user'], files: async () => ({ 'secret.yaml': await encrypted() }), status: 1, message: /^secret\.yaml: component \['user'\] not found/ },
  { what: 'a path that is none', args: ['get', 'secret.yaml', 'db..password'], files: async () => ({ 'secret.yaml': await encrypted() }), status: 91, message: /is not a path/ },
  { what: 'a whole map to be replaced', args: ['set', 'secret.yaml', 'db', '--stdin'], files: async () => ({ 'secret.yaml': await encrypted() }), status: 91, message: /^secret\.yaml: db is a whole map/ },
  { what: 'a value in the way', args: ['set', 'secret.yaml', 'db.password.x', '--stdin'], files: async () => ({ 'secret.yaml': await encrypted() }), status: 91, message: /^secret\.yaml: db\.password is a value/ },
  { what: 'an index on a map', args: ['set', 'secret.yaml', 'db[0]', '--stdin'], files: async () => ({ 'secret.yaml': await encrypted() }), status: 91, message: /^secret\.yaml: db is a map/ },
  { what: 'the place of metadata', args: ['set', 'secret.yaml', 'sops.x', '--stdin'], files: async () => ({ 'secret.yaml': await encrypted() }), status: 203, message: /^secret\.yaml: / },
  { what: 'a value to remove that is not there', args: ['unset', 'secret.yaml', 'db.user'], files: async () => ({ 'secret.yaml': await encrypted() }), status: 1, message: /^secret\.yaml: key not found/ },
  { what: 'several files without --in-place', args: ['decrypt', 'secret.yaml', 'secret.yaml'], status: 8, message: /^several files need --in-place/ },
  { what: 'standard input without a name', args: ['encrypt', '-'], status: 1, message: /^standard input has no name/ },
  { what: 'a format that does not exist', args: ['decrypt', '--type', 'toml', 'secret.yaml'], files: () => ({ 'secret.yaml': PLAIN }), status: 1, message: /^there is no format "toml"/ },
  { what: 'a command with a typing error', args: ['encrpyt', 'secret.yaml'], status: 1, message: /^unknown command 'encrpyt'/ },
  { what: 'help for a command that does not exist', args: ['help', 'constructor'], status: 1, message: /^unknown command 'constructor'/ },
  { what: 'a JSON value that is no UTF-8', args: ['set', 'secret.yaml', 'db.password', '--json', '--file', 'value.json'], files: async () => ({ 'secret.yaml': await encrypted(), 'value.json': Buffer.from('"\xff"', 'latin1') }), status: 7, message: /^the value is not UTF-8/ },
  { what: 'an option with a typing error', args: ['decrypt', '--in-plac', 'secret.yaml'], status: 1, message: /^unknown option '--in-plac'/ },
  { what: 'an argument too few', args: ['set', 'secret.yaml'], status: 1, message: /^missing required argument 'path'/ },
]

describe('bad input', () => {
  it.each(TABLE)('$what', async ({ args, files, env = {}, status, message }) => {
    const cwd = testFolder()
    mkdirSync(join(cwd, 'folder'))
    for (const [name, content] of Object.entries((await files?.()) ?? {})) writeFileSync(join(cwd, name), content)
    const before = contentOf(cwd)
    const ended = await waxseal(args, { cwd, env, stdin: 'new value\n' })
    expect(ended.stderr).toMatch(/^waxseal: [^\n]+\nhint: [^\n]+\n$/)
    expect(ended.stderr.slice('waxseal: '.length)).toMatch(message)
    expect(ended.status).toBe(status)
    expect(ended.stdout).toBe('')
    expect(ended.stderr).not.toContain(SECRET)
    expect(contentOf(cwd)).toEqual(before)
  })

  it('one bad file among several leaves all of them as they are', async () => {
    const cwd = testFolder()
    writeFileSync(join(cwd, 'good.yaml'), PLAIN)
    writeFileSync(join(cwd, 'bad.yaml'), 'a: [')
    const before = contentOf(cwd)
    const ended = await waxseal(['encrypt', '-i', '--age', AGE_RECIPIENT, 'good.yaml', 'bad.yaml'], { cwd })
    expect(ended.status).toBe(2)
    expect(ended.stderr).toMatch(/^waxseal: bad\.yaml: /)
    expect(contentOf(cwd)).toEqual(before)
  })

  it('100 MB of something else end in an error, not in memory', async () => {
    const cwd = testFolder()
    writeFileSync(join(cwd, 'big.yaml'), Buffer.alloc(100 * MIB))
    const ended = await waxseal(['encrypt', '-i', '--age', AGE_RECIPIENT, 'big.yaml'], { cwd })
    expect(ended.status).toBe(2)
    expect(ended.stderr).toMatch(/^waxseal: big\.yaml: [^\n]+\nhint: [^\n]+\n$/)
  })

  it('names of others cannot add lines or move the cursor', async () => {
    const cwd = testFolder()
    const ended = await waxseal(['decrypt', 'a\n\u001b[2Kb.yaml'], { cwd })
    expect(ended.stderr).toBe('waxseal: a\\u000a\\u001b[2Kb.yaml: no such file or directory\nhint: relative names start at the working folder\n')
  })
})
