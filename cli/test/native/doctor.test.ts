import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AGE_KEY_FILE, AGE_RECIPIENT, testFolder } from '../test-context.ts'
import { waxseal } from './run-native.ts'

interface Finding {
  readonly about: string
  readonly state: string
  readonly text: string
  readonly hint?: string
}

/** A folder with an identity of mode 0600 and programs gpg and nano that do nothing. */
function workplace(): { readonly cwd: string; readonly env: Record<string, string> } {
  const cwd = testFolder()
  mkdirSync(join(cwd, 'bin'))
  for (const name of ['gpg', 'nano', 'kubectl']) writeFileSync(join(cwd, 'bin', name), '#!/bin/sh\n', { mode: 0o755 })
  copyFileSync(AGE_KEY_FILE, join(cwd, 'keys.txt'))
  chmodSync(join(cwd, 'keys.txt'), 0o600)
  writeFileSync(join(cwd, '.sops.yaml'), `creation_rules:\n  - age: ${AGE_RECIPIENT}\n`)
  return { cwd, env: { SOPS_AGE_KEY_FILE: join(cwd, 'keys.txt'), PATH: join(cwd, 'bin'), HOME: cwd, EDITOR: 'nano' } }
}

async function findings(cwd: string, env: Record<string, string>): Promise<{ readonly status: number; readonly found: readonly Finding[] }> {
  const { status, stdout, stderr } = await waxseal(['doctor', '--json'], { cwd, env })
  expect(stderr).toBe('')
  return { status, found: JSON.parse(stdout) as readonly Finding[] }
}

describe('doctor', () => {
  it('is content where everything is in place', async () => {
    const { cwd, env } = workplace()
    const { status, found } = await findings(cwd, env)
    expect(status).toBe(0)
    expect(found.map(({ about, state }) => `${state} ${about}`)).toEqual(['good identity', 'good PGP', 'good rules', 'good editor', 'note kubectl'])
    expect((await waxseal(['doctor'], { cwd, env })).stdout).toContain('good     identity: 1 in SOPS_AGE_KEY_FILE\n')
  })

  it.each([
    { what: 'an identity that others can read', prepare: (cwd: string) => chmodSync(join(cwd, 'keys.txt'), 0o644), about: 'identity', says: 'can be read by others (mode 644)' },
    { what: 'an identity file that is not there', env: { SOPS_AGE_KEY_FILE: '/none' }, about: 'identity', says: 'SOPS_AGE_KEY_FILE' },
    { what: 'an identity file without identities', prepare: (cwd: string) => writeFileSync(join(cwd, 'keys.txt'), '# nothing\n'), about: 'identity', says: 'holds no identity' },
    { what: 'rules for others only', prepare: (cwd: string) => writeFileSync(join(cwd, '.sops.yaml'), 'creation_rules:\n  - age: age16n6pr9p7d8ml2pcql44ta7trq7zegrxqadyr87fjzrl6wahacv5s2p78zf\n'), about: 'rules', says: 'no identity here belongs to a recipient' },
    { what: 'a broken rule file', prepare: (cwd: string) => writeFileSync(join(cwd, '.sops.yaml'), 'creation_rules: 1\n'), about: 'rules', says: 'creation_rules' },
    { what: 'an editor that does not wait', env: { EDITOR: 'code' }, about: 'editor', says: 'comes back before' },
    {
      what: 'a git that stores plaintext',
      prepare: (cwd: string) => {
        mkdirSync(join(cwd, '.git'))
        writeFileSync(join(cwd, '.git', 'config'), '[diff "waxseal"]\n\ttextconv = waxseal decrypt\n\tcachetextconv = true\n')
      },
      about: 'git',
      says: 'cachetextconv',
    },
  ])('finds $what', async ({ prepare, env: more, about, says }) => {
    const { cwd, env } = workplace()
    prepare?.(cwd)
    const { status, found } = await findings(cwd, { ...env, ...more })
    expect(status).toBe(1)
    const problems = found.filter(({ state }) => state === 'problem')
    expect(problems.map((problem) => problem.about)).toContain(about)
    expect(JSON.stringify(problems)).toContain(says)
    expect(JSON.stringify(found)).not.toContain('AGE-SECRET-KEY')
  })
})
