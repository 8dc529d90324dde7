import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AGE_KEY_FILE, AGE_RECIPIENT, built, run, testFolder } from '../programs.ts'

const env = { SOPS_AGE_KEY_FILE: AGE_KEY_FILE }
/** Linux takes 128 KiB for one variable. */
const TOO_LONG = 'x'.repeat(200_000)

describe('exec-env with a value that no environment holds', () => {
  it.each([
    ['sops', ['exec-env', 'f.yaml', 'true'], 'fork/exec /bin/sh: argument list too long\n'],
    ['sops', ['exec-env', '--same-process', 'f.yaml', 'true'], 'argument list too long\n'],
    ['waxseal', ['exec-env', 'f.yaml', '--', 'true'], 'waxseal: cannot start true: argument list too long\nhint: waxseal exec-file hands on values of any length\n'],
  ] as const)('%s %j says so', async (program, args, message) => {
    const cwd = testFolder()
    writeFileSync(join(cwd, 'f.yaml'), `a: ${TOO_LONG}\n`)
    expect((await run(built('sops'), ['encrypt', '-i', '--age', AGE_RECIPIENT, 'f.yaml'], { cwd, env })).stderr).toBe('')
    expect(await run(built(program), args, { cwd, env })).toMatchObject({ status: 1, stderr: message })
  })

  it('leaves --same-process as it was for others', async () => {
    const cwd = testFolder()
    writeFileSync(join(cwd, 'f.yaml'), 'a: secret\n')
    expect((await run(built('sops'), ['encrypt', '-i', '--age', AGE_RECIPIENT, 'f.yaml'], { cwd, env })).stderr).toBe('')
    const { status, stdout, stderr } = await run(built('sops'), ['exec-env', '--same-process', 'f.yaml', 'echo "$a"; exit 7'], { cwd, env })
    expect({ status, stdout: stdout.toString(), stderr }).toEqual({ status: 7, stdout: 'secret\n', stderr: '' })
  })
})
