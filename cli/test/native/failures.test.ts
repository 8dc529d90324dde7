/** What people read when something fails, to the byte: what and where, and the next step. Nothing of a value, a key or a foreign text. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AGE_RECIPIENT, type Ended, OTHER_KEY_FILE, testFolder } from '../test-context.ts'
import { waxseal } from './run-native.ts'

const BOB = 'age16n6pr9p7d8ml2pcql44ta7trq7zegrxqadyr87fjzrl6wahacv5s2p78zf'
const RULES = `creation_rules:
  - path_regex: \\.enc\\.yaml$
    age:
      - ${AGE_RECIPIENT} # alice
  - path_regex: ^shared
    shamir_threshold: 2
    key_groups:
      - age: ['${AGE_RECIPIENT}']
      - age: ['${BOB}']
`

interface Case {
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly rules?: string
}

const FILES: Readonly<Record<string, string>> = {
  'plain.yaml': 'db:\n  password: secret\n',
  'broken.yaml': 'a: [secret\n',
  'empty.yaml': '',
  'list.yaml': '- secret\n',
  'twice.yaml': 'a: secret\na: other\n',
  'broken.json': '{"a": secret}',
}

async function failing({ args, env, rules = RULES }: Case): Promise<Ended> {
  const cwd = testFolder()
  const write = (name: string, text: string): void => writeFileSync(join(cwd, name), text)
  write('.sops.yaml', RULES)
  for (const [name, text] of Object.entries(FILES)) write(name, text)
  const encrypted = async (name: string): Promise<string> => {
    write(name, FILES['plain.yaml']!)
    const { stdout, stderr } = await waxseal(['encrypt', name], { cwd })
    expect(stderr).toBe('')
    write(name, stdout)
    return stdout
  }
  const text = await encrypted('db.enc.yaml')
  await encrypted('shared.yaml')
  write('moved.enc.yaml', text.replace('password:', 'passwort:'))
  write('added.enc.yaml', `more: text\n${text}`)
  write('no-mac.enc.yaml', text.replace(/^ *mac: .*\n/m, ''))
  write('.sops.yaml', rules)
  const ended = await waxseal(args, { cwd, ...(env && { env }) })
  return { ...ended, stderr: ended.stderr.replaceAll(cwd, 'HOME') }
}

const NOBODY = { SOPS_AGE_KEY_FILE: '/none/keys.txt' }
const ELSE = { SOPS_AGE_KEY_FILE: OTHER_KEY_FILE }

const LOOKED = "Did not find keys in locations 'SOPS_AGE_SSH_PRIVATE_KEY_FILE', 'SOPS_AGE_SSH_PRIVATE_KEY_CMD', 'HOME/.ssh/id_ed25519', 'HOME/.ssh/id_rsa', 'SOPS_AGE_KEY'"
const UNREAD = `failed to load age identities. Errors while loading age identities: failed to open SOPS_AGE_KEY_FILE file: open /none/keys.txt: no such file or directory. ${LOOKED}, 'SOPS_AGE_KEY_CMD', and 'HOME/.config/sops/age/keys.txt'.`
const UNFIT = `failed to create reader for decrypting sops data key with age: identity did not match any of the recipients: incorrect identity for recipient block. ${LOOKED}, and 'SOPS_AGE_KEY_CMD'.`
const ASK = 'set SOPS_AGE_KEY_FILE to your identity (for PGP without gpg: WAXSEAL_PGP_KEY_FILE), or ask somebody who can open the file to add your recipient'

describe('a failure says what and where, and the next step', () => {
  it.each<readonly [string, Case, number, readonly [what: string, hint: string]]>([
    ['no such file', { args: ['decrypt', 'missing.yaml'] }, 100, [
      'missing.yaml: no such file or directory',
      'relative names start at the working folder',
    ]],
    ['a folder', { args: ['get', '.', 'a'] }, 2, [
      '.: is a directory',
      'name the files in it',
    ]],
    ['not encrypted', { args: ['decrypt', 'plain.yaml'] }, 1, [
      'plain.yaml: sops metadata not found',
      'waxseal encrypt -i encrypts it',
    ]],
    ['encrypted already', { args: ['encrypt', 'db.enc.yaml'] }, 203, [
      "db.enc.yaml: the file has a top-level entry that is reserved for sops's metadata",
      'the file is encrypted already, or the entry must be renamed',
    ]],
    ['another identity', { args: ['decrypt', 'db.enc.yaml'], env: ELSE }, 128, [
      `db.enc.yaml: no master key was able to decrypt the file, needs one of: alice <${AGE_RECIPIENT}> (${UNFIT})`,
      ASK,
    ]],
    ['no identity', { args: ['decrypt', 'db.enc.yaml'], env: NOBODY }, 128, [
      `db.enc.yaml: no master key was able to decrypt the file, needs one of: alice <${AGE_RECIPIENT}> (${UNREAD})`,
      ASK,
    ]],
    ['too few groups', { args: ['decrypt', 'shared.yaml'], env: NOBODY }, 128, [
      `shared.yaml: 2 of 2 key groups are needed to decrypt the file, 0 could be opened: alice <${AGE_RECIPIENT}>, ${BOB} (${UNREAD})`,
      ASK,
    ]],
    ['a renamed key', { args: ['decrypt', 'moved.enc.yaml'] }, 25, [
      'moved.enc.yaml: value at db:passwort: failed authentication',
      'it was changed by something else; restore it from git',
    ]],
    ['an added value', { args: ['decrypt', 'added.enc.yaml'] }, 25, [
      "added.enc.yaml: value at more: does not match sops' data format",
      'it was changed by something else; restore it from git',
    ]],
    ['no MAC', { args: ['decrypt', 'no-mac.enc.yaml'] }, 51, [
      'no-mac.enc.yaml: MAC mismatch: the file has no MAC',
      'it was changed by something else; restore it from git, or look at it with waxseal sops decrypt --ignore-mac',
    ]],
    ['broken YAML', { args: ['encrypt', '--age', AGE_RECIPIENT, 'broken.yaml'] }, 2, [
      "broken.yaml: line 2, column 1: ',' or ']' is expected here",
      'if its name does not tell its format, --type does',
    ]],
    ['broken JSON', { args: ['encrypt', '--age', AGE_RECIPIENT, 'broken.json'] }, 2, [
      'broken.json: line 1, column 7: expected a value',
      'if its name does not tell its format, --type does',
    ]],
    ['nothing in it', { args: ['encrypt', '--age', AGE_RECIPIENT, 'empty.yaml'] }, 92, [
      'empty.yaml: the file is empty',
      'write something into it first',
    ]],
    ['a list', { args: ['encrypt', '--age', AGE_RECIPIENT, 'list.yaml'] }, 2, [
      'list.yaml: line 1, column 1: the top level is a list, not a map',
      'the top level must be a map; --type binary takes anything as one value',
    ]],
    ['a key twice', { args: ['encrypt', '--age', AGE_RECIPIENT, 'twice.yaml'] }, 2, [
      'twice.yaml: line 2, column 1: the key stands twice in its map',
      'remove one of the two',
    ]],
    ['a misspelt recipient', { args: ['encrypt', '--age', 'age1xyz', 'plain.yaml'] }, 1, [
      `failed to parse input as Bech32-encoded age public key: malformed recipient "age1xyz": separator '1' at invalid position: pos=3, len=7`,
      'age-keygen -y FILE prints the recipient of an identity',
    ]],
    ['an identity for a recipient', { args: ['encrypt', '--age', 'AGE-SECRET-KEY-1XYZ', 'plain.yaml'] }, 1, [
      'that is a secret age identity, not a recipient',
      'waxseal keygen -y FILE prints its recipient',
    ]],
    ['no rule', { args: ['encrypt', 'plain.yaml'] }, 1, [
      '.sops.yaml: error loading config: no matching creation rules found',
      'add a rule whose path_regex matches the path, or one without path_regex at the end',
    ]],
    ['a rule that is no mapping', { args: ['encrypt', 'plain.yaml'], rules: 'creation_rules: [x]\n' }, 1, [
      '.sops.yaml: could not unmarshal config file: creation_rules is not a mapping',
      'rules look as in the file that waxseal init writes in an empty folder',
    ]],
    ['an expression that is none', { args: ['encrypt', 'plain.yaml'], rules: "creation_rules: [{path_regex: '('}]\n" }, 1, [
      '.sops.yaml: path_regex is not a regular expression: error parsing regexp: missing closing ): `(`',
      'the syntax is that of RE2: no look-around, no back-references',
    ]],
    ['a value that is not there', { args: ['get', 'db.enc.yaml', 'db.user'] }, 1, [
      "db.enc.yaml: component ['user'] not found",
      'waxseal view FILE shows what is there',
    ]],
    ['a path that is none', { args: ['get', 'db.enc.yaml', 'db..password'] }, 91, [
      '"db..password" is not a path',
      'for example db.password, users[0].token or ["a.b"].c',
    ]],
    ['a path through a value', { args: ['unset', 'db.enc.yaml', 'db.password.x'] }, 91, [
      "db.enc.yaml: unsupported type: string for item 'x'",
      'a path looks like ["key"]["list"][0]',
    ]],
    ['the last recipient', { args: ['recipients', 'remove', AGE_RECIPIENT, 'db.enc.yaml'] }, 1, [
      'db.enc.yaml: a key group would be left without keys',
      'add another recipient first',
    ]],
    ['a recipient of no kind', { args: ['recipients', 'add', 'alice', 'db.enc.yaml'] }, 1, [
      '"alice" is no recipient of a known kind',
      'age1..., ssh-ed25519 ..., a PGP fingerprint, arn:aws:kms:..., projects/.../cryptoKeys/..., https://NAME.vault.azure.net/keys/..., https://VAULT/v1/transit/keys/..., REGION:ID',
    ]],
    ['an action of no command', { args: ['keys', 'list', 'db.enc.yaml'] }, 1, [
      'keys has no action "list"',
      'waxseal keys test FILE',
    ]],
    ['no command', { args: ['decypher', 'db.enc.yaml'] }, 1, [
      "unknown command 'decypher'",
      'waxseal help',
    ]],
    ['no option', { args: ['decrypt', '--nope', 'db.enc.yaml'] }, 1, [
      "unknown option '--nope'",
      'Did you mean --type?',
    ]],
    ['no editor', { args: ['edit', 'db.enc.yaml'], env: { EDITOR: '/none' } }, 201, [
      'Could not run editor: exec: "/none": executable file not found in $PATH',
      'set EDITOR to a program that ends when the file is closed',
    ]],
    ['a type of no format', { args: ['decrypt', '--type', 'toml', 'db.enc.yaml'] }, 1, [
      'there is no format "toml"',
      'one of yaml, json, dotenv, ini, binary',
    ]],
  ])('%s', async (_, failure, wanted, [what, hint]) => {
    const { status, stdout, stderr } = await failing(failure)
    expect(stderr).toBe(`waxseal: ${what}\nhint: ${hint}\n`)
    expect([status, stdout]).toEqual([wanted, ''])
  })
})
