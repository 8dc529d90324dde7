/**
 * Protected keys on a terminal, with the built programs and with the real sops: the same questions, the same answers.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hasTerminals, onTerminal } from '@waxseal/testkit'
import { AGE_RECIPIENT, built, FIXTURES, run, testFolder } from '../programs.ts'
import { rigProgram } from '../rigs/rigs.ts'

const realSops = rigProgram('sops', 'sops')
const publicKey = (kind: string): string => readFileSync(join(FIXTURES, 'sops-3.13.2', 'keys', `ssh_${kind}.pub`), 'utf8').trim()
const KEYS: readonly (readonly [name: string, recipient: string, file: string])[] = [
  ['ed25519', publicKey('ed25519'), 'openssh-9.2p1/ed25519-aes256-ctr'],
  ['rsa', publicKey('rsa'), 'openssh-9.2p1/rsa-aes256-ctr'],
  ['rsa in PEM', publicKey('rsa'), 'openssh-9.2p1/rsa-pem'],
  ['identity file', AGE_RECIPIENT, 'age-1.3.1/keys-protected.txt'],
]

describe.runIf(hasTerminals()).each(KEYS)('a protected key: %s', (_, recipient, file) => {
  /** What `program` asks, and what it says when it is answered. */
  async function decrypt(program: string): Promise<{ readonly question: string | undefined; readonly answer: unknown }> {
    const cwd = testFolder()
    writeFileSync(join(cwd, 'p.json'), '{"a": "b"}\n')
    writeFileSync(join(cwd, 'e.json'), (await run(built('sops'), ['encrypt', '--age', recipient, 'p.json'], { cwd })).stdout)
    mkdirSync(join(cwd, 'k'))
    writeFileSync(join(cwd, 'k', 'key'), readFileSync(join(FIXTURES, file)))
    writeFileSync(join(cwd, 'k', 'key.pub'), recipient)
    const variable = file.startsWith('openssh') ? 'SOPS_AGE_SSH_PRIVATE_KEY_FILE' : 'SOPS_AGE_KEY_FILE'
    const { status, screen } = await onTerminal(['correct horse\r'], [program, 'decrypt', 'e.json'], cwd, { PATH: `${join(process.execPath, '..')}:${process.env['PATH']}`, HOME: cwd, GPG_AGENT_INFO: '', [variable]: 'k/key' })
    expect(status).toBe(0)
    const [question, ...lines] = screen.replace('\u001B[F\u001B[K', '').split(/\r*\n/) // the real one clears its question
    return { question, answer: JSON.parse(lines.join('\n')) }
  }

  const expected = {
    question: file.startsWith('openssh') ? 'Enter passphrase for "k/key": ' : "Enter passphrase for identity 'SOPS_AGE_KEY_FILE': ",
    answer: { a: 'b' },
  }

  it('opens with the built program', async () => {
    expect(await decrypt(built('sops'))).toEqual(expected)
  })

  it.skipIf(!realSops)(`opens with the real sops${realSops ? '' : ' (left out: rig sops)'}`, async () => {
    expect(await decrypt(realSops ?? '')).toEqual(expected)
  })
})
