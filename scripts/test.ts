/**
 * `pnpm test`: types, lint, build, then every test. Prints what was left out and why; the last line is
 * `N passed, N failed, N skipped`. With `CI=true` all rigs are brought first and a missing one is a failure.
 * @module
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isBrought, RIGS } from '../test/rigs/rigs.ts'

const root = join(import.meta.dirname, '..')
const ci = process.env['CI'] === 'true'
const tool = (name: string) => join(root, 'node_modules', '.bin', name)
let passed = 0
let failed = 0
let skipped = 0

function step(title: string, command: string, args: readonly string[]): void {
  const started = Date.now()
  const run = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  const ok = run.status === 0
  if (ok) passed++
  else failed++
  console.log(`${ok ? 'ok' : 'FAILED'}: ${title} (${((Date.now() - started) / 1000).toFixed(1)} s)`)
}

if (ci) step('rigs', process.execPath, ['test/rigs/bring.ts'])
step('types', tool('tsc'), ['--noEmit'])
step('lint', tool('oxlint'), ['--type-aware', '--deny-warnings'])
step('build', process.execPath, ['scripts/build.ts'])

interface VitestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly success: boolean
  readonly testResults: readonly { readonly name: string; readonly status: string; readonly assertionResults: readonly unknown[] }[]
}

const folder = mkdtempSync(join(tmpdir(), 'waxseal-test-'))
const report = join(folder, 'report.json')
const vitest = spawnSync(tool('vitest'), ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: process.stdout.isTTY ? process.env : { ...process.env, NO_COLOR: '1' },
})
try {
  const result = JSON.parse(readFileSync(report, 'utf8')) as VitestReport
  passed += result.numPassedTests
  failed += result.numFailedTests
  skipped += result.numPendingTests + result.numTodoTests
  // A file that fails before its first test counts as one failure.
  failed += result.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length
  if (vitest.status !== 0 && failed === 0) failed++
  if (result.numPassedTests === 0) failed++
} catch {
  console.log('FAILED: the test runner left no report')
  failed++
}
rmSync(folder, { recursive: true, force: true })

for (const rig of RIGS.filter((r) => !isBrought(r))) {
  if (ci) failed++
  console.log(`${ci ? 'FAILED' : 'left out'}: tests that need the rig ${rig.name} (${rig.what}); it comes with: pnpm rigs (needs ${rig.needs.join(', ')})`)
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exitCode = failed > 0 ? 1 : 0
