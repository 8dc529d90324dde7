import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { assert, dictionary, jsonValue, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Entry } from '@waxseal/core'
import { json, yaml } from '@waxseal/formats'
import { convertTree } from '../../src/documents/conversion.ts'
import { sops } from '../../src/sops/sops.ts'
import { AGE_KEY_FILE, AGE_RECIPIENT, runHandler, testFolder } from '../test-context.ts'
import { waxseal } from './run-native.ts'

const PLAIN = '# mail\nhost: mx\nport: 587 # submission\nsince: 2024-01-02T03:04:05Z\nnote: "two\\nlines"\nopen_unencrypted: true\n'

async function folder(encrypted: boolean, text = PLAIN): Promise<string> {
  const cwd = testFolder()
  writeFileSync(join(cwd, 'a.yaml'), text)
  if (encrypted) expect((await waxseal(['encrypt', '-i', '--age', AGE_RECIPIENT, 'a.yaml'], { cwd })).status).toBe(0)
  return cwd
}

const read = (cwd: string, name: string): string => readFileSync(join(cwd, name), 'utf8')

describe('convert', () => {
  it.each([
    ['b.json', '{\n\t"host": "mx",\n\t"port": 587,\n\t"since": "2024-01-02T03:04:05Z",\n\t"note": "two\\nlines",\n\t"open_unencrypted": true\n}\n', 'a.yaml: 2 comments have no place in json\na.yaml: 1 value becomes text in json: since\n'],
    ['b.env', '# mail\nhost=mx\n# submission\nport=587\nsince=2024-01-02T03:04:05Z\nnote=two\\nlines\nopen_unencrypted=true\n', 'a.yaml: 3 values become text in dotenv: port, since, open_unencrypted\n'],
  ])('writes %s, of a clear file and of an encrypted one, which stays encrypted', async (name, text, told) => {
    const clear = await folder(false)
    expect(await waxseal(['convert', 'a.yaml', '-o', name], { cwd: clear })).toEqual({ status: 0, stdout: '', stderr: told })
    expect(read(clear, name)).toBe(text)
    const cwd = await folder(true)
    expect(await waxseal(['convert', 'a.yaml', '-o', name], { cwd })).toEqual({ status: 0, stdout: '', stderr: told })
    expect(read(cwd, name)).not.toContain('587')
    expect(read(cwd, name)).toMatch(/open_unencrypted"?[=:] ?true/)
    const bySops = await runHandler(sops, ['decrypt', name], { cwd, env: { SOPS_AGE_KEY_FILE: AGE_KEY_FILE } })
    expect(bySops).toEqual({ status: 0, stdout: text, stderr: '' })
  })

  it('keeps the ciphertext of values whose place and type stay', async () => {
    const cwd = await folder(true)
    expect((await waxseal(['convert', 'a.yaml', '-o', 'b.json'], { cwd })).status).toBe(0)
    const token = /host: (ENC\[.*\])/.exec(read(cwd, 'a.yaml'))?.[1] ?? ''
    expect(read(cwd, 'b.json')).toContain(`"host": "${token}"`)
    expect((await waxseal(['convert', 'b.json', '--output-type', 'yaml'], { cwd })).stdout).toContain(`host: ${token}\n`)
  })

  it('tells what would be lost and writes nothing', async () => {
    const cwd = await folder(true)
    expect(await waxseal(['convert', '--dry-run', 'a.yaml', '-o', 'b.json'], { cwd })).toEqual({ status: 0, stderr: '', stdout: 'a.yaml: 2 comments have no place in json\na.yaml: 1 value becomes text in json: since\n' })
    expect(JSON.parse((await waxseal(['convert', '--dry-run', '--json', 'a.yaml', '-o', 'b.json'], { cwd })).stdout)).toEqual({ file: 'a.yaml', from: 'yaml', to: 'json', encrypted: true, commentsLost: 2, becomeText: ['since'] })
    expect((await waxseal(['convert', '--dry-run', 'a.yaml', '--output-type', 'yaml'], { cwd })).stdout).toBe('a.yaml: nothing is lost in yaml\n')
    expect(existsSync(join(cwd, 'b.json'))).toBe(false)
  })

  it('goes to sections of an INI file and back', async () => {
    const cwd = await folder(true, 'smtp:\n    host: mx\n    port: 587\nimap: {}\n')
    expect((await waxseal(['convert', 'a.yaml', '-o', 'b.ini'], { cwd })).stderr).toBe('a.yaml: 1 value becomes text in ini: smtp.port\n')
    expect((await waxseal(['decrypt', 'b.ini'], { cwd })).stdout).toBe('[smtp]\nhost = mx\nport = 587\n\n[imap]\n')
    expect((await waxseal(['convert', 'b.ini', '-o', 'c.yaml'], { cwd })).stderr).toBe('')
    expect((await waxseal(['decrypt', 'c.yaml'], { cwd })).stdout).toBe('smtp:\n    host: mx\n    port: "587"\nimap: {}\n')
  })

  it('takes standard input, encrypted or not', async () => {
    const cwd = await folder(true)
    const args = ['convert', '--type', 'yaml', '--output-type', 'json', '-']
    expect(JSON.parse((await waxseal(args, { cwd, stdin: 'a: [1, x]\n' })).stdout)).toEqual({ a: [1, 'x'] })
    expect(JSON.parse((await waxseal(args, { cwd, stdin: read(cwd, 'a.yaml') })).stdout)).toMatchObject({ open_unencrypted: true, sops: { version: expect.any(String) as string } })
  })

  it.each([
    ['a map in dotenv', 'a: {b: 1}\n', 'dotenv', 4, 'cannot use complex value in dotenv file'],
    ['a list in ini', 's: {a: [1]}\n', 'ini', 4, 'no place for maps and lists inside sections'],
    ['values beside sections in ini', 'a: 1\n', 'ini', 4, 'Section values'],
    ['several documents in json', 'a: 1\n---\nb: 1\n', 'json', 4, 'json has one document, and there are 2'],
    ['a null in dotenv', 'a: null\n', 'dotenv', 4, 'the value at a would read otherwise in dotenv'],
    ['what dotenv takes for a line break', "a: 'x\\ny'\n", 'dotenv', 4, 'the value at a would read otherwise in dotenv'],
    ['the part of a second in ini', 's: {t: 2024-01-02T03:04:05.5Z}\n', 'ini', 4, 'the value at s.t would read otherwise in ini'],
    ['infinity in json', 'a: .inf\n', 'json', 4, 'no infinite numbers'],
    ['binary', 'a: 1\n', 'binary', 1, 'a binary file is one value'],
    ['no such format', 'a: 1\n', 'toml', 1, 'there is no format "toml"'],
  ])('refuses %s', async (_, text, type, status, says) => {
    for (const encrypted of [false, true]) {
      const cwd = await folder(encrypted, text)
      const ended = await waxseal(['convert', 'a.yaml', '--output-type', type], { cwd })
      expect([ended.status, ended.stdout, ended.stderr]).toEqual([status, '', expect.stringContaining(says)])
    }
  })

  it.each([
    { words: ['a.yaml'], says: 'into which format?' },
    { words: ['-', '--output-type', 'json'], says: 'give --type' },
    { words: ['--json', 'a.yaml', '--output-type', 'json'], says: '--json needs --output or --dry-run' },
    { words: ['a.yaml', '-o', 'b.bin'], says: 'a binary file is one value' },
  ])('$says', async ({ words, says }) => {
    const cwd = await folder(false)
    const { status, stdout, stderr } = await waxseal(['convert', ...words], { cwd })
    expect([status === 0, stdout, stderr]).toEqual([false, '', expect.stringContaining(says)])
  })

  it.each([
    ['{"<<": "x"}', '"<<": x\n'],
    ['{"a": [{"<<": [1]}]}', 'a:\n    - "<<":\n        - 1\n'],
    ['{"<<": {"b": 1}}', '!!merge <<:\n    b: 1\n'],
  ])('writes %s so that it is no merge that nobody can read', (text, fresh) => {
    const there = convertTree(json.parse(Buffer.from(text)).tree, json, yaml)
    expect(Buffer.from(there.text).toString()).toBe(fresh)
    expect(JSON.parse(Buffer.from(convertTree(there.document.tree, yaml, json).text).toString())).toEqual(JSON.parse(text))
  })

  it('quotes such a key in braces, too', () => {
    const document = yaml.parse(Buffer.from('a: {b: 1}\n'))
    const [into] = document.tree[0]!.items.flatMap((item) => (item.kind === 'entry' && item.value.kind === 'map' ? [item.value] : []))
    const entry: Entry = { kind: 'entry', key: '<<', value: { kind: 'leaf', value: 'x' } }
    expect(Buffer.from(document.apply([{ do: 'append', into: into!, entry }], null)).toString()).toBe('a: {b: 1, "<<": x}\n')
  })

  it('changes no value of JSON that goes through YAML', () => {
    const top = dictionary(string({ minLength: 1 }).filter((key) => key !== 'sops' && key !== '__proto__'), jsonValue({ maxDepth: 3 }), { minKeys: 1, maxKeys: 5 })
    assert(
      property(top, (value) => {
        const there = convertTree(json.parse(Buffer.from(JSON.stringify(value))).tree, json, yaml)
        const back = convertTree(there.document.tree, yaml, json)
        expect([there.losses, back.losses]).toEqual([{ comments: 0, becomeText: [] }, { comments: 0, becomeText: [] }])
        expect(JSON.parse(Buffer.from(back.text).toString())).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })
})
