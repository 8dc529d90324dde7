import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { sops } from '../../src/sops/sops.ts'
import { AGE_KEY_FILE, AGE_RECIPIENT, type Ended, OTHER_KEY_FILE, runHandler, type RunOptions, testFolder } from '../test-context.ts'

const PLAIN = '{\n  "name": "value",\n  "list": [1, 2.5, "three"],\n  "clear_unencrypted": true\n}\n'

let folder: string
beforeEach(() => {
  folder = testFolder()
})
const write = (name: string, text: string): void => writeFileSync(join(folder, name), text)
const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
const run = (args: readonly string[], options: Partial<RunOptions> = {}): Promise<Ended> =>
  runHandler(sops, args, { cwd: folder, ...options, env: { SOPS_AGE_KEY_FILE: AGE_KEY_FILE, ...options.env } })

async function encrypted(name = 'f.json', text = PLAIN): Promise<string> {
  write(name, text)
  expect(await run(['encrypt', '-i', '--age', AGE_RECIPIENT, name])).toEqual({ status: 0, stdout: '', stderr: '' })
  return read(name)
}

describe('encrypt and decrypt', () => {
  it('give the file back to the byte', async () => {
    const text = await encrypted()
    expect(text).not.toContain('value"')
    expect(text).toContain('"clear_unencrypted": true')
    expect(await run(['decrypt', 'f.json'])).toEqual({ status: 0, stdout: PLAIN, stderr: '' })
    expect(await run(['-d', '-i', 'f.json'])).toEqual({ status: 0, stdout: '', stderr: '' })
    expect(read('f.json')).toBe(PLAIN)
  })

  it.each([
    ['a.yaml', 'a: 1\nb: x'],
    ['a.json', '{"a": 1}'],
    ['a.env', 'A=1'],
    ['a.ini', '[a]\nb = 1'],
  ])('leave %s without a line break at its end', async (name, plain) => {
    const text = await encrypted(name, plain)
    expect(text.endsWith('\n')).toBe(false)
    expect((await run(['decrypt', name])).stdout).toBe(plain)
  })

  it('take standard input and write to a file', async () => {
    const text = await encrypted()
    const out = await run(['decrypt', '--input-type', 'json', '--output-type', 'json', '--output', 'o.json'], { stdin: text })
    expect(out).toEqual({ status: 0, stdout: '', stderr: '' })
    expect(read('o.json')).toBe(PLAIN)
  })

  it('print one value raw and a branch as a file', async () => {
    await encrypted()
    expect((await run(['decrypt', '--extract', '["name"]', 'f.json'])).stdout).toBe('value')
    expect((await run(['decrypt', '--extract', '["list"][1]', 'f.json'])).stdout).toBe('2.5')
    expect(await run(['decrypt', '--extract', '["none"]', 'f.json'])).toMatchObject({ status: 1, stderr: "error truncating tree: component ['none'] not found\n" })
    expect(await run(['decrypt', '--extract', 'none', 'f.json'])).toMatchObject({ status: 91, stdout: '' })
  })

  it('keep the rest of a line behind a boolean flag out of the flags, as the reference does', async () => {
    await encrypted()
    const { status, stdout, stderr } = await run(['decrypt', '--ignore-mac', 'f.json', '--extract', '["name"]'])
    expect({ status, stdout }).toEqual({ status: 0, stdout: PLAIN })
    expect(stderr).toContain('looks like a flag')
  })

  it('tell failures with the status of the step, and write nothing', async () => {
    const text = await encrypted()
    write('broken.json', '{"a": ')
    write('empty.yaml', '')
    const cases: readonly (readonly [readonly string[], number])[] = [
      [['encrypt', '--age', AGE_RECIPIENT, '-i', 'none.json'], 100],
      [['encrypt', '--age', AGE_RECIPIENT, '-i', 'f.json'], 203],
      [['encrypt', '--age', AGE_RECIPIENT, '-i', 'broken.json'], 2],
      [['encrypt', '-i', 'broken.json'], 1],
      [['encrypt', '--age', AGE_RECIPIENT, '-i', '--output', 'o', 'f.json'], 8],
      [['encrypt', '--age', AGE_RECIPIENT, '--encrypted-suffix', 'a', '--unencrypted-suffix', 'b', 'f.json'], 8],
      [['encrypt', '--age', AGE_RECIPIENT], 8],
      [['encrypt', '--age', 'nobody', 'f.json'], 1],
      [['decrypt', '-i', 'broken.json'], 1],
      [['decrypt', '-i', 'none.json'], 100],
      [['decrypt', '--output', 'no/such/folder', 'f.json'], 3],
      [['decrypt', '--decryption-order', 'age,age', 'f.json'], 112],
      [['set', 'f.json', '["a"]', 'nonsense'], 7],
      [['set', 'f.json', '["a"'], 100],
      [['unset', 'f.json', '["none"]'], 1],
      [['rotate', 'none.json'], 2],
      [['rotate', '--add-age', AGE_RECIPIENT, 'none.json'], 49],
      [['edit'], 100],
      [['--nonsense'], 1],
      [['help', 'nonsense'], 3],
    ]
    const before = readdirSync(folder).toSorted()
    for (const [args, status] of cases) {
      const ended = await run(args)
      expect({ args, status: ended.status, silent: ended.stderr === '' }).toEqual({ args, status, silent: false })
    }
    expect(read('f.json')).toBe(text)
    expect(readdirSync(folder).toSorted()).toEqual(before)
  })

  it('say which keys were tried when none fits', async () => {
    await encrypted()
    const ended = await run(['decrypt', 'f.json'], { env: { SOPS_AGE_KEY_FILE: OTHER_KEY_FILE } })
    expect(ended).toMatchObject({ status: 128, stdout: '' })
    expect(ended.stderr).toContain(`Group 0: FAILED\n  ${AGE_RECIPIENT}: FAILED\n    - | `)
  })

  it('refuse altered values and never show any', async () => {
    const text = await encrypted()
    write('f.json', text.replace('"clear_unencrypted": true', '"clear_unencrypted": false'))
    expect(await run(['decrypt', 'f.json'])).toMatchObject({ status: 51, stdout: '' })
    expect(await run(['decrypt', '--ignore-mac', 'f.json'])).toMatchObject({ status: 0 })
    write('f.json', text.replace('"name"', '"other"'))
    expect(await run(['decrypt', '--ignore-mac', 'f.json'])).toMatchObject({ status: 25, stdout: '' })
  })
})

describe('set and unset', () => {
  it('change one line and keep the tokens of the others', async () => {
    const before = (await encrypted()).split('\n')
    expect(await run(['set', 'f.json', '["name"]', '"other"'])).toEqual({ status: 0, stdout: '', stderr: '' })
    const after = read('f.json').split('\n')
    const changed = after.filter((line, at) => line !== before[at]).map((line) => line.trim().split(':')[0])
    expect(changed).toEqual(['"name"', '"mac"']) // the clock stands still, so "lastmodified" stays
    expect((await run(['decrypt', 'f.json'])).stdout).toBe(PLAIN.replace('"value"', '"other"'))
  })

  it('write nothing when nothing changes and that is asked for', async () => {
    const text = await encrypted()
    await run(['set', '--idempotent', 'f.json', '["name"]', '"value"'])
    await run(['unset', '--idempotent', 'f.json', '["none"]'])
    expect(read('f.json')).toBe(text)
  })

  it('take the value from a file, from standard input, and from the old command line', async () => {
    await encrypted()
    write('value.json', '{"deep": [true]}')
    await run(['set', '--value-file', 'f.json', '["list"]', 'value.json'])
    await run(['set', '--value-stdin', 'f.json', '["name"]'], { stdin: 'null' })
    await run(['--set', '["added"] 7', 'f.json'])
    await run(['unset', 'f.json', '["clear_unencrypted"]'])
    expect(JSON.parse((await run(['decrypt', 'f.json'])).stdout)).toEqual({ name: null, list: { deep: [true] }, added: 7 })
  })
})

describe('set in an INI file', () => {
  it.each([['["s"]["a"]', '{"x": 1}'], ['["s"]["a"]["deep"]', '"x"'], ['["s"]["a"][0]', 'null'], ['["s"]', '{"x": ["y"]}']])('refuses %s %s, which nothing could read', async (path, value) => {
    const before = await encrypted('f.ini', '[s]\na = x\n')
    expect(await run(['set', 'f.ini', path, value])).toMatchObject({ status: 4, stdout: '', stderr: expect.stringContaining('an INI file has no place for maps and lists inside sections') as string })
    expect(read('f.ini')).toBe(before)
  })
})

describe('a wrong decryption order', () => {
  it.each([
    ['the old command line that only encrypts', ['-e', '--age', AGE_RECIPIENT, 'p.json']],
    ['edit of a file that nobody can encrypt', ['edit', '--age', 'bad', 'new.json']],
    ['rotate for a recipient that is none', ['rotate', '--add-age', 'bad', 'f.json']],
    ['decrypt with a path that is none', ['decrypt', '--extract', 'none', 'f.json']],
  ])('stops %s before anything else', async (_, words) => {
    await encrypted()
    write('p.json', PLAIN)
    expect(await run(words, { env: { SOPS_DECRYPTION_ORDER: 'age,age' } })).toEqual({ status: 112, stdout: '', stderr: 'Duplicate decryption key type: age\n' })
  })

  it('is nothing to encrypt, which has no such flag', async () => {
    write('p.json', PLAIN)
    expect((await run(['encrypt', '--age', AGE_RECIPIENT, 'p.json'], { env: { SOPS_DECRYPTION_ORDER: 'age,age' } })).status).toBe(0)
  })
})

describe('several modes at once', () => {
  it('end where encrypting has no keys, and go on where only encrypting fails', async () => {
    await encrypted()
    const none = await run(['-d', '-e', 'f.json'])
    expect([none.status, none.stdout, none.stderr]).toEqual([1, '', expect.stringContaining('no keys provided')])
    expect(await run(['-d', '-e', '--age', AGE_RECIPIENT, 'f.json'])).toMatchObject({ status: 0, stdout: PLAIN })
  })
})

describe('edit', () => {
  const editor = (script: string): Record<string, string> => {
    write('editor.sh', `#!/bin/sh\n${script}\n`)
    chmodSync(join(folder, 'editor.sh'), 0o755)
    return { EDITOR: `${join(folder, 'editor.sh')} "first arg"`, TMPDIR: folder }
  }
  const leftOver = (): string[] => readdirSync(folder).filter((name) => /^\d+$/.test(name))

  it('encrypts what was saved, in a private place that is gone afterwards', async () => {
    await encrypted()
    const env = editor('[ "$1" = "first arg" ] || exit 9; stat -c "%a %n" "$(dirname "$2")" "$2"; sed -i s/value/changed/ "$2"')
    const { status, stdout, stderr } = await run(['edit', 'f.json'], { env })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/^700 .*\n600 .*\/f\.json\n$/)
    expect((await run(['decrypt', 'f.json'])).stdout).toBe(PLAIN.replace('value', 'changed'))
    expect(leftOver()).toEqual([])
  })

  it('leaves the file alone when nothing changed or the editor fails', async () => {
    const text = await encrypted()
    expect(await run(['edit', 'f.json'], { env: editor('true') })).toMatchObject({ status: 200, stderr: 'File has not changed, exiting.\n' })
    expect(await run(['edit', 'f.json'], { env: editor('exit 3') })).toMatchObject({ status: 201, stderr: 'Could not run editor: exit status 3\n' })
    expect(await run(['f.json'], { env: { EDITOR: '/nonexistent' } })).toMatchObject({ status: 201 })
    expect(await run(['f.json'], { env: editor('kill -9 $$') })).toMatchObject({ status: 201, stderr: 'Could not run editor: signal: killed\n' })
    expect(await run(['f.json'], { env: editor('rm "$2"') })).toMatchObject({ status: 2, stderr: expect.stringContaining('Could not hash file: open ') })
    expect(read('f.json')).toBe(text)
    expect(leftOver()).toEqual([])
  })

  it('lets the user try again after a syntax error, an empty file and a reserved key', async () => {
    await encrypted()
    const env = editor(`
      n=$(cat count 2>/dev/null || echo 0); echo $((n + 1)) > count
      case $n in
        0) echo '{' > "$2" ;;
        1) echo '{"sops": 1}' > "$2" ;;
        *) echo '{"a": 1}' > "$2" ;;
      esac`)
    const { status, stderr } = await run(['edit', 'f.json'], { env, stdin: '\n\n' })
    expect(status).toBe(0)
    expect(stderr.match(/level=error/g)).toHaveLength(2)
    expect(stderr).toContain('Press enter to return to the editor')
    expect((await run(['decrypt', 'f.json'])).stdout).toBe('{"a": 1}\n')
  })

  it.each(['f.json', 'new.json'])('ends where standard input ends and nobody corrects the text of %s', async (file) => {
    const text = await encrypted()
    const env = editor(`echo . >> runs; echo '{' > "$2"`)
    const { status, stderr } = await run(['edit', '--age', AGE_RECIPIENT, file], { env })
    expect([status, stderr]).toEqual([201, expect.stringContaining('standard input has ended: nobody is there to correct it')])
    expect(read('runs')).toBe('.\n.\n')
    expect([read('f.json'), existsSync(join(folder, 'new.json'))]).toEqual([text, false])
    expect(leftOver()).toEqual([])
  })

  it('takes a text that the editor mends when it comes once more, as the reference does', async () => {
    await encrypted()
    const env = editor(`if [ -e runs ]; then echo '{"a": 1}' > "$2"; else touch runs; echo '{' > "$2"; fi`)
    expect((await run(['edit', 'f.json'], { env })).status).toBe(0)
    expect((await run(['decrypt', 'f.json'])).stdout).toBe('{"a": 1}\n')
  })

  it('asks to mend keys that are no strings, too', async () => {
    await encrypted('f.yaml', 'a: b\n')
    const env = editor(`if [ -e runs ]; then echo 'c: d' > "$2"; else touch runs; echo '1: d' > "$2"; fi`)
    expect((await run(['edit', 'f.yaml'], { env, stdin: '\n' })).status).toBe(0)
    expect((await run(['decrypt', 'f.yaml'])).stdout).toBe('c: d\n')
  })

  it('makes a new file from the example', async () => {
    const env = editor(`grep -q example_key "$2" || exit 1; echo '{"new": 1}' > "$2"`)
    expect(await run(['edit', '--age', AGE_RECIPIENT, 'new.json'], { env })).toEqual({ status: 0, stdout: '', stderr: '' })
    expect((await run(['decrypt', 'new.json'])).stdout).toBe('{"new": 1}\n')
    expect(await run(['edit', '--age', AGE_RECIPIENT, 'other.json'], { env: editor('true') })).toMatchObject({ status: 200 })
    expect(existsSync(join(folder, 'other.json'))).toBe(false)
  })

  it('keeps an edit that was made with the master keys shown', async () => {
    await encrypted()
    const { status } = await run(['edit', '-s', 'f.json'], { env: editor('grep -q lastmodified "$2" && sed -i s/value/changed/ "$2"') })
    expect(status).toBe(0)
    expect((await run(['decrypt', 'f.json'])).stdout).toBe(PLAIN.replace('value', 'changed'))
  })
})

describe('rotate', () => {
  it('gives every value a new token, and adds and removes keys', async () => {
    const before = await encrypted()
    const other = 'age16n6pr9p7d8ml2pcql44ta7trq7zegrxqadyr87fjzrl6wahacv5s2p78zf'
    expect(await run(['rotate', '-i', '--add-age', other, '--rm-age', AGE_RECIPIENT, 'f.json'])).toEqual({ status: 0, stdout: '', stderr: '' })
    const after = read('f.json')
    for (const token of before.match(/ENC\[[^\]]*\]/g) ?? []) expect(after).not.toContain(token)
    expect(await run(['decrypt', 'f.json'])).toMatchObject({ status: 128 })
    expect(await run(['decrypt', 'f.json'], { env: { SOPS_AGE_KEY_FILE: OTHER_KEY_FILE } })).toMatchObject({ status: 0, stdout: PLAIN })
  })
})

describe('a key that stands twice in a JSON object', () => {
  it.each(['{"a": 1, "a": 2}', '{"l": [{"a": 1, "a": 2}]}'])('is not written to a YAML file, which nobody could read: %s', async (value) => {
    const before = await encrypted('f.yaml', 'k: v\n')
    for (const path of ['["k"]', '["new"]']) expect(await run(['set', 'f.yaml', path, value])).toMatchObject({ status: 4, stderr: expect.stringContaining('a key stands twice') })
    expect(read('f.yaml')).toBe(before)
    write('p.json', value)
    expect(await run(['encrypt', '--age', AGE_RECIPIENT, '--output-type', 'yaml', 'p.json'])).toMatchObject({ status: 4, stdout: '' })
  })
})

describe('publish', () => {
  it('looks at the decryption order before it looks for a destination', async () => {
    await encrypted()
    write('.sops.yaml', 'destination_rules: []\n')
    expect(await run(['publish', '--decryption-order', 'age,age', 'f.json'])).toMatchObject({ status: 112 })
  })

  it('calls one file by its name with --recursive, too', async () => {
    await encrypted()
    write('.sops.yaml', 'destination_rules:\n  - s3_bucket: b\n')
    expect((await run(['publish', '--recursive', 'f.json'], { stdin: 'n\n' })).stdout).toContain('s3://b/f.json ? (y/n)')
  })
})

describe('exec-env and exec-file', () => {
  it('hand values to a command, and its status back', async () => {
    await encrypted('f.json', '{"A": "x y", "N": 1.0}')
    expect(await run(['exec-env', 'f.json', 'echo "$A|$N|$OUTER"; exit 4'], { env: { OUTER: 'o' } })).toEqual({
      status: 4,
      stdout: 'x y|1.0|o\n',
      stderr: 'exit status 4\n',
    })
    expect((await run(['exec-env', '--pristine', 'f.json', 'echo "$A|$OUTER"'], { env: { OUTER: 'o' } })).stdout).toBe('x y|\n')
    expect(await run(['exec-env', 'f.json', 'kill -9 $$'])).toMatchObject({ status: 255, stderr: 'signal: killed\n' })
  })

  it('keep bytes that are not text as they are, or refuse them', async () => {
    const bytes = Buffer.from([0x61, 0xff])
    writeFileSync(join(folder, 'f.bin'), bytes)
    expect(await run(['encrypt', '-i', '--age', AGE_RECIPIENT, 'f.bin'])).toMatchObject({ status: 0 })
    expect(await run(['exec-env', 'f.bin', 'true'])).toMatchObject({ status: 1, stderr: expect.stringContaining('the value of data is not UTF-8 text') })
    expect((await run(['exec-file', 'f.bin', 'od -An -tx1 {}'], { env: { TMPDIR: folder } })).stdout).toBe(' 61 ff\n')
  })

  it('write through a FIFO or a private file that is gone afterwards', async () => {
    await encrypted()
    const env = { TMPDIR: folder }
    expect(await run(['exec-file', 'f.json', 'test -p {} && cat {}'], { env })).toEqual({ status: 0, stdout: PLAIN, stderr: '' })
    expect(await run(['exec-file', 'f.json', 'echo unread'], { env })).toEqual({ status: 0, stdout: 'unread\n', stderr: '' })
    const file = await run(['exec-file', '--no-fifo', '--filename', 'n.json', 'f.json', 'stat -c %a {}; cat {}; echo {}'], { env })
    expect(file.stdout.startsWith(`600\n${PLAIN}`)).toBe(true)
    expect(existsSync(file.stdout.trimEnd().split('\n').at(-1) ?? '')).toBe(false)
    expect(await run(['exec-file', '--filename', '../n', 'f.json', 'true'], { env })).toMatchObject({ status: 1 })
    expect(await run(['exec-file', 'f.json', 'true'], { env: { TMPDIR: join(folder, 'none') } })).toMatchObject({ status: 1 })
    expect(readdirSync(folder)).toEqual(['f.json'])
  })
})

describe('filestatus', () => {
  it('tells encrypted files from others', async () => {
    await encrypted()
    write('plain.json', PLAIN)
    write('broken.json', '{')
    expect((await run(['filestatus', 'f.json'])).stdout).toBe('{"encrypted":true}\n')
    expect((await run(['filestatus', 'plain.json'])).stdout).toBe('{"encrypted":false}\n')
    expect(await run(['filestatus', 'broken.json'])).toMatchObject({ status: 1, stdout: '' })
  })
})

describe('help and completion', () => {
  it('answer without touching files or keys', async () => {
    expect(await run(['--version'])).toEqual({ status: 0, stdout: 'sops 3.13.2\n', stderr: '' })
    expect((await run(['encrypt', '--help'])).stdout).toContain('--filename-override value')
    expect(await run(['groups', ''])).toMatchObject({ status: 0, stdout: expect.stringContaining('sops groups') })
    expect((await run(['groups', '--generate-bash-completion'])).stdout).toBe('add\ndelete\nhelp\nh\n')
    expect((await run(['decrypt', '--ex', '--generate-bash-completion'])).stdout).toBe('--extract\n--extract\n')
  })
})
