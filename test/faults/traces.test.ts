/**
 * What the kernel sees: of a secret that commands work on, nothing stands in the arguments of a program, nor in a file outside of their
 * private folders, however short its life.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sops } from '../../cli/src/sops/sops.ts'
import { runHandler } from '../../cli/test/test-context.ts'
import { AGE_KEY_FILE, AGE_RECIPIENT, built, run, testFolder } from '../programs.ts'
import { rigProgram } from '../rigs/rigs.ts'

const strace = rigProgram('strace', 'strace')
const CANARY = 'canary-5b1f0c7e'
/** Programs are slow under strace. */
const LONG_MS = 120_000
const env = { SOPS_AGE_KEY_FILE: AGE_KEY_FILE }

const WRITING = ['write', 'pwrite64', 'writev', 'pwritev', 'pwritev2']
/** They move bytes that the trace does not show. */
const COPYING = ['copy_file_range', 'sendfile', 'splice', 'rename', 'renameat', 'renameat2', 'link', 'linkat']
/** With the path of each descriptor, and strings whole. */
const STRACE = ['-f', '--seccomp-bpf', '-y', '-s', '1000000', '-e', `trace=execve,${[...WRITING, ...COPYING].join(',')}`]

const probe = strace === undefined ? undefined : spawnSync(strace, ['-o', '/dev/null', ...STRACE, 'true'])
/** Some containers forbid it. */
const canTrace = probe?.status === 0 && probe.stderr.length === 0

interface Traces {
  /** Programs that had the canary among their arguments. */
  readonly inArguments: readonly string[]
  /** Files that it was written to, in private folders as `private/NAME`. */
  readonly inFiles: readonly string[]
  /** Calls that copy or rename something of a private folder to a place outside. */
  readonly movedOut: readonly string[]
}

interface Traced extends Traces {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

async function traced(cwd: string, command: readonly string[], stdin = ''): Promise<Traced> {
  const [temporary, log] = [join(cwd, 't'), join(cwd, 'strace.log')]
  const { status, stdout, stderr } = await run(strace ?? '', ['-o', log, ...STRACE, ...command], { cwd, env: { ...env, TMPDIR: temporary, EDITOR: './editor.sh' }, stdin })
  expect(readdirSync(temporary)).toEqual([])
  return { status, stdout: stdout.toString(), stderr, ...tracesIn(readFileSync(log, 'utf8'), temporary) }
}

function tracesIn(log: string, temporary: string): Traces {
  const calls = log.split('\n').flatMap((line) => {
    const [, name = '', rest = ''] = /^\d+\s+(\w+)\((.*)/.exec(line) ?? []
    return name === '' ? [] : [{ name, rest }]
  })
  expect(calls.length).toBeGreaterThan(5)
  const withCanary = calls.filter(({ rest }) => rest.includes(CANARY))
  const namesOf = (paths: readonly string[]): readonly string[] => [...new Set(paths)].sort()
  return {
    inArguments: namesOf(withCanary.filter(({ name }) => name === 'execve').map(({ rest }) => basename(/^"([^"]*)"/.exec(rest)?.[1] ?? ''))),
    inFiles: namesOf(
      withCanary
        .filter(({ name }) => WRITING.includes(name))
        .map(({ rest }) => /^\d+<([^>]*)>/.exec(rest)?.[1] ?? '/unknown')
        .filter((path) => path.startsWith('/') && path !== '/dev/null') // not to pipes and sockets
        .map((path) => (dirname(dirname(path)) === temporary ? `private/${basename(path)}` : path)),
    ),
    movedOut: calls.filter(({ name, rest }) => COPYING.includes(name) && rest.includes(`${temporary}/`) && rest.replaceAll(`${temporary}/`, '').includes(dirname(temporary))).map(({ name }) => name),
  }
}

/** A file with the canary in it, encrypted. The editor changes that value without naming it. */
async function folder(): Promise<string> {
  const cwd = testFolder()
  mkdirSync(join(cwd, 't'))
  writeFileSync(join(cwd, 'f.yaml'), `password: ${CANARY}\n`)
  writeFileSync(join(cwd, 'editor.sh'), '#!/bin/sh\nsed -i "s/^password: /password: x/" "$1"\n')
  writeFileSync(join(cwd, 'child.sh'), '#!/bin/sh\nif [ -p "$1" ]; then cat "$1"; else echo "$password"; fi\n')
  for (const script of ['editor.sh', 'child.sh']) chmodSync(join(cwd, script), 0o755)
  expect((await runHandler(sops, ['encrypt', '-i', '--age', AGE_RECIPIENT, 'f.yaml'], { cwd })).stderr).toBe('')
  return cwd
}

const NOWHERE = { inArguments: [], inFiles: [], movedOut: [] }
const FIRST = `password: ${CANARY}\n`

describe.skipIf(!canTrace)(`under strace${canTrace ? '' : ' (left out: rig strace, or tracing is forbidden here)'}`, { timeout: LONG_MS }, () => {
  it.each([
    ['sops', ['set', '--value-stdin', 'f.yaml', '["other"]'], JSON.stringify(CANARY), ''],
    ['sops', ['exec-env', 'f.yaml', './child.sh'], '', `${CANARY}\n`],
    ['sops', ['exec-file', 'f.yaml', './child.sh {}'], '', FIRST],
    ['sops', ['decrypt', 'f.yaml'], '', FIRST],
    ['sops', ['rotate', '-i', 'f.yaml'], '', ''],
    ['waxseal', ['set', '--stdin', 'f.yaml', 'other'], CANARY, ''],
    ['waxseal', ['exec-env', 'f.yaml', '--', './child.sh'], '', `${CANARY}\n`],
    ['waxseal', ['exec-file', 'f.yaml', '--', './child.sh', '{}'], '', FIRST],
    ['waxseal', ['get', 'f.yaml', 'password'], '', CANARY],
  ] as const)('%s %j leaves it in no argument and no file', async (program, args, stdin, stdout) => {
    const cwd = await folder()
    const { stderr, ...traces } = await traced(cwd, [built(program), ...args], stdin)
    expect(stderr).toBe('')
    // What goes into a FIFO is read by the child, which knows it for one, and is never on a disk.
    expect({ ...traces, inFiles: traces.inFiles.filter((path) => !(args[0] === 'exec-file' && /^private\/(?:tmp-file|f\.yaml)$/.test(path))) }).toEqual({ status: 0, stdout, ...NOWHERE })
  })

  it.each([
    ['sops', ['edit', 'f.yaml'], 'f.yaml'],
    ['waxseal', ['edit', 'f.yaml'], 'f.yaml'],
  ] as const)('%s %j writes it to a private folder only', async (program, args, name) => {
    const cwd = await folder()
    const { inFiles, ...rest } = await traced(cwd, [built(program), ...args])
    expect(rest).toEqual({ status: 0, stdout: '', stderr: '', inArguments: [], movedOut: [] })
    expect(inFiles).toContain(`private/${name}`)
    expect(inFiles.filter((path) => !path.startsWith('private/'))).toEqual([])
    expect((await runHandler(sops, ['decrypt', 'f.yaml'], { cwd, env })).stdout).toBe(`password: x${CANARY}\n`)
  })

  it.each([
    ['in a private file', ['--no-fifo', 'f.yaml', 'cat {}'], { ...NOWHERE, inFiles: ['private/tmp-file'] }],
    ['in a file of the child', ['f.yaml', 'cat {} > out'], { ...NOWHERE, inFiles: ['/out', 'private/tmp-file'] }],
    ['in an argument', ['f.yaml', 'exec env echo "$(cat {})"'], { ...NOWHERE, inArguments: ['echo', 'env'], inFiles: ['private/tmp-file'] }],
    ['in a file that is moved', ['--no-fifo', 'f.yaml', 'mv {} out'], { ...NOWHERE, inFiles: ['private/tmp-file'], movedOut: [expect.stringMatching(/^rename/)] }],
  ] as const)('it would be found %s', async (_, words, expected) => {
    const cwd = await folder()
    const { inArguments, inFiles, movedOut } = await traced(cwd, [built('sops'), 'exec-file', ...words])
    const named = inFiles.map((path) => path.replace(cwd, '').replace(/^(private\/tmp-file)\d*$/, '$1'))
    expect({ inArguments, inFiles: named, movedOut }).toEqual(expected)
  })

  it.each([
    ['sops', ['decrypt', '-i', 'f.yaml'], ['set', 'f.yaml', '["a"]', '1']],
    ['waxseal', ['decrypt', '-i', 'f.yaml'], ['unset', 'f.yaml', 'password']],
  ] as const)('killed while it syncs, %s %j leaves a file for its owner alone, which the next command removes', async (program, args, next) => {
    const cwd = await folder()
    const before = readFileSync(join(cwd, 'f.yaml'), 'utf8')
    const killing = ['-f', '-o', '/dev/null', '-e', 'trace=fsync', '-e', 'inject=fsync:signal=SIGKILL']
    expect((await run(strace ?? '', [...killing, built(program), ...args], { cwd, env })).status).not.toBe(0)
    const left = (): readonly string[] => readdirSync(cwd).filter((name) => name.startsWith('.f.yaml.waxseal-'))
    expect(left()).toEqual([expect.stringMatching(/^\.f\.yaml\.waxseal-\d+-[0-9a-f]{8}\.tmp$/)])
    const sibling = join(cwd, left()[0] ?? '')
    expect({ mode: statSync(sibling).mode & 0o777, text: readFileSync(sibling, 'utf8') }).toEqual({ mode: 0o600, text: FIRST })
    expect(readFileSync(join(cwd, 'f.yaml'), 'utf8')).toBe(before)
    expect((await run(built(program), next, { cwd, env })).stderr).toBe('')
    expect(left()).toEqual([])
  })

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s while it syncs waits until the file is whole', async (signal) => {
    for (const program of ['sops', 'waxseal'] as const) {
      const cwd = await folder()
      const signalling = ['-f', '-o', '/dev/null', '-e', 'trace=fsync', '-e', `inject=fsync:signal=${signal}:when=1`]
      await run(strace ?? '', [...signalling, built(program), 'decrypt', '-i', 'f.yaml'], { cwd, env })
      expect(readdirSync(cwd).filter((name) => name.endsWith('.tmp'))).toEqual([])
      expect(readFileSync(join(cwd, 'f.yaml'), 'utf8')).toBe(FIRST)
    }
  })
})
