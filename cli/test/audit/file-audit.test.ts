/** What is done to files, as auditors hear of it, and what an audit file says. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { CodedError } from '@waxseal/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fileAudit } from '../../src/audit/file-audit.ts'
import type { Audit, Handler } from '../../src/context.ts'
import { native } from '../../src/commands/native.ts'
import { sops } from '../../src/sops/sops.ts'
import { AGE_KEY_FILE, AGE_RECIPIENT, OTHER_KEY_FILE, runHandler, testFolder, type Ended, type RunOptions } from '../test-context.ts'
import { waxseal } from '../native/run-native.ts'

const OTHER = 'age16n6pr9p7d8ml2pcql44ta7trq7zegrxqadyr87fjzrl6wahacv5s2p78zf'
const env = { SOPS_AGE_KEY_FILE: AGE_KEY_FILE }

interface Listener extends Audit {
  readonly heard: string[]
}

/** @param refuses - the action that is not recorded */
function listener(cwd: string, refuses?: string): Listener {
  const heard: string[] = []
  return {
    heard,
    start: async () => {},
    async record(action, path) {
      if (action === refuses) throw new CodedError('AUDIT_FAILED', 'failed to insert audit record: refused', { hint: 'ask' })
      heard.push(`${action} ${path.replace(cwd, '.')}`)
    },
  }
}

/** A folder with an encrypted f.yaml and a plain p.yaml. */
async function folder(): Promise<string> {
  const cwd = testFolder()
  for (const name of ['f.yaml', 'p.yaml']) writeFileSync(join(cwd, name), 'a: secret\n')
  writeFileSync(join(cwd, '.sops.yaml'), `creation_rules:\n  - age: ${AGE_RECIPIENT}\n`)
  writeFileSync(join(cwd, 'editor.sh'), '#!/bin/sh\nsed -i "s/secret/other/; s/example_/ex_/" "$1"\n')
  chmodSync(join(cwd, 'editor.sh'), 0o755)
  expect(await runHandler(sops, ['encrypt', '-i', 'f.yaml'], { cwd, env })).toMatchObject({ status: 0, stderr: '' })
  return cwd
}

async function heardOf(handler: Handler, args: readonly string[], options: Partial<RunOptions> = {}): Promise<readonly string[]> {
  const cwd = await folder()
  const audit = listener(cwd)
  await runHandler(handler, args, { cwd, env: { ...env, EDITOR: './editor.sh', ...options.env }, audit, ...(options.stdin !== undefined && { stdin: readFileSync(join(cwd, options.stdin), 'utf8') }) }).catch((error: unknown) => {
    expect(error).toBeInstanceOf(CodedError)
  })
  return audit.heard
}

describe('what auditors hear of sops', () => {
  const [encrypted, decrypted] = ['encrypt ./f.yaml', 'decrypt ./f.yaml']
  it.each([
    [['encrypt', 'p.yaml'], ['encrypt ./p.yaml']],
    [['encrypt', '--filename-override', 'x/y.yaml', 'p.yaml'], ['encrypt ./p.yaml']],
    [['encrypt', 'f.yaml'], []],
    [['encrypt', '--age', 'age1bad', 'p.yaml'], []],
    [['decrypt', 'f.yaml'], [decrypted]],
    [['decrypt', '--extract', '["none"]', 'f.yaml'], [decrypted]],
    [['decrypt', 'p.yaml'], []],
    [['-r', '-d', 'f.yaml'], [decrypted, 'rotate ./f.yaml', decrypted, encrypted]],
    [['rotate', 'f.yaml'], ['rotate ./f.yaml', decrypted, encrypted]],
    [['rotate', '--add-age', 'age1bad', 'f.yaml'], []],
    [['set', 'f.yaml', '["a"]', '"b"'], [decrypted, encrypted]],
    [['set', '--idempotent', 'f.yaml', '["a"]', '"secret"'], [decrypted, encrypted]],
    [['set', 'f.yaml', '["sops"]', '"b"'], [decrypted]],
    [['unset', 'f.yaml', '["a"]'], [decrypted, encrypted]],
    [['unset', '--idempotent', 'f.yaml', '["none"]'], [decrypted]],
    [['edit', 'f.yaml'], [decrypted, encrypted]],
    [['edit', 'new.yaml'], ['encrypt ./new.yaml']],
    [['exec-env', 'f.yaml', 'true'], [decrypted]],
    [['exec-file', '--no-fifo', 'f.yaml', 'true'], [decrypted]],
    [['filestatus', 'f.yaml'], []],
    [['updatekeys', '-y', 'f.yaml'], []],
    [['groups', 'add', '-f', 'f.yaml', '--age', OTHER], []],
  ] as const)('%j', async (args, expected) => {
    expect(await heardOf(sops, args)).toEqual(expected)
  })

  it('of what comes from standard input: the working folder', async () => {
    expect(await heardOf(sops, ['decrypt', '--input-type', 'yaml'], { stdin: 'f.yaml' })).toEqual(['decrypt .'])
    expect(await heardOf(sops, ['encrypt', '--filename-override', 'x.yaml'], { stdin: 'p.yaml' })).toEqual(['encrypt .'])
  })

  it('of what cannot be decrypted: nothing without a data key, the attempt with one', async () => {
    expect(await heardOf(sops, ['decrypt', 'f.yaml'], { env: { SOPS_AGE_KEY_FILE: OTHER_KEY_FILE } })).toEqual([])
    const cwd = await folder()
    const file = join(cwd, 'f.yaml')
    writeFileSync(file, readFileSync(file, 'utf8').replace('mac: ENC[AES256_GCM,data:', 'mac: ENC[AES256_GCM,data:AAAA'))
    const audit = listener(cwd)
    expect(await runHandler(sops, ['decrypt', 'f.yaml'], { cwd, env, audit })).toMatchObject({ status: 51 })
    expect(audit.heard).toEqual([decrypted])
  })
})

describe('what auditors hear of waxseal', () => {
  const [encrypted, decrypted] = ['encrypt ./f.yaml', 'decrypt ./f.yaml']
  it.each([
    [['encrypt', 'p.yaml'], ['encrypt ./p.yaml']],
    [['decrypt', 'f.yaml'], [decrypted]],
    [['get', 'f.yaml', 'a'], [decrypted]],
    [['edit', 'f.yaml'], [decrypted, encrypted]],
    [['edit', 'new.yaml'], ['encrypt ./new.yaml']],
    [['set', 'f.yaml', 'a', '--file', 'p.yaml'], [decrypted, encrypted]],
    [['unset', 'f.yaml', 'a'], [decrypted, encrypted]],
    [['rotate', 'f.yaml'], ['rotate ./f.yaml', decrypted, encrypted]],
    [['exec-env', 'f.yaml', '--', 'true'], [decrypted]],
    [['recipients', 'add', 'f.yaml', OTHER, '--yes'], []],
    [['updatekeys', 'f.yaml', '--rotate', '--yes'], ['rotate ./f.yaml', decrypted, encrypted]],
    [['explain', 'p.yaml'], []],
    [['status', 'f.yaml'], []],
  ] as const)('%j', async (args, expected) => {
    expect(await heardOf(native, args)).toEqual(expected)
  })
})

describe('an auditor that takes no record', () => {
  it.each(['decrypt', 'encrypt', 'rotate'])('of %s stops the command before anything leaves it', async (action) => {
    const cwd = await folder()
    const before = readFileSync(join(cwd, 'f.yaml'), 'utf8')
    const ended: Ended[] = [
      await runHandler(sops, ['rotate', '-i', 'f.yaml'], { cwd, env, audit: listener(cwd, action) }),
      await waxseal(['rotate', 'f.yaml'], { cwd, audit: listener(cwd, action) }),
    ]
    expect(ended.map(({ status, stdout }) => ({ status, stdout }))).toEqual([{ status: 1, stdout: '' }, { status: 1, stdout: '' }])
    expect(ended[0]?.stderr).toMatch(/^\[AUDIT\]\t time="[^"]+" level=fatal msg="Failed to insert audit record: refused"\n$/)
    expect(ended[1]?.stderr).toContain('failed to insert audit record: refused\nhint: ')
    expect(readFileSync(join(cwd, 'f.yaml'), 'utf8')).toBe(before)
  })

  it('stops the editing of a new file before it is there', async () => {
    const cwd = await folder()
    const options = { cwd, env: { ...env, EDITOR: './editor.sh' }, audit: listener(cwd, 'encrypt') }
    expect((await runHandler(sops, ['edit', 'new.yaml'], options)).status).toBe(1)
    expect((await waxseal(['edit', 'new.yaml'], { ...options, env: { EDITOR: './editor.sh' } })).status).toBe(1)
    expect(existsSync(join(cwd, 'new.yaml'))).toBe(false)
  })
})

describe('an audit file', () => {
  async function withFile(text: string | undefined, ofSops: readonly string[] = ['decrypt', 'f.yaml'], ofWaxseal = ofSops): Promise<readonly [Ended, Ended]> {
    const cwd = await folder()
    const file = join(cwd, 'audit.yaml')
    if (text !== undefined) writeFileSync(file, text)
    return [await runHandler(sops, ofSops, { cwd, env, audit: fileAudit(file) }), await waxseal(ofWaxseal, { cwd, audit: fileAudit(file) })]
  }

  it.each([
    ['that is not there', undefined],
    ['that is empty', ''],
    ['of comments', '# nothing\n'],
    ['without databases', 'backends:\n  other: 1\n  postgres:\n'],
    ['with a database that is null', 'backends: {postgres: [null]}\n'],
  ])('%s changes nothing', async (_, text) => {
    for (const ended of await withFile(text)) expect(ended).toMatchObject({ status: 0, stdout: 'a: secret\n', stderr: '' })
  })

  it('that is a folder counts as none, as one that may not be read', async () => {
    const cwd = await folder()
    mkdirSync(join(cwd, 'audit.yaml'))
    expect((await runHandler(sops, ['decrypt', 'f.yaml'], { cwd, env, audit: fileAudit(join(cwd, 'audit.yaml')) })).status).toBe(0)
  })

  it.each(['hunter2: [', 'hunter2', '[]', 'backends: hunter2', 'backends: {postgres: hunter2}', 'backends: {postgres: [hunter2]}', 'backends: {postgres: [{connection_string: [hunter2]}]}'])(
    'that cannot be understood stops every command and is not quoted: %s',
    async (text) => {
      const [ours, ofWaxseal] = await withFile(`${text}\n`, ['--version'], ['status', 'f.yaml'])
      expect(ours).toMatchObject({ status: 2, stdout: '' })
      expect(ours.stderr).toMatch(/^\[AUDIT\]\t time="[^"]+" level=fatal msg="Error unmarshalling config" error="[^"]+"\n$/)
      expect(ofWaxseal).toMatchObject({ status: 2, stdout: '' })
      expect(ours.stderr + ofWaxseal.stderr).not.toContain('hunter2')
    },
  )

  it('with databases that cannot be used stops every command, and tells why of each, without their passwords', async () => {
    const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const { port } = server.address() as { readonly port: number }
    const text = `backends:
  postgres:
    - connection_string: postgres://u:hunter2@127.0.0.1:${port}/d
    - connection_string: host=127.0.0.1 port=${port} user=u password=hunter2 sslmode=disable
    - connection_string: host=h password=hunter2 sslmode=x
`
    const [ours, ofWaxseal] = await withFile(text, ['--version'], ['status', 'f.yaml'])
    const lines = ours.stderr.trimEnd().split('\n')
    expect(ours).toMatchObject({ status: 1, stdout: '' })
    expect(lines).toHaveLength(5)
    expect(lines[0]).toMatch(/level=error msg="connecting to audit database, defined in \/etc\/sops\/audit.yaml"$/)
    for (const line of lines.slice(1, 4)) expect(line).toMatch(/^\[AUDIT\]\t .+ level=error msg="Pinging audit database failed: .+"$/)
    expect(lines[4]).toMatch(/level=fatal msg="one or more audit backends reported errors, exiting"$/)
    expect(ofWaxseal).toMatchObject({ status: 1, stdout: '' })
    expect(ours.stderr + ofWaxseal.stderr).not.toContain('hunter2')
  })
})
