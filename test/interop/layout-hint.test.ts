/**
 * The layout hint of native commands: every file comes back to the byte, the real sops reads such files, and nothing about a hint can change
 * more than spelling.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AGE_KEY_FILE, AGE_RECIPIENT, built, run, testFolder, type Finished } from '../programs.ts'
import { rigProgram } from '../rigs/rigs.ts'

const realSops = rigProgram('sops', 'sops')
const HINT = /(waxseal"?:\s*\{?\s*"?layout"?: "?ENC\[AES256_GCM,data:)([^\]]*)\]/

const YAML = `# spellings
ratio: 1.10
mode: 0o17
on: yes
folded: >
  one
  two
text: several
  lines
word: before
list: [0x1F, 'b', TRUE]
base: &base
  k: 2024-01-01
copy: *base
`
const YAML_IN_SOPS = `# spellings
ratio: 1.1
mode: 15
on: "yes"
folded: >
  one two
text: several lines
word: before
list: [31, 'b', true]
base: &base
  k: 2024-01-01T00:00:00Z
copy:
  k: 2024-01-01T00:00:00Z
`
const JSON_TEXT = String.raw`{"a": 1.0, "b": "\u0041\/", "word": "before", "c": [1e3, 2]}`
const JSON_IN_SOPS = '{"a": 1, "b": "A/", "word": "before", "c": [1000, 2]}'

describe.each([
  ['yaml', YAML, YAML_IN_SOPS],
  ['json', JSON_TEXT, JSON_IN_SOPS],
])('a layout hint in %s', { timeout: 60_000 }, (extension, source, inSops) => {
  async function encrypted(): Promise<{ file: string; call: (program: string, args: readonly string[], stdin?: string) => Promise<Finished> }> {
    const folder = testFolder()
    const file = join(folder, `f.${extension}`)
    writeFileSync(file, source)
    const call = async (program: string, args: readonly string[], stdin = ''): Promise<Finished> => {
      const result = await run(program, args, { cwd: folder, env: { SOPS_AGE_KEY_FILE: AGE_KEY_FILE }, stdin })
      expect({ args, status: result.status, stderr: result.stderr }).toEqual({ args, status: 0, stderr: '' })
      return result
    }
    await call(built('waxseal'), ['encrypt', '-i', '--age', AGE_RECIPIENT, file])
    return { file, call }
  }

  it('gives the file back, also after one value was changed', async () => {
    const { file, call } = await encrypted()
    const hint = HINT.exec(readFileSync(file, 'utf8'))?.[0]
    expect(hint).toBeDefined()
    expect((await call(built('waxseal'), ['decrypt', file])).stdout.toString()).toBe(source)
    await call(built('waxseal'), ['set', file, 'word', '--stdin'], 'after')
    expect(readFileSync(file, 'utf8')).toContain(hint)
    expect((await call(built('waxseal'), ['decrypt', file])).stdout.toString()).toBe(source.replace('before', 'after'))
  })

  it('is neither used nor written under the name sops', async () => {
    const { file, call } = await encrypted()
    expect((await call(built('sops'), ['decrypt', file])).stdout.toString()).toBe(inSops)
    const before = readFileSync(file)
    for (const [args, wanted] of [[['set', file, '["word"]', '"after"'], inSops.replace('before', 'after')], [['rotate', '-i', file], inSops]] as const) {
      writeFileSync(file, before)
      await call(built('sops'), args)
      expect(readFileSync(file, 'utf8')).not.toContain('waxseal')
      expect((await call(built('waxseal'), ['decrypt', file])).stdout.toString()).toBe(wanted)
    }
  })

  it.each<[string, (data: string) => string]>([
    ['flipped', (data) => (data.startsWith('A') ? 'B' : 'A') + data.slice(1)],
    ['truncated', (data) => data.slice(0, data.length / 2)],
    ['in clear', () => '[]'],
    ['of another file', () => 'AAAA,iv:AAAA,tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str'],
  ])('%s counts for nothing', async (_, damage) => {
    const { file, call } = await encrypted()
    writeFileSync(file, readFileSync(file, 'utf8').replace(HINT, (_found, start: string, data: string) => `${start}${damage(data)}]`))
    expect((await call(built('waxseal'), ['decrypt', file])).stdout.toString()).toBe(inSops)
  })

  it.skipIf(realSops === undefined)('is read over by the real sops, and dropped when it writes (needs the rig sops)', async () => {
    const { file, call } = await encrypted()
    const sops = realSops as string
    const before = readFileSync(file)
    const own = join(file, '..', `own.${extension}`)
    writeFileSync(own, source)
    writeFileSync(own, (await call(sops, ['encrypt', '--age', AGE_RECIPIENT, own])).stdout)
    const wanted = (await call(sops, ['decrypt', own])).stdout.toString()
    expect((await call(sops, ['decrypt', file])).stdout.toString()).toBe(wanted)
    for (const args of [['set', file, '["word"]', '"after"'], ['rotate', '-i', file]]) {
      writeFileSync(file, before)
      await call(sops, args)
      expect(readFileSync(file, 'utf8')).not.toContain('waxseal')
      expect((await call(built('waxseal'), ['decrypt', file])).stdout.toString()).not.toMatch(/1\.10|1\.0|1e3|0x1F|\*base/)
    }
  })
})
