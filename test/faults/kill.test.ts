import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { AGE_KEY_FILE, AGE_RECIPIENT, built, finished, inParallel, run, start, testFolder } from '../programs.ts'

/** A fixed sample in everyday runs, all thousand in CI. */
const KILLS = process.env['CI'] === 'true' ? 1000 : 90
/** Below the working folder of each run. */
const TEMPORARY = 'temporary'
const env = { SOPS_AGE_KEY_FILE: AGE_KEY_FILE, TMPDIR: TEMPORARY }
const sops = built('sops')

const plain = `# settings\n${Array.from({ length: 400 }, (_, i) => `key${i}: value number ${i} # note ${i}`).join('\n')}\n`
const edited = plain.replace('value number 7 ', 'another value ')

/** Small, fast and good enough to spread the kills: a linear congruential generator with a fixed seed. */
function* delays(seed: number, spanMs: number): Generator<number, never> {
  for (;;) {
    seed = (seed * 1103515245 + 12345) % 2147483648
    yield (seed / 2147483648) * spanMs
  }
}

async function killed(args: readonly string[], folder: string, afterMs: number, editor?: string): Promise<void> {
  const child = start(sops, args, { cwd: folder, env: editor ? { ...env, EDITOR: editor } : env })
  const timer = setTimeout(() => child.kill('SIGKILL'), afterMs)
  await finished(child)
  clearTimeout(timer)
}

async function spanOf(args: readonly string[], folder: string, editor?: string): Promise<number> {
  const started = performance.now()
  const result = await run(sops, args, { cwd: folder, env: editor ? { ...env, EDITOR: editor } : env })
  expect(result.stderr).toBe('')
  expect(result.status).toBe(0)
  return (performance.now() - started) * 1.3
}

describe(`kill -9 at a random moment, ${KILLS} times`, () => {
  it('leaves the old or the new file, whole, during encrypt -i, set and edit, and no temporary folder', { timeout: 1_200_000 }, async () => {
    const folder = testFolder()
    mkdirSync(join(folder, TEMPORARY))
    const write = (name: string, text: string | Uint8Array): void => writeFileSync(join(folder, name), text)
    const editor = join(folder, 'editor.sh')
    writeFileSync(editor, '#!/bin/sh\nsed -i "s/value number 7 /another value /" "$1"\n')
    chmodSync(editor, 0o755)
    write('secret.yaml', plain)
    const encrypted = (await run(sops, ['encrypt', '--age', AGE_RECIPIENT, 'secret.yaml'], { cwd: folder, env })).stdout
    expect(encrypted.length).toBeGreaterThan(plain.length)

    const jobs = [
      { old: Buffer.from(plain), args: (f: string) => ['encrypt', '--age', AGE_RECIPIENT, '-i', f], reads: plain, editor: undefined },
      { old: encrypted, args: (f: string) => ['set', f, '["key7"]', '"another value"'], reads: edited, editor: undefined },
      { old: encrypted, args: (f: string) => ['edit', f], reads: edited, editor },
    ]
    let kept = 0
    let replaced = 0
    for (const job of jobs) {
      write('probe.yaml', job.old)
      const delay = delays(20_261, await spanOf(job.args('probe.yaml'), folder, job.editor))
      const rounds = Array.from({ length: Math.ceil(KILLS / jobs.length) }, () => delay.next().value)
      await inParallel(rounds, 2, async (afterMs, round) => {
        const name = `round-${round}.yaml`
        write(name, job.old)
        await killed(job.args(name), folder, afterMs, job.editor)
        const now = readFileSync(join(folder, name))
        if (now.equals(job.old)) {
          kept++
          return
        }
        replaced++
        const opened = await run(sops, ['decrypt', name], { cwd: folder, env })
        expect({ round, afterMs, status: opened.status, stderr: opened.stderr }).toEqual({ round, afterMs, status: 0, stderr: '' })
        expect(opened.stdout.toString()).toBe(job.reads)
      })
    }
    // Both outcomes must have been seen, else the kills came too early or too late to show anything.
    expect(kept).toBeGreaterThan(0)
    expect(replaced).toBeGreaterThan(0)
    await vi.waitFor(() => expect(readdirSync(join(folder, TEMPORARY))).toEqual([]), { timeout: 60_000 })
    for (const name of readdirSync(folder).filter((n) => n.includes('.tmp'))) {
      expect(readFileSync(join(folder, name)).includes('value number 7 ')).toBe(false)
    }
  })
})
