/** What age identities ask on the terminal. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hasTerminals } from '@waxseal/testkit'
import { waxseal } from '../native/run-native.ts'
import { programOnTerminal } from '../program-on-terminal.ts'
import { AGE_RECIPIENT, FIXTURES, testFolder } from '../test-context.ts'

const PROTECTED = join(FIXTURES, 'openssh-9.2p1')
const publicKey = (kind: string): string => readFileSync(join(FIXTURES, 'sops-3.13.2', 'keys', `ssh_${kind}.pub`), 'utf8').trim()

async function folderWithFile(recipient: string): Promise<string> {
  const cwd = testFolder()
  writeFileSync(join(cwd, 'f.json'), '{"a": "b"}\n')
  expect((await waxseal(['encrypt', '-i', '--age', recipient, 'f.json'], { cwd })).stderr).toBe('')
  return cwd
}

describe.runIf(hasTerminals())('on a terminal, the passphrase is asked for', () => {
  it('of an identity file', async () => {
    const cwd = await folderWithFile(AGE_RECIPIENT)
    const env = { SOPS_AGE_KEY_FILE: join(FIXTURES, 'age-1.3.1', 'keys-protected.txt') }
    const question = "Enter passphrase for identity 'SOPS_AGE_KEY_FILE': \r\n"
    expect(await programOnTerminal(['correct horse\r'], ['decrypt', 'f.json'], cwd, env)).toMatchObject({ status: 0, screen: `${question}{"a": "b"}\r\n` })
    expect(await programOnTerminal(['\x03'], ['sops', 'decrypt', 'f.json'], cwd, env)).toMatchObject({ status: 1 })
  })

  it.each([
    ['ed25519', 'ed25519-aes256-ctr'],
    ['rsa', 'rsa-pem'],
  ])('of an SSH key in the home folder: %s', async (kind, file) => {
    const cwd = await folderWithFile(publicKey(kind))
    const path = join(cwd, '.ssh', `id_${kind}`)
    mkdirSync(join(cwd, '.ssh'))
    writeFileSync(path, readFileSync(join(PROTECTED, file)))
    writeFileSync(`${path}.pub`, publicKey(kind))
    for (const name of [[], ['sops']]) {
      const { status, screen } = await programOnTerminal(['correct horse\r'], [...name, 'decrypt', 'f.json'], cwd, { SOPS_AGE_KEY_FILE: '' })
      expect(status).toBe(0)
      expect(screen.startsWith(`Enter passphrase for ${JSON.stringify(path)}: \r\n{`)).toBe(true)
    }
  })
})

describe.runIf(hasTerminals())('on a terminal, plugins', () => {
  /** A plugin that asks one thing, tells what it heard, and gives up. */
  async function asking(question: string, key: string): Promise<string> {
    const cwd = testFolder()
    mkdirSync(join(cwd, 'bin'))
    const plugin = join(cwd, 'bin', 'age-plugin-test')
    writeFileSync(
      plugin,
      `#!${process.execPath}
let heard = ''
let asked = false
process.stdin.on('data', (chunk) => {
  heard += chunk
  if (!asked && heard.includes('-> done')) {
    asked = true
    heard = ''
    process.stdout.write(${JSON.stringify(question)})
  } else if (asked && heard.endsWith('\\n')) {
    const [command, body] = heard.split('\\n')
    process.stdout.write('-> error internal\\n' + Buffer.from('heard ' + command + ' ' + Buffer.from(body, 'base64')).toString('base64').replace(/=+$/, '') + '\\n')
    process.stdin.pause()
  }
})
`,
    )
    chmodSync(plugin, 0o700)
    writeFileSync(join(cwd, 'f.json'), '{"a": "b"}\n')
    const env = { PATH: `${join(cwd, 'bin')}:${process.env['PATH']}`, WAXSEAL_ALLOW: 'age-plugin-test' }
    const { screen } = await programOnTerminal([key], ['encrypt', '-i', '--age', 'age1test1qqqqqqqp4xas2', 'f.json'], cwd, env)
    return screen.replace(/\r\nhint: [^\r]*/, '')
  }
  const failed = (heard: string): string => `waxseal: f.json: failed to encrypt new data key with master key age1test1qqqqqqqp4xas2 (test plugin: heard -> ${heard})\r\n`

  it.each([
    ['a secret', '-> request-secret\nUElOPw\n', '12\x7f3\r', 'PIN? \r\n', 'ok 13'],
    ['something public', '-> request-public\nTmFtZT8\n', 'bov\x7fb\r', 'Name? bov\b \bb\r\n', 'ok bob'],
    ['a yes', '-> confirm eWVz bm8\nU3VyZT8\n', 'x1', 'Sure? (press [1] for "yes" or [2] for "no") \r\n', 'ok yes '],
    ['a no', '-> confirm eWVz bm8\nU3VyZT8\n', '2', 'Sure? (press [1] for "yes" or [2] for "no") \r\n', 'ok no '],
    ['one answer', '-> confirm T0s\nSW5zZXJ0IGl0\n', '\r', 'Insert it (press enter for "OK") \r\n', 'ok yes '],
  ])('ask for %s', async (_, question, key, shown, heard) => {
    expect(await asking(question, key)).toBe(shown + failed(heard))
  })

  it('are ended by Ctrl+C', async () => {
    expect(await asking('-> request-secret\nUElOPw\n', '1\x03')).toBe('PIN? \r\nwaxseal: f.json: canceled\r\n')
  })
})
