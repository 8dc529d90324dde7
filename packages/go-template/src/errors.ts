/**
 * What can go wrong with a template. Messages have Go's wording behind the stage: `parse template: NAME:LINE: ...`,
 * `execute template: NAME:LINE:COLUMN: executing "NAME" at <NODE>: ...`. Like Go's they may quote literals of the template, and `fail`
 * says what it is given.
 * @module
 */

export class TemplateError extends Error {
  override readonly name = 'TemplateError'
  readonly stage: 'parse' | 'execute'

  constructor(stage: 'parse' | 'execute', message: string) {
    super(`${stage} template: ${message}`)
    this.stage = stage
  }
}

/** Some of several templates failed. */
export class TemplatesError extends Error {
  override readonly name = 'TemplatesError'
  /** By template; Go's own words, `template: NAME:LINE: ...`. */
  readonly failures: ReadonlyMap<string, string>

  constructor(errors: ReadonlyMap<string, TemplateError>) {
    super([...errors.values()].map(({ message }) => message).join('\n'))
    this.failures = new Map([...errors].map(([key, { message, stage }]) => [key, message.slice(`${stage} `.length)]))
  }
}

/** Thrown by functions; the evaluator says where. The text is Go's. */
export class FunctionError extends Error {}

/** A bound was reached: time, output, memory. Not an error of Go's; it ends the whole rendering. */
export class LimitError extends Error {}
