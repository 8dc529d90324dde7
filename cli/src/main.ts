/**
 * The entry file: one program under the names `waxseal` (`wax`), `sops` and `kubeseal`. Only this file prints uncaught errors
 * and sets the exit status. Each personality is loaded when it is needed, and loads no more than its command does.
 * @module
 */
import { basename } from 'node:path'
import { processContext, type Context, type Handler } from './context.ts'
import { exitStatusOf } from './exit-status.ts'
import { printError } from './print-error.ts'

const PERSONALITIES: Readonly<Record<string, () => Promise<Handler>>> = {
  sops: async () => (await import('./sops/sops.ts')).sops,
  kubeseal: async () => (await import('./kubeseal/kubeseal.ts')).kubeseal,
}

const personality = (name: string): (() => Promise<Handler>) | undefined => (Object.hasOwn(PERSONALITIES, name) ? PERSONALITIES[name] : undefined)

/** `sops ...` and `waxseal sops ...` are the same. */
async function main(invokedAs: string, args: readonly string[], context: Context): Promise<number> {
  const own = personality(invokedAs.replace(/\.(?:exe|cmd|js|ts|mjs)$/, ''))
  if (own) return (await own())(args, context)
  const named = personality(args[0] ?? '')
  if (named) return (await named())(args.slice(1), context)
  return (await import('./native.ts')).native(args, context)
}

const context = processContext()
let status: number
try {
  status = await main(basename(process.argv[1] ?? 'waxseal'), process.argv.slice(2), context)
} catch (error) {
  printError(error, context)
  status = exitStatusOf(error)
}
// All output is written by now. A child or connection that is still there must not keep the process.
process.exit(status)
