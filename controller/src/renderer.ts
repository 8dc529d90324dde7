/**
 * Renders templates in a thread of its own, one SealedSecret's after the other: what a tenant writes there can be busy for seconds
 * and take memory, and neither the probes nor the lease of this process may wait for it. The thread starts with the first template,
 * and a new one after one that had to be ended.
 * @module
 */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { Turns } from '@waxseal/core'
import type { RenderTemplatesAsync } from '@waxseal/sealed'
import type { RenderAnswer, RenderTask } from './render-thread.ts'

/** Templates keep bounds of their own, which end sooner and tell more; one step of theirs can be long. */
const LONGEST_MS = 10_000
const MAX_HEAP_MB = 256
/** Beside this file, as source and when it is bundled. */
const THREAD = new URL(`./render-thread${extname(import.meta.url)}`, import.meta.url)

export interface RendererOptions {
  readonly longestMs?: number
  readonly maxHeapMb?: number
}

export class Renderer {
  readonly #longestMs: number
  readonly #maxHeapMb: number
  readonly #turns = new Turns(1)
  #thread: Worker | undefined

  constructor({ longestMs = LONGEST_MS, maxHeapMb = MAX_HEAP_MB }: RendererOptions = {}) {
    this.#longestMs = longestMs
    this.#maxHeapMb = maxHeapMb
  }

  /** Rejects with `failures` of single templates, or with what ended them all. */
  readonly render: RenderTemplatesAsync = (templates, values) =>
    this.#turns.run(async () => {
      // A view's copy would bring along all that its memory is shared with.
      const own = new Map([...values].map(([name, bytes]) => [name, Uint8Array.from(bytes)]))
      const answer = await this.#ask({ templates, values: own })
      if ('rendered' in answer) return answer.rendered
      throw Object.assign(new Error('templates failed'), { failures: answer.failures })
    })

  #ask(task: RenderTask): Promise<RenderAnswer> {
    const thread = (this.#thread ??= this.#start())
    thread.ref()
    return new Promise((resolve, reject) => {
      const end = (reason: string): void => {
        settle()
        this.#thread = undefined
        void thread.terminate()
        reject(new Error(reason))
      }
      const onMessage = (answer: RenderAnswer): void => {
        settle()
        thread.unref() // waiting for work must not keep the process
        resolve(answer)
      }
      const onError = (error: NodeJS.ErrnoException): void => end(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'the templates take too much memory' : 'the templates cannot be rendered')
      const timer = setTimeout(() => end('the templates take too long'), this.#longestMs)
      const settle = (): void => {
        clearTimeout(timer)
        thread.off('message', onMessage).off('error', onError)
      }
      thread.on('message', onMessage).on('error', onError)
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a browser's window
      thread.postMessage(task)
    })
  }

  #start(): Worker {
    const thread = new Worker(THREAD, { env: {}, resourceLimits: { maxOldGenerationSizeMb: this.#maxHeapMb } })
    thread.on('error', () => {}) // whoever waits for an answer is told
    return thread
  }
}
