/** What becomes of a file that somebody else saves while a command works on it: it is theirs, and what a person typed is not lost. */
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { sops } from '../../src/sops/sops.ts'
import { CORPUS } from '../kubeseal/corpus.ts'
import { waxseal } from '../native/run-native.ts'
import { AGE_KEY_FILE, AGE_RECIPIENT, type Ended, runHandler, testFolder } from '../test-context.ts'

const FILE = 'f.json'
const THEIRS = '{"theirs": 1}\n'
const SECRET = 'apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: shop}\nstringData: {password: correct horse}\n'

interface Run {
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
}
const PROGRAMS: Readonly<Record<string, (args: readonly string[], cwd: string, run: Run) => Promise<Ended>>> = {
  waxseal: (args, cwd, run) => waxseal(args, { cwd, ...run }),
  sops: (args, cwd, { env, ...run }) => runHandler(sops, args, { cwd, ...run, env: { SOPS_AGE_KEY_FILE: AGE_KEY_FILE, ...env } }),
}

async function encrypted(): Promise<string> {
  const cwd = testFolder()
  writeFileSync(join(cwd, FILE), '{"k": "old"}\n')
  writeFileSync(join(cwd, '.sops.yaml'), `creation_rules:\n  - age: ${AGE_RECIPIENT}\n`)
  expect((await waxseal(['encrypt', '-i', FILE], { cwd })).status).toBe(0)
  return cwd
}

const read = (cwd: string, name = FILE): string => readFileSync(join(cwd, name), 'utf8')

/** Where the identity comes from a program that takes its time: somebody saves the file meanwhile. */
function slowIdentity(cwd: string, script: string): Readonly<Record<string, string>> {
  const program = join(cwd, 'identity.sh')
  writeFileSync(program, `#!/bin/sh\n${script}\nexec cat '${AGE_KEY_FILE}'\n`)
  chmodSync(program, 0o755)
  return { SOPS_AGE_KEY_FILE: '', SOPS_AGE_KEY_CMD: program }
}

describe('a file that somebody else saves meanwhile', () => {
  it.each<readonly [string, readonly string[]]>([
    ['waxseal', ['set', '--stdin', FILE, 'k']],
    ['waxseal', ['unset', FILE, 'k']],
    ['waxseal', ['rotate', FILE]],
    ['waxseal', ['decrypt', '-i', FILE]],
    ['waxseal', ['updatekeys', '--rotate', '--yes', FILE]],
    ['waxseal', ['groups', 'add', '--yes', FILE, AGE_RECIPIENT]],
    ['sops', ['set', FILE, '["k"]', '"new"']],
    ['sops', ['unset', FILE, '["k"]']],
    ['sops', ['--set', '["k"] "new"', FILE]],
  ])('stays theirs: %s %j', async (program, args) => {
    const cwd = await encrypted()
    const { status, stderr } = await PROGRAMS[program]!(args, cwd, { stdin: 'new', env: slowIdentity(cwd, `printf '%s' '${THEIRS}' > '${cwd}/${FILE}'`) })
    expect([status, stderr]).toEqual([3, expect.stringContaining(`${FILE}: was changed by something else meanwhile`)])
    expect(read(cwd)).toBe(THEIRS)
  })

  it('is not made again when it was removed', async () => {
    const cwd = await encrypted()
    const { status, stderr } = await waxseal(['set', '--stdin', FILE, 'k'], { cwd, stdin: 'new', env: slowIdentity(cwd, `rm '${cwd}/${FILE}'`) })
    expect([status, stderr]).toEqual([3, expect.stringContaining('was removed by something else meanwhile')])
    expect(existsSync(join(cwd, FILE))).toBe(false)
  })
})

describe('what was typed into an editor meanwhile', () => {
  it.each([
    ['waxseal', FILE, 'changed'],
    ['waxseal', 'new.json', 'made'],
    ['sops', FILE, 'changed'],
    ['sops', 'new.json', 'made'],
  ])('is kept encrypted: %s edit %s', async (program, file, how) => {
    const cwd = await encrypted()
    const editor = { EDITOR: `sh -c 'echo "# theirs" >> ${cwd}/${file}; echo "{\\"mine\\": \\"words\\"}" > "$1"' sh` }
    const first = await PROGRAMS[program]!(['edit', file], cwd, { env: editor, stdin: '\n\n' })
    expect([first.status, first.stderr]).toEqual([3, expect.stringMatching(new RegExp(`${file}: was ${how} by something else meanwhile[^]*what you wrote is in (?:\\S*/)?edited-${file}, encrypted`))])
    expect(read(cwd, file).endsWith('# theirs\n')).toBe(true)
    expect(read(cwd, file)).not.toContain('mine')
    expect(read(cwd, `edited-${file}`)).not.toContain('words')
    expect((await waxseal(['decrypt', `edited-${file}`], { cwd })).stdout).toBe('{"mine": "words"}\n')
  })

  it('does not take the place of what was kept before', async () => {
    const cwd = await encrypted()
    for (const [count, name] of ['edited-new.json', 'edited-2-new.json'].entries()) {
      const { stderr } = await waxseal(['edit', 'new.json'], { cwd, env: { EDITOR: `sh -c 'touch ${cwd}/new.json; echo "{\\"n\\": ${count}}" > "$1"; true' sh` } })
      expect(stderr).toContain(`what you wrote is in ${name}`)
      expect((await waxseal(['get', name, 'n'], { cwd })).stdout).toContain(String(count))
      rmSync(join(cwd, 'new.json'))
    }
  })
})

describe('seal', () => {
  /** Serves a certificate, and saves a file before it answers. */
  async function certificate(save: () => void): Promise<string> {
    const server = createServer((_, response) => {
      save()
      response.end(readFileSync(join(CORPUS, 'keys', 'k1.crt')))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/cert.pem`
  }

  it.each([
    ['--in-place', ['-i', 'secret.yaml'], 'secret.yaml', 'changed'],
    ['--output over a file', ['-o', 'sealed.yaml', 'secret.yaml'], 'sealed.yaml', 'changed'],
    ['--output to a new file', ['-o', 'new.yaml', 'secret.yaml'], 'new.yaml', 'made'],
    ['--output over what was sealed before', ['--key', join(CORPUS, 'keys', 'k1.key'), '-o', 'sealed.yaml', 'secret.yaml'], 'sealed.yaml', 'changed'],
  ])('%s leaves a file to who saved it meanwhile', async (_, args, file, how) => {
    const cwd = testFolder()
    writeFileSync(join(cwd, 'secret.yaml'), SECRET)
    expect((await waxseal(['seal', '--cert', join(CORPUS, 'keys', 'k1.crt'), '-o', 'sealed.yaml', 'secret.yaml'], { cwd })).status).toBe(0)
    const url = await certificate(() => writeFileSync(join(cwd, file), THEIRS))
    const { status, stderr } = await waxseal(['seal', '--cert', url, ...args], { cwd })
    expect([status, stderr]).toEqual([3, expect.stringContaining(`${file}: was ${how} by something else meanwhile`)])
    expect(read(cwd, file)).toBe(THEIRS)
  })
})
