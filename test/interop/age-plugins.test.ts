/**
 * age plugins of the age project, through our programs and through the real sops.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { built, FIXTURES, run, testFolder } from '../programs.ts'
import { rigProgram } from '../rigs/rigs.ts'

const pq = rigProgram('age-plugins', 'age-plugin-pq')
const realSops = rigProgram('sops', 'sops')
const KEYS = join(FIXTURES, 'sops-3.13.2', 'keys', 'age-pq.txt')
const RECIPIENT = /age1pq1\S+/.exec(readFileSync(KEYS, 'utf8'))?.[0] ?? ''
/** A recipient of age-plugin-tag: the base point of P-256. */
const TAG_RECIPIENT = 'age1tag1qd43050juykyy3lchnnw2caygre8wqmasyk7kvaq7jsnj3wcnrpfvt5hxye'

describe.skipIf(!pq)(`age plugins${pq ? '' : ' (left out: rig age-plugins)'}`, () => {
  /** A folder with a file for the post-quantum key, and the identity of the plugin in `plugin.txt`. */
  function place() {
    const cwd = testFolder()
    const path = `${join(pq ?? '', '..')}:${process.env['PATH']}`
    const identity = execFileSync(pq ?? '', ['-identity', KEYS]).toString()
    expect(identity).toContain('AGE-PLUGIN-PQ-1')
    writeFileSync(join(cwd, 'plugin.txt'), identity)
    chmodSync(join(cwd, 'plugin.txt'), 0o600)
    writeFileSync(join(cwd, 'p.yaml'), 'a: 1\n')
    return { cwd, env: { PATH: path, SOPS_AGE_KEY_FILE: 'plugin.txt' } }
  }

  it('open what was encrypted to a native recipient', async () => {
    const { cwd, env } = place()
    writeFileSync(join(cwd, 'e.yaml'), (await run(built('sops'), ['encrypt', '--age', RECIPIENT, 'p.yaml'], { cwd })).stdout)
    expect(await run(built('sops'), ['decrypt', 'e.yaml'], { cwd, env })).toMatchObject({ status: 0, stderr: '', stdout: Buffer.from('a: 1\n') })
    expect((await run(built('waxseal'), ['decrypt', 'e.yaml'], { cwd, env })).stderr).toContain('--allow age-plugin-pq')
    expect((await run(built('waxseal'), ['decrypt', '--allow', 'age-plugin-pq', 'e.yaml'], { cwd, env })).stdout.toString()).toBe('a: 1\n')
  })

  it('wrap for recipients that only they know', async () => {
    const { cwd, env } = place()
    const encrypted = await run(built('sops'), ['encrypt', '--age', `${TAG_RECIPIENT},${RECIPIENT}`, 'p.yaml'], { cwd, env })
    expect(encrypted).toMatchObject({ status: 0, stderr: '' })
    const [, armored = ''] = /-----BEGIN AGE ENCRYPTED FILE-----([^-]+)/.exec(encrypted.stdout.toString()) ?? []
    expect(Buffer.from(armored.replaceAll(/\s/g, ''), 'base64').toString('latin1')).toContain('-> p256tag ')
    writeFileSync(join(cwd, 'e.yaml'), encrypted.stdout)
    expect((await run(built('sops'), ['decrypt', 'e.yaml'], { cwd, env })).stdout.toString()).toBe('a: 1\n')
  })

  describe.skipIf(!realSops)(`and the real sops${realSops ? '' : ' (left out: rig sops)'}`, () => {
    it('read what this program writes through them, and the other way round', async () => {
      const { cwd, env } = place()
      const programs = [realSops ?? '', built('sops')]
      for (const [writer, reader] of [programs, programs.toReversed()]) {
        writeFileSync(join(cwd, 'e.yaml'), (await run(writer ?? '', ['encrypt', '--age', `${TAG_RECIPIENT},${RECIPIENT}`, 'p.yaml'], { cwd, env })).stdout)
        expect((await run(reader ?? '', ['decrypt', 'e.yaml'], { cwd, env })).stdout.toString()).toBe('a: 1\n')
      }
    })
  })
})
