/**
 * Help texts in the layout of urfave/cli v1: NAME, USAGE, COMMANDS, OPTIONS, with columns two blanks apart.
 * @module
 */
import { type Command, COMMANDS, GLOBAL_FLAGS, HELP_COMMAND } from './commands.ts'
import { type Flag, HELP_FLAG, VERSION_FLAG } from './flags.ts'
import { SOPS_VERSION } from '../sops-version.ts'

const INTRODUCTION = `sops [global options] FILE
   sops [global options] COMMAND [command options] [arguments...]

   Encrypts the values of YAML, JSON, dotenv and INI files, and whole binary files,
   and leaves keys and structure readable. A file's data key is wrapped by master keys:
   age, PGP, AWS KMS, GCP KMS, Azure Key Vault, HuaweiCloud KMS, Vault transit.

   Which keys a new file gets is told by flags, by the environment variables beside them
   below, or by the creation rules of a .sops.yaml in this folder or above. An encrypted
   file names its own keys.

   "sops FILE" opens FILE in $SOPS_EDITOR or $EDITOR and encrypts what was saved.
   Flags stand before FILE; behind it they are ignored with a warning.`

function rows(cells: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...cells.map(([left]) => left.length)) + 2
  return cells.map(([left, right]) => `   ${left.padEnd(width)}${right}`.trimEnd() + '\n').join('')
}

function flagRow(flag: Flag): readonly [string, string] {
  const names = flag.names.filter((name) => name !== undefined).map((name) => (name.length === 1 ? `-${name}` : `--${name}`) + (flag.kind === 'bool' ? '' : ' value'))
  const initially = flag.kind === 'int' ? ' (default: 0)' : ''
  return [names.join(', '), `${flag.usage}${initially}${flag.env ? ` [$${flag.env}]` : ''}`]
}

const commandRow = (command: Command): readonly [string, string] => [command === HELP_COMMAND ? 'help, h' : command.name, command.usage]

export function programHelp(): string {
  return `NAME:
   sops - edits files whose values are encrypted

USAGE:
   ${INTRODUCTION}

VERSION:
   ${SOPS_VERSION}

COMMANDS:
${rows([...COMMANDS, HELP_COMMAND].map(commandRow))}
GLOBAL OPTIONS:
${rows([...GLOBAL_FLAGS, HELP_FLAG, VERSION_FLAG].map(flagRow))}`
}

/** @param path - the commands above it, for example `sops groups` */
export function commandHelp(command: Command, path: string): string {
  const full = `${path} ${command.name}`
  if (command.commands) {
    const options = rows([HELP_FLAG].map(flagRow))
    const commands = rows([...command.commands, HELP_COMMAND].map(commandRow))
    return `NAME:\n   ${full} - ${command.usage}\n\nUSAGE:\n   ${full} command [command options] [arguments...]\n\nCOMMANDS:\n${commands}\nOPTIONS:\n${options}   \n`
  }
  const options = rows(command.flags.map(flagRow))
  return `NAME:\n   ${full} - ${command.usage}\n\nUSAGE:\n   ${full} [command options] ${command.args ?? '[arguments...]'}\n\nOPTIONS:\n${options}   \n`
}
