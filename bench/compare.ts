/**
 * `node bench/compare.ts`: our programs against the real sops in the same run, as ratios of wall time.
 * Needs `pnpm build` and the rig `sops` (`pnpm rigs`). Prints a Markdown table; `--json FILE` keeps the figures.
 * @module
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rigProgram } from '../test/rigs/rigs.ts'

const root = join(import.meta.dirname, '..')
const ours = join(root, 'dist', 'bin', 'sops')
const theirs = rigProgram('sops', 'sops')
if (!theirs) throw new Error('the real sops is missing: run pnpm rigs')
const folder = mkdtempSync(join(tmpdir(), 'waxseal-bench-'))
const keyFile = join(root, 'fixtures', 'sops-3.13.2', 'keys', 'age-a.txt')
const recipient = 'age199na7we5t9rywgutuvjy50aahmfsgae6fmpsccs009m3s70lx3uq430348'

const env: Record<string, string | undefined> = { ...process.env, SOPS_AGE_KEY_FILE: keyFile, HOME: folder, PATH: `${join(process.execPath, '..')}:${process.env['PATH']}` }
delete env['NODE_EXTRA_CA_CERTS'] // it slows some Node versions' start

/** Words by a fixed generator, so that both programs and every run see the same input. */
function words(seed: number): () => string {
  let state = seed
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648
    return `w${state.toString(36)}`
  }
}

function yamlInput(values: number): string {
  const word = words(1)
  const lines: string[] = []
  for (let i = 0; i < values; i += 5) {
    lines.push(`service_${i}: # ${word()}`, `  user: ${word()}`, `  password: "${word()}"`, `  port: ${i}`, `  ratio: 0.${i + 1}`, `  enabled: true`)
  }
  return `${lines.join('\n')}\n`
}

function jsonInput(values: number): string {
  const word = words(2)
  const data: Record<string, unknown> = {}
  for (let i = 0; i < values; i += 4) data[`item_${i}`] = { name: word(), token: word() + word(), count: i, tags: [word()] }
  return JSON.stringify(data, null, 2)
}

interface Row {
  readonly what: string
  readonly oursMs: number
  readonly theirsMs: number
}

function median(times: number[]): number {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1] as number
}

function time(program: string, args: readonly string[]): number {
  const started = performance.now()
  const run = spawnSync(program, args, { env, cwd: folder, maxBuffer: 1 << 30 })
  if (run.status !== 0) throw new Error(`${program} ${args.join(' ')}: exit ${run.status}: ${run.stderr.toString().slice(0, 300)}`)
  return performance.now() - started
}

/** Interleaved, so that a slower minute of the machine meets both. */
function compare(what: string, rounds: number, args: (who: 'ours' | 'theirs') => readonly string[]): Row {
  const mine: number[] = []
  const peer: number[] = []
  time(ours, args('ours'))
  time(theirs as string, args('theirs'))
  for (let i = 0; i < rounds; i++) {
    mine.push(time(ours, args('ours')))
    peer.push(time(theirs as string, args('theirs')))
  }
  return { what, oursMs: median(mine), theirsMs: median(peer) }
}

const rows: Row[] = []
try {
  mkdirSync(folder, { recursive: true })
  const inputs = { 'small.yaml': 'a: 1\nb: two\nc: 3.5\nd: true\ne: "five"\n', 'large.yaml': yamlInput(25_000), 'large.json': jsonInput(220_000) }
  for (const [name, text] of Object.entries(inputs)) writeFileSync(join(folder, name), text)
  const rounds: Readonly<Record<string, number>> = { 'small.yaml': 15, 'large.yaml': 5, 'large.json': 2 }
  for (const name of Object.keys(inputs)) {
    rows.push(compare(`encrypt ${name} (${Math.round((inputs[name as keyof typeof inputs].length / 1024))} KiB)`, rounds[name] ?? 3, (who) => ['encrypt', '--age', recipient, '--output', `${who}-${name}`, name]))
    rows.push(compare(`decrypt ${name}`, rounds[name] ?? 3, (who) => ['decrypt', '--output', `out-${who}`, `${who}-${name}`]))
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

console.log('| what | ours, ms | sops, ms | times as fast |\n|---|---:|---:|---:|')
for (const { what, oursMs, theirsMs } of rows) console.log(`| ${what} | ${oursMs.toFixed(0)} | ${theirsMs.toFixed(0)} | ${(theirsMs / oursMs).toFixed(2)} |`)
const at = process.argv.indexOf('--json')
if (at > 0 && process.argv[at + 1]) writeFileSync(process.argv[at + 1] as string, `${JSON.stringify(rows, null, 2)}\n`)
