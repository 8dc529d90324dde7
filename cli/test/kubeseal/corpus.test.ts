import { describe, expect, it } from 'vitest'
import { index } from './corpus.ts'
import { differences, runCase } from './run-case.ts'

/** Where we differ on purpose, or where the text is a Go library's own. */
const DEVIATIONS: ReadonlyMap<string, string> = new Map([
  ['raw-177', 'says which kubeconfig cannot be read, not what the YAML parser stumbled over, which may be a credential'],
  ['recovery-233', 'reads the whole documented backup, where the original loses the key behind the list'],
  ['recovery-276', 'a null template leaves its key out, as later versions have it'],
  ['controller-313', 'says that the answer is not JSON in its own words'],
])
/** Reads the descriptor of the process; cli/test/kubeseal/process.test.ts has it. */
const NEEDS_PROCESS = ['raw-182']

const cases = index.cases.filter((recorded) => recorded.class !== 'quirk' && !NEEDS_PROCESS.includes(recorded.id))

it('the corpus is there', () => expect(cases.length).toBe(335))

describe.each([...new Set(cases.map(({ area }) => area))])('recorded cases: %s', (area) => {
  it.each(cases.filter((recorded) => recorded.area === area && !DEVIATIONS.has(recorded.id)))('$id $note', async (recorded) => {
    const got = await runCase(recorded)
    const differing = differences(recorded, got)
    expect(differing.map((field) => ({ field, got: got[field as keyof typeof got] }))).toEqual([])
  })
})

it.each(cases.filter(({ id }) => DEVIATIONS.has(id)))('deviates as listed: $id', async (recorded) => {
  expect(differences(recorded, await runCase(recorded))).not.toEqual([])
})
