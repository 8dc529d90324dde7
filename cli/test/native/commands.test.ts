import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CodedError } from '@waxseal/core'
import { COMMANDS } from '../../src/commands/index.ts'
import { AGE_KEY_FILE, AGE_RECIPIENT, testFolder } from '../test-context.ts'
import { exitStatusOf } from '../../src/exit-status.ts'
import { waxseal } from './run-native.ts'

const PLAIN = `# database
db:
  password: "hunter2" # from the vault
  port:   5432
  hosts: [a, b]
note: |-
  two
  lines
`

/** A folder with `secret.yaml`, encrypted. */
async function folderWithSecret(plain = PLAIN): Promise<string> {
  const cwd = testFolder()
  writeFileSync(join(cwd, 'secret.yaml'), plain)
  expect(await waxseal(['encrypt', '-i', '--age', AGE_RECIPIENT, 'secret.yaml'], { cwd })).toEqual({ status: 0, stdout: '', stderr: '' })
  return cwd
}

const read = (cwd: string, name = 'secret.yaml'): string => readFileSync(join(cwd, name), 'utf8')

/** Lines of the second text that the first has not. */
function changedLines(before: string, after: string): string[] {
  const old = new Set(before.split('\n'))
  return after.split('\n').filter((line) => !old.has(line))
}

describe('encrypt and decrypt', () => {
  it('give the file back to the byte', async () => {
    const cwd = await folderWithSecret()
    expect(read(cwd)).not.toContain('hunter2')
    expect((await waxseal(['decrypt', 'secret.yaml'], { cwd })).stdout).toBe(PLAIN)
  })

  it('keep spellings in a layout hint, unless the rule file wants none', async () => {
    const cwd = await folderWithSecret('ratio: 1.10\nmode: 0o17\nword: before\n')
    expect(read(cwd)).toMatch(/\n {4}waxseal:\n {8}layout: ENC\[/)
    expect((await waxseal(['decrypt', 'secret.yaml'], { cwd })).stdout).toBe('ratio: 1.10\nmode: 0o17\nword: before\n')
    writeFileSync(join(cwd, '.sops.yaml'), 'waxseal: {layout: canonical}\n')
    expect((await waxseal(['set', 'secret.yaml', 'word', '--stdin'], { cwd, stdin: 'after' })).status).toBe(0)
    expect(read(cwd)).not.toContain('waxseal')
    expect((await waxseal(['decrypt', '-i', 'secret.yaml'], { cwd })).status).toBe(0)
    expect(read(cwd)).toBe('ratio: 1.1\nmode: 15\nword: after\n')
    expect((await waxseal(['encrypt', '--age', AGE_RECIPIENT, 'secret.yaml'], { cwd })).stdout).not.toContain('waxseal')
    writeFileSync(join(cwd, '.sops.yaml'), 'waxseal: {layout: other}\n')
    expect(await waxseal(['encrypt', '--age', AGE_RECIPIENT, 'secret.yaml'], { cwd })).toMatchObject({ status: exitStatusOf(new CodedError('CONFIG_INVALID', '')), stdout: '', stderr: expect.stringContaining('.sops.yaml: layout of waxseal is not "canonical"') })
  })

  it('take the comments of an alias away with what stands for it, and leave its own', async () => {
    const plain = 'a: &x\n    - v # c\n    # d\nb: *x # own\n# below\nc: *x\n# end\n'
    const cwd = await folderWithSecret(plain)
    expect((await waxseal(['decrypt', 'secret.yaml'], { cwd })).stdout).toBe(plain)
  })

  it('work on several files at once', async () => {
    const cwd = testFolder()
    for (const name of ['a.yaml', 'b.json', 'c.env', 'd.bin']) writeFileSync(join(cwd, name), name === 'b.json' ? '{"k": "v"}\n' : name === 'a.yaml' ? 'k: v\n' : 'k=v\n')
    writeFileSync(join(cwd, '.sops.yaml'), `creation_rules:\n  - age: ${AGE_RECIPIENT}\n`)
    const before = ['a.yaml', 'b.json', 'c.env', 'd.bin'].map((name) => read(cwd, name))
    expect((await waxseal(['encrypt', '-i', 'a.yaml', 'b.json', 'c.env', 'd.bin'], { cwd })).status).toBe(0)
    for (const name of ['a.yaml', 'b.json', 'c.env', 'd.bin']) expect(read(cwd, name)).toContain('ENC[AES256_GCM,')
    expect((await waxseal(['decrypt', '-i', 'a.yaml', 'b.json', 'c.env'], { cwd })).status).toBe(0)
    expect((await waxseal(['decrypt', '--type', 'binary', '-i', 'd.bin'], { cwd })).status).toBe(0)
    expect(['a.yaml', 'b.json', 'c.env', 'd.bin'].map((name) => read(cwd, name))).toEqual(before)
  })

  it('read standard input and write standard output', async () => {
    const cwd = testFolder()
    const made = await waxseal(['encrypt', '--age', AGE_RECIPIENT, '--filename', 'x.yaml', '-'], { cwd, stdin: PLAIN })
    expect(made.status).toBe(0)
    expect((await waxseal(['decrypt', '--type', 'yaml'], { cwd, stdin: made.stdout })).stdout).toBe(PLAIN)
    expect((await waxseal(['decrypt', '--type', 'yaml', '-o', 'out.yaml', '-'], { cwd, stdin: made.stdout })).stdout).toBe('')
    expect(read(cwd, 'out.yaml')).toBe(PLAIN)
  })

  it('take several recipients, repeated or separated by commas, and leave file names alone', async () => {
    const cwd = testFolder()
    writeFileSync(join(cwd, 'a.yaml'), 'k: v\n')
    const other = (await waxseal(['keygen', '-o', 'other.txt'], { cwd })).stderr.replace('public key: ', '').trim()
    for (const words of [['--age', AGE_RECIPIENT, '--age', other], ['--age', `${AGE_RECIPIENT}, ${other}`]]) {
      const { stdout } = await waxseal(['encrypt', ...words, 'a.yaml'], { cwd })
      expect([...stdout.matchAll(/recipient: (\S+)/g)].map((m) => m[1])).toEqual([AGE_RECIPIENT, other])
    }
  })

  it('apply the selection of the creation rule, with the rule file that is named', async () => {
    const cwd = testFolder()
    writeFileSync(join(cwd, 'a.yaml'), 'password: x\nuser: y\n')
    writeFileSync(join(cwd, 'rules.yaml'), `creation_rules:\n  - path_regex: a\\.yaml$\n    encrypted_regex: ^password$\n    age: ${AGE_RECIPIENT}\n`)
    for (const { words, env } of [{ words: ['--config', 'rules.yaml'], env: {} }, { words: [], env: { SOPS_CONFIG: 'rules.yaml' } }]) {
      const { stdout } = await waxseal(['encrypt', ...words, 'a.yaml'], { cwd, env })
      expect(stdout).toMatch(/^password: ENC\[.*\]\nuser: y\nsops:/)
    }
  })

  it('convert on request', async () => {
    const cwd = await folderWithSecret('a: 1\nb: [true]\n')
    expect(JSON.parse((await waxseal(['decrypt', '--output-type', 'json', 'secret.yaml'], { cwd })).stdout)).toEqual({ a: 1, b: [true] })
  })
})

describe('get', () => {
  it.each([
    ['db.password', 'hunter2'],
    ['["db"]["password"]', 'hunter2'],
    ["db['password']", 'hunter2'],
    ['db.hosts[1]', 'b'],
    ['db.port', '5432\n'],
    ['note', 'two\nlines'],
  ])('%s', async (path, value) => {
    const cwd = await folderWithSecret()
    expect(await waxseal(['get', 'secret.yaml', path], { cwd })).toEqual({ status: 0, stdout: value, stderr: '' })
  })

  it('answers in JSON, and with the whole file', async () => {
    const cwd = await folderWithSecret()
    expect(JSON.parse((await waxseal(['get', '--json', 'secret.yaml', 'db'], { cwd })).stdout)).toEqual({ password: 'hunter2', port: 5432, hosts: ['a', 'b'] })
    expect((await waxseal(['get', '--json', 'secret.yaml', 'db.password'], { cwd })).stdout).toBe('"hunter2"\n')
    expect((await waxseal(['get', 'secret.yaml'], { cwd })).stdout).toBe(PLAIN)
  })
})

describe('set and unset', () => {
  it('change one value and touch no other line', async () => {
    const cwd = await folderWithSecret()
    const before = read(cwd)
    expect(await waxseal(['set', 'secret.yaml', 'db.password', '--stdin'], { cwd, stdin: 'correct horse\n' })).toEqual({ status: 0, stdout: '', stderr: '' })
    // The clock stands still here: lastmodified is the same text.
    expect(changedLines(before, read(cwd)).map((line) => line.trim().split(':')[0])).toEqual(['password', 'mac'])
    expect((await waxseal(['decrypt', 'secret.yaml'], { cwd })).stdout).toBe(PLAIN.replace('hunter2', 'correct horse'))
  })

  it('keep text as text, and JSON as what it is', async () => {
    const cwd = await folderWithSecret('a: 1\n')
    await waxseal(['set', 'secret.yaml', 'b', '--stdin'], { cwd, stdin: '5432\n' })
    for (const [path, json] of [['c', '5432'], ['d', '[1, 2.5, null]'], ['e', '{"x": {"z": true}}'], ['f', '9007199254740993']] as const) {
      expect((await waxseal(['set', 'secret.yaml', path, '--stdin', '--json'], { cwd, stdin: json })).stderr).toBe('')
    }
    expect((await waxseal(['decrypt', 'secret.yaml'], { cwd })).stdout).toBe('a: 1\nb: "5432"\nc: 5432\nd:\n    - 1\n    - 2.5\n    - null\ne:\n    x:\n        z: true\nf: 9007199254740993\n')
  })

  it.each(['{', '1, "other": 2', '1} {"x": 1', ''])('refuse %j for JSON', async (text) => {
    const cwd = await folderWithSecret()
    const before = read(cwd)
    const ended = await waxseal(['set', 'secret.yaml', 'a', '--stdin', '--json'], { cwd, stdin: text })
    expect({ status: ended.status, same: read(cwd) === before }).toEqual({ status: 7, same: true })
  })

  it('take a file as it is', async () => {
    const cwd = await folderWithSecret()
    writeFileSync(join(cwd, 'key.pem'), '-----BEGIN\nx\n')
    await waxseal(['set', 'secret.yaml', 'tls["key.pem"]', '--file', 'key.pem'], { cwd })
    expect((await waxseal(['get', 'secret.yaml', 'tls["key.pem"]'], { cwd })).stdout).toBe('-----BEGIN\nx\n')
  })

  it('append to a list and remove from it', async () => {
    const cwd = await folderWithSecret()
    await waxseal(['set', 'secret.yaml', 'db.hosts[2]', '--stdin'], { cwd, stdin: 'c' })
    await waxseal(['unset', 'secret.yaml', 'db.hosts[0]'], { cwd })
    expect(JSON.parse((await waxseal(['get', '--json', 'secret.yaml', 'db.hosts'], { cwd })).stdout)).toEqual(['b', 'c'])
  })

  it('write nothing when the value stands there already', async () => {
    const cwd = await folderWithSecret()
    const before = read(cwd)
    expect((await waxseal(['set', 'secret.yaml', 'db.password', '--stdin'], { cwd, stdin: 'hunter2' })).stderr).toBe('secret.yaml: nothing to change\n')
    expect(read(cwd)).toBe(before)
  })
})

describe('view', () => {
  it('shows type and length, never a value', async () => {
    const cwd = await folderWithSecret()
    const { stdout } = await waxseal(['view', 'secret.yaml'], { cwd })
    expect(stdout).toContain('password: "(str, 7 bytes)" # (comment, 15 bytes)\n')
    expect(stdout).toContain('port:   (int)\n')
    expect(stdout).not.toMatch(/hunter2|5432|vault|two/)
    const listed = JSON.parse((await waxseal(['view', '--json', 'secret.yaml'], { cwd })).stdout) as unknown[]
    expect(listed[0]).toEqual({ path: 'db.password', type: 'str', bytes: 7, encrypted: true })
    expect(listed).toHaveLength(5)
  })
})

describe('edit', () => {
  const editor = (script: string): Record<string, string> => ({ EDITOR: `sh -c '${script}' sh` })

  it('keeps the ciphertext of what was not touched', async () => {
    const cwd = await folderWithSecret()
    const before = read(cwd)
    expect((await waxseal(['edit', 'secret.yaml'], { cwd, env: editor('sed -i s/5432/5433/ "$1"') })).status).toBe(0)
    expect(changedLines(before, read(cwd)).map((line) => line.trim().split(':')[0])).toEqual(['port', 'mac'])
    expect((await waxseal(['decrypt', 'secret.yaml'], { cwd })).stdout).toBe(PLAIN.replace('5432', '5433'))
  })

  it('says that nothing was changed, with its own status', async () => {
    const cwd = await folderWithSecret()
    expect((await waxseal(['edit', 'secret.yaml'], { cwd, env: editor('true') })).status).toBe(200)
  })

  it('asks again after a text that cannot be encrypted, and gives up where nobody answers', async () => {
    const cwd = await folderWithSecret()
    const before = read(cwd)
    const ended = await waxseal(['edit', 'secret.yaml'], { cwd, env: editor('echo "[" >> "$1"') })
    expect(ended.status).toBe(2)
    expect(ended.stderr).toContain('press enter to edit again')
    expect(read(cwd)).toBe(before)
  })

  it('begins a new file by its rule', async () => {
    const cwd = testFolder()
    writeFileSync(join(cwd, '.sops.yaml'), `creation_rules:\n  - age: ${AGE_RECIPIENT}\n`)
    expect((await waxseal(['edit', 'new.yaml'], { cwd, env: editor('echo "a: b" > "$1"') })).status).toBe(0)
    expect((await waxseal(['get', 'new.yaml', 'a'], { cwd })).stdout).toBe('b')
  })

  it('fails when the editor fails', async () => {
    const cwd = await folderWithSecret()
    const before = read(cwd)
    expect((await waxseal(['edit', 'secret.yaml'], { cwd, env: editor('echo x > "$1"; exit 3') })).status).toBe(201)
    expect(read(cwd)).toBe(before)
  })
})

describe('keygen', () => {
  it('makes an identity for its owner alone, and never overwrites one', async () => {
    const cwd = testFolder()
    const made = await waxseal(['keygen', '-o', 'keys.txt'], { cwd })
    expect(made).toEqual({ status: 0, stdout: '', stderr: expect.stringMatching(/^public key: age1[a-z0-9]{58}\n$/) as string })
    expect(statSync(join(cwd, 'keys.txt')).mode & 0o777).toBe(0o600)
    const text = read(cwd, 'keys.txt')
    expect(text).toMatch(/^# created: 2026-01-02T03:04:05Z\n# public key: (age1\S+)\nAGE-SECRET-KEY-1[A-Z0-9]{58}\n$/)
    expect((await waxseal(['keygen', '-o', 'keys.txt'], { cwd })).status).toBe(9)
    expect(read(cwd, 'keys.txt')).toBe(text)
    expect((await waxseal(['keygen', '-o', 'new/folder/keys.txt'], { cwd })).status).toBe(0)
    expect(statSync(join(cwd, 'new')).mode & 0o777).toBe(0o700)
    expect((await waxseal(['keygen', '-y', 'keys.txt'], { cwd })).stdout).toBe(made.stderr.replace('public key: ', ''))
  })
})

describe('init', () => {
  it('makes a rule under which every value is encrypted, whatever the file is called', async () => {
    const cwd = testFolder()
    const env = { SOPS_AGE_KEY_FILE: join(cwd, 'keys.txt') }
    expect((await waxseal(['init'], { cwd, env })).status).toBe(0)
    for (const name of ['secrets.yaml', 'secret.yml', 'values.yaml']) {
      writeFileSync(join(cwd, name), 'db:\n  password: hunter2\n')
      expect(await waxseal(['encrypt', '-i', name], { cwd, env })).toEqual({ status: 0, stdout: '', stderr: '' })
      expect(readFileSync(join(cwd, name), 'utf8')).not.toContain('hunter2')
    }
  })

  it('is followed by a warning where a rule leaves a whole file in clear', async () => {
    const cwd = testFolder()
    writeFileSync(join(cwd, '.sops.yaml'), `creation_rules:\n  - encrypted_regex: ^data$\n    age: ${AGE_RECIPIENT}\n`)
    writeFileSync(join(cwd, 'a.yaml'), 'password: hunter2 # why\n')
    const { status, stderr } = await waxseal(['encrypt', 'a.yaml'], { cwd })
    expect([status, stderr]).toEqual([0, 'waxseal: a.yaml: warning: no value is encrypted, the whole file stays in clear: its rule selects none of them\n'])
  })

  it('makes what a repository needs, so that the first file can be encrypted', async () => {
    const cwd = testFolder()
    const env = { SOPS_AGE_KEY_FILE: '' }
    const made = await waxseal(['init', '--json'], { cwd, env })
    const { recipients, files } = JSON.parse(made.stdout) as { recipients: string[]; files: { file: string; made: boolean }[] }
    expect(recipients).toHaveLength(1)
    expect(files.map(({ made: isNew }) => isNew)).toEqual([true, true, true])
    expect(statSync(join(cwd, '.config/sops/age/keys.txt')).mode & 0o777).toBe(0o600)
    writeFileSync(join(cwd, 'a.yaml'), 'k: v\n')
    expect((await waxseal(['encrypt', '-i', 'a.yaml'], { cwd, env })).stderr).toBe('')
    expect((await waxseal(['decrypt', 'a.yaml'], { cwd, env })).stdout).toBe('k: v\n')
  })

  it('keeps everything that is there', async () => {
    const cwd = testFolder()
    writeFileSync(join(cwd, '.sops.yaml'), 'creation_rules: []\n')
    writeFileSync(join(cwd, '.gitattributes'), '* text\n')
    const ended = await waxseal(['init'], { cwd })
    expect(ended.stderr).toContain(`kept ${AGE_KEY_FILE}\nkept .sops.yaml\nkept .gitattributes\nrecipients: ${AGE_RECIPIENT}\n`)
    expect([read(cwd, '.sops.yaml'), read(cwd, '.gitattributes')]).toEqual(['creation_rules: []\n', '* text\n'])
    expect(existsSync(join(cwd, '.config'))).toBe(false)
  })
})

describe('help', () => {
  it('lists every command', async () => {
    const { status, stdout } = await waxseal(['--help'], { cwd: testFolder() })
    expect(status).toBe(0)
    for (const { name } of COMMANDS) expect(stdout).toContain(`  ${name}`)
  })

  it.each(COMMANDS)('$name has examples that its grammar takes', async ({ name, examples, options }) => {
    const { status, stdout } = await waxseal(['help', name], { cwd: testFolder() })
    expect(status).toBe(0)
    expect(examples.length).toBeGreaterThan(0)
    const known = new Set(options.flatMap(({ flags }) => flags.match(/--?[a-z-]+/g) ?? []))
    for (const example of examples) {
      expect(stdout).toContain(example)
      const words = example.slice(example.indexOf(`waxseal ${name}`)).split(/[|<>]/)[0]?.split(' ') ?? []
      const own = words.includes('--') ? words.slice(0, words.indexOf('--')) : words // behind it stands another program's
      for (const word of own) if (/^--?[a-z]/.test(word)) expect([...known]).toContain(word)
    }
  })

  it('shows no empty list for what may be given again', async () => {
    for (const { name } of COMMANDS) expect((await waxseal(['help', name], { cwd: testFolder() })).stdout).not.toContain('[]')
  })

  it.each<readonly [readonly string[], string, string]>([
    [['set', 'f.yaml', 'k', 'hunter2'], "too many arguments for 'set'. Expected 2 arguments but got 3", 'the value does not stand on the command line, which other users can read: leave it out to be asked, or use --stdin or --file'],
    [['set', 'f.yaml', 'k', '--value=hunter2'], "unknown option '--value'", 'waxseal help set'],
    [['set', 'f.yaml', 'k', '-phunter2'], "unknown option '-p'", 'waxseal help set'],
    [['edit', 'a', 'b'], "too many arguments for 'edit'. Expected 1 argument but got 2", 'waxseal help edit'],
    [['run', 'app.env', 'sh', '-c', 'true'], "unknown option '-c'", 'options of the program stand behind --: waxseal run FILE -- PROGRAM --option'],
    [['run', 'app.env'], "missing required argument 'command'", 'waxseal help exec-env'],
    [['help', 'nope'], "unknown command 'nope'", 'waxseal help'],
    [['status', '-'], 'this command works on files, not on standard input', 'name the file'],
    [['explain', '.'], '.: is a directory', 'name the files in it'],
    ...[['get'], ['view'], ['decrypt'], ['recipients', 'list'], ['keys', 'test']].map((words) => [[...words, '-'], 'standard input has no name to tell its format', 'give --type'] as const),
  ])('tells what is wrong with %j, and no value', async (words, what, hint) => {
    const { stdout, stderr } = await waxseal(words, { cwd: testFolder(), stdin: 'hunter2' })
    expect([stdout, stderr]).toEqual(['', `waxseal: ${what}\nhint: ${hint}\n`])
  })

  it('suggests what was meant', async () => {
    expect((await waxseal(['encrpyt'], { cwd: testFolder() })).stderr).toBe("waxseal: unknown command 'encrpyt'\nhint: Did you mean encrypt?\n")
  })
})
