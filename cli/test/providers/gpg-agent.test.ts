/** gpg-agent's part: an agent of the test's own, and the real one where it is installed. */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { CodedError } from '@waxseal/core'
import { askAgent, forgetInAgent } from '../../src/providers/gpg-agent.ts'
import type { Context } from '../../src/context.ts'
import { AGE_RECIPIENT, FIXTURES, runHandler, testFolder } from '../test-context.ts'
import { waxseal } from '../native/run-native.ts'

const CACHE_ID = 'SopsAgeABC'
const LOCKED = join(FIXTURES, 'age-1.3.1', 'keys-protected.txt')
const PROTECTED_PGP_KEY = join(FIXTURES, 'gnupg-2.2.40', 'protected.sec.asc')
const PROTECTED_FINGERPRINT = '35CA3E2BB893397AAD43BAD8E869120A34C51B58'
const QUESTION = "Enter passphrase for identity 'k':"

async function contextWith(env: Readonly<Record<string, string>>): Promise<Context> {
  let context: Context | undefined
  await runHandler(async (_, given) => ((context = given), 0), [], { cwd: testFolder(), env })
  if (!context) throw new TypeError('the handler was not run')
  return context
}

/** Listens at `S.gpg-agent`, answers each line as told, and remembers what came. */
async function fakeAgent(answer: (line: string) => string | null, greeting = 'OK Pleased to meet you\n') {
  const home = testFolder()
  mkdirSync(join(home, '.gnupg'))
  const lines: string[] = []
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.write(greeting)
    socket.on('data', (data) => {
      for (const line of data.toString().split('\n').slice(0, -1)) {
        lines.push(line)
        const text = answer(line)
        if (text === null) socket.destroy()
        else socket.write(text)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(join(home, '.gnupg', 'S.gpg-agent'), resolve))
  onTestFinished(() => void server.close())
  return { lines, home, context: await contextWith({ HOME: home, TERM: 'xterm', GPG_TTY: '/dev/pts/7' }) }
}

const hex = (text: string): string => Buffer.from(text).toString('hex').toUpperCase()

async function codeOf(run: Promise<unknown>): Promise<string> {
  return run.then(() => 'none', (error: unknown) => (error instanceof CodedError ? error.code : 'foreign'))
}

describe('gpg-agent', () => {
  it('is asked in its own words', async () => {
    const { lines, context } = await fakeAgent((line) => (line.startsWith('GET') ? `S PROGRESS x\n# comment\nOK ${hex('größe 1')}\n` : 'OK\n'))
    expect(await askAgent(context, CACHE_ID, QUESTION)).toBe('größe 1')
    await forgetInAgent(context, CACHE_ID)
    expect(lines).toEqual([
      'OPTION ttyname=/dev/pts/7',
      'OPTION ttytype=xterm',
      "GET_PASSPHRASE SopsAgeABC X Passphrase Enter%20passphrase%20for%20identity%20'k'%3A",
      'CLEAR_PASSPHRASE SopsAgeABC',
    ])
  })

  it.each([
    ['a person who cancels', 'ERR 83886179 Operation cancelled <Pinentry>\n', 'CANCELED'],
    ['an agent in trouble', 'ERR 67108891 Not found\n', 'IDENTITY_INVALID'],
    ['nonsense', 'what?\n', 'IDENTITY_INVALID'],
    ['an end in the middle', null, 'IDENTITY_INVALID'],
  ])('%s', async (_, answer, code) => {
    const { context } = await fakeAgent((line) => (line.startsWith('GET') ? answer : 'OK\n'))
    expect(await codeOf(askAgent(context, CACHE_ID, QUESTION))).toBe(code)
  })

  it('without a pinentry, or that does not want to talk, is none', async () => {
    const mute = await fakeAgent((line) => (line.startsWith('GET') ? 'ERR 67108949 No pinentry <GPG Agent>\n' : 'OK\n'))
    expect(await askAgent(mute.context, CACHE_ID, QUESTION)).toBeNull()
    const rude = await fakeAgent(() => 'OK\n', 'ERR 1 go away\n')
    expect(await askAgent(rude.context, CACHE_ID, QUESTION)).toBeNull()
    expect(await askAgent(await contextWith({}), CACHE_ID, QUESTION)).toBeNull()
    expect(await askAgent(await contextWith({ GPG_AGENT_INFO: '/nonexistent/socket:1:1' }), CACHE_ID, QUESTION)).toBeNull()
  })

  it('gives the passphrase of a PGP key that no gpg program uses, and forgets a wrong one', async () => {
    let passphrase = 'wrong'
    const { lines, home } = await fakeAgent((line) => (line.startsWith('GET') ? `OK ${hex(passphrase)}\n` : 'OK\n'))
    writeFileSync(join(home, 'f.json'), '{"a": "b"}\n')
    writeFileSync(join(home, '.sops.yaml'), `creation_rules: [{pgp: ${PROTECTED_FINGERPRINT}}]\n`)
    const env = { SOPS_GPG_EXEC: 'absent', WAXSEAL_PGP_KEY_FILE: PROTECTED_PGP_KEY }
    expect(await waxseal(['encrypt', '-i', 'f.json'], { cwd: home, env })).toMatchObject({ status: 0, stderr: '' })
    expect(lines).toEqual([])
    expect((await waxseal(['decrypt', 'f.json'], { cwd: home, env })).stderr).toContain(`incorrect passphrase for PGP key ${PROTECTED_FINGERPRINT}`)
    passphrase = 'correct horse'
    expect((await waxseal(['decrypt', 'f.json'], { cwd: home, env })).stdout).toBe('{"a": "b"}\n')
    const keyId = PROTECTED_FINGERPRINT.slice(-8)
    const question = `GET_PASSPHRASE ${keyId} X Passphrase Unlock%20key%20${keyId}%20to%20decrypt%20sops's%20key`
    expect(lines.filter((line) => !line.startsWith('OPTION'))).toEqual([question, `CLEAR_PASSPHRASE ${keyId}`, question])
  })

  it('is not looked for when GPG_AGENT_INFO is empty', async () => {
    const { lines, context } = await fakeAgent(() => 'OK\n')
    expect(await askAgent({ ...context, env: { ...context.env, GPG_AGENT_INFO: '' } }, CACHE_ID, QUESTION)).toBeNull()
    expect(lines).toEqual([])
  })
})

const hasAgent = spawnSync('gpg-agent', ['--version']).status === 0

describe.runIf(hasAgent)('the real gpg-agent', () => {
  /** An agent whose pinentry gives what stands in a file, and counts. */
  function startAgent() {
    const home = execFileSync('mktemp', ['-d', join(tmpdir(), 'ga-XXXX')]).toString().trim() // short: sockets are in it
    const [pinentry, answer, asked] = [join(home, 'pinentry'), join(home, 'answer'), join(home, 'asked')]
    writeFileSync(pinentry, `#!/bin/sh\necho OK\nwhile read -r command rest; do\n  case "$command" in\n    GETPIN) echo x >> ${asked}; echo "D $(cat ${answer})"; echo OK ;;\n    BYE) exit ;;\n    *) echo OK ;;\n  esac\ndone\n`)
    chmodSync(pinentry, 0o700)
    const env = { ...process.env, GNUPGHOME: home }
    execFileSync('gpg-agent', ['--homedir', home, '--daemon', '--pinentry-program', pinentry], { env, stdio: 'ignore' })
    const socket = execFileSync('gpgconf', ['--homedir', home, '--list-dirs', 'agent-socket'], { env }).toString().trim()
    onTestFinished(() => void spawnSync('gpgconf', ['--homedir', home, '--kill', 'gpg-agent'], { env, stdio: 'ignore' }))
    onTestFinished(() => void spawnSync('rm', ['-rf', home]))
    writeFileSync(asked, '')
    return { info: `${socket}:0:1`, type: (text: string) => writeFileSync(answer, text), count: () => readFileSync(asked, 'utf8').length / 2 }
  }

  it('asks once, remembers, and forgets what was wrong', async () => {
    const { info, type, count } = startAgent()
    const cwd = testFolder()
    writeFileSync(join(cwd, 'f.json'), '{"a": "b"}\n')
    await waxseal(['encrypt', '-i', '--age', AGE_RECIPIENT, 'f.json'], { cwd })
    const decrypt = () => waxseal(['decrypt', 'f.json'], { cwd, env: { GPG_AGENT_INFO: info, SOPS_AGE_KEY_FILE: LOCKED } })
    type('wrong')
    expect((await decrypt()).stderr).toContain("incorrect passphrase for identity 'SOPS_AGE_KEY_FILE', or the file is damaged")
    type('correct horse')
    for (let i = 0; i < 2; i++) expect(await decrypt()).toMatchObject({ status: 0, stdout: '{"a": "b"}\n' })
    expect(count()).toBe(2)
  })
})
