/**
 * Completion scripts for bash and zsh. They ask the program itself, with `COMPLETION_WORD` as the last word.
 * @module
 */
import type { Action } from './action.ts'
import { COMPLETION_WORD } from './flags.ts'

const BASH = `# Completion of sops for bash.
_sops_candidates() {
  local words=("\${COMP_WORDS[@]:0:COMP_CWORD}") current="\${COMP_WORDS[COMP_CWORD]}"
  [[ $current == -* ]] && words+=("$current")
  COMPREPLY=($(compgen -W "$("\${words[@]}" ${COMPLETION_WORD} 2>/dev/null)" -- "$current"))
}
complete -o bashdefault -o default -o nospace -F _sops_candidates sops
`

const ZSH = `#compdef sops
# Completion of sops for zsh.
_sops() {
  local -a before candidates
  before=("\${(@)words[1,CURRENT-1]}")
  [[ $words[CURRENT] == -* ]] && before+=("$words[CURRENT]")
  candidates=("\${(@f)$(_CLI_ZSH_AUTOCOMPLETE_HACK=1 "\${before[@]}" ${COMPLETION_WORD} 2>/dev/null)}")
  if [[ -n $candidates[1] ]]; then
    _describe 'values' candidates
  else
    _files
  fi
}
if [[ $funcstack[1] == _sops ]]; then
  _sops "$@"
else
  compdef _sops sops
fi
`

export const bashScript: Action = async ({ context }) => {
  context.stdout.write(BASH)
  return 0
}

export const zshScript: Action = async ({ context }) => {
  context.stdout.write(ZSH)
  return 0
}
