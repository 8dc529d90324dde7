/**
 * The audit that the administrator of a machine orders by a file: what is encrypted, decrypted and rotated there stands in its databases
 * before anything of it leaves the program. Without the file nothing more than a look at it is done.
 * Follows: getsops/sops audit/audit.go.
 * @module
 */
import { existsSync } from 'node:fs'
import type { Audit } from '../context.ts'
import type { AuditDatabases } from './databases.ts'

export const AUDIT_FILE = '/etc/sops/audit.yaml'

export function fileAudit(file: string): Audit {
  let databases: AuditDatabases | undefined
  return {
    async start(context) {
      if (existsSync(file)) databases = await (await import('./databases.ts')).openDatabases(file, context)
    },
    async record(action, path) {
      await databases?.record(action, path)
    },
  }
}
