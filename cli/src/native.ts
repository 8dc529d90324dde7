/**
 * The native command line, under the names `waxseal` and `wax`.
 * @module
 */
import { CodedError } from '@waxseal/core'
import type { Handler } from './context.ts'

export const native: Handler = async (args) => {
  throw new CodedError('USAGE', `unknown command: ${args[0] ?? '(none)'}`, { hint: 'waxseal sops --help' })
}
