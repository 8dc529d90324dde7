/**
 * The program `sops`.
 * @module
 */
import { programOf, type Program } from '../program.ts'
import { sops } from './sops.ts'

export const main: Program = programOf(sops)
