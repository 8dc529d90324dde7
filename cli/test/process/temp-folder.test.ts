import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { testFolder } from '../test-context.ts'

const SOURCES = join(import.meta.dirname, '../../src')

/** A process that holds a private folder with a file in it until it is told to end, and the path of that folder. */
async function holder(parent: string): Promise<{ child: ReturnType<typeof spawn>; folder: string; ended: Promise<number | null> }> {
  const script = `
    import { writeFileSync } from 'node:fs'
    import { processContext } from ${JSON.stringify(join(SOURCES, 'context.ts'))}
    import { withPrivateFolder } from ${JSON.stringify(join(SOURCES, 'process/temp-folder.ts'))}
    const hold = (folder) => {
      writeFileSync(folder + '/plain', 'plaintext')
      console.log(folder)
      return new Promise((resolve) => process.stdin.once('data', resolve))
    }
    try { await withPrivateFolder(processContext(), 'held-', hold); process.exit(0) } catch (error) { process.exit(error.code === 'CANCELED' ? 7 : 8) }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { env: { ...process.env, TMPDIR: parent }, stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve))
  const folder = await new Promise<string>((resolve) => child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim())))
  return { child, folder, ended }
}

async function isGone(path: string): Promise<boolean> {
  for (let tries = 0; tries < 200 && existsSync(path); tries++) await delay(20)
  return !existsSync(path)
}

describe('withPrivateFolder', () => {
  it('removes the folder when the work is done', async () => {
    const parent = testFolder()
    const { child, folder, ended } = await holder(parent)
    expect(readdirSync(folder)).toEqual(['plain'])
    child.stdin?.write('\n')
    expect(await ended).toBe(0)
    expect(readdirSync(parent)).toEqual([])
  })

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('removes it and tells of the cancellation at %s', async (signal) => {
    const { child, folder, ended } = await holder(testFolder())
    child.kill(signal)
    expect(await ended).toBe(7)
    expect(existsSync(folder)).toBe(false)
  })

  it('leaves no plaintext behind a process that is killed', async () => {
    const { child, folder, ended } = await holder(testFolder())
    child.kill('SIGKILL')
    expect(await ended).toBeNull()
    expect(await isGone(folder)).toBe(true)
  })
})
