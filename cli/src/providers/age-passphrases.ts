/**
 * Passphrases of age identities: gpg-agent asks for those that it may remember, if there is one; else the terminal.
 * Follows: getsops/sops age/encrypted_keys.go (identity files) and age/ssh_parse.go (SSH keys: the terminal).
 * @module
 */
import type { Passphrases } from '@waxseal/provider-age'
import type { Context } from '../context.ts'

const INSTEAD = 'start the program on a terminal, or use an identity without a passphrase'

export function agePassphrases(context: Context): Passphrases {
  return {
    async ask({ question, cacheId }) {
      if (cacheId !== undefined) {
        const { askAgent } = await import('./gpg-agent.ts')
        const answer = await askAgent(context, cacheId, question)
        if (answer !== null) return answer
      }
      const { askHidden } = await import('../ui/terminal.ts')
      return await askHidden(`${question} `, INSTEAD)
    },
    async forget({ cacheId }) {
      if (cacheId === undefined) return
      const { forgetInAgent } = await import('./gpg-agent.ts')
      await forgetInAgent(context, cacheId)
    },
  }
}
