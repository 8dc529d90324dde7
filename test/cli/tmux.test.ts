/**
 * What is left to see on a terminal that remembers: text editors, hidden answers, lines of progress, colours.
 */
import { once } from 'node:events'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { AGE_KEY_FILE, AGE_RECIPIENT, built, ROOT, run, testFolder } from '../programs.ts'
import { rigProgram } from '../rigs/rigs.ts'
import { startTmux, tmuxProgram, type TmuxScreen } from '../rigs/tmux.ts'

/** A screen waits for a minute. */
const LONG_MS = 180_000
const PLAIN = 'password: secret\n'
const OTHER_RECIPIENT = 'age16n6pr9p7d8ml2pcql44ta7trq7zegrxqadyr87fjzrl6wahacv5s2p78zf'

const vim = rigProgram('vim', 'vim')

interface Desk {
  readonly cwd: string
  readonly screen: TmuxScreen
}

/** A shell with an encrypted `f.yaml` before it. */
async function desk(more: Readonly<Record<string, string>> = {}): Promise<Desk> {
  const cwd = testFolder()
  mkdirSync(join(cwd, 't'))
  await encrypted(cwd, 'f.yaml', ['--age', AGE_RECIPIENT])
  const env = {
    PATH: `${join(ROOT, 'dist', 'bin')}:${join(process.execPath, '..')}:${process.env['PATH'] ?? ''}`,
    HOME: cwd,
    LC_ALL: 'C.UTF-8',
    TMPDIR: join(cwd, 't'),
    SOPS_AGE_KEY_FILE: AGE_KEY_FILE,
    ...more,
  }
  const screen = await startTmux(cwd, env)
  onTestFinished(() => screen.stop())
  await screen.shows(/^ready>/m)
  return { cwd, screen }
}

async function encrypted(cwd: string, name: string, keys: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<void> {
  writeFileSync(join(cwd, name), PLAIN)
  const { status, stderr } = await run(built('sops'), ['encrypt', '-i', ...keys, name], { cwd, env })
  expect([status, stderr]).toEqual([0, ''])
}

const plainOf = async ({ cwd }: Desk): Promise<string> => (await run(built('sops'), ['decrypt', 'f.yaml'], { cwd, env: { SOPS_AGE_KEY_FILE: AGE_KEY_FILE } })).stdout.toString()

/** A transit engine that gives keys back once it is told to. */
async function slowVault(): Promise<{ readonly url: string; readonly release: () => void }> {
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { plaintext, ciphertext = '' } = (await json(request)) as Readonly<Record<string, string>>
    if (plaintext === undefined) await released
    response.end(JSON.stringify({ data: plaintext === undefined ? { plaintext: ciphertext.replace('vault:v1:', '') } : { ciphertext: `vault:v1:${plaintext}` } }))
  }
  const server = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, release }
}

describe.runIf(tmuxProgram)(`in tmux${tmuxProgram ? '' : ' (left out: rig tmux)'}`, { timeout: LONG_MS }, () => {
  it.runIf(vim).each(['sops', 'waxseal'])(`%s edit gives the screen to Vim, and nothing of the text stays on it${vim ? '' : ' (left out: rig vim)'}`, async (program) => {
    const here = await desk({ EDITOR: `${vim} -u NONE` })
    await here.screen.type(`${program} edit f.yaml; echo "status $?"`, 'Enter')
    await here.screen.shows(/^password: secret$/m)
    await here.screen.type(':%s/secret/other/', 'Enter')
    await here.screen.shows(/^password: other$/m)
    await here.screen.type(':wq', 'Enter')
    await here.screen.shows(/^status 0$/m)
    expect(await here.screen.everything()).not.toContain('password')
    expect(await plainOf(here)).toBe('password: other\n')
    expect(readdirSync(join(here.cwd, 't'))).toEqual([])
  })

  it('waxseal set shows nothing of the value that it asks for', async () => {
    const here = await desk()
    await here.screen.type('waxseal set f.yaml password; echo "status $?"', 'Enter')
    await here.screen.shows(/^value for password: *$/m)
    await here.screen.type('hunter2', 'Enter')
    await here.screen.shows(/^status 0$/m)
    expect(await here.screen.everything()).not.toContain('hunter')
    expect(await plainOf(here)).toBe('password: hunter2\n')
    await here.screen.type('echo seen', 'Enter') // the terminal shows what is typed again
    await here.screen.shows(/^ready> echo seen\nseen$/m)
  })

  it('waxseal set leaves the file as it was after Ctrl+C', async () => {
    const here = await desk()
    await here.screen.type('waxseal set f.yaml password; echo "status $?"', 'Enter')
    await here.screen.shows(/^value for password: *$/m)
    await here.screen.type('hunter2', 'C-c')
    await here.screen.shows(/^status 1$/m)
    expect(await here.screen.everything()).not.toContain('hunter')
    expect(await plainOf(here)).toBe(PLAIN)
  })

  it('progress shows while a file keeps waiting, and is gone in the end', async () => {
    const { url, release } = await slowVault()
    const vault = { VAULT_ADDR: url, VAULT_TOKEN: 'token' }
    // The other key comes late enough for progress to show.
    const { cwd, screen } = await desk({ ...vault, SOPS_AGE_KEY_FILE: '', SOPS_AGE_KEY_CMD: `sh -c 'sleep 0.7; cat ${AGE_KEY_FILE}'` })
    await encrypted(cwd, 'g.yaml', ['--hc-vault-transit', `${url}/v1/transit/keys/k`], vault)
    await screen.type('waxseal verify f.yaml g.yaml; echo "status $?"', 'Enter')
    await screen.shows(/^1 of 2 files$/m)
    release()
    expect(await screen.shows(/^status 0$/m)).toMatch(/^ready> waxseal .*\nverified {2}f\.yaml\nverified {2}g\.yaml\nstatus 0\nready>\s*$/)
  })

  it.each([
    ['in colour', {}, '32', '31'],
    ['in no colour where NO_COLOR is set', { NO_COLOR: '1' }, undefined, undefined],
  ])('sops updatekeys shows keys that come and go %s', async (_, env, green, red) => {
    const { cwd, screen } = await desk(env)
    writeFileSync(join(cwd, '.sops.yaml'), `creation_rules:\n  - age: ${OTHER_RECIPIENT}\n`)
    await screen.type('sops updatekeys f.yaml; echo "status $?"', 'Enter')
    await screen.shows(/^Is this okay\? \(y\/n\):$/m)
    const shown = await screen.inColour()
    const colourOf = (line: string): string | undefined => /\\033\[(3\d)m(?:\\033\[\d+m)*$/.exec(shown.slice(0, shown.indexOf(line)))?.[1]
    expect(shown).toContain(`+++ ${OTHER_RECIPIENT}`)
    expect([colourOf(`+++ ${OTHER_RECIPIENT}`), colourOf(`--- ${AGE_RECIPIENT}`)]).toEqual([green, red])
    await screen.type('n', 'Enter')
    await screen.shows(/^status 0$/m)
    expect(await plainOf({ cwd, screen })).toBe(PLAIN)
  })
})
