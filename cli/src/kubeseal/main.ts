/**
 * The program `kubeseal`.
 * @module
 */
import { programOf, type Program } from '../program.ts'
import { kubeseal } from './kubeseal.ts'

export const main: Program = programOf(kubeseal)
