/**
 * The program `waxseal`, short: `wax`.
 * @module
 */
import { AUDIT_FILE, fileAudit } from '../audit/file-audit.ts'
import { native } from './native.ts'
import { programOf, type Program } from '../program.ts'

export const main: Program = programOf(native, fileAudit(AUDIT_FILE))
