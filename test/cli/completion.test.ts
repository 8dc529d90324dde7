/**
 * Completion as people have it: keys typed into real shells, which load the scripts as their manuals say.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasTerminals, startTerminal, type TerminalSession } from '@waxseal/testkit'
import { built, ROOT, run } from '../programs.ts'
import { rigProgram } from '../rigs/rigs.ts'

const LONG_MS = 120_000
const LOOK_AGAIN_MS = 20
const PROMPT = 'ready> '
const INSERT_ALL = '\x18a' // Ctrl+X a
const TO_START = '\x01' // Ctrl+A

/** Tells the words of a command line instead of running it. */
const TELL = `PS1='${PROMPT}'\ntell() { printf '%s\\n' "$@" > telling; mv telling told; }\n`
const ZSH = `${TELL}bindkey -e
autoload -Uz compinit
compinit -u -D
zle -C all-matches complete-word _generic
bindkey '^Xa' all-matches
zstyle ':completion:all-matches::::' completer _all_matches _complete
zstyle ':completion:all-matches:*' insert true
`
const BASH = `${TELL}bind '"\\C-xa": insert-completions'\n`

interface Shell {
  readonly name: string
  readonly kind: 'bash' | 'zsh'
  readonly program: string | undefined
  readonly args: readonly string[]
  /** What somebody has in the start-up file who uses the scripts. */
  readonly startUp: string
}

const zsh = rigProgram('zsh', 'zsh')
const SHELLS: readonly Shell[] = [
  { name: 'bash', kind: 'bash', program: 'bash', args: ['--rcfile', 'start-up', '-i'], startUp: `${BASH}source <(waxseal completion bash)\nsource <(sops completion bash)\n` },
  { name: 'zsh', kind: 'zsh', program: zsh, args: ['-d', '-i'], startUp: `${ZSH}source <(waxseal completion zsh)\nsource <(sops completion zsh)\n` },
  {
    name: 'zsh that finds the scripts as functions',
    kind: 'zsh',
    program: zsh,
    args: ['-d', '-i'],
    startUp: `mkdir .functions\nwaxseal completion zsh > .functions/_waxseal\nsops completion zsh > .functions/_sops\nfpath=($PWD/.functions $fpath)\n${ZSH}`,
  },
]

/** What is typed, and what takes the place of its last word. */
const NATIVE: readonly (readonly [string, readonly string[]])[] = [
  ['waxseal enc', ['encrypt']],
  ['wax un', ['unseal', 'unset']],
  ['waxseal ku', ['kubeseal']],
  ['waxseal help rek', ['rekey']],
  ['waxseal decrypt --in', ['--in-place']],
  ['waxseal run --pr', ['--pristine']],
  ['waxseal decrypt secret.yaml --in', ['--in-place']],
  ['waxseal decrypt --type ', ['binary', 'dotenv', 'ini', 'json', 'yaml']],
  ['waxseal decrypt -t y', ['yaml']],
  ['waxseal decrypt --output-type=j', ['--output-type=json']],
  ['waxseal seal --scope n', ['namespace-wide']],
  ['waxseal encrypt --output se', ['secret.yaml']],
  ['waxseal encrypt --max-input se', []],
  ['waxseal decrypt se', ['secret.yaml']],
  ['waxseal decrypt m', ['my file.yaml']],
  ['waxseal decrypt f', ['folder']],
  ['waxseal decrypt -t yaml se', ['secret.yaml']],
  ['waxseal decrypt --in-place secret.yaml f', ['folder']],
  ['waxseal sops se', ['secret.yaml']],
  ['waxseal completion ', ['bash', 'fish', 'powershell', 'zsh']],
  ['waxseal completion zsh se', []],
  ['waxseal groups ', ['add', 'delete', 'threshold']],
  ['waxseal groups delete se', ['secret.yaml']],
  ['waxseal status', ['status']],
  ['waxseal keygen se', []],
]
const SOPS: readonly (readonly [string, readonly string[]])[] = [
  ['sops dec', ['decrypt']],
  ['sops groups d', ['delete']],
  ['sops completion ', ['bash', 'h', 'help', 'zsh']],
  ['sops --decrypti', ['--decryption-order']],
  ['sops decrypt --ignore', ['--ignore-mac']],
  ['sops decrypt se', ['secret.yaml']],
  ['sops decrypt m', ['my file.yaml']],
]

/** With files to complete, among them one that is called like a command. */
function folder(): string {
  const cwd = mkdtempSync(join(tmpdir(), 'waxseal-test-'))
  for (const name of ['secret.yaml', 'my file.yaml']) writeFileSync(join(cwd, name), '')
  for (const name of ['folder', 'status']) mkdirSync(join(cwd, name))
  return cwd
}

const environment = (cwd: string): Readonly<Record<string, string>> => ({
  PATH: `${join(ROOT, 'dist', 'bin')}:${join(process.execPath, '..')}:${process.env['PATH']}`,
  HOME: cwd,
  TERM: 'dumb',
  LC_ALL: 'C.UTF-8',
  ZDOTDIR: cwd,
})

for (const { name, kind, program, args, startUp } of SHELLS) describe.runIf(hasTerminals() && program)(`completion in ${name}${program ? '' : ` (left out: rig ${kind})`}`, { timeout: LONG_MS }, () => {
  let cwd: string
  let session: TerminalSession

  beforeAll(async () => {
    built('waxseal')
    cwd = folder()
    writeFileSync(join(cwd, kind === 'zsh' ? '.zshrc' : 'start-up'), startUp)
    session = await startTerminal([program ?? '', ...args], cwd, environment(cwd))
    await session.shows(PROMPT)
  }, LONG_MS)
  afterAll(async () => {
    session?.hangUp()
    await session?.ended
    if (cwd) rmSync(cwd, { recursive: true, force: true })
  })

  async function told(): Promise<readonly string[]> {
    const file = join(cwd, 'told')
    for (const deadlineMs = Date.now() + LONG_MS / 2; !existsSync(file); await delay(LOOK_AGAIN_MS)) {
      if (Date.now() > deadlineMs) throw new Error(`the shell told no words:\n${session.screen()}`)
    }
    const words = readFileSync(file, 'utf8').split('\n').slice(0, -1)
    rmSync(file)
    return words
  }

  it.each([...NATIVE, ...SOPS])('%s', async (line, offers) => {
    session.type(`${line}${INSERT_ALL}${TO_START}tell \r`)
    const typed = line.trimEnd().split(' ')
    const before = line.endsWith(' ') ? typed : typed.slice(0, -1)
    const words = await told()
    expect(words.slice(0, before.length)).toEqual(before)
    expect(words.slice(before.length).sort()).toEqual(offers.length > 0 ? offers : typed.slice(-1))
  })
})

const fish = rigProgram('fish', 'fish')

describe.runIf(fish)(`completion in fish${fish ? '' : ' (left out: rig fish)'}`, { timeout: LONG_MS }, () => {
  it.each(NATIVE)('%s', async (line, offers) => {
    const cwd = folder()
    const { stdout, stderr } = await run(fish ?? '', ['--no-config', '-c', 'waxseal completion fish | source; complete -C $argv[1] | string split -f 1 \\t | string trim -r -c / | string unescape', line], { cwd, env: environment(cwd) })
    rmSync(cwd, { recursive: true, force: true })
    expect(stderr).toBe('')
    expect(stdout.toString().split('\n').slice(0, -1).sort()).toEqual(offers)
  })
})
