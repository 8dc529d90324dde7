/**
 * One template: parsed once, executed with data, within bounds.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { LimitError, TemplateError } from './errors.ts'
import { execute } from './evaluate.ts'
import { BUILTINS } from './functions/builtins.ts'
import { COLLECTIONS } from './functions/collections.ts'
import { CRYPTO } from './functions/crypto.ts'
import { DATES } from './functions/dates.ts'
import { ENCODING } from './functions/encoding.ts'
import { NUMBERS } from './functions/numbers.ts'
import { PATHS } from './functions/paths.ts'
import { REGEXES } from './functions/regexes.ts'
import { STRINGS } from './functions/strings.ts'
import { URLS } from './functions/urls.ts'
import { VERSIONS } from './functions/versions.ts'
import { WORDS } from './functions/words.ts'
import type { Body } from './nodes.ts'
import { parse } from './parser.ts'
import type { Budget, GoFunction } from './signature.ts'
import { bytesOf, type GoValue } from './values.ts'

export interface Limits {
  readonly outputBytes: number
  readonly timeMs: number
  /** Statements, commands and loop rounds. */
  readonly steps: number
  readonly sourceBytes: number
}

/** A Secret holds a mebibyte; a template that needs more than this is a mistake or an attack. Three derived passwords take two seconds. */
export const DEFAULT_LIMITS: Limits = { outputBytes: 2 << 20, timeMs: 5000, steps: 2_000_000, sourceBytes: 2 << 20 }

/** sprig's later functions win over Go's of the same name (`slice`). */
const FUNCTIONS: ReadonlyMap<string, GoFunction> = new Map(
  [BUILTINS, STRINGS, WORDS, COLLECTIONS, NUMBERS, ENCODING, DATES, PATHS, REGEXES, VERSIONS, URLS, CRYPTO].flatMap((group) => Object.entries(group)),
)

/** One for everything that is rendered together. What is over stays over. */
export class Meter implements Budget {
  #over: LimitError | undefined
  #steps: number
  #made: number
  readonly #limits: Limits
  readonly #deadline: number

  constructor(limits: Limits) {
    this.#limits = limits
    this.#steps = limits.steps
    this.#made = limits.outputBytes * 32
    this.#deadline = performance.now() + limits.timeMs
  }

  tick = (steps = 1): void => {
    if (this.#over) throw this.#over
    const before = this.#steps
    this.#steps -= steps
    if (this.#steps < 0) this.#end('the template takes too many steps')
    // The clock is read every 1,024 steps.
    if (before >> 10 !== this.#steps >> 10 && performance.now() > this.#deadline) this.#end('the template takes too long')
  }

  allow = (size: number): void => {
    this.#made -= size
    if (size > this.#limits.outputBytes * 4 || this.#made < 0) this.#end('the template makes too much text')
  }

  #end(reason: string): never {
    this.#over = new LimitError(reason)
    throw this.#over
  }
}

export class Template {
  readonly name: string
  readonly #source: string
  readonly #bodies: ReadonlyMap<string, Body>

  private constructor(name: string, source: string, bodies: ReadonlyMap<string, Body>) {
    this.name = name
    this.#source = source
    this.#bodies = bodies
  }

  /** @throws TemplateError of stage `parse` */
  static parse(name: string, text: string, limits: Limits = DEFAULT_LIMITS): Template {
    const source = bytesOf(text)
    if (source.length > limits.sourceBytes) throw new TemplateError('parse', `${name}:1: the template is too long`)
    return new Template(name, source, parse(name, source, (fn) => FUNCTIONS.has(fn)))
  }

  /**
   * @param data - see values.ts
   * @param budget - shared by templates that are rendered together
   * @returns the output's bytes
   * @throws TemplateError of stage `execute`; nothing is returned of a template that fails
   */
  execute(data: GoValue, limits: Limits = DEFAULT_LIMITS, budget: Budget = new Meter(limits)): Uint8Array {
    const parts: string[] = []
    let size = 0
    try {
      execute(
        {
          name: this.name,
          source: this.#source,
          bodies: this.#bodies,
          functions: FUNCTIONS,
          environment: { budget, now: () => new Date(), random: randomBytes },
          write: (text) => {
            size += text.length
            if (size > limits.outputBytes) throw new LimitError('the output is too large')
            parts.push(text)
          },
        },
        data,
      )
    } catch (error) {
      if (error instanceof LimitError) throw new TemplateError('execute', `${this.name}: ${error.message}`)
      if (error instanceof RangeError) throw new TemplateError('execute', `${this.name}: ${/call stack/.test(error.message) ? 'the template is nested too deeply' : 'a value is too large'}`)
      throw error
    }
    return Buffer.from(parts.join(''), 'latin1')
  }
}
