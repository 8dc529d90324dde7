/**
 * Completion scripts, made from the table of commands: commands, their options, what options and first arguments can be, and files.
 * @module
 */
import { CodedError } from '@waxseal/core'
import type { NativeAction, NativeCommand, NativeOption } from '../native-command.ts'

const NAMES = ['waxseal', 'wax'] as const
/** Placeholders of values that are paths. */
const PATHS: readonly string[] = ['file', 'source']
const HELP = { names: ['-h', '--help'], summary: 'print help', isRepeatable: false, value: undefined }

interface Option {
  /** The long one last. */
  readonly names: readonly string[]
  readonly summary: string
  readonly isRepeatable: boolean
  /** What stands behind it. */
  readonly value: { readonly name: string; readonly isPath: boolean; readonly choices: readonly string[] } | undefined
}

interface Completed {
  readonly names: readonly string[]
  readonly summary: string
  readonly options: readonly Option[]
  /** What the word behind its name can be. */
  readonly choices: readonly string[]
  readonly takesFiles: boolean
}

function optionOf({ flags, summary, choices = [], isRepeatable = false }: NativeOption): Option {
  const [, short, long = '', name] = /^(?:(-\w), )?(--[a-z-]+)(?: <([a-z]+)>)?$/.exec(flags) ?? []
  return { names: short === undefined ? [long] : [short, long], summary, isRepeatable, value: name === undefined ? undefined : { name, isPath: PATHS.includes(name), choices } }
}

function completed({ name, alias, summary, options, arguments: args, choices = [] }: NativeCommand): Completed {
  const more = (args?.split(' ').length ?? 0) - Math.min(choices.length, 1)
  return { names: alias === undefined ? [name] : [name, alias], summary, options: [...options.map(optionOf), HELP], choices, takesFiles: more > 0 }
}

/** All that can be the first word. */
function everyCommand(commands: readonly Completed[]): readonly Completed[] {
  const other = { options: [], choices: [], takesFiles: true }
  return [
    ...commands,
    { ...other, names: ['sops'], summary: 'the command line of sops 3.13' },
    { ...other, names: ['kubeseal'], summary: 'the command line of kubeseal' },
    { names: ['help'], summary: 'print help', options: [], choices: commands.flatMap(({ names }) => names), takesFiles: false },
  ]
}

const longNames = ({ options }: Completed): readonly string[] => options.flatMap(({ names }) => names.slice(-1))

/** Files are what bash itself offers where the function has nothing, unless it is told not to. */
function bash(commands: readonly Completed[]): string {
  const valueCase = ({ names, value }: Option): readonly string[] =>
    value === undefined ? [] : [`        ${names.join('|')}) is_value=1 offer="${value.choices.join(' ')}" files=${value.isPath ? '1' : ''} ;;`]
  const branch = (command: Completed): string => {
    const values = command.options.flatMap(valueCase)
    return [
      `    ${command.names.join('|')})`,
      `      flags="${longNames(command).join(' ')}" first="${command.choices.join(' ')}" files=${command.takesFiles ? '1' : ''}`,
      ...(values.length > 0 ? ['      case "$before" in', ...values, '      esac'] : []),
      '      ;;',
    ].join('\n')
  }
  return `_waxseal() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD - 1]}" flags="" first="" offer="" files="" is_value=""
  [ "$before" = = ] && before="\${COMP_WORDS[COMP_CWORD - 2]}"
  [ "$word" = = ] && word=""
  case "\${COMP_WORDS[1]}" in
${commands.map(branch).join('\n')}
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then
    offer="${commands.flatMap(({ names }) => names).join(' ')}" files=
  elif [ -z "$is_value" ]; then
    case "$word" in
      -*) offer="$flags" files= ;;
      *) [ "$COMP_CWORD" -eq 2 ] && [ -n "$first" ] && offer="$first" files= ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$offer" -- "$word"))
  [ -n "$files" ] || compopt +o default 2> /dev/null
}
complete -o default -F _waxseal ${NAMES.join(' ')}
`
}

function zsh(commands: readonly Completed[]): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
  const escaped = (text: string): string => text.replaceAll(/[\\:[\]]/g, '\\$&')
  const words = (list: readonly string[]): string => `(${list.join(' ')})`
  const specs = ({ names, summary, isRepeatable, value }: Option): readonly string[] => {
    const behind = value && `:${value.name}:${value.isPath ? '_files' : value.choices.length > 0 ? words(value.choices) : ' '}`
    return names.map((name) => quoted(`${isRepeatable ? '*' : words(names)}${name}${behind && name.startsWith('--') ? '=' : ''}[${escaped(summary)}]${behind ?? ''}`))
  }
  const branch = ({ names, options, choices, takesFiles }: Completed): string => {
    const args = ['1: :', ...(choices.length > 0 ? [`2:what:${words(choices)}`] : []), ...(takesFiles ? ['*:file:_files'] : [])]
    return `    ${names.join('|')})\n      _arguments -S \\\n${[...options.flatMap(specs), ...args.map(quoted)].map((spec) => `        ${spec}`).join(' \\\n')}\n      ;;`
  }
  return `#compdef ${NAMES.join(' ')}
_waxseal() {
  local -a commands
  commands=(
${commands.flatMap(({ names, summary }) => names.map((name) => `    ${quoted(`${name}:${summary}`)}`)).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case $words[2] in
${commands.map(branch).join('\n')}
  esac
}
if [ "$funcstack[1]" = _waxseal ]; then
  _waxseal "$@"
else
  compdef _waxseal ${NAMES.join(' ')}
fi
`
}

function fish(commands: readonly Completed[]): string {
  const quoted = (text: string): string => `'${text.replaceAll(/[\\']/g, '\\$&')}'`
  const name = NAMES[0]
  const valueOf = ({ value }: Option): string => (value === undefined ? '' : value.isPath ? ' -rF' : ` -x${value.choices.length > 0 ? ` -a ${quoted(value.choices.join(' '))}` : ''}`)
  const lines = (command: Completed): readonly string[] => {
    const inCommand = `complete -c ${name} -n ${quoted(`__waxseal_in ${command.names.join(' ')}`)}`
    const asFirst = `complete -c ${name} -n ${quoted(`__waxseal_in ${command.names.join(' ')}; and __waxseal_at 2`)}`
    return [
      ...command.names.map((word) => `complete -c ${name} -n '__waxseal_at 1' -f -a ${word} -d ${quoted(command.summary)}`),
      ...command.options.map((option) => `${inCommand}${option.names.map((each) => (each.startsWith('--') ? ` -l ${each.slice(2)}` : ` -s ${each.slice(1)}`)).join('')}${valueOf(option)} -d ${quoted(option.summary)}`),
      ...(command.choices.length > 0 ? [`${asFirst} -f -a ${quoted(command.choices.join(' '))}`] : []),
      ...(command.takesFiles ? [] : [`${inCommand} -f`]),
    ]
  }
  return `function __waxseal_in
  set -l words (commandline -opc)
  contains -- "$words[2]" $argv
end
function __waxseal_at
  test (count (commandline -opc)) -eq $argv[1]
end
${commands.flatMap(lines).join('\n')}
${NAMES.slice(1).map((other) => `complete -c ${other} -w ${name}`).join('\n')}
`
}

/** Files are what PowerShell itself offers where the block has nothing. */
function powershell(commands: readonly Completed[]): string {
  const table = (listOf: (command: Completed) => readonly string[]): string =>
    commands.flatMap((command) => command.names.map((name) => `    '${name}' = @(${listOf(command).map((word) => `'${word}'`).join(', ')})`)).join('\n')
  return `Register-ArgumentCompleter -Native -CommandName ${NAMES.join(', ')} -ScriptBlock {
  param($word, $ast, $position)
  $flags = @{
${table(longNames)}
  }
  $choices = @{
${table(({ choices }) => choices)}
  }
  $words = @($ast.CommandElements | ForEach-Object { $_.ToString() })
  $before = if ($word -eq '') { $words.Count } else { $words.Count - 1 }
  $candidates = if ($before -eq 1) { $flags.Keys } elseif ($word -like '-*') { $flags[$words[1]] } elseif ($before -eq 2) { $choices[$words[1]] }
  $candidates | Where-Object { $_ -and $_ -like "$word*" } | Sort-Object | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
}
`
}

const SCRIPTS: Readonly<Record<string, (commands: readonly Completed[]) => string>> = { bash, zsh, fish, powershell }

/** @param commands - the table to complete, which holds this command, too */
export const completionOf = (commands: readonly NativeCommand[]): NativeAction => async ([shell = ''], _options, context) => {
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined
  if (!script) throw new CodedError('USAGE', `there is no completion for ${JSON.stringify(shell)}`, { hint: `one of ${Object.keys(SCRIPTS).join(', ')}` })
  context.stdout.write(script(everyCommand(commands.map(completed))))
  return 0
}
