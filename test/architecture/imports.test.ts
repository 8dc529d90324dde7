import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..', '..')

/** Which of our packages each package may import in its shipped code. Nothing points up, nothing sideways. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'packages/core': [],
  'packages/formats': ['core'],
  'packages/sealed': ['core'],
  'packages/kube': ['core'],
  'packages/http': ['core'],
  'packages/provider-age': ['core'],
  'packages/provider-aws': ['core'],
  'packages/provider-azure': ['core', 'http'],
  'packages/provider-gcp': ['core', 'http'],
  'packages/provider-huawei': ['core', 'http'],
  'packages/provider-pgp': ['core'],
  'packages/provider-vault': ['core', 'http'],
  'packages/go-template': [],
  'packages/testkit': ['core'],
  cli: ['core', 'formats', 'sealed', 'kube', 'http', 'provider-age', 'provider-aws', 'provider-azure', 'provider-gcp', 'provider-huawei', 'provider-pgp', 'provider-vault', 'go-template', 'testkit'],
  controller: ['core', 'formats', 'sealed', 'kube', 'go-template'],
}
const NO_IO = ['packages/core', 'packages/formats', 'packages/sealed', 'packages/go-template']
const IO_MODULES = /^node:(fs|net|http|https|http2|tls|dns|child_process|os|worker_threads|readline|process)(\/|$)/
/** Heavy dependencies, and the only files that may load them. */
const ONLY_IN: Readonly<Record<string, RegExp>> = {
  '@aws-sdk/client-kms': /^packages\/provider-aws\/src\/client\.ts$/,
  '@aws-sdk/client-s3': /^cli\/src\/publish\/s3\.ts$/,
  '@aws-sdk/credential-providers': /^packages\/provider-aws\/src\/client\.ts$/,
  '@azure/core-rest-pipeline': /^packages\/provider-azure\/src\/credentials\.ts$/,
  '@azure/identity': /^packages\/provider-azure\/src\/credentials\.ts$/,
  '@kubernetes/client-node': /^packages\/kube\/src\/[a-z-]+\.ts$/,
  '@peculiar/x509': /^packages\/sealed\/src\/[a-z-]+\.ts$/,
  commander: /^cli\/src\/(native|commands\/[a-z-]+)\.ts$/,
  'google-auth-library': /^packages\/provider-gcp\/src\/credentials\.ts$/,
  pg: /^cli\/src\/audit\/databases\.ts$/,
  openpgp: /^packages\/provider-pgp\/src\/client\.ts$/,
}

interface Import {
  readonly file: string
  readonly target: string
  readonly dynamic: boolean
  readonly typeOnly: boolean
}

function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8')
  const found: Import[] = []
  for (const m of text.matchAll(/^\s*(?:import|export)\s+(type\s+)?(?:[^'"`;]*?\sfrom\s+)?'([^'\n]+)'/gm)) {
    found.push({ file, target: m[2] ?? '', dynamic: false, typeOnly: m[1] !== undefined })
  }
  for (const m of text.matchAll(/\bimport\(\s*'([^'\n]+)'/g)) found.push({ file, target: m[1] ?? '', dynamic: true, typeOnly: false })
  return found
}

const packages = Object.keys(MAY_IMPORT).filter((name) => readdirSync(join(root, name.includes('/') ? 'packages' : '.')).includes(name.split('/').at(-1) ?? ''))
const all = packages.flatMap((name) => sourceFiles(`${name}/src`).flatMap(importsOf))

describe('import graph', () => {
  it('knows every package of the workspace', () => {
    const there = readdirSync(join(root, 'packages')).map((name) => `packages/${name}`)
    expect(there.filter((name) => !(name in MAY_IMPORT))).toEqual([])
    expect(all.length).toBeGreaterThan(50)
  })

  it('points from the programs to core, never up and never sideways', () => {
    const wrong = all.filter(({ file, target }) => {
      const name = /^@waxseal\/([a-z-]+)/.exec(target)?.[1]
      if (!name) return false
      const owner = packages.find((p) => file.startsWith(`${p}/`)) ?? ''
      return !(MAY_IMPORT[owner] ?? []).includes(name)
    })
    expect(wrong).toEqual([])
  })

  it('keeps relative imports inside their package', () => {
    const wrong = all.filter(({ file, target }) => {
      if (!target.startsWith('.')) return false
      const owner = packages.find((p) => file.startsWith(`${p}/`)) ?? ''
      return relative(join(root, owner, 'src'), join(root, file, '..', target)).startsWith('..')
    })
    expect(wrong).toEqual([])
  })

  it('keeps files, network, processes and environment out of core, formats, sealed and go-template', () => {
    const wrong = all.filter(({ file, target }) => NO_IO.some((p) => file.startsWith(`${p}/`)) && IO_MODULES.test(target))
    expect(wrong).toEqual([])
    const reading = NO_IO.concat(packages.filter((name) => name.startsWith('packages/provider-'))).flatMap((p) => sourceFiles(`${p}/src`))
    expect(reading.filter((file) => /\bprocess\.(env|argv|stdin|stdout|stderr)\b/.test(readFileSync(join(root, file), 'utf8')))).toEqual([])
  })

  it('loads heavy dependencies dynamically, from one place each', () => {
    const wrong = all.filter(({ file, target, dynamic, typeOnly }) => {
      const only = ONLY_IN[target]
      if (!only || typeOnly) return false
      return !only.test(file) || (target !== 'commander' && !dynamic)
    })
    expect(wrong).toEqual([])
  })
})
