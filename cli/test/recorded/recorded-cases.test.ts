/**
 * What the real program did, case by case, and ours does too. Where it differs on purpose stands in differences.json by kind; docs/deviations.md
 * explains the kinds.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { casesOf } from './corpus.ts'
import { Stage } from './run-case.ts'

const AREAS = ['matrix', 'comments', 'yaml', 'json', 'dotenv', 'ini', 'binary', 'selectors', 'bad', 'decrypt', 'encrypt', 'set', 'rotate', 'groups', 'updatekeys', 'config', 'publish', 'edit', 'filestatus', 'help', 'args']

/** Reads the process's own input by its path; test/cli/standard-input.test.ts has it. */
const NEEDS_PROCESS = 'decrypt/dev-stdin'

const differences = JSON.parse(readFileSync(join(import.meta.dirname, 'differences.json'), 'utf8')) as Readonly<Record<string, readonly string[]>>
const listed = new Map(Object.entries(differences).flatMap(([kind, ids]) => ids.map((id) => [id, kind] as const)))

it('every listed case exists', () => {
  const ids = new Set(AREAS.flatMap((area) => casesOf(area).map(({ id }) => id)))
  expect([...listed.keys()].filter((id) => !ids.has(id))).toEqual([])
})

describe.each(AREAS)('recorded cases: %s', (area) => {
  const stage = new Stage()
  afterAll(() => stage.close())

  it.each(casesOf(area).filter(({ id }) => id !== NEEDS_PROCESS).map((recorded) => [recorded.id, recorded] as const))('%s', async (_, recorded) => {
    const difference = await stage.play(recorded)
    if (listed.has(recorded.id)) expect(difference, `listed as ${listed.get(recorded.id)}, but passes`).toBeDefined()
    else expect(difference).toBeUndefined()
  })
})
