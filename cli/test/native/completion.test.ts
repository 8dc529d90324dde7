import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../../src/commands/index.ts'
import { testFolder } from '../test-context.ts'
import { waxseal } from './run-native.ts'

/** What bash offers for a command line. */
async function bashOffers(words: readonly string[]): Promise<string[]> {
  const cwd = testFolder()
  writeFileSync(join(cwd, 'secret.yaml'), '')
  mkdirSync(join(cwd, 'folder'))
  const { stdout } = await waxseal(['completion', 'bash'], { cwd })
  const ask = `COMP_WORDS=(waxseal "$@"); COMP_CWORD=$#; _waxseal; printf '%s\\n' "\${COMPREPLY[@]}"`
  const answer = spawnSync('bash', ['--norc', '-c', `${stdout}\n${ask}`, 'bash', ...words], { cwd, encoding: 'utf8' })
  expect(answer.stderr).toBe('')
  return answer.stdout.split('\n').filter((line) => line !== '')
}

describe('completion', () => {
  it.each([
    [['enc'], ['encrypt']],
    [['un'], expect.arrayContaining(['unset'])],
    [['decrypt', '--in'], ['--in-place']],
    [['decrypt', 's'], ['secret.yaml']],
    [['completion', 'z'], ['zsh']],
    [['recipients', 'a'], ['add']],
    [['groups', ''], ['add', 'delete', 'threshold']],
    [['recipients', 'list', 's'], ['secret.yaml']],
    [['recipients', '--j'], ['--json']],
    [['run', '--pr'], ['--pristine']],
    [['help', 'rek'], ['rekey']],
  ])('bash: %j', async (words, offers) => {
    expect(await bashOffers(words)).toEqual(offers)
  })

  it.each(['bash', 'zsh', 'fish', 'powershell'])('%s knows every command and option', async (shell) => {
    const { status, stdout } = await waxseal(['completion', shell], { cwd: testFolder() })
    expect(status).toBe(0)
    for (const { name, options } of COMMANDS) {
      expect(stdout).toContain(name)
      for (const { flags } of options) expect(stdout).toContain(/--([a-z-]+)/.exec(flags)?.[1])
    }
  })

  it('of another shell is refused', async () => {
    expect((await waxseal(['completion', 'tcsh'], { cwd: testFolder() })).stderr).toBe('waxseal: there is no completion for "tcsh"\nhint: one of bash, zsh, fish, powershell\n')
  })
})
