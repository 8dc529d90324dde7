/**
 * The entry file: one program under the names `waxseal` (`wax`), `sops` and `kubeseal`. Each of the three is built as one file, and no
 * other than the one that is asked for is read: many small files cost a start more than what is in them.
 * @module
 */
import { basename } from 'node:path'
import type { Program } from './program.ts'

const PERSONALITIES: Readonly<Record<string, () => Promise<{ readonly main: Program }>>> = {
  sops: () => import('./sops/main.ts'),
  kubeseal: () => import('./kubeseal/main.ts'),
}

const isPersonality = (name: string): boolean => Object.hasOwn(PERSONALITIES, name)

/** `sops ...` and `waxseal sops ...` are the same. */
async function start(invokedAs: string, args: readonly string[]): Promise<number> {
  const own = invokedAs.replace(/\.(?:exe|cmd|js|ts|mjs)$/, '')
  const [name, rest] = isPersonality(own) ? [own, args] : [args[0] ?? '', args.slice(1)]
  if (isPersonality(name)) return (await PERSONALITIES[name]!()).main(rest)
  return (await import('./commands/main.ts')).main(args)
}

// All output is written by then. A child or connection that is still there must not keep the process.
void start(basename(process.argv[1] ?? 'waxseal'), process.argv.slice(2)).then((status) => process.exit(status))
