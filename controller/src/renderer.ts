/**
 * Renders templates in a process of its own, one SealedSecret's after the other: what a tenant writes there can be busy for seconds and
 * take memory, and neither the probes nor the lease of this process may wait for it, nor may it end with it. The other one starts
 * with the first template, and anew after it had to be ended.
 * @module
 */
import { fork, type ChildProcess } from 'node:child_process'
import { extname } from 'node:path'
import { CodedError, Turns } from '@waxseal/core'
import type { RenderTemplatesAsync } from '@waxseal/sealed'
import type { RenderAnswer, RenderTask } from './render-process.ts'

/** Templates keep bounds of their own, which end sooner and tell more; one step of theirs can be long. */
const LONGEST_MS = 20_000
/** A pod may have little more memory than the controller needs, and is ended as a whole when that ends. */
const MAX_HEAP_MB = 64
const MAX_SEMI_SPACE_MB = 2
/** Beside this file, as source and when it is bundled. */
const PROGRAM = new URL(`./render-process${extname(import.meta.url)}`, import.meta.url)

export interface RendererOptions {
  readonly longestMs?: number
  readonly maxHeapMb?: number
}

export class Renderer {
  readonly #options: Required<RendererOptions>
  readonly #turns = new Turns(1)
  #child: ChildProcess | undefined

  constructor({ longestMs = LONGEST_MS, maxHeapMb = MAX_HEAP_MB }: RendererOptions = {}) {
    this.#options = { longestMs, maxHeapMb }
  }

  /** Rejects with `failures` of single templates, with the bound that ended them all (TEMPLATE_FAILED), or with what is not theirs. */
  readonly render: RenderTemplatesAsync = (templates, values) =>
    this.#turns.run(async () => {
      const answer = await this.#ask({ templates, values })
      if ('rendered' in answer) return answer.rendered
      throw Object.assign(new Error('templates failed'), { failures: answer.failures })
    })

  #ask(task: RenderTask): Promise<RenderAnswer> {
    const child = (this.#child ??= this.#start())
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer)
        child.removeAllListeners()
      }
      const fail = (error: Error): void => {
        settle()
        this.#child = undefined
        child.on('error', () => {}).kill('SIGKILL')
        reject(error)
      }
      const timer = setTimeout(() => fail(new CodedError('TEMPLATE_FAILED', 'the templates take too long')), this.#options.longestMs)
      child.once('message', (answer) => {
        settle()
        child.once('exit', () => (this.#child = undefined)).on('error', () => {})
        resolve(answer as RenderAnswer)
      })
      child.once('error', fail)
      // V8 aborts where memory ends.
      child.once('exit', (_code, signal) => fail(signal === 'SIGABRT' ? new CodedError('TEMPLATE_FAILED', 'the templates take too much memory') : new Error('the process that renders templates has ended')))
      child.send(task)
    })
  }

  #start(): ChildProcess {
    const child = fork(PROGRAM, {
      serialization: 'advanced',
      env: {},
      execArgv: [`--max-old-space-size=${this.#options.maxHeapMb}`, `--max-semi-space-size=${MAX_SEMI_SPACE_MB}`],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    child.unref() // waiting for work must not keep this process; that one ends when nobody is left to ask it
    child.channel?.unref()
    return child
  }
}
