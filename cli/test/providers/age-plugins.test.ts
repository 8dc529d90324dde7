/** age plugins as programs: who may start them, what they can do to us. The talk itself: packages/provider-age/test/plugin.test.ts */
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CodedError, trustHosts } from '@waxseal/core'
import { createAgeProvider } from '@waxseal/provider-age'
import { agePlugins, type PluginLimits } from '../../src/providers/age-plugins.ts'
import type { Context } from '../../src/context.ts'
import { sops } from '../../src/sops/sops.ts'
import { waxseal } from '../native/run-native.ts'
import { runHandler, testFolder, type Ended } from '../test-context.ts'

const RECIPIENT = 'age1test1qqqqqqqp4xas2'
const IDENTITY = 'AGE-PLUGIN-TEST-1QQQQQQQCEA2P4'

/** Keeps file keys in clear. `BEFORE` is what it does first. */
const PROGRAM = `#!${process.execPath}
const { appendFileSync } = require('node:fs')
appendFileSync(process.env.MARK, process.argv[2] + ' ' + process.cwd() + '\\n')
BEFORE
const say = (text) => process.stdout.write(text)
let rest = ''
process.stdin.on('data', (chunk) => {
  rest += chunk
  const done = rest.indexOf('-> done\\n\\n')
  if (done < 0) return
  const key = /-> wrap-file-key\\n(\\S+)/.exec(rest)
  const stanza = /-> recipient-stanza 0 test (\\S+)/.exec(rest)
  say(key ? '-> recipient-stanza 0 test ' + key[1] + '\\n\\n' : '-> file-key 0\\n' + stanza[1] + '\\n')
  say('-> done\\n\\n')
  process.stdin.pause()
})
`

interface Place {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** What the plugin noted at each start. */
  readonly starts: () => string
}

function placeWith(before = '', name = 'age-plugin-test'): Place {
  const cwd = testFolder()
  const [bin, mark] = [join(cwd, 'bin'), join(cwd, 'mark')]
  mkdirSync(bin)
  writeFileSync(join(bin, name), PROGRAM.replace('BEFORE', before))
  chmodSync(join(bin, name), 0o700)
  writeFileSync(join(cwd, 'f.json'), '{"a": "b"}\n')
  return { cwd, env: { PATH: bin, MARK: mark, SOPS_AGE_KEY: IDENTITY, SOPS_AGE_KEY_FILE: join(cwd, 'absent') }, starts: () => (existsSync(mark) ? readFileSync(mark, 'utf8') : '') }
}

const ALLOWED = { WAXSEAL_ALLOW: 'age-plugin-test' }
const flat = ({ stderr }: Ended): string => stderr.replaceAll(/\s+/g, ' ')

describe('native commands start a plugin', () => {
  it('that is allowed: in the environment, by a flag, in the settings', async () => {
    const { cwd, env, starts } = placeWith()
    const allowed = { cwd, env: { ...env, ...ALLOWED } }
    expect(await waxseal(['encrypt', '-i', '--age', RECIPIENT, 'f.json'], allowed)).toMatchObject({ status: 0, stderr: '' })
    expect(await waxseal(['decrypt', 'f.json'], allowed)).toMatchObject({ status: 0, stdout: '{"a": "b"}\n' })
    expect(await waxseal(['decrypt', '--allow', 'age-plugin-test', 'f.json'], { cwd, env })).toMatchObject({ status: 0 })
    mkdirSync(join(cwd, '.config', 'waxseal'), { recursive: true })
    writeFileSync(join(cwd, '.config', 'waxseal', 'config.yaml'), 'allow: [age-plugin-test]\n')
    expect(await waxseal(['decrypt', 'f.json'], { cwd, env })).toMatchObject({ status: 0 })
    expect(starts().split('\n').slice(0, -1)).toEqual([expect.stringMatching(/^--age-plugin=recipient-v1 (?!.*waxseal-cli)/), ...Array<unknown>(3).fill(expect.stringMatching(/^--age-plugin=identity-v1 /))])
  })

  it('and no other, neither for a recipient nor for an identity', async () => {
    const { cwd, env, starts } = placeWith()
    const others = { WAXSEAL_ALLOW: 'age-plugin-tes,test,https://age-plugin-test,vault.example' }
    const encrypted = await waxseal(['encrypt', '-i', '--age', RECIPIENT, 'f.json'], { cwd, env: { ...env, ...others } })
    expect(encrypted.status).toBe(1)
    expect(encrypted.stderr).toContain('age-plugin-test is not among the programs that keys may have started')
    expect(encrypted.stderr).toContain('hint: if you trust it, allow it with --allow age-plugin-test or WAXSEAL_ALLOW=age-plugin-test\n')
    expect(readFileSync(join(cwd, 'f.json'), 'utf8')).toBe('{"a": "b"}\n')
    expect(starts()).toBe('')
    await waxseal(['encrypt', '-i', '--age', RECIPIENT, 'f.json'], { cwd, env: { ...env, ...ALLOWED } })
    const decrypted = await waxseal(['decrypt', 'f.json'], { cwd, env: { ...env, ...others } })
    expect(decrypted.status).toBe(128)
    expect(decrypted.stderr).toContain('hint: if you trust it, allow it with --allow age-plugin-test')
    expect(starts()).toMatch(/^--age-plugin=recipient-v1 .*\n$/)
  })

  it('only from absolute folders of the PATH', async () => {
    const { cwd, env, starts } = placeWith()
    for (const path of ['bin', relative(process.cwd(), join(cwd, 'bin')), '', join(cwd, 'nowhere')]) {
      const refused = await waxseal(['encrypt', '-i', '--age', RECIPIENT, 'f.json'], { cwd, env: { ...env, ...ALLOWED, PATH: path } })
      expect(flat(refused)).toContain('"test" plugin not found: exec: "age-plugin-test": executable file not found in $PATH')
      expect(flat(refused)).toContain('hint: install age-plugin-test into a folder of the PATH')
    }
    expect(starts()).toBe('')
    mkdirSync(join(cwd, 'first', 'age-plugin-test'), { recursive: true })
    writeFileSync(join(cwd, 'age-plugin-test'), 'no program')
    const path = [join(cwd, 'first'), cwd, join(cwd, 'bin')].join(delimiter)
    expect((await waxseal(['encrypt', '-i', '--age', RECIPIENT, 'f.json'], { cwd, env: { ...env, ...ALLOWED, PATH: path } })).status).toBe(0)
  })
})

describe('under the name sops a plugin', () => {
  it('is started as the reference does', async () => {
    const { cwd, env } = placeWith()
    expect(await runHandler(sops, ['encrypt', '-i', '--age', RECIPIENT, 'f.json'], { cwd, env })).toMatchObject({ status: 0 })
    expect((await runHandler(sops, ['decrypt', 'f.json'], { cwd, env })).stdout).toContain('"a": "b"')
    const gone = await runHandler(sops, ['decrypt', 'f.json'], { cwd, env: { ...env, PATH: cwd } })
    expect(gone.status).toBe(128)
    expect(flat(gone)).toContain('"test" plugin not found')
  })
})

describe('a plugin that', () => {
  /** What comes of wrapping, and how long it took. */
  async function wrapWith(before: string, limits?: PluginLimits, signal = new AbortController().signal): Promise<{ readonly reason: string; readonly stderr: string }> {
    const { cwd, env } = placeWith(before)
    let reason = ''
    const { stderr } = await runHandler(
      async (_: readonly string[], context: Context) => {
        const provider = createAgeProvider([], { plugins: agePlugins(context, trustHosts(() => {}), limits) })
        try {
          await provider.wrap(Buffer.alloc(32), provider.fromText(RECIPIENT, { now: new Date() }), { signal })
        } catch (error) {
          if (!(error instanceof CodedError)) throw error
          reason = error.message
        }
        return 0
      },
      [],
      { cwd, env },
    )
    return { reason, stderr }
  }
  const quick: PluginLimits = { silenceMs: 300, endMs: 100 }

  it.each([
    ['ends at once', 'process.exit(0)', 'test plugin: it ended before it was done'],
    ['fails, and says why', 'console.error("no token:\\u001b[2J plug it in"); process.exit(1)', 'test plugin: it ended before it was done: no token:\\u001b[2J plug it in'],
    ['writes without end', 'const more = () => process.stdout.write("x".repeat(65536), more); more()', 'test plugin: it ended before it was done'],
    ['does not know the protocol', 'console.log("usage: age-plugin-test")', 'test plugin: malformed answer'],
  ])('%s is told as broken', async (_, before, reason) => {
    expect((await wrapWith(before)).reason).toBe(reason)
  })

  it('is silent, and cannot be interrupted, is ended', async () => {
    const started = Date.now()
    const { reason } = await wrapWith('process.on("SIGINT", () => {}); setInterval(() => {}, 1000); return', quick)
    expect(reason).toBe('test plugin: it has been silent for 0.3 seconds')
    expect(Date.now() - started).toBeLessThan(10_000)
  })

  it('leaves a program behind that holds its pipes is not waited for', async () => {
    const left = `require('node:child_process').spawn('/bin/sleep', ['40'], { stdio: 'inherit' }).unref(); process.on('SIGINT', () => process.exit())`
    const started = Date.now()
    expect((await wrapWith(left)).reason).toBe('')
    expect(Date.now() - started).toBeLessThan(20_000)
  })

  it('is waited for ends with the run', async () => {
    const canceling = new AbortController()
    setTimeout(() => canceling.abort(), 200)
    expect((await wrapWith('setInterval(() => {}, 1000); return', undefined, canceling.signal)).reason).toBe('canceled')
  })

  it('talks is heard, and cannot move the cursor', async () => {
    const talk = `process.stdout.write('-> msg\\n' + Buffer.from('touch \\u001b[1mit').toString('base64').replaceAll('=', '') + '\\n')`
    const { reason, stderr } = await wrapWith(talk)
    expect({ reason, stderr }).toEqual({ reason: '', stderr: 'test plugin: touch \\u001b[1mit\n' })
  })

  it('has other names is one for each', async () => {
    const { cwd, env } = placeWith('', 'multi')
    symlinkSync(join(cwd, 'bin', 'multi'), join(cwd, 'bin', 'age-plugin-test'))
    expect((await waxseal(['encrypt', '-i', '--age', RECIPIENT, 'f.json'], { cwd, env: { ...env, ...ALLOWED } })).status).toBe(0)
  })
})
