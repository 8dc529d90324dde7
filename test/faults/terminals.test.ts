/**
 * The programs as somebody sees them who sits at a terminal.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { hasTerminals, startTerminal, type TerminalSession } from '@waxseal/testkit'
import { sops } from '../../cli/src/sops/sops.ts'
import { runHandler } from '../../cli/test/test-context.ts'
import { AGE_KEY_FILE, AGE_RECIPIENT, built, FIXTURES, testFolder } from '../programs.ts'
import { rigProgram } from '../rigs/rigs.ts'

const PROGRAMS = ['sops', 'waxseal'] as const
/** A terminal waits for a minute. */
const LONG_MS = 120_000
const PLAIN = 'password: secret\n'

/** Asks for a value in the way of line editors; an empty answer leaves the text as it is. */
const LINE_EDITOR = '#!/bin/sh\nprintf "value? "; read -r value\n[ -z "$value" ] || printf "%s\\n" "$value" > "$1"\n'
/** Takes the keys one by one, as editors that fill the screen do: Ctrl+C is one of them. */
const RAW_EDITOR = `#!/bin/sh
before=$(stty -g)
stty raw -echo
printf 'any key '
key=$(dd bs=1 count=1 2> /dev/null | od -An -tx1)
stty "$before"
echo "password: key$key" > "$1"
`
/** Wraps once; then it keeps whoever asks waiting. The key that it makes opens nothing. */
const SLOW_PLUGIN = `#!/bin/sh
while read -r line && [ "$line" != '-> done' ]; do :; done
[ -e asked ] && { echo waiting > held; exec cat > /dev/null; }
echo > asked
printf -- '-> recipient-stanza 0 test\\n\\n'
read -r line; read -r line
printf -- '-> done\\n\\n'
`
const SLOW_RECIPIENT = 'age1test1qqqqqqqp4xas2'

interface Place {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** What stands in the folder for temporary files. */
  readonly left: () => readonly string[]
}

async function place(editor: string): Promise<Place> {
  const cwd = testFolder()
  const temporary = join(cwd, 't')
  for (const folder of ['t', 'bin']) mkdirSync(join(cwd, folder))
  writeFileSync(join(cwd, 'f.yaml'), PLAIN)
  for (const [name, script] of [['editor.sh', editor], ['bin/age-plugin-test', SLOW_PLUGIN.replaceAll(/\b(asked|held)\b/g, join(cwd, '$1'))]] as const) {
    writeFileSync(join(cwd, name), script)
    chmodSync(join(cwd, name), 0o755)
  }
  const env = {
    PATH: `${join(cwd, 'bin')}:${join(process.execPath, '..')}:${process.env['PATH'] ?? ''}`,
    HOME: cwd,
    TERM: 'xterm',
    TMPDIR: temporary,
    EDITOR: './editor.sh',
    SOPS_AGE_KEY_FILE: AGE_KEY_FILE,
    WAXSEAL_ALLOW: 'age-plugin-test',
  }
  expect((await runHandler(sops, ['encrypt', '-i', '--age', AGE_RECIPIENT, 'f.yaml'], { cwd })).stderr).toBe('')
  return { cwd, env, left: () => readdirSync(temporary) }
}

async function start({ cwd, env }: Place, command: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<TerminalSession> {
  const session = await startTerminal(command, cwd, { ...env, ...more })
  onTestFinished(async () => {
    session.hangUp()
    await session.ended
  })
  return session
}

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1500 && !isSo(); tries++) await delay(20)
}

const plainOf = async ({ cwd, env }: Place): Promise<string> => (await runHandler(sops, ['decrypt', 'f.yaml'], { cwd, env })).stdout

describe.runIf(hasTerminals()).each(PROGRAMS)('%s edit on a terminal', { timeout: LONG_MS }, (program) => {
  it('gives it to the editor, and asks again after a text that cannot be encrypted', async () => {
    const here = await place(LINE_EDITOR)
    const session = await start(here, [built(program), 'edit', 'f.yaml'])
    await session.shows('value? ')
    session.type('a: [\r')
    await session.shows(program === 'sops' ? 'Press enter to return to the editor' : 'press enter to edit again')
    session.type('\r')
    await session.shows('value? ')
    session.type('a: new\r')
    expect(await session.ended).toBe(0)
    expect(await plainOf(here)).toBe('a: new\n')
    expect(here.left()).toEqual([])
  })

  it('leaves Ctrl+C to an editor that takes keys one by one', async () => {
    const here = await place(RAW_EDITOR)
    const session = await start(here, [built(program), 'edit', 'f.yaml'])
    await session.shows('any key ')
    session.type('\x03')
    expect(await session.ended).toBe(0)
    expect(await plainOf(here)).toBe('password: key 03\n')
    expect(here.left()).toEqual([])
  })
})

const ENDINGS: readonly (readonly [string, (session: TerminalSession) => void])[] = [
  ['Ctrl+C', (session) => session.type('\x03')],
  ['SIGTERM', ({ pid }) => process.kill(pid, 'SIGTERM')],
  ['the end of the terminal', (session) => session.hangUp()],
  ['kill -9', ({ pid }) => process.kill(pid, 'SIGKILL')],
]
const casesOf = (...endings: readonly string[]): readonly (readonly [string, (typeof PROGRAMS)[number], (session: TerminalSession) => void])[] =>
  PROGRAMS.flatMap((program) => ENDINGS.filter(([ending]) => endings.length === 0 || endings.includes(ending)).map(([ending, end]) => [ending, program, end] as const))

const vim = rigProgram('vim', 'vim')

describe.runIf(hasTerminals() && vim).each(PROGRAMS)(`%s edit in Vim${vim ? '' : ' (left out: rig vim)'}`, { timeout: LONG_MS }, (program) => {
  /** Once it shows the text. */
  async function editing(): Promise<{ readonly here: Place; readonly session: TerminalSession }> {
    const here = await place(LINE_EDITOR)
    const session = await start(here, [built(program), 'edit', 'f.yaml'], { EDITOR: `${vim} -u NONE` })
    await session.shows('password: secret')
    return { here, session }
  }

  it('saves what was written', async () => {
    const { here, session } = await editing()
    session.type(':%s/secret/other/\r:wq\r')
    expect(await session.ended).toBe(0)
    expect(await plainOf(here)).toBe('password: other\n')
    expect(here.left()).toEqual([])
  })

  it('leaves the file as it was after Ctrl+C and :q!', async () => {
    const { here, session } = await editing()
    session.type('\x03')
    await session.shows('Type') // how to leave Vim
    session.type(':%s/secret/other/\r:q!\r')
    expect(await session.ended).toBe(200)
    expect(await plainOf(here)).toBe(PLAIN)
    expect(here.left()).toEqual([])
  })

  it.each(ENDINGS.slice(2))('leaves no plaintext behind after %s, not what Vim saves then either', async (_, end) => {
    const { here, session } = await editing()
    session.type(':%s/secret/other/\r')
    await session.shows('other')
    end(session)
    await session.ended
    await until(() => here.left().length === 0)
    expect(here.left()).toEqual([])
    expect(readdirSync(here.cwd, { recursive: true, encoding: 'utf8' }).filter((name) => !/^(?:t|bin|bin\/age-plugin-test|editor\.sh|f\.yaml)$/.test(name))).toEqual([])
    expect(await plainOf(here)).toBe(PLAIN)
  })
})

/** The folder of `edit` is there, and goes with the program. */
async function endsWithNothingLeft(here: Place, session: TerminalSession, end: (session: TerminalSession) => void): Promise<void> {
  expect(here.left()).toHaveLength(1)
  end(session)
  expect(await session.ended).not.toBe(0)
  await until(() => here.left().length === 0)
  expect(here.left()).toEqual([])
}

describe.runIf(hasTerminals())('no plaintext is left behind', { timeout: LONG_MS }, () => {
  it.each(casesOf('Ctrl+C', 'the end of the terminal'))('by %s while the editor of %s runs', async (_, program, end) => {
    const here = await place(LINE_EDITOR)
    const session = await start(here, [built(program), 'edit', 'f.yaml'])
    await session.shows('value? ')
    await endsWithNothingLeft(here, session, end)
    expect(await plainOf(here)).toBe(PLAIN)
  })

  it.each(casesOf())('by %s while %s asks whether to edit again', async (_, program, end) => {
    const here = await place(LINE_EDITOR)
    const session = await start(here, [built(program), 'edit', 'f.yaml'])
    await session.shows('value? ')
    session.type('a: [\r')
    await session.shows('ress enter to')
    await endsWithNothingLeft(here, session, end)
    expect(await plainOf(here)).toBe(PLAIN)
  })

  it.each(casesOf())('by %s while %s wraps the data key of a new file', async (_, program, end) => {
    const here = await place(LINE_EDITOR)
    writeFileSync(join(here.cwd, '.sops.yaml'), `creation_rules:\n  - age: ${SLOW_RECIPIENT}\n`)
    const session = await start(here, [built(program), 'edit', 'new.yaml'])
    await session.shows('value? ')
    session.type('a: new\r')
    await until(() => existsSync(join(here.cwd, 'held')))
    await endsWithNothingLeft(here, session, end)
    expect(existsSync(join(here.cwd, 'new.yaml'))).toBe(false)
  })

  it.each(casesOf('Ctrl+C', 'SIGTERM', 'the end of the terminal'))('by %s while a passphrase is asked before the editor of %s', async (_, program, end) => {
    const here = await place(LINE_EDITOR)
    const before = readFileSync(join(here.cwd, 'f.yaml'))
    const session = await start(here, [built(program), 'edit', 'f.yaml'], { SOPS_AGE_KEY_FILE: join(FIXTURES, 'age-1.3.1', 'keys-protected.txt') })
    await session.shows('Enter passphrase')
    end(session)
    expect(await session.ended).not.toBe(0)
    expect(here.left()).toEqual([])
    expect(readFileSync(join(here.cwd, 'f.yaml')).equals(before)).toBe(true)
  })
})

describe.runIf(hasTerminals())('a hidden prompt', { timeout: LONG_MS }, () => {
  it.each([
    ['an answer', 'hunter2\r', 0],
    ['Ctrl+C', 'hunter2\x03', 1],
    ['SIGTERM', 'SIGTERM', 1],
    ['SIGINT', 'SIGINT', 1],
  ] as const)('leaves the terminal as it was after %s', async (_, keys, status) => {
    const here = await place(LINE_EDITOR)
    const shell = await start(here, ['sh', '-c', `stty -g > before; sh -c 'echo $$ > pid; exec "$0" set f.yaml password' "$0"; echo "status $?"; stty -g > after`, built('waxseal')])
    await shell.shows('value for password: ')
    if (keys === 'SIGTERM' || keys === 'SIGINT') process.kill(Number(readFileSync(join(here.cwd, 'pid'), 'utf8')), keys)
    else shell.type(keys)
    await shell.shows(`status ${status}`)
    await shell.ended
    expect(shell.screen()).not.toContain('hunter2')
    expect(readFileSync(join(here.cwd, 'after'), 'utf8')).toBe(readFileSync(join(here.cwd, 'before'), 'utf8'))
  })
})

describe.runIf(hasTerminals())('a program that waxseal starts', { timeout: LONG_MS }, () => {
  /** Ends in its own way, whatever comes. */
  const CHILD = `#!/bin/sh
for pair in INT:5 TERM:6 HUP:7; do trap "echo caught; exit \${pair#*:}" "\${pair%:*}"; done
echo $$ > child; echo ready
while :; do read -r line; done
`
  it.each(['exec-env', 'exec-file'].flatMap((command) => [[command, 'Ctrl+C', 5], [command, 'SIGTERM', 6], [command, 'SIGINT to waxseal alone', undefined], [command, 'SIGHUP', 7]] as const))('by %s is left to end by itself at %s', async (command, ending, status) => {
    const here = await place(LINE_EDITOR)
    writeFileSync(join(here.cwd, 'child.sh'), CHILD)
    chmodSync(join(here.cwd, 'child.sh'), 0o755)
    const session = await start(here, [built('waxseal'), command, 'f.yaml', '--', './child.sh', ...(command === 'exec-file' ? ['{}'] : [])])
    await session.shows('ready')
    if (ending === 'Ctrl+C') session.type('\x03')
    else if (ending === 'SIGTERM' || ending === 'SIGHUP') process.kill(session.pid, ending)
    else {
      process.kill(session.pid, 'SIGINT')
      process.kill(session.pid, 'SIGTERM')
    }
    expect(await session.ended).toBe(status ?? 6)
    expect(session.screen()).toContain('caught')
    expect(here.left()).toEqual([])
  })
})
