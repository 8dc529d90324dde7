/**
 * Plays a recorded case in this process: its files in a folder, its words through the handler, what came of it against what was recorded.
 * @module
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { sops } from '../../src/sops/sops.ts'
import { type EndedWithBytes, runForBytes } from '../test-context.ts'
import { sameContent } from './content.ts'
import { bytesOf, CORPUS, type Case, type EndState, type Expectation, type KeyRing, type Step } from './corpus.ts'
import { knownIn, normalise } from './normalise.ts'

interface Outcome {
  readonly steps: readonly EndedWithBytes[]
  readonly files: ReadonlyMap<string, Buffer>
  readonly deleted: readonly string[]
}

const KEY_RINGS: Readonly<Record<KeyRing, readonly string[]>> = {
  none: [],
  all: ['pgp-rsa.sec.asc', 'pgp-ecc.sec.asc'],
  rsa: ['pgp-rsa.sec.asc', 'pgp-ecc.pub.asc'],
  ecc: ['pgp-ecc.sec.asc', 'pgp-rsa.pub.asc'],
  pub: ['pgp-rsa.pub.asc', 'pgp-ecc.pub.asc'],
}

/** A folder that all cases of a test file share: GnuPG homes, and a folder for each case. */
export class Stage {
  readonly #root = mkdtempSync(join(tmpdir(), 'wx'))
  readonly #homes = new Map<KeyRing, string>()
  #count = 0

  /** @returns why the case does not pass, undefined if it does */
  async play(recorded: Case): Promise<string | undefined> {
    const slot = join(this.#root, String(++this.#count))
    try {
      const outcome = await this.#run(recorded, slot)
      const wanted = { ...recorded, steps: recorded.steps.map(({ expect }) => expect) }
      const difference = compare(recorded, wanted, outcome)
      const accepted = recorded.alt?.some((alternative) => compare(recorded, alternative, outcome) === undefined)
      return accepted ? undefined : difference
    } finally {
      rmSync(slot, { recursive: true, force: true })
    }
  }

  close(): void {
    for (const home of this.#homes.values()) spawnSync('gpgconf', ['--kill', 'all'], { env: { ...process.env, GNUPGHOME: home } })
    rmSync(this.#root, { recursive: true, force: true })
  }

  #gnupgHome(ring: KeyRing): string {
    let home = this.#homes.get(ring)
    if (home === undefined) {
      home = join(this.#root, `g-${ring}`)
      mkdirSync(home, { mode: 0o700 })
      for (const file of KEY_RINGS[ring]) spawnSync('gpg', ['--batch', '--quiet', '--import', join(CORPUS, 'keys', file)], { env: { ...process.env, GNUPGHOME: home } })
      this.#homes.set(ring, home)
    }
    return home
  }

  async #run(recorded: Case, slot: string): Promise<Outcome> {
    const [DIR, HOME, TMP] = ['w', 'h', 't'].map((name) => join(slot, name)) as [string, string, string]
    for (const folder of [DIR, HOME, TMP]) mkdirSync(folder, { recursive: true })
    const folders = { DIR, HOME, TMP, KEYS: join(CORPUS, 'keys'), GNUPG: this.#gnupgHome(recorded.gnupg ?? 'none') }
    const fill = (text: string): string => Object.entries(folders).reduce((filled, [name, folder]) => filled.replaceAll(`{${name}}`, folder), text)
    const places = new Map([...Object.entries(folders).map(([name, folder]) => [folder, `{${name}}`] as const), [slot, '{SLOT}'], [this.#root, '{ROOT}']])

    const known = knownIn(setUp(recorded, folders, fill))
    const before = snapshot(DIR)
    const steps: EndedWithBytes[] = []
    for (const step of recorded.steps) steps.push(await runStep(step, folders, fill))
    const after = snapshot(DIR)
    return {
      steps: steps.map(({ status, stdout, stderr }) => ({ status, stdout: normalise(stdout, known, places), stderr: normalise(stderr, known, places) })),
      files: new Map([...after].filter(([name, bytes]) => !before.get(name)?.equals(bytes)).map(([name, bytes]) => [name, normalise(bytes, known, places)])),
      deleted: [...before.keys()].filter((name) => !after.has(name)).toSorted(),
    }
  }
}

type Folders = Readonly<Record<'DIR' | 'HOME' | 'TMP' | 'KEYS' | 'GNUPG', string>>

/** @returns the contents of the files */
function setUp(recorded: Case, { DIR, HOME }: Folders, fill: (text: string) => string): Buffer[] {
  const contents: Buffer[] = []
  for (const item of recorded.setup ?? []) {
    const path = item.path.startsWith('~/') ? join(HOME, item.path.slice(2)) : join(DIR, item.path)
    mkdirSync(dirname(path), { recursive: true })
    if ('dir' in item) mkdirSync(path, { recursive: true })
    else if ('symlink' in item) symlinkSync(fill(item.symlink), path)
    else {
      const bytes = bytesOf(item)
      contents.push(bytes)
      writeFileSync(path, item.fill ? fill(bytes.toString()) : bytes)
    }
    if (item.mode) chmodSync(path, Number.parseInt(item.mode, 8))
  }
  return contents
}

async function runStep(step: Step, { DIR, HOME, TMP, GNUPG }: Folders, fill: (text: string) => string): Promise<EndedWithBytes> {
  const given = Object.entries(step.env ?? {}).map(([name, value]) => [name, fill(value)] as const)
  const env: Record<string, string> = { HOME, TMPDIR: TMP, LANG: 'C', LC_ALL: 'C', TZ: 'UTC', GNUPGHOME: GNUPG, ...Object.fromEntries(given) }
  for (const name of step.unset ?? []) delete env[name]
  const stdinBytes = step.stdin ? bytesOf(step.stdin) : Buffer.alloc(0)
  return await runForBytes(sops, step.argv.map(fill), { cwd: join(DIR, fill(step.cwd ?? '.')), env, stdinBytes })
}

function snapshot(folder: string): Map<string, Buffer> {
  const files = new Map<string, Buffer>()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (lstatSync(path).isFile()) files.set(relative(folder, path), readFileSync(path))
    else if (entry.isSymbolicLink()) files.set(relative(folder, path), Buffer.from(`-> ${readlinkSync(path)}`))
  }
  return files
}

function compare(recorded: Case, wanted: EndState & { readonly steps: readonly Expectation[] }, got: Outcome): string | undefined {
  for (const [at, expected] of wanted.steps.entries()) {
    const [outcome, step] = [got.steps[at], recorded.steps[at]]
    if (!outcome || !step) return `step ${at + 1}: missing`
    const difference = recorded.tags?.includes('panic') && isPanic(expected) ? (outcome.status === 0 ? 'must fail' : undefined) : compareStep(expected, outcome, step.argv, recorded)
    if (difference) return `step ${at + 1} (${step.argv.join(' ').slice(0, 60)}): ${difference}`
  }
  const files = Object.entries(wanted.files ?? {})
  for (const [name, content] of files) {
    const bytes = got.files.get(name)
    if (!bytes) return `${name}: not written`
    const expected = bytesOf(content)
    if (!expected.equals(bytes) && !sameContent(expected, bytes, name)) return `${name}: ${firstDifference(expected, bytes)}`
  }
  const unexpected = [...got.files.keys()].filter((name) => !files.some(([known]) => known === name))
  if (unexpected.length > 0) return `written as well: ${unexpected.join(', ')}`
  const deleted = (wanted.deleted ?? []).join(', ')
  return got.deleted.join(', ') === deleted ? undefined : `deleted: ${got.deleted.join(', ')} instead of: ${deleted}`
}

const isPanic = ({ stderr }: Expectation): boolean => stderr !== undefined && bytesOf(stderr).toString() === '<panic>\n'

/** Messages must be there or not; their words are the business of other tests. */
function compareStep(expected: Expectation, got: EndedWithBytes, argv: readonly string[], recorded: Case): string | undefined {
  if (expected.exit === 'nonzero') return got.status === 0 ? 'must fail' : undefined
  if (expected.exit !== got.status) return `exit status ${got.status} instead of ${expected.exit}: ${got.stderr.toString().slice(0, 200)}`
  const silent = expected.stderr && bytesOf(expected.stderr).length === 0
  if (expected.stderr && recorded.stderr !== 'ignore' && silent !== (got.stderr.length === 0)) return `messages: ${got.stderr.toString().slice(0, 200)}`
  if (!expected.stdout) return undefined
  const stdout = bytesOf(expected.stdout)
  return stdout.equals(got.stdout) || sameContent(stdout, got.stdout, outputName(argv)) ? undefined : `output: ${firstDifference(stdout, got.stdout)}`
}

/** A name whose ending tells the format of what a command prints. */
function outputName(argv: readonly string[]): string {
  const at = argv.findIndex((word) => word === '--output-type' || word.startsWith('--output-type='))
  const type = at >= 0 ? (argv[at]?.split('=')[1] ?? argv[at + 1] ?? '') : ''
  if (type) return { yaml: 'x.yaml', json: 'x.json', dotenv: 'x.env', ini: 'x.ini' }[type] ?? ''
  return argv.findLast((word) => /\.(?:ya?ml|json|env|ini)$/.test(word)) ?? ''
}

function firstDifference(expected: Buffer, got: Buffer): string {
  const at = expected.findIndex((byte, index) => byte !== got[index])
  const from = Math.max(0, (at < 0 ? expected.length : at) - 20)
  const shown = (bytes: Buffer): string => JSON.stringify(bytes.subarray(from, from + 80).toString())
  return `${shown(got)} instead of ${shown(expected)}`
}
