import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DEFAULT_LIMITS, Dict, Template, TemplateError } from '../src/index.ts'
import { bytesOf } from '../src/values.ts'

interface Golden {
  readonly id: string
  readonly area: string
  readonly values: string
  readonly template: string
  readonly output?: string
  readonly outputB64?: string
  readonly stage?: string
  readonly error?: string
}
interface Goldens {
  readonly values: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly valuesB64: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly cases: readonly Golden[]
}

/** A busy machine changes nothing about the result. */
const LIMITS = { ...DEFAULT_LIMITS, timeMs: 60_000 }
const FIXTURES = join(import.meta.dirname, '../../../fixtures/go-template-1.26.8')
const goldens = JSON.parse(readFileSync(join(FIXTURES, 'goldens.json'), 'utf8')) as Goldens

function dataOf(name: string): Dict {
  const texts = Object.entries(goldens.values[name] ?? {}).map(([key, value]) => [bytesOf(key), bytesOf(value)] as const)
  const bytes = Object.entries(goldens.valuesB64[name] ?? {}).map(([key, value]) => [bytesOf(key), Buffer.from(value, 'base64').toString('latin1')] as const)
  return new Dict(new Map([...texts, ...bytes]), 'string')
}

describe('text/template and sprig as recorded from Go', () => {
  it('has cases', () => {
    expect(goldens.cases.length).toBe(467)
  })

  for (const area of new Set(goldens.cases.map((c) => c.area))) {
    const cases = goldens.cases.filter((c) => c.area === area)
    it.each(cases.map((c) => [c.id, c.template, c] as const))(`${area}: %s %j`, (_id, _template, golden) => {
      let result: { output?: string; error?: string }
      try {
        const bytes = Template.parse('key', golden.template).execute(dataOf(golden.values), LIMITS)
        result = { output: Buffer.from(bytes).toString('base64') }
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error
        result = { error: Buffer.from(error.message.replace(/^(parse|execute) template: /, ''), 'latin1').toString() }
      }
      const wanted = golden.error === undefined
        ? { output: golden.outputB64 ?? Buffer.from(golden.output ?? '').toString('base64') }
        : { error: golden.error.replace(/^(parse|execute) template: |^template: /, '') }
      expect(result).toEqual(wanted)
    })
  }
})

interface Calls {
  readonly valuesB64: Readonly<Record<string, string>>
  readonly cases: Readonly<Record<string, readonly { readonly template: string; readonly output?: string; readonly outputB64?: string; readonly stage?: string }[]>>
}

const calls = JSON.parse(readFileSync(join(FIXTURES, 'functions.json'), 'utf8')) as Calls

describe('unusual arguments as recorded from Go', () => {
  const data = new Dict(new Map(Object.entries(calls.valuesB64).map(([key, value]) => [bytesOf(key), Buffer.from(value, 'base64').toString('latin1')])), 'string')

  it('has cases', () => {
    expect(Object.values(calls.cases).flat().length).toBe(301)
  })

  it.each(Object.entries(calls.cases))('%s', (_function, cases) => {
    for (const { template, output, outputB64, stage } of cases) {
      let result: string
      try {
        result = Buffer.from(Template.parse('key', template).execute(data, LIMITS)).toString('base64')
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error
        result = error.stage
      }
      expect([template, result]).toEqual([template, stage ?? outputB64 ?? Buffer.from(output ?? '').toString('base64')])
    }
  })
})
