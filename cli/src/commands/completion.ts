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

const words = (): string => [...COMMANDS.map((command) => command.name), 'sops', 'kubeseal', 'help'].join(' ')

function bash(): string {
  const cases = COMMANDS.map((command) => `    ${command.name}) flags="${longFlags(command).join(' ')}" ;;`).join('\n')
  return `_waxseal() {
  local word="\${COMP_WORDS[COMP_CWORD]}" flags=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${words()}" -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
    completion) COMPREPLY=($(compgen -W "bash zsh fish powershell" -- "$word")); return ;;
${cases}
  esac
  case "$word" in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$word")) ;;
    *) COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}
complete -o filenames -F _waxseal ${NAMES.join(' ')}
`
}

function zsh(): string {
  const quoted = (text: string): string => text.replaceAll("'", "'\\''").replaceAll(':', '\\:')
  const list = COMMANDS.map((command) => `    '${command.name}:${quoted(command.summary)}'`).join('\n')
  const cases = COMMANDS.map((command) => `    ${command.name}) _arguments ${longFlags(command).map((flag) => `'${flag}'`).join(' ')} '*:file:_files' ;;`).join('\n')
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
    ...COMMANDS.map((command) => `complete -c ${name} -n __fish_use_subcommand -f -a ${command.name} -d ${quoted(command.summary)}`),
    ...COMMANDS.flatMap((command) =>
      command.options.flatMap(({ flags, summary }) => {
        const long = /--([a-z-]+)/.exec(flags)?.[1]
        const short = /^-([a-zA-Z]),/.exec(flags)?.[1]
        return long ? [`complete -c ${name} -n '__fish_seen_subcommand_from ${command.name}' -l ${long}${short ? ` -s ${short}` : ''} -d ${quoted(summary)}`] : []
      }),
    ),
  ]).join('\n') + '\n'
}

function powershell(): string {
  const flags = COMMANDS.map((command) => `    '${command.name}' = @(${longFlags(command).map((flag) => `'${flag}'`).join(', ')})`).join('\n')
  return `Register-ArgumentCompleter -Native -CommandName ${NAMES.join(', ')} -ScriptBlock {
  param($word, $ast, $position)
  $flags = @{
${flags}
  }
  $words = @($ast.CommandElements | ForEach-Object { $_.ToString() })
  if ($words.Count -lt 2 -or ($words.Count -eq 2 -and $word -ne '')) {
    $candidates = '${words()}' -split ' '
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
