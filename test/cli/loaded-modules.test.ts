import { readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { AGE_KEY_FILE, built, FIXTURES, ROOT, run, testFolder } from '../programs.ts'

const FOREIGN = /node_modules\/(?!re2js)/

/** Of Node's own: some 10 ms. */
const NETWORK = /^node:(?:https?|http2|tls|net|dns)$/

/** What esbuild says of its outputs, as far as it is read here. */
interface Metafile {
  readonly outputs: Readonly<Record<string, { readonly inputs: Readonly<Record<string, unknown>> }>>
}

describe('sops decrypt FILE', () => {
  it('loads no cloud SDK, no Kubernetes client, no OpenPGP and nothing of the network', async () => {
    const folder = testFolder()
    const log = join(folder, 'loaded.txt')
    // A module hook that notes every module file as it is loaded.
    writeFileSync(
      join(folder, 'note.mjs'),
      `import { registerHooks } from 'node:module'
import { appendFileSync } from 'node:fs'
registerHooks({ load(url, context, next) { appendFileSync(${JSON.stringify(log)}, url + '\\n'); return next(url, context) } })
`,
    )
    const file = join(FIXTURES, 'sops-3.13.2', 'fixtures', 'yaml', 'bools', 'encrypted.yaml')
    const result = await run(built('sops'), ['decrypt', file], {
      cwd: folder,
      env: { SOPS_AGE_KEY_FILE: AGE_KEY_FILE, NODE_OPTIONS: `--import ${join(folder, 'note.mjs')}` },
    })
    expect(result.stderr).toBe('')
    expect(result.status).toBe(0)
    const loaded = readFileSync(log, 'utf8').trim().split('\n')
    const ours = loaded.filter((url) => url.startsWith('file:') && !url.endsWith('/note.mjs'))
    expect(ours.filter((url) => url.includes('/openpgp/'))).toEqual([]) // beside the bundle, not in it
    const { outputs } = JSON.parse(readFileSync(join(ROOT, 'dist', 'meta.json'), 'utf8')) as Metafile
    const files = ['dist/bin/sops.cjs', ...ours.map((url) => relative(ROOT, fileURLToPath(url)))] // the launcher runs the first one itself
    const sources = files.flatMap((file) => Object.keys(outputs[file]?.inputs ?? {}))
    expect(sources).toContain('packages/core/src/value-cipher.ts')
    expect(sources.filter((source) => FOREIGN.test(source))).toEqual([])
    expect(loaded).toContain('node:crypto')
    expect(loaded.filter((url) => NETWORK.test(url))).toEqual([])
  })
})
