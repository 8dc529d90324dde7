/**
 * What the program answers a completion script that asks it for candidates.
 * @module
 */
import type { Context } from '../context.ts'
import { type Command, COMMANDS, GLOBAL_FLAGS } from './commands.ts'
import { type Flag, HELP_FLAG, VERSION_FLAG } from './flags.ts'

/**
 * Candidates for the word that is being written. After a word that begins with `-` they are flags, else commands.
 * @param words - the whole command line, without the completion word
 * @param command - the command that is being completed; none at the top
 */
export function candidates(words: readonly string[], command: Command | undefined, context: Context): string {
  const last = words.at(-1) ?? ''
  if (last.startsWith('-')) {
    const flags = [...GLOBAL_FLAGS, HELP_FLAG, VERSION_FLAG, ...(command?.flags ?? [])]
    return flags.flatMap((flag) => flagCandidates(flag, last, words)).join('')
  }
  const offered = command ? (command.commands ?? []) : COMMANDS
  const describe = context.env['_CLI_ZSH_AUTOCOMPLETE_HACK'] === '1'
  const withHelp = command && !command.commands ? [] : ['help', 'h'].map((name) => ({ name, usage: 'Show a list of commands, or help for one of them' }))
  return [...offered, ...withHelp].map(({ name, usage }) => (describe ? `${name}:${usage}\n` : `${name}\n`)).join('')
}

function flagCandidates(flag: Flag, last: string, words: readonly string[]): string[] {
  const names = flag.names.filter((name) => name !== undefined)
  const dashed = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`)
  if (names.some((name) => words.includes(dashed(name)))) return []
  const begun = last.replace(/^--?/, '')
  return names
    .filter((name) => name.startsWith(begun) && name !== begun && !(last.startsWith('--') && name.length === 1))
    .map((name) => `${dashed(name)}\n`)
}
