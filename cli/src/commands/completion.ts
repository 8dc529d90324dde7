/**
 * Completion scripts, made from the table of commands.
 * @module
 */
import { CodedError } from '@waxseal/core'
import type { NativeAction, NativeCommand } from '../native-command.ts'
import { COMMANDS } from './index.ts'

const NAMES = ['waxseal', 'wax'] as const

function longFlags({ options }: NativeCommand): string[] {
  return [...options.flatMap(({ flags }) => /--[a-z-]+/.exec(flags)?.[0] ?? []), '--help']
}

const namesOf = ({ name, alias }: NativeCommand): string[] => [name, ...(alias === undefined ? [] : [alias])]

const words = (): string => [...COMMANDS.flatMap(namesOf), 'sops', 'kubeseal', 'help'].join(' ')

function bash(): string {
  const cases = COMMANDS.map((command) => `    ${namesOf(command).join('|')}) flags="${longFlags(command).join(' ')}" choices="${command.choices?.join(' ') ?? ''}" ;;`).join('\n')
  return `_waxseal() {
  local word="\${COMP_WORDS[COMP_CWORD]}" flags="" choices=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${words()}" -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases}
    help) choices="${COMMANDS.map(({ name }) => name).join(' ')}" ;;
  esac
  case "$word" in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$word")) ;;
    *)
      if [ "$COMP_CWORD" -eq 2 ] && [ -n "$choices" ]; then
        COMPREPLY=($(compgen -W "$choices" -- "$word"))
      else
        COMPREPLY=($(compgen -f -- "$word"))
      fi
      ;;
  esac
}
complete -o filenames -F _waxseal ${NAMES.join(' ')}
`
}

function zsh(): string {
  const quoted = (text: string): string => text.replaceAll("'", "'\\''").replaceAll(':', '\\:')
  const list = COMMANDS.flatMap((command) => namesOf(command).map((name) => `    '${name}:${quoted(command.summary)}'`)).join('\n')
  const cases = COMMANDS.map((command) => {
    const choices = command.choices === undefined ? '' : `'2:action:(${command.choices.join(' ')})' `
    return `    ${namesOf(command).join('|')}) _arguments ${longFlags(command).map((flag) => `'${flag}'`).join(' ')} '1: :' ${choices}'*:file:_files' ;;`
  }).join('\n')
  return `#compdef ${NAMES.join(' ')}
_waxseal() {
  local -a commands
  commands=(
${list}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case $words[2] in
${cases}
  esac
}
if [ "$funcstack[1]" = _waxseal ]; then
  _waxseal "$@"
else
  compdef _waxseal ${NAMES.join(' ')}
fi
`
}

function fish(): string {
  const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  return NAMES.flatMap((name) => [
    ...COMMANDS.flatMap((command) => namesOf(command).map((word) => `complete -c ${name} -n __fish_use_subcommand -f -a ${word} -d ${quoted(command.summary)}`)),
    ...COMMANDS.flatMap((command) => {
      const condition = `-n '__fish_seen_subcommand_from ${namesOf(command).join(' ')}'`
      const options = command.options.flatMap(({ flags, summary }) => {
        const long = /--([a-z-]+)/.exec(flags)?.[1]
        const short = /^-([a-zA-Z]),/.exec(flags)?.[1]
        return long ? [`complete -c ${name} ${condition} -l ${long}${short ? ` -s ${short}` : ''} -d ${quoted(summary)}`] : []
      })
      return [...options, ...(command.choices ?? []).map((choice) => `complete -c ${name} ${condition} -a ${choice}`)]
    }),
  ]).join('\n') + '\n'
}

function powershell(): string {
  const table = (listOf: (command: NativeCommand) => readonly string[]): string =>
    COMMANDS.flatMap((command) => namesOf(command).map((name) => `    '${name}' = @(${listOf(command).map((word) => `'${word}'`).join(', ')})`)).join('\n')
  return `Register-ArgumentCompleter -Native -CommandName ${NAMES.join(', ')} -ScriptBlock {
  param($word, $ast, $position)
  $flags = @{
${table(longFlags)}
  }
  $choices = @{
${table(({ choices = [] }) => choices)}
  }
  $words = @($ast.CommandElements | ForEach-Object { $_.ToString() })
  if ($words.Count -lt 2 -or ($words.Count -eq 2 -and $word -ne '')) {
    $candidates = '${words()}' -split ' '
  } elseif ($words.Count -lt 3 -or ($words.Count -eq 3 -and $word -ne '')) {
    $candidates = @($choices[$words[1]]) + @($flags[$words[1]])
  } else {
    $candidates = $flags[$words[1]]
  }
  $candidates | Where-Object { $_ -like "$word*" } | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
}
`
}

const SCRIPTS: Readonly<Record<string, () => string>> = { bash, zsh, fish, powershell }

export const completion: NativeAction = async ([shell = ''], _options, context) => {
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined
  if (!script) throw new CodedError('USAGE', `there is no completion for ${JSON.stringify(shell)}`, { hint: `one of ${Object.keys(SCRIPTS).join(', ')}` })
  context.stdout.write(script())
  return 0
}
