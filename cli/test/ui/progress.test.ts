import { describe, expect, it } from 'vitest'
import type { Context } from '../../src/context.ts'
import { clearProgress, hideProgress, Progress } from '../../src/ui/progress.ts'
import { forEachFile } from '../../src/documents/secret-tree.ts'
import { runHandler, testFolder } from '../test-context.ts'

interface Change {
  readonly isTerminal?: boolean
  readonly env?: Readonly<Record<string, string>>
}

/** What stands on a terminal after some work. Each piece of it takes 300 ms. */
async function screenOf(change: Change, work: (context: Context, piece: () => Promise<void>) => Promise<void>): Promise<string> {
  let nowMs = 0
  let screen = ''
  await runHandler(
    async (_, context) => {
      const stderr = { isTerminal: change.isTerminal ?? true, write: (data: string | Uint8Array) => void (screen += String(data)) }
      await work({ ...context, now: () => new Date(nowMs), stderr }, async () => void (nowMs += 300))
      return 0
    },
    [],
    { cwd: testFolder(), ...(change.env && { env: change.env }) },
  )
  return screen
}

describe('progress', () => {
  it('shows once work on many files takes a while, and is taken away', async () => {
    const screen = await screenOf({}, async (context, piece) => void (await forEachFile(['a', 'b', 'c'], context, piece)))
    expect(screen).toBe('1 of 3 files\u001B[K\r\u001B[K')
  })

  it('is taken away when the work fails', async () => {
    const screen = await screenOf({}, async (context, piece) => {
      const working = forEachFile(['a', 'b', 'c'], context, async (file) => {
        await piece()
        if (file === 'c') throw new Error('cannot do c')
      })
      await expect(working).rejects.toThrow('cannot do c')
    })
    expect(screen.endsWith(' of 3 files\u001B[K\r\u001B[K')).toBe(true)
  })

  it.each([
    ['there is no terminal', { isTerminal: false }, 3],
    ['the terminal can do nothing', { env: { TERM: 'dumb' } }, 3],
    ['it would tell of one file', {}, 1],
  ] as const)('is not shown where %s', async (_, change, count) => {
    const screen = await screenOf(change, async (context, piece) => {
      const progress = new Progress(context, count)
      for (let times = 0; times < 5; times++) {
        await piece()
        progress.advance()
      }
      clearProgress()
    })
    expect(screen).toBe('')
  })

  it('leaves the terminal to whoever asks something', async () => {
    const screen = await screenOf({}, async (context, piece) => {
      const progress = new Progress(context, 9)
      let show = (): void => {}
      for (let done = 1; done <= 4; done++) {
        await piece()
        progress.advance()
        if (done === 2) show = hideProgress()
        if (done === 3) show()
      }
      clearProgress()
    })
    expect(screen).toBe('2 of 9 files\u001B[K\r\u001B[K4 of 9 files\u001B[K\r\u001B[K')
  })
})
