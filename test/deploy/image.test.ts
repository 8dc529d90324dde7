/**
 * The image without an engine: what its definition copies is laid out in a folder as the definition says, and its programs run from there.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { built, ROOT, run, testFolder } from '../programs.ts'

const DEFINITION = readFileSync(join(ROOT, 'controller', 'deploy', 'Dockerfile'), 'utf8').replaceAll('\\\n', ' ')
const steps = (word: string): string[] => [...DEFINITION.matchAll(new RegExp(`^${word} (.*)$`, 'gm'))].map(([, text = '']) => text)
const LAYOUT = steps('RUN').find((step) => step.includes('/out')) ?? ''

/** Runs the steps that lay the image out, with a folder in place of its root. */
function layOut(): string {
  const folder = testFolder()
  mkdirSync(join(folder, 'src', 'dist'), { recursive: true })
  cpSync(join(built('waxseal-controller'), '..'), join(folder, 'src', 'dist', 'bin'), { recursive: true })
  execFileSync('/bin/sh', ['-ec', LAYOUT.replaceAll('/out', `${folder}/out`)], { cwd: join(folder, 'src') })
  return join(folder, 'out')
}

describe('the image', () => {
  it('is built from the lockfile, on the Node that it runs with', () => {
    expect(steps('RUN')[0]).toMatch(/^npx --yes pnpm@[\d.]+ install --frozen-lockfile --ignore-scripts && node scripts\/build\.ts$/)
    expect(steps('FROM')).toEqual(['docker.io/library/node:24-slim AS build', 'gcr.io/distroless/nodejs24-debian12:nonroot'])
  })

  it('leaves nothing out that the build needs', () => {
    const ignored = readFileSync(join(ROOT, 'controller', 'deploy', 'Dockerfile.dockerignore'), 'utf8').trim().split('\n')
    expect(ignored).toEqual(['.git', '**/node_modules', 'dist', 'fixtures'])
    for (const needed of ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', 'scripts/build.ts', 'controller/src/main.ts']) expect(existsSync(join(ROOT, needed))).toBe(true)
  })

  it('holds one program under both names, which Node of the image runs', async () => {
    const root = layOut()
    for (const name of ['controller', 'waxseal-controller']) expect(readlinkSync(join(root, 'usr/local/bin', name))).toBe('/app/waxseal-controller')
    const program = join(root, 'app', 'waxseal-controller')
    expect(readFileSync(program, 'utf8').split('\n')[0]).toBe('#!/nodejs/bin/node')
    expect(lstatSync(program).mode & 0o111).toBe(0o111)
    const options = { env: { NODE_ENV: 'production', NODE_OPTIONS: /NODE_OPTIONS=(\S+)/.exec(steps('ENV')[0] ?? '')?.[1] ?? '' } }
    expect(await run(process.execPath, [program, '--version'], options)).toMatchObject({ status: 0, stderr: '', stdout: Buffer.from((await run(built('waxseal-controller'), ['--version'])).stdout) })
    // Outside of a cluster it says what it lacks: everything that it loads by then is there.
    const ended = await run(process.execPath, [program], options)
    expect(ended.status).not.toBe(0)
    expect(ended.stdout + ended.stderr).toContain('cluster')
    expect(ended.stdout + ended.stderr).not.toMatch(/Cannot find (?:module|package)/)
  })

  it('runs as nobody in particular, with ports and program that the manifests know', () => {
    expect(steps('USER')).toEqual(['1001'])
    expect(steps('EXPOSE')).toEqual(['8080 8081'])
    expect(steps('ENTRYPOINT')).toEqual(['["controller"]'])
  })
})
