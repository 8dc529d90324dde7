/**
 * Whatever is done to a file, no command tells more than the place and the kind of what is wrong: no value, no key byte, in no
 * encoding, not in the debug log either.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openDocument, type Entry, type Format, type Node, type Tree } from '@waxseal/core'
import { dotenv, ini, json, yaml } from '@waxseal/formats'
import { exitStatusOf } from '../../cli/src/exit-status.ts'
import type { Handler } from '../../cli/src/context.ts'
import { native } from '../../cli/src/commands/native.ts'
import { printError } from '../../cli/src/ui/print-error.ts'
import { sops } from '../../cli/src/sops/sops.ts'
import { runHandler } from '../../cli/test/test-context.ts'
import { inputOf, Random } from '../fuzz/mutate.ts'
import { providersOf } from '../pipeline.ts'
import { AGE_KEY_FILE, AGE_RECIPIENT, testFolder } from '../programs.ts'

const SECRET = 'hunter2-plaintext'
const SOURCES: readonly (readonly [Format, string])[] = [
  [yaml, `a: ${SECRET}\nb:\n  - '${SECRET}'\n  - "${SECRET}"\n  - |\n    ${SECRET}\nc: {d: ${SECRET}}\n# ${SECRET}\nn: 42\nclear_unencrypted: ${SECRET}\n`],
  [json, `{"a": "${SECRET}", "b": ["${SECRET}", {"c": 1.50}], "clear_unencrypted": "${SECRET}"}\n`],
  [dotenv, `A=${SECRET}\n# ${SECRET}\nB="${SECRET}"\n`],
  [ini, `; ${SECRET}\n[s]\na = ${SECRET}\nb = """${SECRET}"""\nclear_unencrypted = ${SECRET}\n`],
]
const env = { SOPS_AGE_KEY_FILE: AGE_KEY_FILE }
const identity = readFileSync(AGE_KEY_FILE, 'utf8')
/** In CI more of them. */
const INPUTS = process.env['CI'] === 'true' ? 150 : 25

/** As the program prints errors. */
const waxseal: Handler = async (args, context) => {
  try {
    return await native(args, context)
  } catch (error) {
    printError(error, context)
    return exitStatusOf(error)
  }
}

/** Key names are no secret: errors may tell them. */
function isNamed(format: Format, input: Buffer): boolean {
  const inKey = (items: readonly (Entry | Node)[]): boolean =>
    items.some((item) => (item.kind === 'entry' ? item.key.includes(SECRET) || inKey([item.value]) : (item.kind === 'map' || item.kind === 'list') && inKey(item.items)))
  let tree: Tree
  try {
    tree = format.parse(input).tree
  } catch {
    return false
  }
  return inKey(tree)
}

function encodingsOf(bytes: Buffer): string[] {
  return [bytes.toString('latin1'), bytes.toString('hex'), bytes.toString('base64').replace(/=+$/, '')]
}

describe.each(SOURCES.map(([format, source]) => [format.name, format, source] as const))('a damaged %s file', (_, format, source) => {
  it('is told of without its values', { timeout: 300_000 }, async () => {
    const cwd = testFolder()
    const name = `f${format.extensions[0]}`
    const write = (content: string | Uint8Array): void => writeFileSync(join(cwd, name), content)
    write(source)
    const encrypted = await runHandler(waxseal, ['encrypt', '--age', AGE_RECIPIENT, name], { cwd, env })
    expect(encrypted.status).toBe(0)
    const { dataKey } = await openDocument(format.parse(Buffer.from(encrypted.stdout)), { providers: providersOf(identity) })
    const secrets = [...encodingsOf(Buffer.from(SECRET)), ...encodingsOf(dataKey.export()), /AGE-SECRET-KEY-\w+/.exec(identity)?.[0] ?? '']
    const decrypting: readonly (readonly [Handler, readonly string[]])[] = [
      [sops, ['--verbose', '-d', name]], [sops, ['decrypt', '--extract', '["a"]["b"]', name]], [sops, ['set', name, '["a"]', '"x"']], [sops, ['rotate', name]],
      [waxseal, ['decrypt', name]], [waxseal, ['get', name, 'a.b']],
    ]
    const encrypting: readonly (readonly [Handler, readonly string[]])[] = [[sops, ['--verbose', '-e', '--age', AGE_RECIPIENT, name]], [waxseal, ['encrypt', '--age', AGE_RECIPIENT, name]]]
    let failed = 0
    for (let number = 0; number < INPUTS; number += 1) {
      for (const [seed, commands] of [[encrypted.stdout, decrypting], [source, encrypting]] as const) {
        const input = inputOf([Buffer.from(seed)], new Random(20_261_125, number))
        if (isNamed(format, input)) continue
        for (const [handler, args] of commands) {
          write(input)
          const { status, stdout, stderr } = await runHandler(handler, args, { cwd, env })
          const told = status === 0 ? stderr : stdout + stderr
          if (status !== 0) failed += 1
          expect({ number, args, found: secrets.filter((secret) => told.includes(secret)), told }).toEqual({ number, args, found: [], told })
        }
      }
    }
    expect(failed).toBeGreaterThan(INPUTS)
  })
})
