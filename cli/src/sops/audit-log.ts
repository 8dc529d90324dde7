/**
 * What the reference logs when the audit of this machine fails, without the connection strings that it prints: they hold passwords.
 * @module
 */
import type { CodedError } from '@waxseal/core'
import { EXIT_STATUS } from '../exit-status.ts'
import { AUDIT_FILE } from '../audit/file-audit.ts'
import type { Log } from './log.ts'
import { capitalized } from './reference-text.ts'

const LOGGER = 'AUDIT'

/** @returns the exit status */
export function tellAuditFailure({ code, message, reports }: CodedError, log: Log): number {
  const tell = (level: 'error' | 'fatal', text: string, fields: Readonly<Record<string, string>> = {}): void => log.write(level, text, fields, LOGGER)
  if (code === 'AUDIT_INVALID') tell('fatal', 'Error unmarshalling config', { error: message })
  else if (reports === undefined) tell('fatal', capitalized(message))
  else {
    tell('error', `connecting to audit database, defined in ${AUDIT_FILE}`)
    for (const report of reports) tell('error', capitalized(String(report)))
    tell('fatal', 'one or more audit backends reported errors, exiting')
  }
  return EXIT_STATUS[code]
}
