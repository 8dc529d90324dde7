/**
 * The program `sops`: finds the command, parses its flags as the reference does, and tells failures in its words.
 * @module
 */
import { CodedError } from '@waxseal/core'
import type { Context, Handler } from '../context.ts'
import { SOPS_VERSION } from '../sops-version.ts'
import { type Action, FatalError, type Invocation, SopsError } from './action.ts'
import { type Command, COMMANDS, findCommand, GLOBAL_FLAGS, HELP_COMMAND } from './commands.ts'
import { COMPLETION_WORD, FlagError, FlagValues, HELP_FLAG, reorder, VERSION_FLAG } from './flags.ts'
import { Log } from './log.ts'

const STATUS_NO_HELP_TOPIC = 3

export const sops: Handler = async (words, context) => {
  const log = new Log(context)
  try {
    await context.audit.start(context)
    return await runProgram(words, context, log)
  } catch (error) {
    if (error instanceof FlagError || error instanceof FatalError) {
      log.write('fatal', error.message)
      return 1
    }
    if (error instanceof SopsError) {
      context.stderr.write(`${error.message}\n`)
      return error.status
    }
    if (error instanceof CodedError && (error.code === 'AUDIT_FAILED' || error.code === 'AUDIT_INVALID')) {
      const { tellAuditFailure } = await import('./audit-log.ts')
      return tellAuditFailure(error, log)
    }
    if (error instanceof CodedError) {
      const { statusInSops, textInSops } = await import('./reference-text.ts')
      context.stderr.write(`${textInSops(error)}\n`)
      return statusInSops(error)
    }
    throw error
  }
}

async function runProgram(all: readonly string[], context: Context, log: Log): Promise<number> {
  const completing = all.at(-1) === COMPLETION_WORD
  const words = completing ? all.slice(0, -1) : all
  const flags = new FlagValues([...GLOBAL_FLAGS, HELP_FLAG, VERSION_FLAG], words, context.env)
  const command = findCommand(COMMANDS, flags.args[0])
  if (completing && (!command || flags.doubled)) return await printCandidates(words, undefined, context)
  if (flags.doubled) return await refuse(flags.doubled, `${flags.doubled.message}\n`, undefined, context)
  if (flags.error && !completing) return await refuse(flags.error, `Incorrect Usage. ${flags.error.message}\n\n`, undefined, context)
  if (flags.bool('help')) return await printHelp(undefined, 'sops', context)
  if (flags.bool('version')) {
    context.stdout.write(`sops ${SOPS_VERSION}\n`)
    return 0
  }
  const invocation: Invocation = { context, log, flags, globals: flags, args: flags.args, rules: rulesOnce(flags, context, log) }
  if (command) return await runCommand(command, 'sops', invocation, completing ? words : undefined)
  if (flags.bool('verbose')) log.beVerbose() // before a command it has no effect
  const { legacy } = await import('./legacy.ts')
  return await legacy(invocation)
}

function rulesOnce(globals: FlagValues, context: Context, log: Log): Invocation['rules'] {
  let loaded: ReturnType<Invocation['rules']> | undefined
  return () => (loaded ??= loadRules(globals, context, log))
}

async function loadRules(globals: FlagValues, context: Context, log: Log): ReturnType<Invocation['rules']> {
  const { readRuleFile, searchRuleFile } = await import('../settings/rules.ts')
  const given = globals.string('config')
  const { path, warning } = given === '' ? searchRuleFile(context) : { path: given, warning: undefined }
  if (warning !== undefined) log.warn(warning)
  if (path === undefined) return null
  try {
    return await readRuleFile(path, context)
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    const { configErrorText } = await import('./reference-text.ts')
    throw new SopsError(configErrorText(error), 1, error)
  }
}

/**
 * @param outer - its first argument is the command's name
 * @param completing - the whole command line, if candidates are asked for
 */
async function runCommand(command: Command, path: string, outer: Invocation, completing: readonly string[] | undefined): Promise<number> {
  const { context } = outer
  const known = [...command.flags, HELP_FLAG]
  const words = outer.args.slice(1)
  const flags = new FlagValues(known, command.commands ? words : reorder(known, words), context.env)
  const inner = command.commands ? findCommand(command.commands, flags.args[0]) : undefined
  if (completing && !inner) return await printCandidates(completing, command, context)
  if (flags.error && !completing) return await refuse(flags.error, `Incorrect Usage${command.commands ? '.' : ':'} ${flags.error.message}\n\n`, command, context, path)
  if (flags.doubled) return await refuse(flags.doubled, `Incorrect Usage: ${flags.doubled.message}\n\n`, command, context, path)
  if (flags.bool('help')) return await printHelp(command, path, context)
  if (command === HELP_COMMAND) return await helpFor(flags.args[0], COMMANDS, undefined, context)
  if (command.commands) {
    if (inner === HELP_COMMAND) return await helpFor(flags.args[1], command.commands, command, context)
    if (inner) return await runCommand(inner, `${path} ${command.name}`, { ...outer, args: flags.args }, completing)
    return await helpFor(flags.args[0], command.commands, command, context)
  }
  const action: Action | undefined = await command.load?.()
  if (!action) throw new TypeError(`command ${command.name} has no handler`)
  return await action({ ...outer, flags, args: flags.args })
}

async function helpFor(topic: string | undefined, commands: readonly Command[], parent: Command | undefined, context: Context): Promise<number> {
  if (!topic) return await printHelp(parent, 'sops', context) // an empty word names none
  const command = findCommand(commands, topic)
  if (!command) throw new SopsError(`No help topic for '${topic}'`, STATUS_NO_HELP_TOPIC)
  return await printHelp(command, parent ? `sops ${parent.name}` : 'sops', context)
}

async function printHelp(command: Command | undefined, path: string, context: Context): Promise<number> {
  const { commandHelp, programHelp } = await import('./help.ts')
  context.stdout.write(command ? commandHelp(command, path) : programHelp())
  return 0
}

async function printCandidates(words: readonly string[], command: Command | undefined, context: Context): Promise<number> {
  const { candidates } = await import('./completion.ts')
  context.stdout.write(candidates(words, command, context))
  return 0
}

/** Says what is wrong above the help, on standard output, then fails. */
async function refuse(error: FlagError, heading: string, command: Command | undefined, context: Context, path = 'sops'): Promise<never> {
  context.stdout.write(heading)
  await printHelp(command, path, context)
  throw error
}
