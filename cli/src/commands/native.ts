/**
 * The native command line, under the names `waxseal` and `wax`: commander's grammar over the table of commands.
 * @module
 */
import { Command, CommanderError } from 'commander'
import { CodedError } from '@waxseal/core'
import { COMMANDS } from './index.ts'
import type { Context, Handler } from '../context.ts'
import { withInputLimit } from '../documents/input-limit.ts'
import { OptionValues, type NativeCommand } from '../native-command.ts'
import { WAXSEAL_VERSION } from '../waxseal-version.ts'

const GROUPS: Readonly<Record<NativeCommand['group'], string>> = { files: 'Files:', run: 'Run:', keys: 'Keys:', cluster: 'Cluster:', setup: 'Set-up:' }
const PERSONALITIES = '\nUnder other names:\n  waxseal sops ...      the command line of sops 3.13\n  waxseal kubeseal ...  the command line of kubeseal\n'

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]

export const native: Handler = async (args, context) => {
  let status = 0
  const program = new Command('waxseal')
    .description('Secrets in git, encrypted value by value; sealed for the cluster.')
    .version(WAXSEAL_VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help')
    .enablePositionalOptions()
    .addHelpText('after', PERSONALITIES)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: () => {}, // what is wrong comes back as an error, and is printed with all others
      getOutHasColors: () => false,
      getOutHelpWidth: () => 100,
    })
  for (const command of COMMANDS) {
    const { details, examples } = command
    const sub = program
      .command([command.name, command.arguments ?? ''].join(' ').trim())
      .summary(command.summary)
      .description(`${command.summary.charAt(0).toUpperCase()}${command.summary.slice(1)}.${details ? `\n\n${details}` : ''}`)
      .helpGroup(GROUPS[command.group])
      .addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}\n`)
    if (command.alias !== undefined) sub.alias(command.alias)
    for (const { flags, summary, isRepeatable, default: otherwise } of command.options) {
      if (isRepeatable) sub.option(flags, summary, collect)
      else sub.option(flags, summary, otherwise)
    }
    sub.action(async (...given: unknown[]) => {
      const positional = given.slice(0, -2).flat().filter((word): word is string => typeof word === 'string')
      const options = new OptionValues(given.at(-2) as Record<string, unknown>)
      await context.audit.start(context)
      const action = await command.load()
      status = await action(positional, options, withInputLimit(options.text('maxInput'), allowing(options.list('allow'), context)))
    })
  }
  if (args.length === 0) {
    context.stderr.write(program.helpInformation() + PERSONALITIES)
    return 1
  }
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return 0
    throw usageError(error, args)
  }
  return status
}

/** What `--allow` names is allowed as that of the environment is. */
function allowing(names: readonly string[], context: Context): Context {
  if (names.length === 0) return context
  return { ...context, env: { ...context.env, WAXSEAL_ALLOW: [...names, context.env['WAXSEAL_ALLOW'] ?? ''].join(',') } }
}

/** What the grammar says, without values of the command line: one of them may be a secret that does not belong there. */
function usageError({ code, message }: CommanderError, [name = '', topic = '']: readonly string[]): CodedError {
  const command = COMMANDS.find((each) => each.name === name || each.alias === name)
  const isUnknownHelp = code === 'commander.help' // `help NAME`: its message is none
  const [text = '', suggestion] = isUnknownHelp ? [`unknown command '${topic}'`] : message.replace(/^error: /, '').split('\n')
  const bare = text.replace(/( but got \d+): .*$/, '$1').replace(/'(-[^-'])[^']*'|'(--[^=']*)=[^']*'?/, "'$1$2'")
  const own = code === 'commander.excessArguments' ? command?.excessHint : code === 'commander.unknownOption' ? command?.optionHint : undefined
  return new CodedError('USAGE', bare, { hint: suggestion?.replace(/^\(|\)$/g, '') ?? own ?? `waxseal help${command ? ` ${command.name}` : ''}` })
}
