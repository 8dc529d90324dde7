/**
 * Generated documents of every format, selector, key kind and group shape, through the real sops and through this code: the same choice of
 * what is encrypted, the same plaintext byte by byte, the same verdicts on forged files. What differs on purpose is of a kind that
 * docs/deviations.md names. A sample in everyday runs; WAXSEAL_GENERATED_DOCUMENTS, _SEED and _ONLY ask for more, others, or one of them.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { inParallel, ROOT, testFolder } from '../programs.ts'
import { rigProgram } from '../rigs/rigs.ts'
import { compare, type Comparison } from './generated/compare.ts'
import { generateDocuments, type Generated } from './generated/documents.ts'
import { realProgram } from './generated/programs.ts'

const sops = rigProgram('sops', 'sops')
const gpg = rigProgram('gpg', 'gpg') !== undefined
const count = Number(process.env['WAXSEAL_GENERATED_DOCUMENTS'] ?? (process.env['CI'] === 'true' ? 600 : 200))
const seed = Number(process.env['WAXSEAL_GENERATED_SEED'] ?? 1)
const only = process.env['WAXSEAL_GENERATED_ONLY']

type Result = readonly [Generated, Comparison]

describe.skipIf(sops === undefined)('generated documents (needs the real sops)', () => {
  it(`${count} of seed ${seed}: no difference that nobody expects`, { timeout: 7_200_000 }, async () => {
    const real = realProgram(sops ?? '', testFolder(), gpg)
    const documents = generateDocuments(count, seed, gpg).filter(({ name }) => only === undefined || name === only)
    const results = await inParallel(documents, 2, async (document): Promise<Result> => [document, await compare(document, real).catch(failed)]).finally(() => real.close())
    report(results)
    const named = new Set([...readFileSync(join(ROOT, 'docs', 'deviations.md'), 'utf8').matchAll(/`([a-z]+(?:-[a-z]+)+)`/g)].map(([, kind]) => kind))
    const unexpected = results.flatMap(([{ name }, { differences }]) =>
      differences.filter(({ kind }) => kind === undefined || !named.has(kind)).map(({ what, kind, detail }) => `${name}: ${what} (${kind}): ${detail.slice(0, 600)}`),
    )
    expect(unexpected).toEqual([])
    if (only === undefined) expect(results.filter(([, { refused }]) => !refused).length).toBeGreaterThan(count / 2)
  })
})

/** One document that cannot be compared does not hide the others. */
function failed(error: unknown): Comparison {
  return { refused: false, backToTheByte: false, differences: [{ what: 'failed', kind: undefined, detail: error instanceof Error ? (error.stack ?? error.message) : String(error) }] }
}

/** Counts by format, selector, key kind and group shape; then by kind of difference. */
function report(results: readonly Result[]): void {
  const lines = [
    ['format', ({ format }: Generated) => [format.name]],
    ['selector', ({ settings: { selection, macOnlyEncrypted } }: Generated) => [selection?.setting ?? 'default', ...(macOnlyEncrypted ? ['mac_only_encrypted'] : [])]],
    ['key', ({ settings: { groups } }: Generated) => [...new Set(groups.flat())]],
    ['groups', ({ settings: { groups, threshold } }: Generated) => [groups.length === 1 ? `1 of ${groups[0]?.length} keys` : `${threshold || groups.length} of ${groups.length}`]],
  ] as const
  const text = lines.map(([what, namesOf]) => `${what}: ${tally(results.flatMap(([document, { refused }]) => namesOf(document).map((name) => [name, refused] as const)))}`)
  const differences = results.flatMap(([, { differences: some }]) => some.map(({ kind }) => [kind ?? 'unexpected', false] as const))
  const back = results.filter(([, { backToTheByte }]) => backToTheByte).length
  console.info([...text, `back to the byte: ${back}`, `differences: ${tally(differences)}`].join('\n')) // oxlint-disable-line no-console -- the figures are what this test is for
}

function tally(items: readonly (readonly [name: string, refused: boolean])[]): string {
  return [...Map.groupBy(items, ([name]) => name)]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([name, some]) => `${name} ${some.length}${some.some(([, refused]) => refused) ? ` (${some.filter(([, refused]) => refused).length} refused by both)` : ''}`)
    .join(', ')
}
