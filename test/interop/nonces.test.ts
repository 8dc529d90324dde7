import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AGE_KEY_FILE, AGE_RECIPIENT, built, inParallel, run, testFolder } from '../programs.ts'
import { rigProgram } from '../rigs/rigs.ts'

const TOKEN = /ENC\[AES256_GCM,data:([^,\]]+),iv:([^,\]]+),tag:([^,\]]+),type:(\w+)\]/g
const env = { SOPS_AGE_KEY_FILE: AGE_KEY_FILE }
const realSops = rigProgram('sops', 'sops')

/** Spellings that a reader could take for something else than the canonical text of their value. */
const SPELLINGS = [
  '1.10', '1e3', '1.0', '-0.0', '+5', '0x1F', '0o17', '017', '08', '1_000', '.5', '5.', '.inf', '.nan', '123456789.5', 'TRUE', 'False', 'yes', 'off',
  '2024-01-01', '2024-01-01T10:00:00.10Z', '2024-01-01 10:00:00 +02:00', '1:20', 'plain text', '"quoted \\u00e9"', "'single'", 'null', '~', '""', '12345678901234567890123.5',
]

/** A document out of a seed: every spelling, in maps, in lists and twice in a list. */
function document(seed: number): string {
  const rotated = SPELLINGS.map((_, i) => SPELLINGS[(i * 7 + seed) % SPELLINGS.length] as string)
  const map = rotated.map((text, i) => `k${i}: ${text} # note ${i}`)
  const list = rotated.slice(0, 12).flatMap((text) => [`  - ${text}`, `  - ${text}`])
  return `${map.join('\n')}\nlist:\n${list.join('\n')}\nblock: |\n  two\n  lines ${seed}\ndrop: gone ${seed}\nchange: before ${seed}\n`
}

/** Nonces of a file's tokens; two tokens of one nonce must be one and the same ciphertext. */
function byNonce(text: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const [, data = '', iv = '', tag = '', type = ''] of text.matchAll(TOKEN)) {
    const content = `${type}:${data}:${tag}`
    if (found.has(iv)) expect({ iv, content: found.get(iv) }).toEqual({ iv, content })
    found.set(iv, content)
  }
  return found
}

function expectNoNonceReused(before: string, after: string): void {
  const old = byNonce(before)
  let kept = 0
  for (const [iv, content] of byNonce(after)) {
    const was = old.get(iv)
    if (was === undefined) continue
    kept++
    expect({ iv, content }).toEqual({ iv, content: was })
  }
  expect(kept).toBeGreaterThan(30)
}

describe.skipIf(realSops === undefined)('no two texts under one nonce (needs the real sops)', () => {
  it.each(['sops', 'waxseal'] as const)('after set, unset and edit by the real sops and by ours on files of %s', { timeout: 600_000 }, async (writer) => {
    const folder = testFolder()
    const editor = join(folder, 'editor.sh')
    writeFileSync(editor, '#!/bin/sh\nsed -i "s/plain text/changed text/" "$1"\n')
    chmodSync(editor, 0o755)
    await inParallel(Array.from({ length: 12 }, (_, i) => i), 2, async (seed) => {
      const plain = join(folder, `plain-${seed}.yaml`)
      writeFileSync(plain, document(seed))
      const encrypted = await run(built(writer), ['encrypt', '--age', AGE_RECIPIENT, plain], { cwd: folder, env })
      expect(encrypted.stderr).toBe('')
      const before = encrypted.stdout.toString()
      expect(before.includes('waxseal')).toBe(writer === 'waxseal')
      const inSops = [['set', 'F', '["change"]', '"after"'], ['unset', 'F', '["drop"]'], ['edit', 'F']]
      const native = [['set', 'F', 'change', '--stdin'], ['unset', 'F', 'drop'], ['unset', 'F', 'list[3]'], ['edit', 'F']]
      for (const [program, commands] of [[realSops as string, inSops], [built('sops'), inSops], [built('waxseal'), native]] as const) {
        for (const args of commands) {
          const file = join(folder, `${seed}-${args[0]}.yaml`)
          writeFileSync(file, before)
          const result = await run(program, args.map((arg) => (arg === 'F' ? file : arg)), { cwd: folder, env: { ...env, EDITOR: editor }, stdin: 'after' })
          expect({ args, stderr: result.stderr, status: result.status }).toEqual({ args, stderr: '', status: 0 })
          expectNoNonceReused(before, readFileSync(file, 'utf8'))
        }
      }
    })
  })
})
