/**
 * What is shown on a terminal, beside the real sops: colours, and log lines in their other form.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hasTerminals, onTerminal, startTerminal, type Answered } from '@waxseal/testkit'
import { sops } from '../../cli/src/sops/sops.ts'
import { runHandler } from '../../cli/test/test-context.ts'
import { AGE_KEY_FILE, AGE_RECIPIENT, built, FIXTURES, testFolder } from '../programs.ts'
import { rigProgram } from '../rigs/rigs.ts'

const realSops = rigProgram('sops', 'sops')
const OTHER_KEY_FILE = join(FIXTURES, 'sops-3.13.2', 'keys', 'age-b.txt')
const OTHER_RECIPIENT = /public key: (\S+)/.exec(readFileSync(OTHER_KEY_FILE, 'utf8'))?.[1] ?? ''
/** Many programs, one after the other. */
const LONG_MS = 120_000
const COLOUR = '\u001B['

async function folder(): Promise<string> {
  const cwd = testFolder()
  writeFileSync(join(cwd, 'f.yaml'), 'a: 1\n')
  expect((await runHandler(sops, ['encrypt', '-i', '--age', AGE_RECIPIENT, 'f.yaml'], { cwd })).stderr).toBe('')
  writeFileSync(join(cwd, '.sops.yaml'), `creation_rules:\n  - age: ${AGE_RECIPIENT},${OTHER_RECIPIENT}\n`)
  return cwd
}

const environment = (cwd: string): Readonly<Record<string, string>> => ({ PATH: `${join(process.execPath, '..')}:${process.env['PATH']}`, HOME: cwd, TERM: 'xterm', SOPS_AGE_KEY_FILE: AGE_KEY_FILE })

/** Without what differs from run to run. */
function normalised(screen: string, cwd: string): string {
  return screen.replaceAll(cwd, '.').replaceAll(/\[\d{4}\]/g, '[SECONDS]').replaceAll(/\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d/g, 'TIME')
}

async function shown(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Answered> {
  const cwd = await folder()
  const { status, screen } = await onTerminal([], [program, ...args], cwd, { ...environment(cwd), ...env })
  return { status, screen: normalised(screen, cwd) }
}

describe.runIf(hasTerminals() && realSops)(`on a terminal${realSops ? '' : ' (left out: rig sops)'}`, { timeout: LONG_MS }, () => {
  it.each([
    ['the report of a file that does not open', ['decrypt', 'f.yaml'], { SOPS_AGE_KEY_FILE: OTHER_KEY_FILE }],
    ['the keys that change', ['updatekeys', '-y', 'f.yaml'], {}],
    ['a warning', ['decrypt', 'f.yaml', 'other.yaml'], {}],
    ['a log line of progress', ['--verbose', '-d', 'f.yaml'], {}],
    ['a fatal log line', ['groups', 'delete', '-f', 'f.yaml', 'x'], {}],
  ] as const)('%s looks as that of the real sops, in colour and without', async (_, args, env) => {
    const ours = await shown(built('sops'), args, env)
    expect(ours).toEqual(await shown(realSops ?? '', args, env))
    const plain = await shown(built('sops'), args, { ...env, NO_COLOR: '1' })
    expect(plain).toEqual(await shown(realSops ?? '', args, { ...env, NO_COLOR: '1' }))
  })

  it('asks about keys until it is told yes or no', async () => {
    const screens: string[] = []
    for (const program of [built('sops'), realSops ?? '']) {
      const cwd = await folder()
      const session = await startTerminal([program, 'updatekeys', 'f.yaml'], cwd, environment(cwd))
      for (const answer of ['maybe', 'y']) {
        await session.shows('Is this okay? (y/n):')
        session.type(`${answer}\r`)
      }
      expect(await session.ended).toBe(0)
      screens.push(normalised(session.screen(), cwd))
    }
    expect(screens[0]).toBe(screens[1])
  })
})

describe.runIf(hasTerminals())('progress', { timeout: LONG_MS }, () => {
  /** Files whose key comes late enough. */
  async function verifying(words: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
    const cwd = await folder()
    mkdirSync(join(cwd, 'd'))
    for (const name of ['a', 'b', 'c']) writeFileSync(join(cwd, 'd', `${name}.yaml`), readFileSync(join(cwd, 'f.yaml')))
    const command = ['sh', '-c', `"$0" verify d ${words}`, built('waxseal')]
    const { status, screen } = await onTerminal([], command, cwd, { ...environment(cwd), SOPS_AGE_KEY_FILE: '', SOPS_AGE_KEY_CMD: `sh -c 'sleep 0.7; cat ${AGE_KEY_FILE}'`, ...env })
    expect(status).toBe(0)
    return screen
  }

  it('shows on a terminal, and is gone in the end', async () => {
    expect(await verifying('')).toMatch(/^[1-3] of 3 files.*\r.*verified {2}d\/a\.yaml\r\nverified {2}d\/b\.yaml\r\nverified {2}d\/c\.yaml\r\n$/)
  })

  it.each([
    ['where errors go to a file', '2> err', {}],
    ['on a terminal that can do nothing', '', { TERM: 'dumb' }],
  ])('does not show %s', async (_, words, env) => {
    const screen = await verifying(words, env)
    expect(screen).toBe('verified  d/a.yaml\r\nverified  d/b.yaml\r\nverified  d/c.yaml\r\n')
    expect(screen).not.toContain(COLOUR)
  })
})
