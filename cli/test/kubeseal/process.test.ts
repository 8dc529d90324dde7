import { spawnSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { testFolder } from '../test-context.ts'
import { contentOf, CORPUS, index, normalise } from './corpus.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')
const cert = join(CORPUS, 'keys/k2.crt')

const run = (main: string, args: readonly string[], input: string | Buffer) => spawnSync(process.execPath, [main, ...args], { input, encoding: 'utf8' })

describe('kubeseal as a program', () => {
  it('is the same under its own name and as a word', () => {
    const named = join(testFolder(), 'kubeseal')
    symlinkSync(MAIN, named)
    const version = 'kubeseal version: v0.38.4\n'
    expect(run(named, ['--version'], '').stdout).toBe(version)
    expect(run(MAIN, ['kubeseal', '--version'], '').stdout).toBe(version)
  })

  it('reads /dev/stdin as a file (raw-182)', () => {
    const recorded = index.cases.find(({ id }) => id === 'raw-182')!
    const args = recorded.argv.map((word) => (word === 'k.crt' ? cert : word))
    const { status, stdout } = run(MAIN, ['kubeseal', ...args], contentOf(recorded.stdin!))
    expect([status, normalise(stdout)]).toEqual([0, recorded.expect.stdout])
  })

  it('serves the argument lists of vscode-kubeseal', () => {
    const secret = 'apiVersion: v1\nkind: Secret\nmetadata: {name: web, namespace: shop}\nstringData: {k: v}\n'
    const raw = run(MAIN, ['kubeseal', '--raw', '--from-file=/dev/stdin', '--namespace', 'b', '--name', 'a', '--scope', 'namespace-wide', '--cert', cert], 'v')
    expect(normalise(raw.stdout)).toBe("<sealed key=k2 label='b' b64=dg==>")
    const whole = run(MAIN, ['kubeseal', '--namespace', 'shop', '--name', 'web', '--format', 'yaml', '--cert', cert], secret)
    expect([whole.status, whole.stderr]).toEqual([0, ''])
    expect(whole.stdout).toMatch(/^---\napiVersion: bitnami\.com\/v1alpha1\nkind: SealedSecret\n/)
  })

  it('ends with 1 on empty input', () => {
    expect(run(MAIN, ['kubeseal', '--cert', cert], '').status).toBe(1)
  })
})
