/**
 * The program `sops`.
 * @module
 */
import { AUDIT_FILE, fileAudit } from '../audit/file-audit.ts'
import { programOf, type Program } from '../program.ts'
import { sops } from './sops.ts'

export const main: Program = programOf(sops, fileAudit(AUDIT_FILE))
