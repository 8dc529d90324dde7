/**
 * `pnpm bench`: our programs and the real sops in turn, in the same minutes, on the same bytes. `rops` is timed beside them where it is on
 * the PATH. Needs `pnpm build`, the rig `sops` (`pnpm rigs`) and Python 3. Rows are printed as they come; `--help` tells how to choose some.
 * @module
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, extname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { rigProgram } from '../test/rigs/rigs.ts'
import { INPUTS, type Input } from './inputs.ts'
import { measure, medianOf, type Command, type Cost } from './measure.ts'

const HELP = `usage: node bench/compare.ts [--rounds N] [--json FILE] [ROW...]
  ROW           a part of a row's name, such as "small", "decrypt" or "1 MB YAML"; without any, all rows
  --rounds N    runs of each program and row (default: by the row)
  --json FILE   keep the figures
`
const ROOT = join(import.meta.dirname, '..')
const KEY_FILE = join(ROOT, 'fixtures', 'sops-3.13.2', 'keys', 'age-a.txt')
const RECIPIENT = 'age199na7we5t9rywgutuvjy50aahmfsgae6fmpsccs009m3s70lx3uq430348'

interface Row {
  readonly name: string
  readonly input: Input
  readonly does: 'encrypt' | 'decrypt'
}

/** A program under test, and its words for a row. */
interface Contender {
  readonly name: string
  readonly encrypt: (input: Input) => Command
  readonly decrypt: (input: Input) => Command
}

interface Result {
  readonly row: string
  readonly program: string
  readonly cost: Cost
}

const { values: options, positionals: wanted } = parseArgs({
  options: { rounds: { type: 'string' }, json: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  allowPositionals: true,
})
if (options.help) {
  process.stdout.write(HELP)
  process.exit()
}

const reference = rigProgram('sops', 'sops')
if (!reference) throw new Error('the real sops is missing: run pnpm rigs')
const rops = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'rops')).find((program) => existsSync(program))
const contenders = [
  sopsLike('waxseal', join(ROOT, 'dist', 'bin', 'sops')),
  sopsLike('sops', reference),
  ...(rops ? [ropsLike(rops)] : []),
]
const rows = INPUTS.flatMap((input): Row[] => (['encrypt', 'decrypt'] as const).map((does) => ({ name: `${does} ${input.name}`, input, does })))
const chosen = rows.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
if (chosen.length === 0) throw new Error(`no row is called so; there are: ${rows.map(({ name }) => name).join(', ')}`)

const folder = mkdtempSync(join(tmpdir(), 'waxseal-bench-'))
const identity = readFileSync(KEY_FILE, 'utf8').split('\n').find((line) => line.startsWith('AGE-SECRET-KEY-'))
const env: NodeJS.ProcessEnv = { ...process.env, SOPS_AGE_KEY_FILE: KEY_FILE, ROPS_AGE: identity, HOME: folder, PATH: `${join(process.execPath, '..')}${delimiter}${process.env['PATH']}` }
delete env['NODE_EXTRA_CA_CERTS'] // it slows some versions of Node
const results: Result[] = []
try {
  console.log('| row | program | CPU, ms | wall, ms | peak, MiB | CPU: sops / it |\n|---|---|---:|---:|---:|---:|')
  for (const row of chosen) compare(row)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`)

/** In turn, so that a slower minute of the machine meets all of them. The first run of each is not counted. */
function compare(row: Row): void {
  prepare(row.input)
  const rounds = Number(options.rounds ?? row.input.rounds)
  const runs = new Map<Contender, Cost[]>(contenders.map((contender) => [contender, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const [contender, costs] of runs) {
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${row.name}: ${contender.name}, run ${round} of ${rounds}`)
      const cost = measure(contender[row.does](row.input), 'out', { env, cwd: folder })
      if (round > 0) costs.push(cost)
    }
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  const medians = [...runs].map(([{ name }, costs]) => ({ row: row.name, program: name, cost: medianOf(costs) }))
  const base = medians.find(({ program }) => program === 'sops')!.cost
  for (const { program, cost } of medians) {
    console.log(`| ${row.name} | ${program} | ${cost.cpuMs.toFixed(0)} | ${cost.wallMs.toFixed(0)} | ${cost.peakMib.toFixed(0)} | ${(base.cpuMs / cost.cpuMs).toFixed(2)} |`)
  }
  results.push(...medians)
}

/** The plaintext, and what is decrypted: the real sops's file for both that read it, so that they get the same bytes. */
function prepare(input: Input): void {
  if (existsSync(join(folder, input.file))) return
  writeFileSync(join(folder, input.file), input.text())
  for (const { name, encrypt } of contenders) if (name !== 'waxseal') measure(encrypt(input), encryptedBy(name, input), { env, cwd: folder })
}

function encryptedBy(name: string, { file }: Input): string {
  return `${name}-${file}`
}

function sopsLike(name: string, program: string): Contender {
  return {
    name,
    encrypt: ({ file }) => ({ program, args: ['encrypt', '--age', RECIPIENT, file] }),
    decrypt: (input) => ({ program, args: ['decrypt', encryptedBy('sops', input)] }),
  }
}

/** It takes files for what they are on a terminal only. */
function ropsLike(program: string): Contender {
  const format = ({ file }: Input): string => extname(file).slice(1)
  return {
    name: 'rops',
    encrypt: (input) => ({ program, args: ['encrypt', '--format', format(input), '--age', RECIPIENT], stdin: input.file }),
    decrypt: (input) => ({ program, args: ['decrypt', '--format', format(input)], stdin: encryptedBy('rops', input) }),
  }
}
