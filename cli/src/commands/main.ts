/**
 * The program `waxseal`, short: `wax`.
 * @module
 */
import { native } from '../native.ts'
import { programOf, type Program } from '../program.ts'

export const main: Program = programOf(native)
