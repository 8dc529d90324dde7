/** What the real sops 3.13.2 says to YAML that cannot be read, to the byte. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sops } from '../../src/sops/sops.ts'
import { AGE_RECIPIENT, runHandler, testFolder } from '../test-context.ts'

async function complaint(args: readonly string[], name: string, text: string): Promise<string> {
  const cwd = testFolder()
  writeFileSync(join(cwd, 'f.yaml'), 'a: 1\n')
  writeFileSync(join(cwd, name), text)
  const { status, stderr } = await runHandler(sops, args, { cwd })
  expect(status).not.toBe(0)
  return stderr
}

describe('what is wrong with a YAML file', () => {
  it.each([
    ['a: @x\n', 'found character that cannot start any token'],
    ['x: 1\na: @x\n', 'line 2: found character that cannot start any token'],
    ['a: b: c\n', 'mapping values are not allowed in this context'],
    ['x: 1\na: b: c\n', 'line 2: mapping values are not allowed in this context'],
    ['x: 1\na: - b\n', 'line 2: block sequence entries are not allowed in this context'],
    ['x: 1\nk: ? b\n', 'line 2: mapping keys are not allowed in this context'],
    ['x: 1\na: |x\n  y\n', 'line 2: did not find expected comment or line break'],
    ['x: 1\na: >0\n  y\n', 'line 2: found an indentation indicator equal to 0'],
    ['x: 1\na: "\\q"\n', 'line 2: found unknown escape character'],
    ['x: 1\na: *\n', 'line 2: did not find expected alphabetic or numeric character'],
    ['x: 1\na: "y\nz\n', 'line 2: found unexpected end of stream'],
    ['x: 1\ny\n', "line 2: could not find expected ':'"],
    ['a: [\n', 'line 1: did not find expected node content'],
    ['x: 1\na: [\n', 'line 2: did not find expected node content'],
    ['a: [b\n', "line 1: did not find expected ',' or ']'"],
    ['a: {b: 1\n', "line 1: did not find expected ',' or '}'"],
    ['x: "a" b\n', 'did not find expected key'],
    ['x: 1\ny: "a" b\n', 'line 1: did not find expected key'],
    ['- a\nb: 1\n', "line 1: did not find expected '-' indicator"],
    ['a: 1\nb: \u0001\n', 'control characters are not allowed'],
    ['- a\n', 'unmarshal errors:\n  line 1: cannot unmarshal !!seq into map[string]interface {}'],
  ])('%j', async (text, says) => {
    expect(await complaint(['encrypt', '--age', AGE_RECIPIENT, 'f.yaml'], 'f.yaml', text)).toBe(`Error unmarshalling file: yaml: ${says}\n`)
  })

  it.each([
    ['the line where a quote ends that begins on the first one', 'a: "x\n', 'line 1, column 4: this quote is never closed'],
    ['the line where a list begins', 'x: 1\ny: [1,\n2\n', "line 4, column 1: ',' or ']' is expected here"],
  ])('is told in our words where %s is not known', async (_, text, says) => {
    expect(await complaint(['encrypt', '--age', AGE_RECIPIENT, 'f.yaml'], 'f.yaml', text)).toBe(`Error unmarshalling file: yaml: ${says}\n`)
  })

  it.each([
    ['creation_rules:\n  - age: [\n', 'line 2: did not find expected node content'],
    ['- age: x\n', 'unmarshal errors:\n  line 1: cannot unmarshal !!seq into config.configFile'],
  ])('is told of the rule file, too: %j', async (text, says) => {
    expect(await complaint(['encrypt', 'f.yaml'], '.sops.yaml', text)).toBe(`error loading config: Could not unmarshal config file: yaml: ${says}\n`)
  })
})
