/** The scripts as texts; test/cli/completion.test.ts has them in their shells. */
import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../../src/commands/index.ts'
import { testFolder } from '../test-context.ts'
import { waxseal } from './run-native.ts'

describe('completion', () => {
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
