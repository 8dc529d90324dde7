import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AGE_KEY_FILE, AGE_RECIPIENT, built, FIXTURES, run, testFolder } from '../programs.ts'

const FIXTURE = join(FIXTURES, 'sops-3.13.2', 'fixtures', 'yaml', 'bools')

/** A program that nobody has run yet. */
function freshProgram(): { readonly folder: string; readonly decrypt: (file?: string) => ReturnType<typeof run>; readonly compiled: () => string[] } {
  const folder = testFolder()
  const cache = join(folder, 'cache')
  for (const name of ['sops', 'sops.cjs', 'package.json']) copyFileSync(join(dirname(built('sops')), name), join(folder, name))
  const decrypt = (file = join(FIXTURE, 'encrypted.yaml')) => run(join(folder, 'sops'), ['decrypt', file], { cwd: folder, env: { SOPS_AGE_KEY_FILE: AGE_KEY_FILE } })
  const compiled = () =>
    existsSync(cache) ? readdirSync(cache, { recursive: true, encoding: 'utf8' }).map((name) => join(cache, name)).filter((path) => statSync(path).isFile()) : []
  return { folder, decrypt, compiled }
}

describe('compiled code beside a program', () => {
  it('is left by the first run of a command that succeeds', async () => {
    const { folder, decrypt, compiled } = freshProgram()
    expect((await decrypt(join(folder, 'missing.yaml'))).status).not.toBe(0)
    expect(compiled()).toEqual([])
    const first = await decrypt()
    expect([first.status, first.stderr]).toEqual([0, ''])
    const files = compiled()
    expect(files.map((file) => file.endsWith('/decrypt'))).toEqual([true])
    const { mtimeMs } = statSync(files[0]!)
    const second = await decrypt()
    expect(second).toEqual(first)
    expect(statSync(files[0]!).mtimeMs).toBe(mtimeMs)
  })

  it('is compiled anew when it is broken, and never stands in the way', async () => {
    const { decrypt, compiled } = freshProgram()
    const first = await decrypt()
    const [file] = compiled()
    for (const content of [Buffer.alloc(0), Buffer.from('no code'), readFileSync(file!).subarray(0, -100)]) {
      writeFileSync(file!, content)
      expect(await decrypt()).toEqual(first)
      expect(readFileSync(file!).length).toBeGreaterThan(content.length)
    }
  })

  it('is good for the next run, whatever a run was told to optimize', async () => {
    const { folder, compiled } = freshProgram()
    const path = join(folder, 'plain.json')
    writeFileSync(path, JSON.stringify({ text: 'x'.repeat(100_000) }))
    const encrypt = () => run(join(folder, 'sops'), ['encrypt', '--age', AGE_RECIPIENT, path], { cwd: folder })
    expect((await encrypt()).status).toBe(0)
    const [file] = compiled()
    const { mtimeMs } = statSync(file!)
    expect((await encrypt()).status).toBe(0)
    expect(statSync(file!).mtimeMs).toBe(mtimeMs)
  })

  it('is of that very text: another program of the same length has none yet', async () => {
    const { folder, decrypt, compiled } = freshProgram()
    await decrypt()
    const text = readFileSync(join(folder, 'sops'), 'utf8')
    writeFileSync(join(folder, 'sops'), text.replace(/(sops\.cjs",hash:")./, '$1-'))
    await decrypt()
    expect(compiled().length).toBe(2)
  })
})
