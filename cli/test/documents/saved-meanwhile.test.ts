/** What becomes of a file that somebody else saves while a command works on it: it is theirs, and what a person typed is not lost. */
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Handler, NO_AUDIT } from '../../src/context.ts'
import { kubeseal } from '../../src/kubeseal/kubeseal.ts'
import { sops } from '../../src/sops/sops.ts'
import { CORPUS } from '../kubeseal/corpus.ts'
import { waxseal } from '../native/run-native.ts'
import { AGE_KEY_FILE, AGE_RECIPIENT, type Ended, runHandler, type RunOptions, testFolder } from '../test-context.ts'

const FILE = 'f.json'
const OTHER_RECIPIENT = 'age16n6pr9p7d8ml2pcql44ta7trq7zegrxqadyr87fjzrl6wahacv5s2p78zf'
const CERT = join(CORPUS, 'keys', 'k1.crt')
const THEIRS = '{"theirs": 1}\n'
const SECRET = 'apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: shop}\nstringData: {password: correct horse}\n'

type Run = Omit<RunOptions, 'cwd'>
const PROGRAMS: Readonly<Record<string, (args: readonly string[], cwd: string, run: Run) => Promise<Ended>>> = {
  waxseal: (args, cwd, run) => waxseal(args, { cwd, ...run }),
  sops: (args, cwd, { env, ...run }) => runHandler(sops, args, { cwd, ...run, env: { SOPS_AGE_KEY_FILE: AGE_KEY_FILE, ...env } }),
}

function plain(): string {
  const cwd = testFolder()
  writeFileSync(join(cwd, FILE), '{"k": "old"}\n')
  writeFileSync(join(cwd, '.sops.yaml'), `creation_rules:\n  - age: ${AGE_RECIPIENT}\n`)
  return cwd
}

async function encrypted(): Promise<string> {
  const cwd = plain()
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
    ['sops', ['rotate', '-i', FILE]],
    ['sops', ['-r', '-i', FILE]],
    ['sops', ['decrypt', '-i', FILE]],
    ['sops', ['-d', '-i', FILE]],
    ['sops', ['groups', 'add', '-i', '-f', FILE, '--age', AGE_RECIPIENT]],
    ['sops', ['updatekeys', '-y', FILE]],
  ])('stays theirs: %s %j', async (program, args) => {
    const cwd = await encrypted()
    writeFileSync(join(cwd, '.sops.yaml'), `creation_rules:\n  - age: ${AGE_RECIPIENT},${OTHER_RECIPIENT}\n`) // other keys than it has
    const { status, stderr } = await PROGRAMS[program]!(args, cwd, { stdin: 'new', env: slowIdentity(cwd, `printf '%s' '${THEIRS}' > '${cwd}/${FILE}'`) })
    expect([status, stderr]).toEqual([3, expect.stringContaining(`${FILE}: was changed by something else meanwhile`)])
    expect(read(cwd)).toBe(THEIRS)
  })

  it.each<readonly [string, readonly string[]]>([
    ['waxseal', ['encrypt', '-i', FILE]],
    ['sops', ['encrypt', '-i', FILE]],
    ['sops', ['-e', '-i', FILE]],
  ])('stays theirs while it is encrypted for the first time: %s %j', async (program, args) => {
    const cwd = plain()
    const record = async (): Promise<void> => writeFileSync(join(cwd, FILE), THEIRS)
    const { status, stderr } = await PROGRAMS[program]!(args, cwd, { audit: { ...NO_AUDIT, record } })
    expect([status, stderr]).toEqual([3, expect.stringContaining(`${FILE}: was changed by something else meanwhile`)])
    expect(read(cwd)).toBe(THEIRS)
  })

  it('does not keep the others of a run from their keys', async () => {
    const cwd = await encrypted()
    writeFileSync(join(cwd, 'other.json'), read(cwd))
    writeFileSync(join(cwd, '.sops.yaml'), `creation_rules:\n  - age: ${AGE_RECIPIENT},${OTHER_RECIPIENT}\n`)
    const { status, stderr } = await PROGRAMS['sops']!(['updatekeys', '-y', FILE, 'other.json'], cwd, { env: slowIdentity(cwd, `printf '%s' '${THEIRS}' > '${cwd}/${FILE}'`) })
    expect([status, stderr]).toEqual([1, expect.stringContaining('failed updating 1 key(s)')])
    expect(read(cwd)).toBe(THEIRS)
    expect(read(cwd, 'other.json')).toContain(OTHER_RECIPIENT)
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

describe('kubeseal', () => {
  const SEALED = 'sealed.json'

  async function sealedFolder(): Promise<string> {
    const cwd = testFolder()
    const { status, stdout } = await runHandler(kubeseal, ['--cert', CERT], { cwd, stdin: SECRET })
    expect(status).toBe(0)
    writeFileSync(join(cwd, SEALED), stdout)
    return cwd
  }

  it('--merge-into leaves a file to who saved it meanwhile', async () => {
    const cwd = await sealedFolder()
    const whileRead: Handler = (args, context) => {
      const readAll = (): Uint8Array => (writeFileSync(join(cwd, SEALED), THEIRS), context.stdin.readAll())
      return kubeseal(args, { ...context, stdin: { ...context.stdin, readAll } })
    }
    const { status, stderr } = await runHandler(whileRead, ['--cert', CERT, '--merge-into', SEALED], { cwd, stdin: SECRET })
    expect([status, stderr]).toEqual([1, `error: ${SEALED}: was changed by something else meanwhile\n`])
    expect(read(cwd, SEALED)).toBe(THEIRS)
  })

  it('--re-encrypt of a file leaves it to who saved it meanwhile', async () => {
    const cwd = await sealedFolder()
    const server = createServer((request, response) => {
      if (request.method !== 'POST') return response.end('{"kind":"Service","apiVersion":"v1","spec":{"ports":[{"name":"http","port":8080}]}}')
      writeFileSync(join(cwd, SEALED), THEIRS)
      return request.pipe(response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    writeFileSync(join(cwd, 'kc'), `apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: [{name: c, cluster: {server: "${url}"}}]\nusers: [{name: u, user: {}}]\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n`)
    const { status, stderr } = await runHandler(kubeseal, ['--kubeconfig', 'kc', '--re-encrypt', '--secret-file', SEALED], { cwd })
    expect([status, stderr]).toEqual([1, `error: ${SEALED}: was changed by something else meanwhile\n`])
    expect(read(cwd, SEALED)).toBe(THEIRS)
  })
})

describe('seal', () => {
  /** Serves a certificate, and saves a file before it answers. */
  async function certificate(save: () => void): Promise<string> {
    const server = createServer((_, response) => {
      save()
      response.end(readFileSync(CERT))
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
    expect((await waxseal(['seal', '--cert', CERT, '-o', 'sealed.yaml', 'secret.yaml'], { cwd })).status).toBe(0)
    const url = await certificate(() => writeFileSync(join(cwd, file), THEIRS))
    const { status, stderr } = await waxseal(['seal', '--cert', url, ...args], { cwd })
    expect([status, stderr]).toEqual([3, expect.stringContaining(`${file}: was ${how} by something else meanwhile`)])
    expect(read(cwd, file)).toBe(THEIRS)
  })
})
