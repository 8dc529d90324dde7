import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { native } from '../../src/commands/native.ts'
import { sops } from '../../src/sops/sops.ts'
import { AGE_RECIPIENT, runHandler, testFolder } from '../test-context.ts'

const CONTENT = `a: ${'x'.repeat(2000)}\n`

function folderWithFile(): string {
  const folder = testFolder()
  writeFileSync(join(folder, 'a.yaml'), CONTENT)
  return folder
}

describe('an input larger than the limit', () => {
  it('is refused by the native commands, with the option that raises it', async () => {
    const cwd = folderWithFile()
    const run = (...args: string[]) => runHandler(native, ['encrypt', '--age', AGE_RECIPIENT, ...args, 'a.yaml'], { cwd, env: { WAXSEAL_MAX_INPUT: '1k' } })
    await expect(run()).rejects.toMatchObject({ code: 'PARSE_LIMIT', message: 'a.yaml: larger than 1024 bytes', hint: expect.stringContaining('--max-input') })
    await expect(run('--max-input', '2004')).resolves.toMatchObject({ status: 0 })
    await expect(run('--max-input', '2003')).rejects.toMatchObject({ code: 'PARSE_LIMIT' })
    expect(readFileSync(join(cwd, 'a.yaml'), 'utf8')).toBe(CONTENT)
  })

  it('is refused by sops, with the variable that raises it', async () => {
    const cwd = folderWithFile()
    const run = (limit: string) => runHandler(sops, ['encrypt', '--age', AGE_RECIPIENT, 'a.yaml'], { cwd, env: { WAXSEAL_MAX_INPUT: limit } })
    const refused = await run('1K')
    expect(refused).toMatchObject({ status: 2, stdout: '' })
    expect(refused.stderr).toContain('larger than 1024 bytes: WAXSEAL_MAX_INPUT')
    expect((await run('1M')).status).toBe(0)
  })

  it.each(['much', '-1', '1.5G', '10T'])('is not looked for under a limit that is no size: %s', async (limit) => {
    const cwd = folderWithFile()
    await expect(runHandler(native, ['decrypt', '--max-input', limit, 'a.yaml'], { cwd })).rejects.toMatchObject({ code: 'USAGE' })
  })
})
