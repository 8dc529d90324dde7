import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AGE_KEY_FILE, AGE_RECIPIENT, built, run, testFolder } from '../programs.ts'

/** The kernel refuses bytes beyond the limit with EFBIG, in the place where a full disk answers ENOSPC. */
const WITH_SMALL_FILES_ONLY = `trap '' XFSZ; ulimit -f 8; exec "$@"`

describe('a disk that takes no more bytes', () => {
  it.each(['waxseal', 'sops'] as const)('%s leaves the file as it is, and nothing beside it', async (program) => {
    const folder = testFolder()
    const plain = `${Array.from({ length: 2000 }, (_, i) => `key${i}: value number ${i}`).join('\n')}\n`
    writeFileSync(join(folder, 'secret.yaml'), plain)
    const command = [built(program), 'encrypt', '--age', AGE_RECIPIENT, '-i', 'secret.yaml']
    const result = await run('/bin/sh', ['-c', WITH_SMALL_FILES_ONLY, 'sh', ...command], { cwd: folder, env: { SOPS_AGE_KEY_FILE: AGE_KEY_FILE } })
    expect(result.status).toBeGreaterThan(0)
    expect(result.stderr).toMatch(/EFBIG|too large/)
    expect(result.stderr).not.toContain('value number')
    expect(readFileSync(join(folder, 'secret.yaml'), 'utf8')).toBe(plain)
    expect(readdirSync(folder)).toEqual(['secret.yaml'])
  })
})
