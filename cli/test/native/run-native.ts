/**
 * Native commands as the program runs them, inside the test: errors are printed and become a status.
 * @module
 */
import { exitStatusOf } from '../../src/exit-status.ts'
import type { Handler } from '../../src/context.ts'
import { native } from '../../src/commands/native.ts'
import { printError } from '../../src/ui/print-error.ts'
import { AGE_KEY_FILE, runHandler, type Ended, type RunOptions } from '../test-context.ts'

const program: Handler = async (args, context) => {
  try {
    return await native(args, context)
  } catch (error) {
    printError(error, context)
    return exitStatusOf(error)
  }
}

/** With the identity of `AGE_RECIPIENT`, unless `env` says otherwise. */
export function waxseal(args: readonly string[], options: RunOptions): Promise<Ended> {
  return runHandler(program, args, { ...options, env: { SOPS_AGE_KEY_FILE: AGE_KEY_FILE, ...options.env } })
}
