/**
 * A command line as the process runs it: what it throws is printed here, and becomes the exit status.
 * @module
 */
import { processContext, type Audit, type Handler } from './context.ts'
import { exitStatusOf } from './exit-status.ts'
import { printError } from './ui/print-error.ts'

export type Program = (args: readonly string[]) => Promise<number>

export function programOf(handler: Handler, audit?: Audit): Program {
  return async (args) => {
    const context = processContext(audit)
    try {
      return await handler(args, context)
    } catch (error) {
      printError(error, context)
      return exitStatusOf(error)
    }
  }
}
